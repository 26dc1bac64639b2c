"""
Tell whether whoever asked still waits for an answer: Slack waits three seconds, and then tells them that it failed.

A process that stood still meanwhile (stopped, swapped out, its machine asleep) finds what was asked before it stood
still, and must not carry it out: whoever was told that it failed may have asked again, got it, and given it back.

Source: docs.slack.dev, "Handling user interaction", on the three seconds.  A command carries no time of its own in
Socket Mode, so what counts is when this process last looked.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Concatenate, Final, ParamSpec, TypeVar

from bot.database import Transaction
from bot.errors import TooLate
from bot.words import N_

P = ParamSpec("P")
R = TypeVar("R")

SLACK_WAITS: Final = timedelta(seconds=3)
# Whoever reads that the answer takes longer; after that they may do it again, or think better of it.
TOLD_TO_WAIT: Final = timedelta(minutes=1)
BEAT: Final = timedelta(seconds=1)


@dataclass
class Patience:
    """The time that somebody waits: until *seconds* shows *until*."""

    seconds: Callable[[], float]
    until: float

    def insist(self) -> None:
        """
        Go on only if they still wait.

        Raises:
            TooLate: They have been told that it failed.
        """
        if self.seconds() > self.until:
            raise TooLate(
                N_(
                    "That reached me too late, so I left it undone. If it still matters, please do it "
                    "again."
                )
            )

    def told_to_wait(self) -> None:
        """Note that they have been told in time that it takes longer."""
        if self.seconds() <= self.until:
            self.until = self.seconds() + TOLD_TO_WAIT.total_seconds()


_patience: Final[ContextVar[Patience | None]] = ContextVar("patience", default=None)


class Pulse:
    """
    Knows since when something may have been waiting that is read just now.

    Nothing waits longer than since the last beat but one: what came in before that was read before the last.
    """

    def __init__(self, seconds: Callable[[], float], *, every: timedelta = BEAT) -> None:
        """
        Args:
            seconds: A clock that goes on while the process is stopped.
            every: How often it beats.
        """
        self._seconds = seconds
        self._every = every.total_seconds()
        self._beats: tuple[float, float] | None = None

    async def beat(self) -> None:
        """Beat until canceled; without, everything counts as read when it came."""
        last = self._seconds()
        while True:
            self._beats = (last, self._seconds())
            await asyncio.sleep(self._every)
            last = self._beats[1]

    def hear(self) -> None:
        """Note for the task that runs, and for those it starts, that somebody waits for it."""
        since = self._beats[0] if self._beats else self._seconds()
        # In the worst case it came only now.
        allowed = SLACK_WAITS.total_seconds() + 2 * self._every
        _patience.set(Patience(self._seconds, until=since + allowed))


def who_waits() -> Patience | None:
    """Return how long somebody waits for the running task; None if nobody does."""
    return _patience.get()


def told_to_wait() -> None:
    """Note that whoever the running task works for is told, within Slack's time, that it takes longer."""
    patience = _patience.get()
    if patience is not None:
        patience.told_to_wait()


def in_time(
    work: Callable[Concatenate[Transaction, P], R],
) -> Callable[Concatenate[Transaction, P], R]:
    """Make *work* fail, and its transaction with it, if whoever waits for it has given up by the end of it."""
    # Read here: the thread that works for us has no context of ours.
    patience = _patience.get()
    if patience is None:
        return work

    def done_in_time(db: Transaction, /, *args: P.args, **kwargs: P.kwargs) -> R:
        result = work(db, *args, **kwargs)
        patience.insist()
        return result

    return done_in_time
