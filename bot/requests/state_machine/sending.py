"""Move a request on its way to Entra: the intent, the POST, what waits behind another, and what fails."""

from datetime import datetime, timedelta

from bot import clock
from bot.accounts.store import accounts
from bot.assignments.store import assignments
from bot.database import Transaction, flags
from bot.database.audit_log import audit
from bot.emergencies.store import emergencies
from bot.people.model import Verb
from bot.requests.model import (
    REMOVED_MEANWHILE,
    Kind,
    Request,
    State,
)
from bot.requests.state_machine.withdrawing import cancel
from bot.requests.store import cancellations, claims, holds, request_lists, requests
from bot.timing import poll_pause


def intend(
    db: Transaction,
    request: Request,
    *,
    intent_at: datetime,
    settles_at: datetime,
    lease_until: datetime,
    sent_as: str | None = None,
) -> bool:
    """
    Write down that the POST is about to leave; False if it must not.

    It must not when the claim is no longer ours, or when granting has been paused meanwhile.

    Args:
        sent_as: What Graph calls it, where that is not said by its kind and terms.
    """
    if request.kind is not Kind.REMOVE and flags.pause_reason(db) is not None:
        return False
    return claims.update(
        db,
        request,
        intent_at=intent_at,
        settles_at=settles_at,
        lease_until=lease_until,
        needs_account_at=None,
        sent_as=sent_as,
    )


def approve_removal(
    db: Transaction, request: Request, *, sent_as: str | None = None
) -> Request | None:
    """
    Let a removal go on; whoever wanted the access longer meanwhile, does no more.

    Args:
        sent_as: What Graph calls it, if it is to be sent in the name of whoever has the access.
    """
    moved = requests.move(
        db, request, State.APPROVED, actor=request.asked_by, fence=True, sent_as=sent_as
    )
    if moved is not None:
        _cancel_extensions(db, moved)
    return moved


def _cancel_extensions(db: Transaction, removal: Request) -> None:
    for other in request_lists.open_for_assignment(db, removal.assignment_id or ""):
        if other.kind is not Kind.EXTEND or other.not_canceled_why is not None:
            continue
        if other.can_be_withdrawn:
            cancel(db, other, actor=removal.asked_by, why=REMOVED_MEANWHILE)
        elif other.can_be_canceled_in_entra and accounts.find(db, other.asked_by) is not None:
            # As long as it waits there, Entra takes no removal of the same access; the app itself may not cancel it.
            cancellations.want_canceled(db, other, by=removal.asked_by, why=REMOVED_MEANWHILE)


def wait_behind_open_request(db: Transaction, removal: Request, *, due_at: datetime) -> None:
    """
    Keep a removal that Entra has refused because something about the same access waits there; whoever wants it is told.

    Args:
        due_at: When to look again (real time).
    """
    since = removal.needs_account_at or clock.now()
    ours = claims.release(
        db,
        removal,
        due_at=due_at,
        attempts=removal.attempts,
        failures=0,
        intent_at=None,
        settles_at=None,
        needs_account_at=since,
    )
    if ours:
        _cancel_extensions(db, removal)


def submit(db: Transaction, request: Request, graph_request_id: str | None) -> None:
    """Graph has taken it on; what it has just taken on is not done yet."""
    first_look = clock.real()
    if graph_request_id is not None:
        first_look += poll_pause(0)
    moved = requests.move(
        db,
        request,
        State.SUBMITTED,
        fence=True,
        graph_request_id=graph_request_id,
        due_at=first_look,
    )
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_removing(db, moved.assignment_id)
    emergency = moved.terms.emergency if moved is not None and moved.terms is not None else None
    if moved is not None and moved.emergency and emergency is not None:
        # From now on there may be access: somebody has to look at it, whatever becomes of the rest.
        review_within = timedelta(seconds=emergency.review_seconds)
        emergencies.open_review(db, moved, review_within=review_within)


def fail(db: Transaction, request: Request, why: str) -> None:
    """Graph has refused it, or given up."""
    moved = requests.move(db, request, State.FAILED, fence=True, why=why)
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_not_removing(db, moved.assignment_id)


def give_up(db: Transaction, request: Request, why: str, *, actor_entra_id: str | None) -> None:
    """An admin has given it up, and there is nothing of it in Graph."""
    moved = requests.move(
        db,
        request,
        State.FAILED,
        actor=request.give_up_by or audit.LATCHKEY,
        actor_entra_id=actor_entra_id,
        fence=True,
        why=why,
        give_up_by=request.give_up_by,
    )
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_not_removing(db, moved.assignment_id)


def not_repaired(
    db: Transaction, request: Request, actor_entra_id: str | None, why: str, *, by: str, verb: Verb
) -> None:
    """Whoever wanted it tried again, or given up, may not: it is held as before, for another admin."""
    holds.put(
        db,
        request,
        failures=request.failures,
        error="NotAllowed",
        why=why,
        actor=by,
        actor_entra_id=actor_entra_id,
        details={"wanted": verb},
    )
