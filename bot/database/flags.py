"""Installation-wide flags: granting paused, minimum schema version."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.tables import control

ONLY: Final = 1

REVISION: Final = sa.text("SELECT version_num FROM alembic_version")
PAUSED: Final = sa.select(control.c.paused_at, control.c.paused_why).where(control.c.id == ONLY)


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
    audit.record(db, at=clock.now(), actor=actor, verb="resume", why=why, details=facts)


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
