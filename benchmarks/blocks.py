"""How long the event loop is kept from everybody else: by one callback, and by all that happens in the process."""

import asyncio
import time
from asyncio import Handle, events
from typing import Any, Final

HEARTBEAT_SECONDS: Final = 0.005
# What the loop calls to run a callback, the step of a task among them.
RUN: Final = "_run"


class Blocks:
    """
    Watches the event loop that it is entered in.

    Attributes:
        longest_cpu: Seconds of CPU that the longest callback took in the loop's own thread, collections of garbage
            included.  On a machine that others use it says more than the time by the clock.
        latest: Seconds by which a heartbeat came too late at most: other threads and other processes are in it.
        beats: How often it came.
    """

    def __init__(self) -> None:
        self.longest_cpu = 0.0
        self.latest = 0.0
        self.beats: list[float] = []
        self._run = getattr(Handle, RUN)

    async def __aenter__(self) -> "Blocks":
        run, watch = self._run, self

        def timed(handle: Handle) -> Any:
            started = time.thread_time()
            try:
                return run(handle)
            finally:
                watch.longest_cpu = max(watch.longest_cpu, time.thread_time() - started)

        setattr(events.Handle, RUN, timed)
        self._heart = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._heart.cancel()
        setattr(events.Handle, RUN, self._run)

    async def _beat(self) -> None:
        while True:
            due = time.perf_counter() + HEARTBEAT_SECONDS
            await asyncio.sleep(HEARTBEAT_SECONDS)
            late = time.perf_counter() - due
            self.beats.append(late)
            self.latest = max(self.latest, late)

    @property
    def p99(self) -> float:
        """Seconds by which 99 of 100 heartbeats were late at most."""
        beats = sorted(self.beats)
        return beats[len(beats) * 99 // 100] if beats else 0.0
