"""The types of columns and the kinds of indexes that the tables share."""

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

metadata = sa.MetaData()

ID: Final = sa.String(64)
SLACK_ID: Final = sa.String(32)
NAME: Final = sa.String(256)
# Compared letter by letter, so that what begins alike stands together; SQLite does nothing else.
EXACT_NAME: Final = NAME.with_variant(sa.String(256, collation="C"), "postgresql")


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        # SQLite forgets the zone and PostgreSQL answers in the session's.
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def partial_index(
    name: str, *of: str, where: str | sa.TextClause, unique: bool = False
) -> sa.Index:
    """
    Return an index of some rows only.

    What is over is kept for ever, and kept cold: it is in no index by which work is found, so that what was asked,
    held or said long ago costs nothing.  Both databases use such an index for a statement that repeats *where* in
    its own text, and for one that compares the column with anything where it is ``… IS NOT NULL``.
    """
    condition = sa.text(where) if isinstance(where, str) else where
    return sa.Index(name, *of, unique=unique, sqlite_where=condition, postgresql_where=condition)


def flag_index(name: str, flag: str, *, where: str = "") -> sa.Index:
    """Return an index of the rows with that flag, which SQLAlchemy spells in two ways."""
    return sa.Index(
        name,
        flag,
        sqlite_where=sa.text(f"{flag} = 1{where}"),
        postgresql_where=sa.text(f"{flag}{where}"),
    )
