"""
Helpers to build the statements of the stores.

A statement is made once, when its module is read, and run with parameters: to put one together costs many
times more than to run it.  A parameter is never called what a column of the changed table is called, because
SQLAlchemy would set that column to it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from bot.database.connections.engine import Transaction
from bot.database.tables import UtcDateTime

S = TypeVar("S")

# Comes after all that a name can go on with.
LAST_CHARACTER: Final = "\U0010ffff"

# A parameter that is compared with a column takes the column's type; these say theirs for wherever they stand.
NOW: Final = sa.bindparam("now", type_=UtcDateTime())
# Deadlines are in business time, which the sandbox and the tests move.
BUSINESS_NOW: Final = sa.bindparam("business_now", type_=UtcDateTime())
SINCE: Final = sa.bindparam("since", type_=UtcDateTime())
UNTIL: Final = sa.bindparam("until", type_=UtcDateTime())
MOST: Final = sa.bindparam("most", type_=sa.Integer())

# How a name may be written, for a column of names in small letters.  SQLite's lower() knows A to Z only, so that
# other letters are looked for as people write them.
SPELLED: Final = ("typed", "small", "title", "capitals")
SPELLINGS: Final = [sa.func.lower(sa.bindparam(name, type_=sa.String())) for name in SPELLED]


def spellings(name: str) -> dict[str, str]:
    """Give a name in the capitals in which it may be written, as the parameters of `SPELLINGS`."""
    return dict(zip(SPELLED, (name, name.lower(), name.title(), name.upper()), strict=True))


def begins_so(called: sa.ColumnElement[str]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions on a column of names in small letters by which they begin as `beginning_of` says."""
    beginning = sa.func.lower(sa.bindparam("beginning", type_=sa.String()))
    return (
        called >= beginning,
        called < beginning + sa.bindparam("last", type_=sa.String()),
    )


def beginning_of(name: str) -> dict[str, str]:
    """Give the beginning of a name as the parameters of `begins_so`."""
    return {"beginning": name, "last": LAST_CHARACTER}


def words(values: Iterable[str]) -> list[sa.ColumnElement[str]]:
    """
    Write our own words into the statement itself.

    SQLite uses a partial index only for a statement that repeats the index's condition in its text.
    """
    return [sa.literal_column(f"'{value}'", sa.String()) for value in values]


def word(value: str) -> sa.ColumnElement[str]:
    """Write one of our own words into the statement itself."""
    return words((value,))[0]


def for_each_database(make: Callable[[Transaction], S]) -> Callable[[Transaction], S]:
    """Make a statement once for SQLite and once for PostgreSQL, where SQLAlchemy has two classes for it."""
    made: dict[str, S] = {}

    def statement(db: Transaction) -> S:
        name = db.dialect.name
        if name not in made:
            made[name] = make(db)
        return made[name]

    return statement


def columns(table: sa.Table, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Check that *values* are for columns of *table*, and return them: SQLAlchemy ignores a parameter too many.

    Raises:
        ValueError: The table has no such column, which is a mistake in this program.
    """
    unknown = [name for name in values if name not in table.c]
    if unknown:
        raise ValueError(f"{table.name} has no column {unknown[0]}")
    return values
