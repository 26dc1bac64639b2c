"""
Work that nobody asked for just now, and work that somebody did.

Every job may run at the same time on every replica, and may be killed at any line: claims in the tables keep
them apart, and what was not finished is found again.  The alarm clock only rings; nothing that must happen is
stored in it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from bot import clock
from bot.alarm import Alarm, Apscheduler
from bot.approvals.model import Decision
from bot.approvals.processing import Verdicts
from bot.approvals.recipients import Recipients
from bot.approvals.store import decisions
from bot.clock_check import Clockwork, SkewedClock
from bot.database import Busy, Store, Transaction, deduplication, wakeups
from bot.database.sweeps import SweepState
from bot.jobs import due
from bot.notifications.expiries import Ends
from bot.notifications.home import Homes
from bot.notifications.owed import Notices
from bot.people.permissions import Permissions
from bot.priority import Courtesy
from bot.requests import transitions
from bot.requests.confirmation import NOTHING, Delivery, Reported
from bot.requests.evaluation import Review
from bot.requests.leases import in_time, kept
from bot.requests.model import Kind, Request, State
from bot.requests.retry import EXPECTED, again_later, pause_after
from bot.requests.store import claims, forms, request_lists, requests
from bot.requests.submission import Effects
from bot.requests.transactions import creation as intake
from bot.slack.api import SlackError
from bot.sync.everything import TenantSync
from bot.sync.reprocessing import Reprocessing
from bot.sync.turns import Fence, Sweep, look_again_in
from bot.timing import WAITS, Waits, a_few_at_once
from graph.errors import GraphError

log = structlog.get_logger(__name__)

T = TypeVar("T")
# What a job does; a sweep says how it stands, for all replicas.
Body = Callable[[], Awaitable[SweepState | None]]

# The job that looks for what is due.
DUE: Final = "due"
AT_WORK_AT_ONCE: Final = 20
CLAIM_FROM: Final = AT_WORK_AT_ONCE // 2
# Judging a click takes a few calls; the click of a replica that died is judged by another after this time.
CLICK_LEASE: Final = timedelta(seconds=30)
ROSTER_SECONDS: Final = 60
CLOCK_SECONDS: Final = 60
# An access that Graph has shown within so many sweeps, or within the hour, is known well enough to remind of it.
SWEEPS_THAT_COUNT: Final = 3
SEEN_LATELY: Final = timedelta(hours=1)
# Errors whose text holds nothing that not everybody may read.
SPOKEN: Final = (GraphError, SlackError, Busy, SkewedClock)
ENDED_MEANWHILE: Final = "The access ended before anybody decided."
# Orchestrators kill after 10 s, and the web server drains before.
STOP_WITHIN: Final = timedelta(seconds=6)


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
    recipients: Recipients
    effects: Effects
    delivery: Delivery
    notices: Notices
    ends: Ends
    mirror: TenantSync
    homes: Homes
    reprocessing: Reprocessing
    clockwork: Clockwork
    permissions: Permissions
    poll_every: timedelta
    sync_every: timedelta
    fence: Fence
    waits: Waits = WAITS
    alarm: Alarm = field(default_factory=Apscheduler)
    courtesy: Courtesy = field(default_factory=Courtesy)
    ticks: dict[str, Tick] = field(default_factory=dict)
    _rings: dict[str, asyncio.Event] = field(default_factory=dict)
    _keeping: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)
    _sweeps: dict[str, Sweep] = field(default_factory=dict)
    _looks: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    # What Graph has not shown since then (real time) is not to be reminded of; None: nobody has looked since.
    _remind_since: datetime | None = None
    _stopping: bool = False

    def start(self) -> None:
        """Start working, at once and then by the clock; call it inside the running event loop."""
        for name, body in self._emptying().items():
            self._add(name, body, self.poll_every, rings=False)
        self._add(DUE, self.look, self.poll_every)
        self._add("reminders", self.reminders, self.sync_every)
        self._add("clock", self.clockwork.look, timedelta(seconds=CLOCK_SECONDS))
        # What has been configured anew shows with the first look after the start.
        sync = self._sweep("sync", self.sync, self.sync_every)
        self._add_sweep("sync", replace(sync, fence=self.fence, wanted=clock.real()))
        roster = self.permissions.roster
        looks = self._sweep(roster.name, roster.refresh, timedelta(seconds=ROSTER_SECONDS))
        self._add_sweep("roster", replace(looks, learn=roster.learn))
        self.alarm.start()

    def _sweep(self, name: str, body: Callable[[], Awaitable[Any]], every: timedelta) -> Sweep:
        return Sweep(
            name=name, every=every, body=body, store=self.store, waits=self.waits, say=_said
        )

    async def stop(self) -> None:
        """
        Stop ringing and let what runs finish: a message that is being sent must be recorded.

        What does not finish in time is found again by its lease.
        """
        self._stopping = True
        self.alarm.stop()
        for look in self._looks.values():
            look.cancel()
        self.notices.close()
        for name in self._keeping.keys() - self._running:
            self._keeping[name].cancel()
        if self._running:
            at_work = {self._keeping[name] for name in self._running}
            await asyncio.wait(at_work, timeout=STOP_WITHIN.total_seconds())
        if self._running:
            log.warning("jobs-cut-short", jobs=sorted(self._running))
        for task in self._keeping.values():
            task.cancel()
        await asyncio.gather(*self._keeping.values(), return_exceptions=True)

    def wake(self) -> None:
        """Something was committed: look now for what is due."""
        self._ring(DUE)

    def _emptying(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """The jobs that are rung for when something is in their queue: none of these waits for another."""
        return {
            "decisions": self.decisions,
            "requests": self.requests,
            "recipients": self.find_recipients,
            "messages": self.messages,
            "endings": self.endings,
            "redraws": self.redraws,
            "homes": self.publish_homes,
            "reprocessing": self.reprocessing.work,
        }

    async def look(self) -> None:
        """Ring for the jobs that have something to do; the others have done it all."""
        found = await self.store.read(due.look)
        for name in due.QUEUES:
            if name in found.queues:
                self._ring(name)
            elif name not in self._running:
                self._well(name)
        if found.next_at is not None and found.next_at < clock.real() + self.poll_every:
            # It waits for its moment, and not for the next look by the clock.
            self._look_in(DUE, max(found.next_at - clock.real(), timedelta(0)))

    def _well(self, name: str) -> None:
        tick = self.ticks[name]
        tick.last_success, tick.last_error = clock.real(), None

    def _goes_on(self, name: str) -> None:
        """A job that takes long has come on: it is not stuck."""
        if name in self.ticks:
            self.ticks[name].last_success = clock.real()

    def hear(self, jobs: Collection[str]) -> None:
        """Another replica has committed what makes work due."""
        for name in jobs:
            self._ring(name)

    def wake_homes(self) -> None:
        """A page is owed, and nothing else has changed."""
        self._ring("homes")

    def wake_all(self) -> None:
        """Time has been moved: everything may be due."""
        for sweep in self._sweeps.values():
            sweep.wanted = clock.real()
        for name in self._rings.keys() - due.QUEUES.keys():
            self._ring(name)

    def _ring(self, name: str) -> None:
        # A job that runs looks once more when it is done.
        if name in self._rings:
            self._rings[name].set()

    def _add_sweep(self, name: str, sweep: Sweep) -> None:
        async def look() -> SweepState:
            standing = await sweep.look()
            self._look_in(name, look_again_in(standing))
            return standing

        self._sweeps[name] = sweep
        self._add(name, look, sweep.every)

    def _look_in(self, name: str, pause: timedelta) -> None:
        """Ring when the sweep is due, whoever has done it last; the alarm clock knows our own times only."""
        if name in self._looks:
            self._looks[name].cancel()
        loop = asyncio.get_running_loop()
        self._looks[name] = loop.call_later(pause.total_seconds(), self._ring, name)

    def _add(self, name: str, body: Body, every: timedelta, *, rings: bool = True) -> None:
        """
        Args:
            rings: At once, and then by the clock; without, when the look finds something for it.
        """
        self.ticks[name] = Tick(every=every)
        ring = self._rings[name] = asyncio.Event()
        if rings:
            ring.set()
            self.alarm.every(every, ring.set)
        self._keeping[name] = asyncio.create_task(self._keep(name, body, ring), name=f"job {name}")

    async def _keep(self, name: str, body: Body, ring: asyncio.Event) -> None:
        """Do a job whenever it is rung for: alone in this process, and never stopped by what it raises."""
        with self.courtesy.background():
            while not self._stopping:
                await ring.wait()
                ring.clear()
                await self._run(name, body)

    async def _run(self, name: str, body: Body) -> None:
        self._running.add(name)
        tick = self.ticks[name]
        try:
            standing = await body()
            if standing is None:
                self._well(name)
            else:
                tick.last_success, tick.last_error = standing.succeeded_at, standing.error
        except Exception as error:
            tick.failures += 1
            tick.last_error = _said(error)
            log.warning("job-failed", job=name, error=type(error).__name__)
            if not isinstance(error, SPOKEN):
                log.exception("job-broke", job=name)
        finally:
            self._running.discard(name)

    async def decisions(self) -> None:
        """Clicks and deadlines, until there is none."""
        while True:
            clicks, lapsed, escalating, pointless = await self.store.read(_to_decide)
            if clicks:
                clicks = await self.store.run(decisions.claim, clicks, lease=CLICK_LEASE)
            moved = sum(await a_few_at_once(self._weigh_one, clicks))
            moved += await self._deadlines(lapsed, escalating)
            for request in pointless:
                moved += await self.store.run(_end_pointless, request)
            if not moved:
                return
            self._ring(DUE)
            if self._stopping:
                return

    async def requests(self) -> None:
        """
        Requests that are due, until none is.

        Many are under way together, and whichever is done makes room for the next: one that waits for a slow
        answer holds up nobody else, neither who comes in meanwhile nor whose time has come.
        """
        under_way: set[asyncio.Task[None]] = set()
        may_be_more = True
        try:
            while True:
                room = AT_WORK_AT_ONCE - len(under_way)
                # Not one by one: those that are being delivered are looked up together.
                if may_be_more and room >= CLAIM_FROM and not self._stopping:
                    claimed = await self._claimed(room)
                    may_be_more = len(claimed) == room
                    for request, known in claimed:
                        under_way.add(asyncio.create_task(self._step(request, known)))
                if not under_way:
                    return
                under_way, rung = await self._some_done(under_way)
                may_be_more |= rung
        finally:
            # Whatever broke the round, nobody's POST is torn off.
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _some_done(
        self, under_way: set[asyncio.Task[None]]
    ) -> tuple[set[asyncio.Task[None]], bool]:
        """
        Wait until a step is done, or until there is more to begin with and room for it.

        Returns what is under way, and whether there is more; by hand, where nobody rings, there may be.
        """
        ring = self._rings.get("requests")
        is_rung = ring is None
        if ring is None or AT_WORK_AT_ONCE - len(under_way) < CLAIM_FROM:
            done, left = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        else:
            rung = asyncio.create_task(ring.wait())
            try:
                await asyncio.wait({*under_way, rung}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                rung.cancel()
            is_rung = ring.is_set()
            ring.clear()
            done = {step for step in under_way if step.done()}
            left = under_way - done
        for step in done:
            step.result()
        return left, is_rung

    async def find_recipients(self) -> None:
        """Whom to ask about pending requests, until all that can be found now are."""
        while await self.recipients.find_due():
            self._ring(DUE)
            if self._stopping:
                return

    async def messages(self) -> None:
        """
        Messages that are owed, until none is.

        Each is on its way by itself: what comes to be owed meanwhile does not wait for those that must.
        """
        ring = self._rings.get("messages", asyncio.Event())
        sent, under_way = 0, await self.notices.begin_owed()
        rung = asyncio.create_task(ring.wait())
        try:
            while under_way:
                self._goes_on("messages")
                await asyncio.wait({*under_way, rung}, return_when=asyncio.FIRST_COMPLETED)
                done = {task for task in under_way if task.done()}
                under_way -= done
                sent += sum(task.result() for task in done)
                if rung.done() or (sent and not under_way):
                    ring.clear()
                    rung.cancel()
                    rung = asyncio.create_task(ring.wait())
                    sent = 0
                    under_way |= await self.notices.begin_owed()
                if self._stopping:
                    return
        finally:
            rung.cancel()
            # Whatever broke the round, nobody's message is torn off.
            await asyncio.gather(*under_way, return_exceptions=True)

    async def endings(self) -> None:
        """News of what has ended by itself, until all is told."""
        while await self.ends.send_news(goes_on=partial(self._goes_on, "endings")):
            if self._stopping:
                return

    async def reminders(self) -> None:
        """Reminders of what ends soon, by what a sweep has just read."""
        since, self._remind_since = self._remind_since, None
        if since is not None:
            goes_on = partial(self._goes_on, "reminders")
            await self.ends.send_reminders(seen_since=since, goes_on=goes_on)

    async def redraws(self) -> None:
        """Cards and reminders that show what is no longer so, until none does."""
        while await self.notices.redraw():
            if self._stopping:
                return

    async def publish_homes(self) -> None:
        """Pages that are owed, until none is."""
        while await self.homes.publish_stale():
            if self._stopping:
                return

    async def sync(self) -> None:
        """Copy what Graph has; then have people reminded of what ends, by what was just read."""
        try:
            await self.mirror.sweep()
        finally:
            # Whatever could not be read: people are reminded of what was.
            recently = max(self.sync_every * SWEEPS_THAT_COUNT, SEEN_LATELY)
            self._remind_since = clock.real() - recently
            self._ring("reminders")
            await self.homes.new_day()
            await self.homes.fill_in_deciders()
            await self.store.run(deduplication.forget_old)
            await self.store.run(forms.forget_old)
            await self.store.run(intake.record_refusals_left)
            self.wake()

    async def _weigh_one(self, click: Decision) -> bool:
        try:
            await self.verdicts.weigh(click)
        except Exception as error:
            log.warning(
                "decision-postponed",
                decision=click.id,
                error=type(error).__name__,
                exc_info=not isinstance(error, EXPECTED),
            )
            if click.attempts == 0:
                await self.notices.say_taken_down(click)
            until = clock.real() + pause_after(error, attempts=click.attempts)
            await self.store.run(decisions.postpone, click, until=until)
            return False
        return True

    async def _deadlines(self, lapsed: Sequence[Request], escalating: Sequence[Request]) -> int:
        moved = 0
        for request in lapsed:
            moved += await self.store.run(transitions.lapse, request) is not None
        for request in escalating:
            moved += await self.store.run(requests.escalate, request)
        return moved

    async def _claimed(self, limit: int) -> list[tuple[Request, Reported]]:
        """Requests to work on, each with what Graph reports of those that are being delivered."""
        claimed = await self.store.run(claims.take, lease=self.waits.lease, limit=limit)
        submitted = [request for request in claimed if request.state is State.SUBMITTED]
        judged = [each for each in claimed if each.state in {State.RECEIVED, State.APPROVED}]
        known = await self._together(self.delivery.look_up(submitted))
        await self._together(self.review.look_up(judged))
        return [(request, known or NOTHING) for request in claimed]

    async def _together(self, look_up: Awaitable[T]) -> T | None:
        """What is read of many requests in one go; None: one by one instead, where it shows what is wrong."""
        try:
            # Nobody says yet that we are at them.
            async with asyncio.timeout(self.waits.beat.total_seconds()):
                return await look_up
        except Exception as error:
            log.warning("not-looked-up-together", error=type(error).__name__)
            return None

    async def _step(self, request: Request, known: Reported) -> None:
        """One step of one request, and what follows at once; what cannot be done now is tried again later, and not for ever."""
        following: Request | None = request
        while following is not None:
            request, following = following, None
            if self._stopping:
                # Not begun: another replica, or the next start, need not wait for the lease.
                await self.store.run(_hand_over, request)
                return
            try:
                async with kept(self.store, request, self.waits), in_time(self.waits.step):
                    following = await self._work_on(request, known)
            except Exception as error:
                log.warning(
                    "step-failed",
                    request=request.id,
                    state=request.state,
                    error=type(error).__name__,
                    exc_info=not isinstance(error, EXPECTED),
                )
                sync = self.ticks.get("sync")
                # While the sweep fails, too, Graph is down for everybody: that passes by itself.
                may_hold = sync is None or sync.last_error is None
                await self.store.run(again_later, request, error, may_hold=may_hold)
        self._ring(DUE)

    async def _work_on(self, request: Request, known: Reported) -> Request | None:
        """One step; gives the request that is still claimed and to be gone on with at once."""
        if request.give_up_by is not None:
            await self._give_up(request)
        elif request.retry_by is not None:
            await self._retry(request)
        elif request.state is State.RECEIVED:
            judged = await self.review.receive(request)
            # Whoever judged a removal has let go of it.
            goes_on = judged is not None and judged.state is State.APPROVED
            return judged if goes_on and request.kind is not Kind.REMOVE else None
        elif request.state is State.APPROVED:
            await self.effects.post(request)
        elif request.state is State.SUBMITTED:
            await self.delivery.poll(request, known)
        return None

    async def _give_up(self, request: Request) -> None:
        actor = await self.verdicts.may_be_repaired(request)
        if actor is not None:
            await self.effects.give_up(request, by=actor)

    async def _retry(self, request: Request) -> None:
        """Whoever had it tried again may: from here on it is a request like any other."""
        if await self.verdicts.may_be_repaired(request) is not None:
            now = clock.real()
            await self.store.run(
                claims.release, request, due_at=now, attempts=request.attempts, retry_by=None
            )


def _said(error: Exception) -> str:
    """What /readyz may say of an error, which is read by many: the text of others may repeat anything."""
    said = f": {error}" if isinstance(error, SPOKEN) else ""
    return f"{type(error).__name__}{said}"


def _to_decide(
    db: Transaction,
) -> tuple[list[Decision], list[Request], list[Request], list[Request]]:
    """
    Clicks that nobody has judged, and requests whose time for a decision, or for this stage's, is over.

    The last are extensions of what has ended.
    """
    lapsed, escalating = request_lists.overdue_decisions(db)
    return decisions.unweighed(db), lapsed, escalating, request_lists.pointless(db)


def _hand_over(db: Transaction, request: Request) -> None:
    claims.release(db, request, due_at=clock.real(), attempts=request.attempts)
    wakeups.due(db, wakeups.REQUESTS)


def _end_pointless(db: Transaction, request: Request) -> bool:
    return transitions.lapse(db, request, ENDED_MEANWHILE) is not None
