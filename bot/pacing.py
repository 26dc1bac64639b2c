"""How long to hold, to wait and to try again: for everything that works in the background."""

import asyncio
import random
from collections.abc import Coroutine, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

T = TypeVar("T")

# How long one worker may be at one request before another takes it over.
LEASE: Final = timedelta(seconds=60)
LONGEST_BACKOFF: Final = timedelta(minutes=15)
# Calls under way to one service: a slow answer holds up nobody else, and Slack and Graph do not throttle so few.
AT_ONCE: Final = 4
# Seconds between looks at a request that Graph is working on: it takes seconds, sometimes hours.
POLL_PAUSES: Final = (2, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many tries that failed: doubling from 2 s to 15 min, a little shaken."""
    pause = min(timedelta(seconds=2 * 2 ** min(attempts, 12)), LONGEST_BACKOFF)
    return pause * random.uniform(0.9, 1.1)  # noqa: S311 (spreads retries, guards nothing)


def poll_pause(attempts: int, pauses: Sequence[int] = POLL_PAUSES) -> timedelta:
    """How long to wait before looking again at something that is under way."""
    return timedelta(seconds=pauses[min(attempts, len(pauses) - 1)])


async def a_few_at_once(work: Iterable[Coroutine[Any, Any, T]], *, limit: int = AT_ONCE) -> list[T]:
    """
    Do all of *work*, *limit* at the same time; the results in its order.

    Raises:
        Exception: The first that any of it raised, when all of it is done.
    """
    gate = asyncio.Semaphore(limit)

    async def one(deed: Coroutine[Any, Any, T]) -> T:
        async with gate:
            return await deed

    done = await asyncio.gather(*map(one, work), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return [result for result in done if not isinstance(result, BaseException)]
