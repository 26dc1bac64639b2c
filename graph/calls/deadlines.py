"""Deadlines: until when something may be sent, by a clock that nobody sets."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

# Linux stops its monotonic clock while the machine sleeps; others go on with theirs.
CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


Seconds = Callable[[], float]


def machine_seconds() -> float:
    """Seconds of this machine's life; they go on while the process is stopped or the machine asleep."""
    return time.clock_gettime(CLOCK)


@dataclass(frozen=True)
class Deadline:
    """A moment by a clock that only goes on: when it is over, it is over for everybody who holds it."""

    at: float
    seconds: Seconds = machine_seconds

    @classmethod
    def after(cls, wait: timedelta, *, seconds: Seconds = machine_seconds) -> Self:
        """So long from now, by the clock *seconds*."""
        return cls(seconds() + wait.total_seconds(), seconds)

    @property
    def left(self) -> float:
        """Seconds until then; negative when it is over."""
        return self.at - self.seconds()
