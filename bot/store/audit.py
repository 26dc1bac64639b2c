"""Who did what, why, to whom: written in the same transaction as the thing itself."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot.store.database import Transaction
from bot.store.schema import audit

LATCHKEY: Final = "latchkey"


def record(
    db: Transaction,
    *,
    at: datetime,
    actor: str,
    verb: str,
    why: str | None = None,
    **ids: Any,
) -> None:
    """
    Add one row.

    Args:
        actor: A Slack user id, or LATCHKEY for what a rule or the clock did.
        verb: What happened, in one word: "move", "refuse-click", "end" …
        ids: Any of the table's other columns.
    """
    db.execute(audit.insert().values(at=at, actor=actor, verb=verb, why=why, **ids))


def rows(db: Transaction, *, request_id: str | None = None) -> list[dict[str, Any]]:
    """The rows about one request, or all of them, oldest first."""
    query = sa.select(audit).order_by(audit.c.seq)
    if request_id is not None:
        query = query.where(audit.c.request_id == request_id)
    return [dict(row) for row in db.execute(query).mappings()]
