"""Set how long to hold, to wait and to try again: for everything that works in the background."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from bot import chance

S = TypeVar("S")
T = TypeVar("T")

LONGEST_BACKOFF: Final = timedelta(minutes=15)
# Calls under way to one service: a slow answer holds up nobody else, and Slack and Graph do not throttle so few.
AT_ONCE: Final = 4
# What is looked up before a form opens, of the 3 s in which Slack opens it.
EARLY_SECONDS: Final = 1.2
# Seconds before each look at a request that Graph is working on: it takes seconds, sometimes hours.  Whoever waits
# hears of it within a second or two in the first ten, which is when most are done.
POLL_PAUSES: Final = (2, 1.2, 1.2, 1.2, 1.5, 1.5, 1.5, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300)


@dataclass(frozen=True, kw_only=True)
class Waits:
    """
    The time that one POST to Graph may take, and what must be over before it may be repeated or taken over.

    The first is enforced.  How late Graph acts and how far its lists lag is assumed: nobody has published it.

    Attributes:
        post: The longest that a POST may take in all, from the intent to its answer.
        late: How much later Graph may still carry out what we have given up on.
        lag: How much later its lists show what it has carried out.
        margin: What is added for good measure.
        lease: How long a worker that does not say that it is still at a request keeps it from the others.
        step: The longest that one step of a request may take; what takes longer is a failure.
    """

    post: timedelta = timedelta(seconds=12)
    late: timedelta = timedelta(seconds=30)
    lag: timedelta = timedelta(seconds=30)
    margin: timedelta = timedelta(seconds=48)
    lease: timedelta = timedelta(seconds=60)
    step: timedelta = timedelta(minutes=10)

    @property
    def beat(self) -> timedelta:
        """Return how often a worker says that it is still at a request: one or two such words may get lost."""
        return self.lease / 4

    @property
    def settle(self) -> timedelta:
        """From the intent until a look that finds nothing proves that nothing happened."""
        return self.post + self.late + self.lag + self.margin

    def problems(self, *, client: Iterable[float | None]) -> list[str]:
        """
        Return what contradicts itself, a sentence each.

        Args:
            client: The time-outs of the HTTP client that posts, seconds each; None for one that never ends.
        """
        found = []
        if min(self.late, self.lag, self.margin) < timedelta(0):
            found.append(
                f"The settle time ({self.settle.total_seconds():g} s) is shorter than what it must outlast: "
                "none of its parts may be negative."
            )
        longest = self.post.total_seconds()
        if any(each is None or each > longest for each in client):
            found.append(
                f"The client waits longer for Graph than a POST may take ({longest:g} s), on which the settle "
                "time counts: shorten its time-outs, or allow the POST more."
            )
        if self.lease < 2 * self.post:
            found.append(
                f"A lease of {self.lease.total_seconds():g} s, which begins anew with the intent, may be over "
                f"before the POST is: make it twice as long as a POST may take ({longest:g} s) at least."
            )
        if self.step < self.lease:
            found.append(
                f"A step may take {self.step.total_seconds():g} s only, less than a lease "
                f"({self.lease.total_seconds():g} s): give it more."
            )
        return found


WAITS: Final = Waits()


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many tries that failed: doubling from 2 s to 15 min, with ±10 % jitter."""
    pause = min(timedelta(seconds=2 * 2 ** min(attempts, 12)), LONGEST_BACKOFF)
    return pause * chance.between(0.9, 1.1)


def poll_pause(attempts: int, pauses: Sequence[float] = POLL_PAUSES) -> timedelta:
    """Return how long to wait before the next look at something that is under way, after so many."""
    return timedelta(seconds=pauses[min(attempts, len(pauses) - 1)])


async def a_few_at_once(
    work: Callable[[S], Awaitable[T]], over: Iterable[S], *, limit: int = AT_ONCE
) -> list[T]:
    """
    Do *work* for all of *over*, *limit* at the same time; the results in their order.

    Raises:
        Exception: The first that any of it raised, when all of it is done.
    """
    gate = asyncio.Semaphore(limit)

    async def one(each: S) -> T:
        async with gate:
            return await work(each)

    done = await asyncio.gather(*map(one, over), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return [result for result in done if not isinstance(result, BaseException)]
