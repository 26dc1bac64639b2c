"""
Run each job whenever it is triggered: by the clock, by a commit, or by another replica.

A job has an event and a task.  Whoever has work for it sets the event; the task waits for it, so that a job never runs
twice at the same time in this process.  Nothing that must happen is stored here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from bot.database.replicas.turns import SyncState
from bot.jobs.status import PUBLIC_ERRORS, JobStatus
from bot.monitoring.error_codes import codes_of
from bot.priority import Courtesy
from bot.scheduler import Scheduler

log = structlog.get_logger(__name__)

# What a job does; a sync returns how it stands for all replicas.
Body = Callable[[], Awaitable[SyncState | None]]

# Orchestrators kill after 10 s, and the web server drains before.
STOP_WITHIN: Final = timedelta(seconds=6)


@dataclass
class JobLoop:
    """
    Jobs of this process.

    Attributes:
        statuses: How each job is doing, by name.
        is_stopping: No job begins anything new.
    """

    scheduler: Scheduler
    courtesy: Courtesy
    statuses: dict[str, JobStatus] = field(default_factory=dict)
    is_stopping: bool = False
    _events: dict[str, asyncio.Event] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    def add(self, name: str, body: Body, every: timedelta, *, by_clock: bool = True) -> None:
        """
        Add a job; call it inside the running event loop.

        Args:
            by_clock: Run it at once, and then by the clock; otherwise only when it is triggered.
        """
        self.statuses[name] = JobStatus(every=every)
        event = self._events[name] = asyncio.Event()
        if by_clock:
            event.set()
            self.scheduler.every(every, event.set)
        self._tasks[name] = asyncio.create_task(
            self._run_when_triggered(name, body, event), name=f"job {name}"
        )

    def start(self) -> None:
        """Let the clock trigger the jobs."""
        self.scheduler.start()

    async def stop(self) -> None:
        """
        Trigger nothing any more, and let what runs finish.

        What does not finish in time is found again by its lease.
        """
        self.is_stopping = True
        self.scheduler.stop()
        for timer in self._timers.values():
            timer.cancel()
        for name in self._tasks.keys() - self._running:
            self._tasks[name].cancel()
        if self._running:
            at_work = {self._tasks[name] for name in self._running}
            await asyncio.wait(at_work, timeout=STOP_WITHIN.total_seconds())
        if self._running:
            log.warning("jobs-cut-short", jobs=sorted(self._running))
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all jobs."""
        return frozenset(self._events)

    def trigger(self, name: str) -> None:
        """Run a job as soon as it is idle; one that runs looks once more when it is done."""
        if name in self._events:
            self._events[name].set()

    def trigger_in(self, name: str, pause: timedelta) -> None:
        """Run a job after a pause, in place of the pause that was set for it before."""
        if name in self._timers:
            self._timers[name].cancel()
        loop = asyncio.get_running_loop()
        self._timers[name] = loop.call_later(pause.total_seconds(), self.trigger, name)

    def find_event(self, name: str) -> asyncio.Event | None:
        """Find the event that triggers a job; None where nothing triggers it, as in tests by hand."""
        return self._events.get(name)

    def is_running(self, name: str) -> bool:
        """Tell whether a job runs now."""
        return name in self._running

    def note_progress(self, name: str) -> None:
        """Note that a job which takes long got on."""
        if name in self.statuses:
            self.statuses[name].progress()

    async def run(self, name: str, body: Body) -> None:
        """Run a job once, and note how it ended; no error of it leaves here."""
        self._running.add(name)
        status = self.statuses[name]
        try:
            shared = await body()
            if shared is None:
                status.succeed()
            else:
                status.last_success, status.last_error = shared.succeeded_at, shared.error
        except Exception as error:
            status.fail(error)
            said = codes_of(error)
            log.warning(
                "job-failed",
                job=name,
                error=type(error).__name__,
                code=said.code,
                status=said.status,
                graph=said.graph,
                client_request=said.client_request,
                slack=said.slack,
                reason=said.reason,
            )
            if not isinstance(error, PUBLIC_ERRORS):
                log.exception("job-broke", job=name)
        finally:
            self._running.discard(name)

    async def _run_when_triggered(self, name: str, body: Body, event: asyncio.Event) -> None:
        with self.courtesy.background():
            while not self.is_stopping:
                await event.wait()
                event.clear()
                await self.run(name, body)
