"""Ask that access ends: returned by its holder, or removed by an admin."""

from bot.assignments.model import Assignment
from bot.assignments.transactions import get_current, why_not_holder
from bot.database import Transaction
from bot.errors import NotAllowed
from bot.people.model import Verb
from bot.people.store import people
from bot.requests.model import Kind
from bot.requests.transactions.creation import Submitted, insert, new_request_about


def remove(
    db: Transaction, slack_user: str, assignment_id: str, verb: Verb, reason: str | None
) -> Submitted:
    assignment = get_current(db, assignment_id)
    why = why_not_holder(db, slack_user, Verb.RETURN, assignment)
    if verb is Verb.RETURN and why is not None:
        raise NotAllowed(why)
    holder = slack_user if why is None else _holder_to_tell(db, assignment)
    about = new_request_about(
        assignment, Kind.REMOVE, holder=holder, asked_by=slack_user, reason=reason
    )
    return insert(db, about)


def _holder_to_tell(db: Transaction, assignment: Assignment) -> str | None:
    """Return the account that hears what becomes of access and sees it as theirs; None unless it is theirs for certain."""
    if assignment.holder is None:
        # Nobody has looked for them in Slack yet; who has asked or decided here is known all the same.
        known = people.for_entra_id(db, assignment.entra_id)
        acting = [each.slack_user for each in known if people.find_active(db, each.slack_user)]
        return acting[0] if len(acting) == 1 else None
    bound = people.find_active(db, assignment.holder)
    return bound.slack_user if bound and bound.entra_id == assignment.entra_id else None
