"""Ask that access is extended."""

from dataclasses import dataclass

from bot import clock
from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress
from bot.assignments.transactions import check_holder, get_current
from bot.database import Transaction
from bot.database.replicas.limits import EXTENSIONS
from bot.errors import NotAllowed, TooLate
from bot.packages.model import Package
from bot.packages.store import catalog
from bot.people.model import Verb
from bot.requests.model import Kind, Request
from bot.requests.store import request_lists
from bot.requests.transactions.creation import (
    Submitted,
    check_not_sent,
    count,
    insert,
    new_request_about,
)
from bot.words import N_


@dataclass(frozen=True, kw_only=True)
class ExtendableAccess:
    """
    Access whose extension its holder may ask for.

    Attributes:
        open: The request to extend it that is open already.
    """

    assignment: Assignment
    package: Package
    open: Request | None


def find_extendable(db: Transaction, slack_user: str, assignment_id: str) -> ExtendableAccess:
    """
    Return access whose extension its holder may ask for now.

    Raises:
        NotAllowed, TooLate: Not theirs, not extendable, or over.
    """
    assignment = get_current(db, assignment_id)
    check_holder(db, slack_user, Verb.EXTEND, assignment)
    about = request_lists.open_for_assignment(db, assignment.id)
    if assignment.state is AssignmentState.REMOVING or any(
        each.kind is Kind.REMOVE for each in about
    ):
        raise TooLate(N_("That access is being removed already."))
    if assignment.progress in {
        DeliveryProgress.DELIVERING,
        DeliveryProgress.PARTIAL,
        DeliveryProgress.FAILED,
    }:
        raise TooLate(
            N_("Entra has not delivered all of “{package}” yet, so it cannot be extended.").format(
                package=assignment.package_name
            )
        )
    # Entra may show it before we know that it is what was asked for in an emergency.
    under_way = request_lists.open_of(db, slack_user, assignment.package_id, Kind.ADD)
    if assignment.is_emergency or (under_way is not None and under_way.emergency):
        raise NotAllowed(
            N_(
                "Emergency access to “{package}” cannot be extended. You can ask for it as usual when it has ended."
            ).format(package=assignment.package_name)
        )
    if assignment.ends_at is None:
        raise TooLate(
            N_("“{package}” has no end date, so there is nothing to extend.").format(
                package=assignment.package_name
            )
        )
    package = catalog.find(db, assignment.package_id)
    if package is None or assignment.policy_id not in package.can_extend:
        raise NotAllowed(
            _why_not(package, assignment.policy_id).format(package=assignment.package_name)
        )
    already = next((each for each in about if each.kind is Kind.EXTEND), None)
    return ExtendableAccess(assignment=assignment, package=package, open=already)


def _why_not(package: Package | None, policy_id: str | None) -> str:
    """Return why people cannot extend what they have under a policy, as far as the last sync tells."""
    every = (*package.other_policies, *package.policies) if package else ()
    known = {each.id: each for each in every}
    policy = known.get(policy_id or "")
    if policy is not None and policy.end_of(clock.now()) is None:
        return N_(
            "“{package}” cannot be extended: its policy sets no end date that it could be extended to. "
            "You can ask for it again when it has ended."
        )
    if policy is not None:
        return N_(
            "“{package}” cannot be extended: its policy does not allow it. You can ask for it again "
            "when it has ended."
        )
    return N_("“{package}” cannot be extended under its policy.")


def extend(
    db: Transaction,
    slack_user: str,
    assignment_id: str,
    reason: str | None = None,
    sending: str | None = None,
) -> Submitted:
    """Save a holder's request to extend their access, or return the one that is open already."""
    found = find_extendable(db, slack_user, assignment_id)
    if found.open is None:
        check_not_sent(db, sending, assignment_id)
        count(db, slack_user, EXTENSIONS, N_("You have extended access too often in this hour"))
    wanted = new_request_about(
        found.assignment, Kind.EXTEND, holder=slack_user, asked_by=slack_user, reason=reason
    )
    return insert(db, wanted)
