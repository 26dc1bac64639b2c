"""What Graph's answers do to our rows: submitted, delivered, ended, failed, each one transaction."""

from datetime import datetime

from bot import chance, clock
from bot.models import MOVES, Assignment, Ended, Kind, Request, State
from bot.store import (
    Transaction,
    assignments,
    audit,
    claims,
    control,
    holds,
    request_lists,
    requests,
)


def intend(db: Transaction, request: Request, *, intent_at: datetime, settles_at: datetime) -> bool:
    """
    Write down that the POST is about to leave; False if it must not.

    It must not when the claim is no longer ours, or when granting has been paused meanwhile.
    """
    if request.kind is not Kind.REMOVE and control.paused_why(db) is not None:
        return False
    return claims.update(db, request, intent_at=intent_at, settles_at=settles_at)


def approve_removal(db: Transaction, request: Request) -> Request | None:
    """Let a removal go on; whoever wanted the access longer meanwhile, does no more."""
    moved = requests.move(db, request, State.APPROVED, actor=request.asked_by, fence=True)
    if moved is None:
        return None
    for other in request_lists.open_for_assignment(db, moved.assignment_id or ""):
        may_stop = State.CANCELED in MOVES[other.state] and other.intent_at is None
        if other.kind is Kind.EXTEND and may_stop:
            requests.move(db, other, State.CANCELED, actor=request.asked_by)
    return moved


def submit(db: Transaction, request: Request, graph_request_id: str | None) -> None:
    """Graph has taken it on."""
    moved = requests.move(
        db, request, State.SUBMITTED, fence=True, graph_request_id=graph_request_id
    )
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_removing(db, moved.assignment_id)


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


def not_given_up(db: Transaction, request: Request, actor_entra_id: str | None, why: str) -> None:
    """Whoever wanted to give it up may not: it is held as before, for another admin."""
    holds.put(
        db,
        request,
        failures=request.failures,
        error="NotAllowed",
        why=why,
        actor=request.give_up_by,
        actor_entra_id=actor_entra_id,
    )


def deliver(db: Transaction, request: Request, held: Assignment) -> None:
    """The access is there, or has its new end: Graph has shown it."""
    moved = requests.move(
        db, request, State.DELIVERED, fence=True, assignment_id=held.id, ends_at=held.ends_at
    )
    if moved is not None:
        assignments.save_live(db, held)


def end(db: Transaction, request: Request) -> None:
    """The access is gone: Graph has shown it."""
    moved = requests.move(db, request, State.DELIVERED, fence=True)
    if moved is not None and moved.assignment_id is not None:
        why = Ended.RETURNED if moved.is_given_back else Ended.REMOVED
        assignments.end(db, moved.assignment_id, why=why, at=clock.now(), actor=moved.asked_by)


def misdelivered(db: Transaction, request: Request, held: Assignment, why: str) -> None:
    """Entra gave somebody, or something, else: the request fails, and what was given is taken back."""
    moved = requests.move(db, request, State.FAILED, fence=True, why=why)
    if moved is None:
        return
    assignments.save_live(db, held)
    takeback = Request(
        id=chance.new_id(),
        kind=Kind.REMOVE,
        state=State.APPROVED,
        holder=None,
        holder_name=held.holder_name,
        asked_by=audit.LATCHKEY,
        entra_id=held.entra_id,
        package_id=held.package_id,
        package_name=held.package_name,
        assignment_id=held.id,
        justification=f"Delivered by mistake for request {request.id}.",
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )
    requests.add(db, takeback)
