"""Installation-wide flags: granting paused, minimum schema version."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.statements import word, words
from bot.database.tables import control, homes, notices, requests
from bot.requests.model import OPEN, Kind, State

ONLY: Final = 1

REVISION: Final = sa.text("SELECT version_num FROM alembic_version")
PAUSED: Final = sa.select(control.c.paused_at, control.c.paused_why).where(control.c.id == ONLY)
# Whoever waits for a grant reads whether all granting is paused: in Home, and in the reminder of what they want longer.
WAITS: Final = sa.and_(
    # SQLite does not conclude it from the next.
    requests.c.state.in_(words(OPEN)),
    requests.c.state == word(State.APPROVED),
    requests.c.kind != word(Kind.REMOVE),
)
# Together: PostgreSQL looks through the whole table for two of these behind OR.
WHO_WAITS: Final = sa.union(
    sa.select(requests.c.holder).where(WAITS), sa.select(requests.c.asked_by).where(WAITS)
)
TOUCH_HOMES: Final = homes.update().where(homes.c.slack_user.in_(WHO_WAITS)).values(stale=True)
REDRAW_REMINDERS: Final = (
    notices.update()
    .where(
        notices.c.kind == "reminder",
        notices.c.assignment_id.in_(sa.select(requests.c.assignment_id).where(WAITS)),
    )
    .values(stale=True)
)


def pause(
    db: Transaction,
    *,
    why: str,
    actor: str = audit.LATCHKEY,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """
    Stop granting and extending; removals, reads and messages go on.

    Args:
        actor: Who does it.
        facts: More about who and where, for the audit log.
    """
    _set(db, paused_at=clock.now(), paused_why=why)
    _redraw_what_says_so(db)
    audit.record(db, at=clock.now(), actor=actor, verb="pause", why=why, details=facts)


def resume(
    db: Transaction,
    *,
    why: str | None = None,
    actor: str = audit.LATCHKEY,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Grant again; what was approved meanwhile is posted now.  The arguments are those of `pause`."""
    _set(db, paused_at=None, paused_why=None)
    _redraw_what_says_so(db)
    audit.record(db, at=clock.now(), actor=actor, verb="resume", why=why, details=facts)


def _redraw_what_says_so(db: Transaction) -> None:
    # Their requests may stay as they are for long, while Entra takes nothing.
    db.execute(TOUCH_HOMES)
    db.execute(REDRAW_REMINDERS)


def _set(db: Transaction, **values: Any) -> None:
    row = insert(db, control).values(id=ONLY, **values)
    db.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))


def pause_reason(db: Transaction) -> str | None:
    """Return why granting is paused; None if it is not."""
    row = db.execute(PAUSED).one_or_none()
    return (row.paused_why or "no reason given") if row and row.paused_at else None


def revision(db: Transaction) -> str | None:
    """Return the schema that the database has; None if it has none yet."""
    if not sa.inspect(db).has_table("alembic_version"):
        return None
    found: str | None = db.execute(REVISION).scalar_one_or_none()
    return found


def serve_from(db: Transaction, revision: str) -> None:
    """Note the oldest schema whose programs may run on this one."""
    _set(db, serves_from=revision)


def serves_from(db: Transaction) -> str | None:
    """Return the oldest schema whose programs may run on this one; None if nobody has said."""
    return db.execute(sa.select(control.c.serves_from).where(control.c.id == ONLY)).scalar()
