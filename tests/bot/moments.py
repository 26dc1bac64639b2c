"""Moments at which everything happens, for tests of what takes the time from the clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from bot import clock


@contextmanager
def at(moment: datetime) -> Iterator[datetime]:
    """Let it be *moment*, for people and for machines, as long as the block runs."""
    clock.use(lambda: moment)
    try:
        yield moment
    finally:
        clock.use(clock.machine_time)
