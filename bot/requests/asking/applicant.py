"""Read from our own rows who looks for a package: nothing remote, for what must answer at once."""

from dataclasses import replace

from bot.database import Transaction
from bot.database.replicas import limits
from bot.packages.suggestions import Applicant
from bot.people.store import people
from bot.requests.model import Kind
from bot.requests.store import request_lists


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
    known = people.known_as(db, slack_user)
    if known is None:
        return Applicant()
    return Applicant(entra_id=known.entra_id, is_connected_elsewhere=known.is_proven_elsewhere)
