"""
Work that nobody asked for just now, and work that somebody did.

Every job may run at the same time on every replica, and may be killed at any line: claims in the tables keep
them apart, and what was not finished is found again.  APScheduler only rings the bell; nothing that must
happen is stored in it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import clock
from bot.authority import Authority
from bot.delivery import Delivery
from bot.effects import Effects
from bot.home import Homes
from bot.mirror import Mirror
from bot.models import Request, State
from bot.notices import Notices
from bot.pacing import LEASE, backoff
from bot.review import Review
from bot.slack import SlackBusy, SlackError
from bot.store import Busy, Store, decisions, inbox, requests
from bot.verdicts import Verdicts
from graph.errors import GraphError

log = structlog.get_logger(__name__)

CLAIMED_AT_ONCE: Final = 20
AT_WORK_AT_ONCE: Final = 4
ROSTER_SECONDS: Final = 60
# Orchestrators kill after 10 s.
STOP_WITHIN: Final = timedelta(seconds=8)
STOP_LOOKS: Final = timedelta(milliseconds=50)


@dataclass
class Tick:
    """How a job is doing: for /readyz and the metrics."""

    every: timedelta
    last_success: datetime | None = None
    last_error: str | None = None
    failures: int = 0


@dataclass
class Jobs:
    """What runs by the clock, and at once when a commit says that there is work."""

    store: Store
    review: Review
    verdicts: Verdicts
    effects: Effects
    delivery: Delivery
    notices: Notices
    mirror: Mirror
    homes: Homes
    authority: Authority
    poll_every: timedelta
    sync_every: timedelta
    ticks: dict[str, Tick] = field(default_factory=dict)
    _scheduler: AsyncIOScheduler = field(default_factory=lambda: AsyncIOScheduler(timezone="UTC"))
    _bodies: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)
    _again: set[str] = field(default_factory=set)
    _stopping: bool = False

    def start(self) -> None:
        """Start ringing; call it inside the running event loop."""
        self._add("requests", self.requests, self.poll_every)
        self._add("messages", self.messages, self.poll_every)
        self._add("sync", self.sync, self.sync_every)
        self._add("roster", self.authority.refresh, timedelta(seconds=ROSTER_SECONDS))
        self._scheduler.start()

    async def stop(self) -> None:
        """
        Stop ringing and let what runs finish: a message that is being sent must be recorded.

        What does not finish in time is found again by its lease.
        """
        self._stopping = True
        if not self._scheduler.running:
            return
        # Not shutdown() yet: it cancels the jobs that run.
        self._scheduler.pause()
        for _ in range(int(STOP_WITHIN / STOP_LOOKS)):
            if not self._running:
                break
            await asyncio.sleep(STOP_LOOKS.total_seconds())
        else:
            log.warning("jobs-cut-short", jobs=sorted(self._running))
        self._scheduler.shutdown(wait=False)

    def wake(self) -> None:
        """Something was committed: look at the requests and the messages now."""
        self._ring("requests")
        self._ring("messages")

    def wake_all(self) -> None:
        """Time has been moved: everything may be due."""
        for name in self._bodies:
            self._ring(name)

    def _ring(self, name: str) -> None:
        # A job that is running rings again when it is done.
        if self._stopping:
            return
        if name in self._running:
            self._again.add(name)
        elif self._scheduler.running:
            self._scheduler.modify_job(name, next_run_time=datetime.now(self._scheduler.timezone))

    def _add(self, name: str, body: Callable[[], Awaitable[None]], every: timedelta) -> None:
        self.ticks[name] = Tick(every=every)
        self._bodies[name] = body
        self._scheduler.add_job(
            self._run,
            "interval",
            seconds=every.total_seconds(),
            args=[name],
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=datetime.now(self._scheduler.timezone),
        )

    async def _run(self, name: str) -> None:
        """One ring: nothing a job raises may stop the next one."""
        if name in self._running:
            self._again.add(name)
            return
        self._running.add(name)
        tick = self.ticks[name]
        try:
            while True:
                self._again.discard(name)
                await self._bodies[name]()
                tick.last_success, tick.last_error = clock.real(), None
                if name not in self._again or self._stopping:
                    return
        except (GraphError, SlackError, Busy) as error:
            self._failed(tick, name, error, why=f": {error}")
        except Exception as error:
            # Its text may repeat anything, and /readyz is read by many.
            self._failed(tick, name, error)
            log.exception("job-broke", job=name)
        finally:
            self._running.discard(name)

    def _failed(self, tick: Tick, name: str, error: Exception, *, why: str = "") -> None:
        tick.failures += 1
        tick.last_error = f"{type(error).__name__}{why}"
        log.warning("job-failed", job=name, error=type(error).__name__)

    async def requests(self) -> None:
        """Decisions, deadlines and requests that are due, until none is."""
        while await self._weigh() + await self._deadlines() + await self._advance():
            self._ring("messages")
            if self._stopping:
                return

    async def messages(self) -> None:
        """Messages and pages that are owed, until none is."""
        while (
            await self.notices.send_owed()
            + await self.notices.redraw()
            + await self.homes.publish_stale()
        ):
            if self._stopping:
                return

    async def sync(self) -> None:
        """Copy what Graph has; then remind of what ends, by what was just read."""
        await self.mirror.sweep()
        await self.notices.send_reminders()
        await self.homes.new_day()
        await self.store.run(inbox.forget_old)
        self.wake()

    async def _weigh(self) -> int:
        clicks = await self.store.run(decisions.unweighed)
        judged = 0
        for click in clicks:
            try:
                await self.verdicts.weigh(click)
                judged += 1
            except (GraphError, SlackError) as error:
                log.warning("decision-postponed", decision=click.id, error=type(error).__name__)
                if click.attempts == 0:
                    await self.notices.say_taken_down(click)
                await self.store.run(
                    decisions.postpone, click, until=clock.real() + _pause(error, attempts=0)
                )
        return judged

    async def _deadlines(self) -> int:
        lapsed, escalating = await self.store.run(requests.overdue_decisions)
        moved = 0
        for request in lapsed:
            moved += await self.store.run(requests.move, request, State.LAPSED) is not None
        for request in escalating:
            try:
                await self.review.escalate(request)
                moved += 1
            except (GraphError, SlackError) as error:
                log.warning("not-escalated", request=request.id, error=type(error).__name__)
        return moved

    async def _advance(self) -> int:
        claimed = await self.store.run(requests.claim, lease=LEASE, limit=CLAIMED_AT_ONCE)
        submitted = [request for request in claimed if request.state is State.SUBMITTED]
        try:
            known = await self.delivery.look_up(submitted)
        except GraphError:
            # One by one instead; what is wrong shows there, request by request.
            known = {}
        limit = asyncio.Semaphore(AT_WORK_AT_ONCE)

        async def step(request: Request) -> None:
            async with limit:
                await self._step(request, known)

        await asyncio.gather(*map(step, claimed))
        return len(claimed)

    async def _step(self, request: Request, known: Any) -> None:
        """One step of one request; what cannot be read now is tried again later, whatever it is."""
        try:
            if request.state is State.RECEIVED:
                await self.review.receive(request)
            elif request.state is State.APPROVED:
                await self.effects.post(request)
            elif request.state is State.SUBMITTED:
                await self.delivery.poll(request, known)
        except Exception as error:
            expected = isinstance(error, GraphError | SlackError | Busy)
            log.warning(
                "step-failed",
                request=request.id,
                state=request.state,
                error=type(error).__name__,
                exc_info=not expected,
            )
            await self.store.run(
                requests.release,
                request,
                due_at=clock.real() + _pause(error, attempts=request.attempts),
                attempts=request.attempts + 1,
            )
        self._ring("messages")


def _pause(error: Exception, *, attempts: int) -> timedelta:
    if isinstance(error, SlackBusy):
        return error.retry_after
    if isinstance(error, GraphError) and error.retry_after is not None:
        return error.retry_after
    return backoff(attempts)
