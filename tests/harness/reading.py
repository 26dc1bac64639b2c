"""Counts what a screen costs the database: how many statements, and how many rows they bring."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.database import Store


@dataclass
class Reading:
    """What was read; *statements* are those that read, in their order, and *transactions* all that were begun."""

    statements: list[str] = field(default_factory=list)
    rows: int = 0
    transactions: int = 0


@contextmanager
def reading(store: Store) -> Iterator[Reading]:
    """Count what *store* reads meanwhile; on SQLite, where each statement can be asked again how many rows it finds."""
    counted = Reading()

    def count(conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.lstrip().upper().startswith("SELECT"):
            return
        counted.statements.append(statement)
        again = conn.connection.cursor()
        (rows,) = again.execute(f"SELECT count(*) FROM ({statement})", parameters).fetchone()  # noqa: S608 (our own words)
        counted.rows += rows

    def begin(conn: Any) -> None:
        counted.transactions += 1

    engines = (store.engine, store.reading)
    for engine in engines:
        sa.event.listen(engine, "after_cursor_execute", count)
        sa.event.listen(engine, "begin", begin)
    try:
        yield counted
    finally:
        for engine in engines:
            sa.event.remove(engine, "after_cursor_execute", count)
            sa.event.remove(engine, "begin", begin)
