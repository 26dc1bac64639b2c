"""Troubles: what is wrong with access that somebody has, told to the admins until it passes or they end it."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import chance, clock
from bot.assignments.model import Trouble, TroubleKind
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.replicas import wakeups
from bot.database.statements import MOST, NOW, SINCE, UNTIL
from bot.database.tables import notices, troubles

FIELDS: Final = tuple(Trouble.__dataclass_fields__)
COLUMNS: Final = [troubles.c[name] for name in FIELDS]
# The kind of notice that is redrawn when something about the trouble has changed.
NOTICE: Final = "trouble"

SELECT: Final = sa.select(*COLUMNS)
BY_ID: Final = SELECT.where(troubles.c.id == sa.bindparam("trouble"))
STILL: Final = troubles.c.closed_at.is_(None)
COUNTED: Final = sa.select(troubles.c.kind, sa.func.count()).where(STILL).group_by(troubles.c.kind)
OPEN_AMONG: Final = sa.select(troubles.c.about).where(
    troubles.c.about.in_(sa.bindparam("about", expanding=True)),
    troubles.c.kind.in_(sa.bindparam("kinds", expanding=True)),
    STILL,
)
OWING_NEWS: Final = (
    SELECT.where(troubles.c.news_due_at <= NOW, troubles.c.at >= SINCE)
    .order_by(troubles.c.news_due_at)
    .limit(MOST)
)
ANY_TO_DO: Final = sa.select(troubles.c.id).where(troubles.c.work_due_at <= NOW)
TO_DO: Final = (
    ANY_TO_DO.order_by(troubles.c.work_due_at)
    .limit(MOST)
    .with_for_update(skip_locked=True)
    .cte("due")
)
CLAIM: Final = (
    troubles.update()
    .where(troubles.c.id.in_(sa.select(TO_DO.c.id)))
    .values(work_due_at=UNTIL, tries=troubles.c.tries + 1)
    .returning(*COLUMNS, troubles.c.tries)
)
UPDATE: Final = troubles.update().where(troubles.c.id == sa.bindparam("trouble"))
CLOSE: Final = troubles.update().where(
    troubles.c.about == sa.bindparam("thing"),
    troubles.c.kind.in_(sa.bindparam("kinds", expanding=True)),
    STILL,
)
OTHERS: Final = sa.select(troubles.c.about).where(
    troubles.c.kind == sa.bindparam("of_kind"),
    STILL,
    troubles.c.about.not_in(sa.bindparam("about", expanding=True)),
)


def _trouble(row: Sequence[Any]) -> Trouble:
    values = dict(zip(FIELDS, row, strict=False))
    values["kind"] = TroubleKind(values["kind"])
    return Trouble(**values)


def open_one(
    db: Transaction, kind: TroubleKind, about: str, *, why: str | None = None, **ids: Any
) -> bool:
    """
    Note that something is wrong, and that it is to be told; False if that is known.

    Args:
        about: The assignment's id, or the package's.
        ids: Columns of the audit row.
    """
    trouble = Trouble(id=chance.new_id(), kind=kind, about=about, at=clock.now(), why=why)
    row = insert(db, troubles).values(**asdict(trouble), news_due_at=clock.real(), tries=0)
    # Not by the count of rows: the driver for PostgreSQL does not tell it here.
    added = row.on_conflict_do_nothing(
        index_elements=["kind", "about"], index_where=STILL
    ).returning(troubles.c.id)
    if db.execute(added).first() is None:
        return False
    audit.record(db, at=trouble.at, actor=audit.LATCHKEY, verb=f"trouble-{kind}", why=why, **ids)
    return True


def close(db: Transaction, about: str, kinds: Collection[TroubleKind] = tuple(TroubleKind)) -> None:
    """It has passed; its card says so."""
    given = {"thing": about, "kinds": list(kinds)}
    done = db.execute(CLOSE, given | {"closed_at": clock.now(), "work_due_at": None})
    if done.rowcount:
        redraw(db, about)


def open_among(
    db: Transaction, about: Collection[str], kinds: Collection[TroubleKind]
) -> list[str]:
    """Return those of *about* that are in one of these troubles now."""
    if not about:
        return []
    given = {"about": list(about), "kinds": list(kinds)}
    return sorted(set(db.execute(OPEN_AMONG, given).scalars()))


def close_all_but(db: Transaction, kind: TroubleKind, about: Collection[str]) -> None:
    """Whatever else was in that trouble is not any more."""
    given = {"of_kind": kind, "about": list(about)}
    for passed in db.execute(OTHERS, given).scalars().all():
        close(db, passed, (kind,))


def redraw(db: Transaction, about: str) -> None:
    """Have its card redrawn."""
    shown = notices.update().where(notices.c.kind == NOTICE, notices.c.assignment_id == about)
    db.execute(shown.values(stale=True))


def find(db: Transaction, trouble_id: str) -> Trouble | None:
    row = db.execute(BY_ID, {"trouble": trouble_id}).first()
    return _trouble(row) if row else None


def open_about(db: Transaction, about: str) -> list[Trouble]:
    """Return what is wrong with it now, the oldest first."""
    query = SELECT.where(troubles.c.about == about, STILL).order_by(troubles.c.at)
    return [_trouble(row) for row in db.execute(query)]


def notices_due(db: Transaction, *, since: datetime, limit: int = 100) -> list[Trouble]:
    """Troubles that are still to be told, those looked at longest ago first."""
    found = db.execute(OWING_NEWS, {"now": clock.real(), "since": since, "most": limit})
    return [_trouble(row) for row in found]


def schedule_notice(db: Transaction, trouble: Trouble, *, news: datetime | None) -> None:
    """Say when to look again whether it has been told; None: it has."""
    db.execute(UPDATE, {"trouble": trouble.id, "news_due_at": news})


def request_reprocessing(db: Transaction, trouble: Trouble, *, by: str) -> None:
    """Note that an admin wants it processed again."""
    values = {
        "wanted_by": by,
        "wanted_at": clock.now(),
        "work_due_at": clock.real(),
        "answer": None,
        "tries": 0,
    }
    db.execute(UPDATE, {"trouble": trouble.id, **values})
    redraw(db, trouble.about)
    wakeups.due(db, wakeups.REPROCESSING)


def claim_reprocessing(
    db: Transaction, *, lease: timedelta, limit: int = 20
) -> list[tuple[Trouble, int]]:
    """Take what is to be processed again, with how often that has been tried; nobody else gets it meanwhile."""
    now = clock.real()
    rows = db.execute(CLAIM, {"now": now, "until": now + lease, "most": limit}).all()
    return [(_trouble(row), row.tries) for row in rows]


def finish_reprocessing(db: Transaction, trouble: Trouble, answer: str) -> None:
    """It was asked for, and this came of it."""
    db.execute(UPDATE, {"trouble": trouble.id, "answer": answer, "work_due_at": None})
    redraw(db, trouble.about)


def reschedule_reprocessing(db: Transaction, trouble: Trouble, *, at: datetime) -> None:
    """It could not be asked for: once more at *at* (real time)."""
    db.execute(UPDATE, {"trouble": trouble.id, "work_due_at": at})


def count(db: Transaction) -> dict[str, int]:
    """Return how many troubles there are now, by kind, for the metrics."""
    return {row[0]: row[1] for row in db.execute(COUNTED)}
