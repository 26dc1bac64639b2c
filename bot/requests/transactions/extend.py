"""Ask that access is extended."""

from bot.assignments.model import AssignmentState, DeliveryProgress
from bot.assignments.transactions import check_holder, get_current
from bot.database import Transaction
from bot.database.limits import EXTENSIONS
from bot.errors import NotAllowed, TooLate
from bot.packages.store import catalog
from bot.people.model import Verb
from bot.requests.model import Kind
from bot.requests.store import request_lists
from bot.requests.transactions.creation import Submitted, count, insert, new_request_about


def extend(db: Transaction, slack_user: str, assignment_id: str) -> Submitted:
    assignment = get_current(db, assignment_id)
    check_holder(db, slack_user, Verb.EXTEND, assignment)
    about = request_lists.open_for_assignment(db, assignment.id)
    if assignment.state is AssignmentState.REMOVING or any(
        each.kind is Kind.REMOVE for each in about
    ):
        raise TooLate("That access is being removed already.")
    if assignment.progress in {
        DeliveryProgress.DELIVERING,
        DeliveryProgress.PARTIAL,
        DeliveryProgress.FAILED,
    }:
        raise TooLate(
            f"Entra has not delivered all of {assignment.package_name} yet, so it cannot be extended."
        )
    if assignment.ends_at is None:
        raise TooLate(f"{assignment.package_name} has no end date, so there is nothing to extend.")
    package = catalog.find(db, assignment.package_id)
    if package is None or assignment.policy_id not in package.can_extend:
        raise NotAllowed(
            f"{assignment.package_name} cannot be extended: its policy does not allow it. "
            "You can ask for it again when it has ended."
        )
    if not any(each.kind is Kind.EXTEND for each in about):
        count(db, slack_user, EXTENSIONS, "You have extended access too often in this hour")
    return insert(
        db, new_request_about(assignment, Kind.EXTEND, holder=slack_user, asked_by=slack_user)
    )
