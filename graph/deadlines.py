"""Deadlines: until when something may be sent, by a clock that nobody sets."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

# Linux stops its monotonic clock while the machine sleeps; others go on with theirs.
CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True)
class Deadline:
    """A moment of this machine's life, which comes also while the process is stopped or the machine asleep."""

    at: float

    @classmethod
    def after(cls, wait: timedelta) -> Self:
        """So long from now."""
        return cls(_seconds() + wait.total_seconds())

    @property
    def left(self) -> float:
        """Seconds until then; negative when it is over."""
        return self.at - _seconds()


def _seconds() -> float:
    return time.clock_gettime(CLOCK)
