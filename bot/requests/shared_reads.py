"""Read once what several requests need to know of one thing at the same moment."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from bot import clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# How old, from the moment at which reading began, a fact may be that decides a request.  See docs/explanation/guarantees.md,
# "How fresh the second look is".
FRESH: Final = timedelta(seconds=5)


class FreshCache(Generic[K, V]):
    """
    Reads a thing once for everybody who asks for it within a moment.

    Whoever asks while it is being read waits for the same answer, and hears of the same failure; a failure is not
    kept.
    """

    def __init__(self, read: Callable[[K], Awaitable[V]], *, within: timedelta = FRESH) -> None:
        """
        Args:
            within: How long an answer counts, from when reading it began.
        """
        self._read = read
        self._within = within
        self._kept: dict[K, tuple[datetime, asyncio.Task[V]]] = {}

    async def get(self, key: K, *, since: datetime | None = None) -> V:
        """
        Return the thing as it was read within the last moment, or is read now.

        Args:
            since: What began to be read before then (real time) does not count.

        Raises:
            Exception: What reading it raised.
        """
        # Whoever gives up waiting tears it off for nobody else.
        return await asyncio.shield(self.begin(key, since=since))

    def begin(self, key: K, *, since: datetime | None = None) -> asyncio.Task[V]:
        """Begin to read what `get` returns, if it has not been begun; a failure is for whoever gets it, if anybody does."""
        now = clock.real()
        self._forget_old(now)
        if key in self._kept and since is not None and self._kept[key][0] < since:
            del self._kept[key]
        if key not in self._kept:
            reading = asyncio.create_task(self._read_once(key))
            reading.add_done_callback(_note_failure)
            self._kept[key] = (now, reading)
        return self._kept[key][1]

    async def _read_once(self, key: K) -> V:
        try:
            return await self._read(key)
        except BaseException:
            kept = self._kept.get(key)
            if kept is not None and kept[1] is asyncio.current_task():
                del self._kept[key]
            raise

    def _forget_old(self, now: datetime) -> None:
        over = [key for key, (at, _) in self._kept.items() if not now - self._within <= at <= now]
        for key in over:
            del self._kept[key]


def _note_failure(reading: asyncio.Task[Any]) -> None:
    """Take note of how a read ended, which asyncio would report as forgotten where nobody waited for it."""
    if not reading.cancelled():
        reading.exception()


class RecentCounter(Generic[K]):
    """Counts how often the same thing was asked about within a moment, up to so many."""

    def __init__(self, *, up_to: int, within: timedelta = FRESH) -> None:
        self._up_to = up_to
        self._within = within
        self._asked: dict[K, deque[datetime]] = {}

    def note(self, key: K) -> None:
        """Count one more who asks about it now."""
        now = clock.real()
        for old in [each for each, at in self._asked.items() if now - at[-1] > self._within]:
            del self._asked[old]
        self._asked.setdefault(key, deque(maxlen=self._up_to)).append(now)

    def count(self, key: K) -> int:
        """Return how often it was asked about within the last moment."""
        now = clock.real()
        return sum(now - at <= self._within for at in self._asked.get(key, ()))
