"""The alarm clock: rings by the machine's time, and nothing more; what rings is never stored in it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Ring = Callable[[], None]


class Alarm(Protocol):
    """Rings what it was given, each at its interval, in the event loop that starts it."""

    def every(self, interval: timedelta, ring: Ring) -> None:
        """Ring so often from the start on; many rings that were missed are one."""

    def start(self) -> None:
        """Begin; called inside the running event loop."""

    def stop(self) -> None:
        """Ring no more."""


class Apscheduler:
    """APScheduler as an alarm clock."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def every(self, interval: timedelta, ring: Ring) -> None:
        async def rung() -> None:
            # A coroutine function, or APScheduler would ring in a thread.
            ring()

        self._scheduler.add_job(
            rung,
            "interval",
            seconds=interval.total_seconds(),
            coalesce=True,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
