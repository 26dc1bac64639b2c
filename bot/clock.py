"""What time it is, for people and for machines."""

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def now() -> datetime:
    """Business time, aware UTC: when access ends, when a reminder is due.  Only the sandbox shifts it."""
    return datetime.now(UTC) + _offset


def real() -> datetime:
    """The machine's own time, aware UTC: leases and waits, which no demonstration may shorten."""
    return datetime.now(UTC)


def set_offset(offset: timedelta) -> None:
    """Move business time; for the sandbox's clock and nobody else."""
    global _offset
    _offset = offset
