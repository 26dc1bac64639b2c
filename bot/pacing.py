"""How long to hold, to wait and to try again: for everything that works in the background."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

# How long one worker may be at one request before another takes it over.
LEASE: Final = timedelta(seconds=60)
LONGEST_BACKOFF: Final = timedelta(minutes=15)
# Seconds between looks at a request that Graph is working on: it takes seconds, sometimes hours.
POLL_PAUSES: Final = (2, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many tries that failed: doubling from 2 s to 15 min, a little shaken."""
    pause = min(timedelta(seconds=2 * 2 ** min(attempts, 12)), LONGEST_BACKOFF)
    return pause * random.uniform(0.9, 1.1)  # noqa: S311 (spreads retries, guards nothing)


def poll_pause(attempts: int, pauses: Sequence[int] = POLL_PAUSES) -> timedelta:
    """How long to wait before looking again at something that is under way."""
    return timedelta(seconds=pauses[min(attempts, len(pauses) - 1)])
