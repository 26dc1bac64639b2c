"""What Graph's answers do to our rows: submitted, delivered, ended, failed, each one transaction."""

from bot import clock
from bot.models import Assignment, Ended, Kind, Request, State
from bot.store import Transaction, assignments, requests


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
