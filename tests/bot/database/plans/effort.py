"""Counts what SQLite does for each statement, in steps of its virtual machine: the same on any machine at any load."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from tests.bot.database.plans.recording import function_of

# It calls back after so many steps.
GRAIN: Final = 10


@contextmanager
def counting(engine: sa.Engine) -> Iterator[dict[tuple[str, str], int]]:
    """
    By function of the store and statement, the most steps that one run of it took.

    What is read of a result after the statement was run counts, until the next one.
    """
    most: dict[tuple[str, str], int] = {}
    now = ("", "")
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += GRAIN
        return 0

    def settle() -> None:
        nonlocal steps
        most[now] = max(most.get(now, 0), steps)
        steps = 0

    @sa.event.listens_for(engine, "before_cursor_execute")
    def begin(
        db: sa.Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        nonlocal now
        settle()
        now = (function_of(sys._getframe()), statement)
        cursor.connection.set_progress_handler(step, GRAIN)

    yield most
    settle()
    sa.event.remove(engine, "before_cursor_execute", begin)
