"""Mismatches: what an admin has pressed about one, until it is carried out."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction
from bot.database.replicas import wakeups
from bot.database.statements import MOST, NOW
from bot.database.tables import UtcDateTime, drift
from bot.drift.model import DriftState, Mismatch
from bot.drift.store.mismatches import COLUMNS, UPDATE, UPDATE_OPEN, from_row, redraw
from bot.people.model import Verb

# A column is called "until".
LEASE_END: Final = sa.bindparam("lease_end", type_=UtcDateTime())

ANY_TO_DO: Final = sa.select(drift.c.id).where(drift.c.work_due_at <= NOW)

TO_DO: Final = ANY_TO_DO.order_by(drift.c.work_due_at).limit(MOST).with_for_update(skip_locked=True)

CLAIM: Final = (
    drift.update()
    .where(drift.c.id == sa.bindparam("mismatch"))
    .values(work_due_at=LEASE_END, tries=drift.c.tries + 1)
    .returning(*COLUMNS, drift.c.tries)
)

# Only while it is still open, and nobody has pressed something else.
UPDATE_PRESSED: Final = UPDATE_OPEN.where(
    drift.c.wanted == sa.bindparam("pressed"), drift.c.wanted_by == sa.bindparam("presser")
)

# What is settled or has passed has nothing to carry out.
CLEAR: Final = UPDATE.where(
    sa.or_(drift.c.state != DriftState.OPEN, drift.c.wanted.is_(None), drift.c.wanted_by.is_(None))
).values(wanted=None, work_due_at=None)


def want(
    db: Transaction,
    mismatch: Mismatch,
    verb: Verb,
    *,
    by: str,
    until: datetime | None = None,
    why: str | None = None,
) -> Mismatch | None:
    """
    Note what an admin has pressed; it is carried out once it is known that they may.

    None: it has passed meanwhile, or somebody has said what it is, and nothing is noted.
    """
    values = {
        "wanted": verb,
        "wanted_by": by,
        "wanted_until": until,
        "why": why,
        "answer": None,
        "work_due_at": clock.real(),
        "tries": 0,
    }
    if db.execute(UPDATE_OPEN, {"mismatch": mismatch.id, **values}).rowcount != 1:
        return None
    redraw(db, mismatch)
    wakeups.due(db, wakeups.DRIFT)
    return replace(mismatch, wanted=verb, wanted_by=by, wanted_until=until, why=why, answer=None)


def claim_wanted(
    db: Transaction, *, lease: timedelta, limit: int = 20
) -> list[tuple[Mismatch, int]]:
    """Take what admins want done, with how often that has been tried; nobody else gets it meanwhile."""
    now = clock.real()
    claimed = []
    for mismatch_id in db.execute(TO_DO, {"now": now, "most": limit}).scalars().all():
        row = db.execute(CLAIM, {"mismatch": mismatch_id, "lease_end": now + lease}).one()
        claimed.append((from_row(row), row.tries))
    return claimed


def reschedule(db: Transaction, mismatch: Mismatch, *, at: datetime) -> None:
    """It could not be carried out: once more at *at* (real time), if it is still wanted."""
    if db.execute(UPDATE_PRESSED, {**_pressed(mismatch), "work_due_at": at}).rowcount != 1:
        clear_wanted(db, mismatch)


def decline(db: Transaction, mismatch: Mismatch, answer: str) -> None:
    """Note why what was pressed is not carried out, if it is still wanted; the mismatch stays as it was."""
    values = {"wanted": None, "work_due_at": None, "answer": answer}
    if db.execute(UPDATE_PRESSED, {**_pressed(mismatch), **values}).rowcount == 1:
        redraw(db, mismatch)
    else:
        clear_wanted(db, mismatch)


def clear_wanted(db: Transaction, mismatch: Mismatch) -> None:
    """Carry out nothing any more of what has passed, or is settled; what is wanted of an open one stays."""
    if db.execute(CLEAR, {"mismatch": mismatch.id}).rowcount == 1:
        redraw(db, mismatch)


def _pressed(mismatch: Mismatch) -> dict[str, Any]:
    return {"mismatch": mismatch.id, "pressed": mismatch.wanted, "presser": mismatch.wanted_by}
