"""Read from our own rows who looks for a package, or has asked for one: nothing remote, for what must answer at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.database import Transaction
from bot.database.replicas import limits
from bot.packages.suggestions import Applicant
from bot.people.store import people
from bot.requests.model import Kind, Request
from bot.requests.store import removals, request_lists


def find_applicant(db: Transaction, slack_user: str) -> Applicant:
    """Return what our rows know of *slack_user*."""
    found = find_without_access(db, slack_user)
    if found.guest_sentence is not None:
        return replace(found, refusal=limits.guest_refusal(db, slack_user))
    asked = request_lists.open_of_each(db, [slack_user], Kind.ADD)
    has = request_lists.known_to_have(db, found.entra_id, but="") if found.entra_id else set()
    return replace(found, has=frozenset(has), asked=frozenset(each.package_id for each in asked))


def find_without_access(db: Transaction, slack_user: str) -> Applicant:
    """Return the same without what they have and have asked for, for where that is read besides."""
    guest_sentence = limits.guest_sentence(db, slack_user)
    if guest_sentence is not None:
        return Applicant(guest_sentence=guest_sentence)
    bound = people.find(db, slack_user)
    return Applicant(entra_id=bound.entra_id if bound else None)


@dataclass(frozen=True, kw_only=True)
class AskedPackage:
    """
    A package that somebody has just asked for.

    Attributes:
        since: A removal by an admin that is older does not count any more; None: none does.
    """

    slack_user: str
    package_id: str
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class KnownAsker:
    """
    Somebody who has just asked for a package, as our own rows know them.

    Attributes:
        entra_id: None until they are bound to an Entra user.
        removal: The last request by which an admin has taken that package from them.
    """

    entra_id: str | None
    removal: Request | None = None


def find_askers(db: Transaction, asked: Sequence[AskedPackage]) -> list[KnownAsker]:
    """Return what our rows know of whoever asked for each of *asked*."""
    bound = people.find_each(db, {each.slack_user for each in asked})
    since = [each.since for each in asked if each.since is not None]
    taken = (
        removals.removals_of_each(
            db,
            {person.entra_id for person in bound.values()},
            {each.package_id for each in asked},
            since=min(since),
        )
        if since and bound
        else {}
    )
    found = []
    for each in asked:
        person = bound.get(each.slack_user)
        removal = taken.get((person.entra_id, each.package_id)) if person and each.since else None
        found.append(KnownAsker(entra_id=person.entra_id if person else None, removal=removal))
    return found
