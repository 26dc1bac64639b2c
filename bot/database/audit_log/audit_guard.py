"""
Change rows of the audit log, as only the owner of its table may: for what is forgotten or archived, and nothing else.

The triggers that refuse it are off inside one transaction, for which the head is locked first: nobody writes meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from bot.database.audit_log.audit import LOCK_HEAD
from bot.database.connections.engine import Transaction

TRIGGERS: Final = ("audit_no_update", "audit_no_delete")
MADE_BY: Final = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name")
OWNS: Final = sa.text(
    "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class "
    "WHERE oid = to_regclass('audit') AND relnamespace = current_schema()::regnamespace"
)


def may_change(db: Transaction) -> bool:
    """Tell whether this connection's role owns the table; who can open an SQLite file does."""
    return db.dialect.name == "sqlite" or bool(db.execute(OWNS).scalar())


@contextmanager
def opened(db: Transaction) -> Iterator[None]:
    """Let rows be changed in this transaction, until the block ends or the transaction fails."""
    db.execute(LOCK_HEAD)
    made = {name: _off(db, name) for name in TRIGGERS}
    yield
    for name, statement in made.items():
        db.exec_driver_sql(statement or f"ALTER TABLE audit ENABLE TRIGGER {name}")


def _off(db: Transaction, name: str) -> str | None:
    """Switch a trigger off; on SQLite, which can only drop it, return what makes it again."""
    if db.dialect.name != "sqlite":
        db.exec_driver_sql(f"ALTER TABLE audit DISABLE TRIGGER {name}")
        return None
    statement = str(db.execute(MADE_BY, {"name": name}).scalar_one())
    db.exec_driver_sql(f"DROP TRIGGER {name}")
    return statement
