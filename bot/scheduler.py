"""The scheduler: triggers jobs by the machine's time, and nothing more; no job is stored in it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Trigger = Callable[[], None]


class Scheduler(Protocol):
    """Calls what it was given, each at its interval, in the event loop that starts it."""

    def every(self, interval: timedelta, trigger: Trigger) -> None:
        """Call *trigger* so often from the start on; many calls that were missed are one."""

    def start(self) -> None:
        """Begin; called inside the running event loop."""

    def stop(self) -> None:
        """Call nothing more."""


class Apscheduler:
    """APScheduler, as far as jobs need it."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def every(self, interval: timedelta, trigger: Trigger) -> None:
        async def triggered() -> None:
            # A coroutine function, or APScheduler would call it in a thread.
            trigger()

        self._scheduler.add_job(
            triggered,
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
