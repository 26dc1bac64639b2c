"""Share Slack's rate limits among replicas: until when a method is not to be called."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction, insert
from bot.database.statements import NOW, for_each_database
from bot.database.tables import slack_waits

OPEN_AT: Final = sa.select(slack_waits.c.open_at).where(
    slack_waits.c.method == sa.bindparam("called"), slack_waits.c.open_at > NOW
)


@for_each_database
def _upsert(db: Transaction) -> Any:
    row = insert(db, slack_waits)
    return row.on_conflict_do_update(
        index_elements=["method"],
        set_={"open_at": row.excluded.open_at},
        where=slack_waits.c.open_at < row.excluded.open_at,
    )


def stop(db: Transaction, method: str, *, until: datetime) -> None:
    """Slack has answered a call of *method* with 429: nobody is to call it before then (real time)."""
    db.execute(_upsert(db), {"method": method, "open_at": until})


def stopped_until(db: Transaction, method: str) -> datetime | None:
    """Return until when nobody is to call *method* (real time); None if it may be called."""
    found: datetime | None = db.execute(OPEN_AT, {"called": method, "now": clock.real()}).scalar()
    return found
