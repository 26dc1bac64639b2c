"""Tell the time, for people and for machines."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Source = Callable[[], datetime]


def machine_time() -> datetime:
    """The machine's own time, aware UTC."""
    return datetime.now(UTC)


_source: Source = machine_time
_offset = timedelta(0)


def now() -> datetime:
    """Business time, aware UTC: when access ends, when a reminder is due.  Only the sandbox shifts it."""
    return _source() + _offset


def real() -> datetime:
    """The machine's own time, aware UTC: leases and waits, which no demonstration may shorten."""
    return _source()


def use(source: Source) -> None:
    """Take the time from *source*; for the composition root, which is told by whoever runs it."""
    global _source
    _source = source


def set_offset(offset: timedelta) -> None:
    """Move business time; for the sandbox's clock and nobody else."""
    global _offset
    _offset = offset
