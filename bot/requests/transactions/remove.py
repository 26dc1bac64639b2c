"""Ask that access ends: returned by its holder, or removed by an admin."""

from bot.assignments.transactions import get_current, holder_to_tell, why_not_holder
from bot.database import Transaction
from bot.errors import NotAllowed
from bot.people.model import Verb
from bot.requests.model import Kind
from bot.requests.transactions.creation import Submitted, insert, new_request_about


def remove(
    db: Transaction, slack_user: str, assignment_id: str, verb: Verb, reason: str | None
) -> Submitted:
    assignment = get_current(db, assignment_id)
    why = why_not_holder(db, slack_user, Verb.RETURN, assignment)
    if verb is Verb.RETURN and why is not None:
        raise NotAllowed(why)
    holder = slack_user if why is None else holder_to_tell(db, assignment)
    about = new_request_about(
        assignment, Kind.REMOVE, holder=holder, asked_by=slack_user, reason=reason
    )
    return insert(db, about)
