"""Write a decision that counts with what it does to its request, together or not at all."""

from collections.abc import Callable
from typing import Any

from bot.approvals.model import Decision, Outcome
from bot.approvals.store import decisions, recipients
from bot.database import Transaction
from bot.requests import state_machine
from bot.requests.model import Request
from bot.requests.store import redraws


def accept_from_entra(db: Transaction, decision: Decision, request: Request) -> bool:
    """Note a decision that Entra has, of a request that has gone on already; False if it is noted."""
    is_noted = decisions.settle(
        db, decision, Outcome.ACCEPTED, entra_id=decision.entra_id, name=decision.name
    )
    if is_noted:
        redraws.mark_views_stale(db, request)
    return is_noted


def accept_denial(db: Transaction, decision: Decision, request: Request) -> bool:
    def denied() -> Request | None:
        return state_machine.deny(
            db,
            request,
            decision.reason,
            actor=decision.slack_user,
            actor_entra_id=decision.entra_id,
        )

    return _decide(db, decision, request, denied)


def accept_approval(
    db: Transaction, decision: Decision, request: Request, changes: dict[str, Any]
) -> bool:
    def approved() -> Request | None:
        return state_machine.reach_stage(
            db,
            request,
            changes,
            actor=decision.slack_user,
            actor_entra_id=decision.entra_id,
        )

    return _decide(db, decision, request, approved)


def accept_one_of_several(
    db: Transaction, decision: Decision, request: Request, counts: Request
) -> bool:
    """Count an approval of a stage that needs more of them; whoever has given it is asked no more."""

    def counted() -> Request | None:
        return state_machine.count_approval(db, request, counts)

    won = _decide(db, decision, request, counted)
    if won:
        who = {decision.slack_user, decision.for_user or decision.slack_user}
        recipients.has_decided(db, request, who)
    return won


def _decide(
    db: Transaction, decision: Decision, request: Request, move: Callable[[], Request | None]
) -> bool:
    """Write the decision and the move that it causes, together or not at all."""
    with db.begin_nested() as both:
        won = move() is not None and decisions.settle(
            db,
            decision,
            Outcome.ACCEPTED,
            entra_id=decision.entra_id,
            name=decision.name,
            as_admin=decision.as_admin,
            needed=request.approvals_needed,
        )
        if not won:
            both.rollback()
    return won
