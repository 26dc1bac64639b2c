"""Read from our own rows who has asked for a package: nothing remote, for what must answer at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.database import Transaction
from bot.people.store import people
from bot.requests.model import Request
from bot.requests.store import removals


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

    @classmethod
    def of(cls, request: Request, *, removed_for: timedelta) -> "AskedPackage":
        """
        Return what *request* asks for.

        Args:
            removed_for: For so long an admin must agree before somebody gets back what an admin has removed; 0: never.
        """
        return cls(
            slack_user=request.asked_by,
            package_id=request.package_id,
            since=request.asked_at - removed_for if removed_for else None,
        )


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
