"""Let an assignment end, or have it reprocessed: what holders and admins do that makes no request."""

from collections.abc import Callable
from typing import Final

from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress, TroubleKind
from bot.assignments.store import assignments, troubles
from bot.database import Transaction
from bot.errors import NotAllowed, TooLate
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.people.store import people
from bot.words import N_

BEING_REMOVED: Final = N_("That access is being removed already.")


def let_end(db: Transaction, slack_user: str, assignment_id: str) -> Assignment:
    """Note that the holder is fine with the end; nobody reminds them of it any more."""
    assignment = _get_ending(db, slack_user, assignment_id)
    assignments.let_end(db, assignment, actor=slack_user)
    return assignment


def remind_again(
    db: Transaction,
    slack_user: str,
    assignment_id: str,
    is_to_come: Callable[[Transaction, str], bool],
) -> tuple[Assignment, bool]:
    """
    Note that the holder, who was fine with the end, wants to be reminded of it after all.

    Args:
        is_to_come: Tells of an assignment whether a reminder of its end is still to come.

    Returns what it tells as well.
    """
    assignment = _get_ending(db, slack_user, assignment_id)
    if assignment.let_end is not None:
        assignments.remind_again(db, assignment, actor=slack_user)
    return assignment, is_to_come(db, assignment_id)


def reprocess(db: Transaction, slack_user: str, assignment_id: str) -> Assignment:
    """Note that an admin wants Entra to process an access again; the jobs see to it."""
    assignment = get_current(db, assignment_id)
    if assignment.state is AssignmentState.REMOVING:
        raise TooLate(BEING_REMOVED)
    kind = (
        TroubleKind.FAILED
        if assignment.progress is DeliveryProgress.FAILED
        else TroubleKind.PARTIAL
    )
    if assignment.progress not in {DeliveryProgress.PARTIAL, DeliveryProgress.FAILED}:
        raise TooLate(N_("Entra has delivered all of that access, or is at work on it."))
    troubles.open_one(db, kind, assignment.id, **assignments.audit_ids(assignment))
    for trouble in troubles.open_about(db, assignment.id):
        if trouble.kind is kind:
            troubles.request_reprocessing(db, trouble, by=slack_user)
    return assignment


def _get_ending(db: Transaction, slack_user: str, assignment_id: str) -> Assignment:
    """
    Return an assignment whose end its holder may be reminded of, or not.

    Raises:
        NotAllowed, TooLate: It is not theirs, is over or being removed, or has no end.
    """
    assignment = get_current(db, assignment_id)
    check_holder(db, slack_user, Verb.RETURN, assignment)
    if assignment.state is AssignmentState.REMOVING:
        raise TooLate(BEING_REMOVED)
    if assignment.ends_at is None:
        raise TooLate(
            N_("“{package}” has no end date, so there is nothing to be reminded of.").format(
                package=assignment.package_name
            )
        )
    return assignment


def get_current(db: Transaction, assignment_id: str) -> Assignment:
    """
    Return an assignment that has not ended.

    Raises:
        TooLate: It has; or we know of none, as of what is deleted, or beyond the catalogs that Latchkey may touch.
    """
    assignment = assignments.find(db, assignment_id)
    if assignment is None:
        raise TooLate(
            N_(
                "I do not know that access any more: it has ended, or I do not look after its package any more. "
                "Microsoft Entra shows whether it is still there."
            )
        )
    if assignment.state is AssignmentState.ENDED:
        raise TooLate(N_("That access has ended already."))
    return assignment


def check_holder(db: Transaction, slack_user: str, verb: Verb, assignment: Assignment) -> None:
    """
    Insist that access is of whoever wants something of it: by their own binding, not by where its messages go.

    Raises:
        NotAllowed: It is not theirs.
    """
    if (why := why_not_holder(db, slack_user, verb, assignment)) is not None:
        raise NotAllowed(why)


def why_not_holder(
    db: Transaction, slack_user: str, verb: Verb, assignment: Assignment
) -> str | None:
    """Return why access is not of whoever wants something of it; None if it is theirs."""
    bound = people.find_active(db, slack_user)
    actor = Actor(slack_user=slack_user, entra_id=bound.entra_id if bound else None)
    return may(actor, verb, holder=assignment.holder, holder_entra_id=assignment.entra_id)


def holder_to_tell(db: Transaction, assignment: Assignment) -> str | None:
    """Return the account that hears what becomes of access and sees it as theirs; None unless it is theirs for certain."""
    if assignment.holder is None:
        # Nobody has looked for them in Slack yet; who has asked or decided here is known all the same.
        known = people.for_entra_id(db, assignment.entra_id)
        acting = [each.slack_user for each in known if people.find_active(db, each.slack_user)]
        return acting[0] if len(acting) == 1 else None
    bound = people.find_active(db, assignment.holder)
    return bound.slack_user if bound and bound.entra_id == assignment.entra_id else None
