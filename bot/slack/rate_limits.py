"""
Keep to Slack's rate limits, as far as this process knows.

Slack counts by method and workspace: a 429 stops every call of its method, whoever makes it, and no call of another
one.  Of messages it takes about one a second in each channel, and several hundred a minute in all.  We keep below
that, and what can wait leaves room for what cannot.

Source: docs.slack.dev, "Rate limits".
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

from bot import clock

POST: Final = "chat.postMessage"
# "1 message per second per channel", counted from Slack's answer to the one before.
CHANNEL_PAUSE: Final = timedelta(seconds=1)
# "Several hundred messages per minute per workspace" is 300 at least: 5 a second.
FIRST_PACE: Final = 5.0
# Slack's own number is not published: we go faster while it takes all, up to 480 a minute, and slower when it does not.
FASTEST: Final = 8.0
SLOWEST: Final = 1.0
# Until Slack has refused one, a hundred messages lead from the first pace to the fastest; then some hundreds back to it.
FASTER_AT_FIRST: Final = 0.03
FASTER_BY: Final = 0.005
SLOWER_BY: Final = 0.7
# Messages that may leave at once, beyond the pace, after a while of silence.
BURST: Final = 20
# A clock that is rounded to the microsecond may say that nothing is left to wait for.
LEAST_PAUSE: Final = timedelta(milliseconds=1)
# Channels remembered, before those are forgotten in which a message may go at once.
MANY_CHANNELS: Final = 1_000


class Urgency(IntEnum):
    """The urgency of a message: each kind leaves room in the burst, so much as its number, for the more urgent."""

    # Somebody looks at the screen, or cannot go on without it.
    NOW = 0
    # It is news to somebody.
    SOON = BURST // 2
    # It is as good a minute later.
    SOME_TIME = BURST - 1


LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass
class ChannelPace:
    """The pace of one channel: one message at a time, and when the next one may go."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: datetime = LONG_AGO


class RateLimits:
    """
    Tell when the next call may leave.

    Attributes:
        pace: How many messages a second may leave, but for a burst.
        fastest: How many may at most.
        channel_pause: Between Slack's answer to a message and the next one to the same channel.
    """

    def __init__(self) -> None:
        self.pace = FIRST_PACE
        self.fastest = FASTEST
        self.channel_pause = CHANNEL_PAUSE
        self._faster_by = FASTER_AT_FIRST
        self._stopped: dict[str, datetime] = {}
        self._channels: dict[str, ChannelPace] = {}
        self._room = float(BURST)
        self._room_at = clock.real()
        self._queues = {urgency: asyncio.Lock() for urgency in Urgency}
        self._closed = asyncio.Event()

    def close(self) -> None:
        """Whoever waits here need not wait any longer, and is to leave it."""
        self._closed.set()

    def stop(self, method: str, *, until: datetime) -> None:
        """Slack, or a replica that it told so, wants nobody to call *method* until then (real time)."""
        if until <= self._stopped.get(method, LONG_AGO):
            return
        self._stopped[method] = until
        if method == POST:
            self._fill()
            self.pace = max(SLOWEST, self.pace * SLOWER_BY)
            self._faster_by = FASTER_BY

    def left(self, method: str) -> timedelta:
        """Return how long nobody may call *method* any more; nothing, if it may be called."""
        until = self._stopped.get(method)
        return timedelta(0) if until is None else max(until - clock.real(), timedelta(0))

    async def is_open(self, method: str) -> bool:
        """Wait until *method* may be called; False if we are closing."""
        return await self._wait_until(lambda: self._stopped.get(method, LONG_AGO))

    @asynccontextmanager
    async def turn_in(self, channel: str) -> AsyncIterator[bool]:
        """
        Wait until a message may go to *channel*, and keep others from it meanwhile; False if we are closing.

        Args:
            channel: Or the person, in whose direct messages it goes.
        """
        known = self._channels.setdefault(channel, ChannelPace())
        async with known.lock:
            yield await self._wait_until(
                lambda: max(known.free_at, self._stopped.get(POST, LONG_AGO))
            )

    async def turn(self, urgency: Urgency) -> bool:
        """Wait until a message may leave, the more urgent before the others; False if we are closing."""
        async with self._queues[urgency]:
            wanted = urgency + 1
            while (short := wanted - self._fill()) > 0:
                pause = max(timedelta(seconds=short / self.pace), LEAST_PAUSE)
                moment = clock.real() + pause
                if not await self._wait_until(lambda moment=moment: moment):  # type: ignore[misc]
                    return False
            self._room -= 1
            return not self._closed.is_set()

    def give_back(self) -> None:
        """Give a turn back for which nothing was sent."""
        self._room += 1

    def posted(self, channel: str, *, had_turn: bool) -> None:
        """
        Note that Slack has taken a message.

        Args:
            had_turn: It has waited for its turn; any other goes before all those that do.
        """
        now = clock.real()
        if len(self._channels) >= MANY_CHANNELS:
            self._channels = {
                name: each
                for name, each in self._channels.items()
                if each.lock.locked() or each.free_at > now
            }
        self._channels.setdefault(channel, ChannelPace()).free_at = now + self.channel_pause
        self._fill()
        self._room -= not had_turn
        self.pace = min(self.fastest, self.pace + self._faster_by)

    def _fill(self) -> float:
        """Return how many messages may leave now, at the pace of the time that has passed."""
        now = clock.real()
        passed = max((now - self._room_at).total_seconds(), 0)
        self._room = min(self._room + passed * self.pace, BURST)
        self._room_at = now
        return self._room

    async def _wait_until(self, moment: Callable[[], datetime]) -> bool:
        """Wait until *moment* is over, which may move meanwhile; False if we are closing."""
        while not self._closed.is_set():
            left = (moment() - clock.real()).total_seconds()
            if left <= 0:
                return True
            try:
                async with asyncio.timeout(left):
                    await self._closed.wait()
            except TimeoutError:
                continue
        return False
