"""End a request that somebody takes back: whoever asked, whom it is for, or an admin for a leaver."""

from bot import clock
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.people.interaction_audit import record_refusal
from bot.requests.model import (
    DECLINED,
    Request,
    State,
)
from bot.requests.store import claims, requests


def cancel(
    db: Transaction, request: Request, *, actor: str, why: str | None = None
) -> Request | None:
    """
    Cancel it for whoever has asked.

    Args:
        why: Where it is not they who wanted that.
    """
    return requests.move(db, request, State.CANCELED, actor=actor, why=why)


def cancel_for_leaver(db: Transaction, request: Request, actor_entra_id: str | None) -> None:
    """Cancel a claimed request for the admin who wants that, once it is known that they may."""
    requests.move(
        db,
        request,
        State.CANCELED,
        fence=True,
        actor=request.cancel_by or audit.LATCHKEY,
        actor_entra_id=actor_entra_id,
        why=request.cancel_why,
    )


def not_canceled_for_leaver(db: Transaction, request: Request, why: str) -> None:
    """Whoever wanted a claimed request canceled may not: it goes on, and that they tried is written down."""
    if request.cancel_by is not None:
        record_refusal(db, request.cancel_by, request.id, why)
    # What waits for people, or for an admin, is not looked at by the clock.
    waits = request.held_at is not None or (
        request.state is State.PENDING and not request.entra_decides
    )
    claims.update(
        db,
        request,
        lease_until=None,
        due_at=None if waits else clock.real(),
        cancel_by=None,
        cancel_why=None,
    )


def decline(db: Transaction, request: Request, *, actor: str) -> Request | None:
    """Cancel it for whoever would get the access, and did not ask for it."""
    return requests.move(db, request, State.CANCELED, actor=actor, why=DECLINED)
