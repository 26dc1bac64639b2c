"""Read from our own rows who looks for a package: nothing remote, for menus that must answer at once."""

from bot.database import Transaction
from bot.database.replicas import limits
from bot.packages.suggestions import Applicant
from bot.people.store import people
from bot.requests.model import Kind
from bot.requests.store import request_lists


def find_applicant(db: Transaction, slack_user: str) -> Applicant:
    """Return what our rows know of *slack_user*."""
    refusal = limits.guest_refusal(db, slack_user)
    if refusal is not None:
        return Applicant(refusal=refusal)
    bound = people.find(db, slack_user)
    asked = request_lists.open_of_each(db, [slack_user], Kind.ADD)
    has = request_lists.known_to_have(db, bound.entra_id, but="") if bound else set()
    return Applicant(
        entra_id=bound.entra_id if bound else None,
        has=frozenset(has),
        asked=frozenset(each.package_id for each in asked),
    )
