"""Clicks on Approve and Deny: recorded before they are weighed, so that none is lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.models import Decision, Outcome, Request, Verb
from bot.store import allowances, audit
from bot.store.database import Transaction
from bot.store.schema import decisions
from bot.store.statements import MOST, NOW, UNTIL, words

MOST_ANSWERS: Final = 5
FIELDS: Final = tuple(Decision.__dataclass_fields__)
COLUMNS: Final = [decisions.c[name] for name in FIELDS]

UPDATE: Final = decisions.update().where(decisions.c.id == sa.bindparam("decision"))
INSERT: Final = decisions.insert()
EXPLAIN: Final = UPDATE.where(
    decisions.c.slack_user == sa.bindparam("by"),
    decisions.c.outcome.is_(None),
    decisions.c.due_at.is_(None),
)
UNWEIGHED: Final = (
    sa.select(*COLUMNS)
    .where(decisions.c.outcome.is_(None), decisions.c.due_at <= NOW)
    .order_by(decisions.c.at)
    .limit(MOST)
)
POSTPONE: Final = UPDATE.values(due_at=UNTIL, attempts=decisions.c.attempts + 1)
SETTLE: Final = UPDATE.where(decisions.c.outcome.is_(None))
UNANSWERED: Final = (
    sa.select(decisions.c.id)
    .where(
        decisions.c.outcome.in_(words((Outcome.REFUSED, Outcome.LATE))),
        decisions.c.answered_at.is_(None),
        decisions.c.due_at <= NOW,
        decisions.c.attempts < MOST_ANSWERS,
    )
    .order_by(decisions.c.at)
    .limit(MOST)
    .with_for_update(skip_locked=True)
    .cte("due")
)
CLAIM_UNANSWERED: Final = (
    decisions.update()
    .where(decisions.c.id.in_(sa.select(UNANSWERED.c.id)))
    .values(due_at=UNTIL, attempts=decisions.c.attempts + 1)
    .returning(*COLUMNS)
)
ACCEPTED_OF: Final = (
    sa.select(*COLUMNS)
    .where(
        decisions.c.request_id == sa.bindparam("request"),
        decisions.c.round == sa.bindparam("in_round"),
        decisions.c.outcome == Outcome.ACCEPTED,
    )
    .order_by(decisions.c.stage)
)

WAS_REFUSED: Final = (
    sa.select(decisions.c.id)
    .where(
        decisions.c.request_id == sa.bindparam("request"),
        decisions.c.round == sa.bindparam("in_round"),
        decisions.c.stage == sa.bindparam("in_stage"),
        decisions.c.slack_user == sa.bindparam("by"),
        decisions.c.outcome == Outcome.REFUSED,
    )
    .limit(1)
)


def _decision(row: Sequence[Any]) -> Decision:
    values = dict(zip(FIELDS, row, strict=True))
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
    values = {**vars(decision), "holder": holder, "holder_entra_id": holder_entra_id}
    db.execute(INSERT, {**values, "due_at": None if is_draft else clock.real()})


def was_refused(db: Transaction, decision: Decision) -> bool:
    """Whether the same person has been refused on the same card."""
    card = {
        "request": decision.request_id,
        "in_round": decision.round,
        "in_stage": decision.stage,
        "by": decision.slack_user,
    }
    return db.execute(WAS_REFUSED, card).first() is not None


def explain(db: Transaction, decision_id: str, *, slack_user: str, reason: str) -> bool:
    """Complete one's own draft, once."""
    whose = {"decision": decision_id, "by": slack_user}
    values = {"reason": reason, "at": clock.now(), "due_at": clock.real()}
    return db.execute(EXPLAIN, {**whose, **values}).rowcount == 1


def unweighed(db: Transaction, *, limit: int = 50) -> list[Decision]:
    """Clicks that nobody has judged yet, oldest first."""
    found = db.execute(UNWEIGHED, {"now": clock.real(), "most": limit})
    return [_decision(row) for row in found]


def postpone(db: Transaction, decision: Decision, *, until: datetime) -> None:
    """Weigh it later (real time): what is needed to judge it cannot be read now."""
    db.execute(POSTPONE, {"decision": decision.id, "until": until})


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
    values: dict[str, Any] = {"outcome": outcome, "why": why, "entra_id": entra_id, "name": name}
    values |= {"attempts": 0, "due_at": clock.real()}
    if outcome is Outcome.ACCEPTED:
        values["answered_at"] = now
    nested = db.begin_nested()
    try:
        done = db.execute(SETTLE, {"decision": decision.id, **values}).rowcount == 1
    except sa.exc.IntegrityError:
        nested.rollback()
        return False
    nested.commit()
    if done and outcome is Outcome.REFUSED:
        allowances.count_refusal(db, decision.slack_user)
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
    taken = db.execute(CLAIM_UNANSWERED, {"now": now, "until": now + lease, "most": limit})
    return [_decision(row) for row in taken]


def answer_later(db: Transaction, decision: Decision, *, until: datetime) -> None:
    """Slack did not take the answer: try again at *until* (real time); the try has been counted."""
    db.execute(UPDATE, {"decision": decision.id, "due_at": until})


def answered(db: Transaction, decision: Decision) -> None:
    db.execute(UPDATE, {"decision": decision.id, "answered_at": clock.now()})


def accepted_of(db: Transaction, request: Request) -> list[Decision]:
    """The decisions that count for this round, in the order of its stages."""
    found = db.execute(ACCEPTED_OF, {"request": request.id, "in_round": request.round})
    return [_decision(row) for row in found]
