"""The database server's clock, by which replicas on different machines can tell whether they agree."""

from datetime import datetime

import sqlalchemy as sa

from bot.database.connections.engine import Transaction


def database_time(db: Transaction) -> datetime | None:
    """Return what time it is at the database server; None for SQLite, which has no clock but ours."""
    if db.dialect.name == "sqlite":
        return None
    now: datetime = db.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return now
