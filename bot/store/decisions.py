"""Clicks on Approve and Deny: recorded before they are weighed, so that none is lost."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.models import Decision, Outcome, Request, Verb
from bot.store import audit
from bot.store.database import Transaction
from bot.store.schema import decisions

MOST_ANSWERS: Final = 5
COLUMNS: Final = [decisions.c[name] for name in Decision.__dataclass_fields__]


def _decision(row: Any) -> Decision:
    values = dict(row)
    values["verb"] = Verb(values["verb"])
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    return Decision(**values)


def add(
    db: Transaction,
    decision: Decision,
    *,
    holder: str | None,
    holder_entra_id: str | None,
    is_draft: bool,
) -> None:
    """Insert a click; a draft is not weighed before `explain` has brought its reason."""
    values = {name: getattr(decision, name) for name in Decision.__dataclass_fields__}
    values |= {"holder": holder, "holder_entra_id": holder_entra_id}
    db.execute(decisions.insert().values(**values, due_at=None if is_draft else clock.real()))


def explain(db: Transaction, decision_id: str, *, slack_user: str, reason: str) -> bool:
    """Complete one's own draft, once."""
    draft = decisions.update().where(
        decisions.c.id == decision_id,
        decisions.c.slack_user == slack_user,
        decisions.c.outcome.is_(None),
        decisions.c.due_at.is_(None),
    )
    done = db.execute(draft.values(reason=reason, at=clock.now(), due_at=clock.real()))
    return done.rowcount == 1


def unweighed(db: Transaction, *, limit: int = 50) -> list[Decision]:
    """Clicks that nobody has judged yet, oldest first."""
    query = (
        sa.select(*COLUMNS)
        .where(decisions.c.outcome.is_(None), decisions.c.due_at <= clock.real())
        .order_by(decisions.c.at)
        .limit(limit)
    )
    return [_decision(row) for row in db.execute(query).mappings()]


def postpone(db: Transaction, decision: Decision, *, until: datetime) -> None:
    """Weigh it later (real time): what is needed to judge it cannot be read now."""
    row = decisions.update().where(decisions.c.id == decision.id)
    db.execute(row.values(due_at=until, attempts=decisions.c.attempts + 1))


def settle(
    db: Transaction,
    decision: Decision,
    outcome: Outcome,
    *,
    why: str | None = None,
    entra_id: str | None = None,
    name: str | None = None,
) -> bool:
    """
    Record what became of a click; False if somebody else has already judged it, or another click won.

    Whoever is refused or late is owed an answer; whoever is accepted sees the card change.
    """
    now = clock.now()
    guard = decisions.update().where(decisions.c.id == decision.id, decisions.c.outcome.is_(None))
    values: dict[str, Any] = {"outcome": outcome, "why": why, "entra_id": entra_id, "name": name}
    values |= {"attempts": 0, "due_at": clock.real()}
    if outcome is Outcome.ACCEPTED:
        values["answered_at"] = now
    nested = db.begin_nested()
    try:
        done = db.execute(guard.values(**values)).rowcount == 1
    except sa.exc.IntegrityError:
        nested.rollback()
        return False
    nested.commit()
    if done:
        audit.record(
            db,
            at=now,
            actor=decision.slack_user,
            actor_entra_id=entra_id,
            verb=f"{decision.verb}-{outcome}",
            request_id=decision.request_id,
            why=why or decision.reason,
        )
    return done


def claim_unanswered(db: Transaction, *, lease: timedelta, limit: int = 50) -> list[Decision]:
    """Take refused and late clicks whose people have not been told; tried five times at most."""
    now = clock.real()
    due = (
        sa.select(decisions.c.id)
        .where(
            decisions.c.outcome.in_((Outcome.REFUSED, Outcome.LATE)),
            decisions.c.answered_at.is_(None),
            decisions.c.due_at <= now,
            decisions.c.attempts < MOST_ANSWERS,
        )
        .order_by(decisions.c.at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        decisions.update()
        .where(decisions.c.id.in_(sa.select(due.c.id)))
        .values(due_at=now + lease, attempts=decisions.c.attempts + 1)
        .returning(*COLUMNS)
    )
    return [_decision(row) for row in db.execute(taken).mappings()]


def answer_later(db: Transaction, decision: Decision, *, until: datetime) -> None:
    """Slack did not take the answer: try again at *until* (real time); the try has been counted."""
    db.execute(decisions.update().where(decisions.c.id == decision.id).values(due_at=until))


def answered(db: Transaction, decision: Decision) -> None:
    db.execute(
        decisions.update().where(decisions.c.id == decision.id).values(answered_at=clock.now())
    )


def accepted_of(db: Transaction, request: Request) -> list[Decision]:
    """The decisions that count for this round, in the order of its stages."""
    query = sa.select(*COLUMNS).where(
        decisions.c.request_id == request.id,
        decisions.c.round == request.round,
        decisions.c.outcome == Outcome.ACCEPTED,
    )
    return [_decision(row) for row in db.execute(query.order_by(decisions.c.stage)).mappings()]
