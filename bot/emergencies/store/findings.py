"""Store what people say in reviews of emergencies: before it is judged, so that none is lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.approvals.model import Outcome
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.replicas import wakeups
from bot.database.statements import MOST, NOW, UNTIL
from bot.database.tables import UNTOLD, findings
from bot.emergencies.model import Finding, ReviewFinding
from bot.requests.store import request_rows, requests

FIELDS: Final = tuple(ReviewFinding.__dataclass_fields__)
COLUMNS: Final = [findings.c[name] for name in FIELDS]
SELECT: Final = sa.select(*COLUMNS)
INSERT: Final = findings.insert()
UPDATE: Final = findings.update().where(findings.c.id == sa.bindparam("said"))
SETTLE: Final = UPDATE.where(findings.c.outcome.is_(None))
ANY_PENDING: Final = sa.select(findings.c.id).where(
    findings.c.outcome.is_(None), findings.c.due_at <= NOW
)
ONE_PENDING: Final = ANY_PENDING.limit(1)
DUE: Final = (
    ANY_PENDING.order_by(findings.c.due_at).limit(MOST).with_for_update(skip_locked=True).cte("due")
)
CLAIM: Final = (
    findings.update()
    .where(findings.c.id.in_(sa.select(DUE.c.id)))
    .values(due_at=UNTIL)
    .returning(*COLUMNS)
)
ANY_UNTOLD: Final = sa.select(findings.c.id).where(UNTOLD, findings.c.due_at <= NOW)
OWING_ANSWER: Final = (
    SELECT.where(UNTOLD, findings.c.due_at <= NOW).order_by(findings.c.due_at).limit(MOST)
)


def _finding(row: Sequence[Any]) -> ReviewFinding:
    values = dict(zip(FIELDS, row, strict=True))
    values["finding"] = Finding(values["finding"])
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    return ReviewFinding(**values)


def add(db: Transaction, said: ReviewFinding) -> None:
    """Insert what somebody says; it is judged right after."""
    db.execute(INSERT, {**vars(said), "due_at": clock.real()})
    wakeups.due(db, wakeups.DECISIONS)


def any_pending(db: Transaction) -> bool:
    """Tell whether `claim` would take any."""
    return db.execute(ONE_PENDING, {"now": clock.real()}).first() is not None


def claim(db: Transaction, *, lease: timedelta, limit: int = 50) -> list[ReviewFinding]:
    """Take what is to be judged, the oldest first; nobody else gets it for *lease*."""
    now = clock.real()
    taken = db.execute(CLAIM, {"now": now, "until": now + lease, "most": limit})
    return sorted((_finding(row) for row in taken), key=lambda each: (each.at, each.id))


def postpone(db: Transaction, said: ReviewFinding, *, until: datetime) -> None:
    """Judge it later (real time): what is needed for that cannot be read now."""
    db.execute(UPDATE, {"said": said.id, "due_at": until, "attempts": said.attempts + 1})


def settle(
    db: Transaction,
    said: ReviewFinding,
    outcome: Outcome,
    *,
    why: str | None = None,
    entra_id: str | None = None,
) -> bool:
    """Record what came of it, once; what did not count is owed an answer."""
    values = {"outcome": outcome, "why": why, "entra_id": entra_id, "due_at": clock.real()}
    if db.execute(SETTLE, {"said": said.id, **values}).rowcount != 1:
        return False
    if outcome is not Outcome.ACCEPTED:
        # What counts is in the log as the review itself.
        audit.record(
            db,
            at=clock.now(),
            actor=said.slack_user,
            actor_entra_id=entra_id,
            verb=f"review-{outcome}",
            why=why,
            details={"finding": said.finding, "comment": said.comment},
            **request_rows.audit_ids(requests.get(db, said.request_id)),
        )
    return True


def owing_answer(db: Transaction, *, limit: int = 50) -> list[ReviewFinding]:
    """Return what did not count, and whose author has not been told so."""
    due = db.execute(OWING_ANSWER, {"now": clock.real(), "most": limit})
    return [_finding(row) for row in due]


def answered(db: Transaction, said: ReviewFinding, *, again_at: datetime | None) -> None:
    """Note that they were told, or when to look again (real time)."""
    values: dict[str, Any] = {"answered_at": clock.real()}
    if again_at is not None:
        values = {"due_at": again_at}
    db.execute(UPDATE, {"said": said.id, **values})
