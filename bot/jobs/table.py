"""
List the jobs: how often each runs, and what triggers it.

Every job may run at the same time on every replica, and may be killed at any line: claims in the tables keep
them apart, and what was not finished is found again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from bot import clock
from bot.approvals.admin_checks import AdminChecks
from bot.approvals.processing import DecisionProcessor
from bot.approvals.questioning import QuestionProcessor
from bot.approvals.recipients import Recipients
from bot.database import Store
from bot.database.replicas import deduplication, turns
from bot.database.replicas.turns import SyncState
from bot.drift.store import checks
from bot.emergencies.processing import FindingProcessor
from bot.emergencies.reviewers import Reviewers
from bot.errors import LatchkeyError
from bot.jobs import due
from bot.jobs.clock_check import Clockwork
from bot.jobs.decisions import DecisionJob
from bot.jobs.loop import Body, JobLoop
from bot.jobs.messages import MessageJob
from bot.jobs.requests import RequestJob
from bot.jobs.status import JobStatus, describe_error
from bot.notifications.admins.digests import Digests
from bot.notifications.approvals.click_answers import ClickAnswers
from bot.notifications.assignments.expiries import Ends
from bot.notifications.home import Homes
from bot.notifications.owed import Notices
from bot.notifications.redrawing import Redrawing
from bot.people.actors import Permissions
from bot.people.interaction_audit import record_refusals_left
from bot.priority import Courtesy
from bot.requests.evaluation.evaluator import RequestEvaluator
from bot.requests.in_entra.canceling import EntraCanceler
from bot.requests.in_entra.confirmation import Delivery
from bot.requests.in_entra.following import EntraFollower
from bot.requests.in_entra.submission import Submitter
from bot.requests.store import claims, forms
from bot.scheduler import Apscheduler, Scheduler
from bot.sync import made_in_entra
from bot.sync.drift import DriftCheck
from bot.sync.drift_answers import DriftAnswers
from bot.sync.everything import TenantSync
from bot.sync.made_in_entra import RequestsMadeInEntra
from bot.sync.reprocessing import Reprocessing
from bot.sync.turns import Fence, SharedSync, look_again_in
from bot.timing import WAITS, Waits
from bot.webhooks.delivery import Webhooks

ROSTER_SECONDS: Final = 60
CLOCK_SECONDS: Final = 60
DIGEST_SECONDS: Final = 300
# How soon a check for drift that failed is made again; how often it is looked whether one is due or wanted; and how long
# one may take until it gets on.
DRIFT_AGAIN: Final = timedelta(minutes=30)
DRIFT_LOOK: Final = timedelta(seconds=60)
DRIFT_WITHIN: Final = timedelta(minutes=5)
# How long a check waits for a sync that begins after it has read who is in which group.
SYNCED_WITHIN: Final = timedelta(minutes=15)
SYNC_LOOK_SECONDS: Final = 2
# Of a finished sync: packages whose assignments it could not read, by id.
UNREAD: Final = "unread"
# An access that Graph has shown within so many syncs, or within the hour, is known well enough to remind of it.
SYNCS_THAT_COUNT: Final = 3
SEEN_LATELY: Final = timedelta(hours=1)


class NotSynced(LatchkeyError):
    """No sync came to a good end in time."""

    def __init__(self) -> None:
        super().__init__("No sync with Entra came to a good end in time.")


@dataclass
class Jobs:
    """Jobs that run by the clock, and at once when a commit says that there is work."""

    store: Store
    evaluator: RequestEvaluator
    decision_processor: DecisionProcessor
    admin_checks: AdminChecks
    question_processor: QuestionProcessor
    finding_processor: FindingProcessor
    recipients: Recipients
    reviewers: Reviewers
    submitter: Submitter
    delivery: Delivery
    follower: EntraFollower
    canceler: EntraCanceler
    notices: Notices
    click_answers: ClickAnswers
    redrawing: Redrawing
    ends: Ends
    digests: Digests
    tenant_sync: TenantSync
    homes: Homes
    reprocessing: Reprocessing
    drift_answers: DriftAnswers
    drift_fence: Fence
    drift_check: DriftCheck
    # None: never by itself.
    drift_every: timedelta | None
    clockwork: Clockwork
    permissions: Permissions
    poll_every: timedelta
    sync_every: timedelta
    fence: Fence
    waits: Waits = WAITS
    scheduler: Scheduler = field(default_factory=Apscheduler)
    courtesy: Courtesy = field(default_factory=Courtesy)
    # By name, with their intervals: those that are given by whoever puts everything together.
    more: dict[str, tuple[Body, timedelta]] = field(default_factory=dict)
    webhooks: Webhooks | None = None
    # None: Entra decides about no package.
    made_in_entra: RequestsMadeInEntra | None = None
    made_in_entra_fence: Fence | None = None
    _syncs: dict[str, SharedSync] = field(default_factory=dict)
    # How often time has been moved, and for how many of these what was to begin is due.
    _moves: int = 0
    _followed_moves: int = 0
    # What Graph has not shown since then (real time) is not to be reminded of; None: nobody has looked since.
    _remind_since: datetime | None = None

    def __post_init__(self) -> None:
        self.loop = JobLoop(scheduler=self.scheduler, courtesy=self.courtesy)
        self.decisions = DecisionJob(
            store=self.store,
            decision_processor=self.decision_processor,
            question_processor=self.question_processor,
            finding_processor=self.finding_processor,
            click_answers=self.click_answers,
            loop=self.loop,
        )
        self.requests = RequestJob(
            store=self.store,
            evaluator=self.evaluator,
            admin_checks=self.admin_checks,
            submitter=self.submitter,
            delivery=self.delivery,
            follower=self.follower,
            canceler=self.canceler,
            loop=self.loop,
            waits=self.waits,
        )
        self.messages = MessageJob(notices=self.notices, loop=self.loop)

    @property
    def statuses(self) -> dict[str, JobStatus]:
        """Return how each job is doing, by name."""
        return self.loop.statuses

    @property
    def queue_jobs(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return the jobs that run when something is in their queue: none of these waits for another."""
        return {
            "decisions": self.decisions.run,
            "requests": self.requests.run,
            "recipients": self.find_recipients,
            "messages": self.messages.run,
            "endings": self.endings,
            "redraws": self.redraws,
            "homes": self.publish_homes,
            "reprocessing": self.reprocessing.work,
            "drift answers": self.drift_answers.work,
        }

    def start(self) -> None:
        """Start working, at once and then by the clock; call it inside the running event loop."""
        for name, body in self.queue_jobs.items():
            self.loop.add(name, body, self.poll_every, by_clock=False)
        self.loop.add(due.LOOK_JOB, self.look, self.poll_every)
        self.loop.add("reminders", self.reminders, self.sync_every)
        for name, (look, every) in self.more.items():
            self.loop.add(name, look, every)
        if self.digests.are_wanted:
            self.loop.add("digests", self.send_digests, timedelta(seconds=DIGEST_SECONDS))
        self.loop.add("clock", self.clockwork.look, timedelta(seconds=CLOCK_SECONDS))
        # What has been configured anew shows with the first look after the start.
        tenant = self._shared("sync", self.sync, self.sync_every)
        self._add_shared("sync", replace(tenant, fence=self.fence, wanted=clock.real()))
        if self.drift_every is not None:
            self._add_drift(self.drift_every)
        roster = self.permissions.roster
        admins = self._shared(
            roster.name, roster.refresh_for_all, timedelta(seconds=ROSTER_SECONDS)
        )
        self._add_shared("roster", replace(admins, learn=roster.learn))
        if self.made_in_entra is not None:
            there = self._shared(made_in_entra.NAME, self.made_in_entra.look, made_in_entra.EVERY)
            self._add_shared(made_in_entra.NAME, replace(there, fence=self.made_in_entra_fence))
        for job, endpoint in self._webhook_jobs.items():
            self.loop.add(job, partial(self.tell_endpoint, endpoint), self.poll_every)
        self.loop.start()

    async def stop(self) -> None:
        """
        Stop, and let what runs finish: a message that is being sent must be recorded.

        What does not finish in time is found again by its lease.
        """
        self.notices.close()
        if self.webhooks is not None:
            self.webhooks.close()
        await self.loop.stop()

    def wake(self) -> None:
        """Look now for what is due: something was committed."""
        self.loop.trigger(due.LOOK_JOB)
        for job in self._webhook_jobs:
            self.loop.trigger(job)

    def hear(self, jobs: Collection[str]) -> None:
        """Run these jobs: another replica has committed what makes work due."""
        for name in jobs:
            self.loop.trigger(name)

    def wake_homes(self) -> None:
        """Publish home pages: one is owed, and nothing else has changed."""
        self.loop.trigger("homes")

    def wake_all(self) -> None:
        """Run everything: time has been moved, and anything may be due."""
        self._moves += 1
        for shared in self._syncs.values():
            shared.wanted = clock.real()
        for name in self.loop.names - due.QUEUES.keys():
            self.loop.trigger(name)

    async def look(self) -> None:
        """Trigger the jobs that have something to do; the others have done it all."""
        moves = self._moves
        if self._followed_moves < moves:
            await self.store.run(claims.hasten_begun)
            self._followed_moves = moves
        found = await self.store.read(due.look)
        for name in due.QUEUES:
            if name in found.queues:
                self.loop.trigger(name)
            elif not self.loop.is_running(name):
                self.statuses[name].succeed()
        if found.next_at is not None and found.next_at < clock.real() + self.poll_every:
            # It waits for its moment, and not for the next look by the clock.
            pause = max(found.next_at - clock.real(), timedelta(0))
            self.loop.trigger_in(due.LOOK_JOB, pause)

    async def find_recipients(self) -> None:
        """Find whom to ask about pending requests, until all that can be found now are."""
        while await self.recipients.find_due() + await self.reviewers.find_due():
            self.wake()
            # Of a thousand that are due together it takes many minutes.
            self.loop.note_progress("recipients")
            if self.loop.is_stopping:
                return

    async def endings(self) -> None:
        """Tell of what has ended by itself, until all is told."""
        while await self.ends.send_endings(goes_on=partial(self.loop.note_progress, "endings")):
            if self.loop.is_stopping:
                return

    async def reminders(self) -> None:
        """Remind of what ends soon, by what a sync has just read."""
        since, self._remind_since = self._remind_since, None
        if since is not None:
            goes_on = partial(self.loop.note_progress, "reminders")
            await self.ends.send_reminders(seen_since=since, goes_on=goes_on)

    async def send_digests(self) -> None:
        """Send the owners of packages the digests that are due."""
        await self.digests.send_due()

    async def redraws(self) -> None:
        """Redraw cards and reminders that show what is no longer so, until none does."""
        while await self.redrawing.redraw():
            if self.loop.is_stopping:
                return

    async def publish_homes(self) -> None:
        """Publish home pages that are owed, until none is."""
        while await self.homes.publish_stale():
            if self.loop.is_stopping:
                return

    @property
    def _webhook_jobs(self) -> Mapping[str, str]:
        """Return the endpoints that are told of events, by the name of the job which does it."""
        names = self.webhooks.names if self.webhooks is not None else ()
        return {f"webhook {name}": name for name in names}

    async def tell_endpoint(self, name: str) -> None:
        """Tell an endpoint of what has happened; a slow one holds up no other."""
        if self.webhooks is not None:
            goes_on = partial(self.loop.note_progress, f"webhook {name}")
            await self.webhooks.work(name, goes_on=goes_on)

    async def sync(self) -> dict[str, list[str]]:
        """
        Copy what Graph has; then have people reminded of what ends, by what was just read.

        Returns for `synced_anew` on other replicas of which packages the assignments could not be read, by id.
        """
        try:
            return {UNREAD: sorted(await self.tenant_sync.run())}
        finally:
            # Whatever could not be read: people are reminded of what was.
            recently = max(self.sync_every * SYNCS_THAT_COUNT, SEEN_LATELY)
            self._remind_since = clock.real() - recently
            self.loop.trigger("reminders")
            await self.homes.new_day()
            await self.homes.fill_in_deciders()
            await self.store.run(deduplication.forget_old)
            await self.store.run(forms.forget_old)
            await self.store.run(record_refusals_left)
            self.wake()

    def _shared(
        self, name: str, body: Callable[[], Awaitable[Any]], every: timedelta
    ) -> SharedSync:
        return SharedSync(
            name=name,
            every=every,
            body=body,
            store=self.store,
            waits=self.waits,
            say=describe_error,
        )

    def _add_drift(self, every: timedelta) -> None:
        """Add the check for drift: looked at often, because a command may want one at once."""
        shared = replace(
            self._shared(checks.NAME, self.drift_check.run, every),
            fence=self.drift_fence,
            again_after_failure=DRIFT_AGAIN,
        )

        first = clock.real() + DRIFT_LOOK

        async def look() -> None:
            try:
                # A replica that starts has enough to do.
                if clock.real() >= first:
                    await shared.look()
            finally:
                self.loop.trigger_in(checks.NAME, DRIFT_LOOK)

        self._syncs[checks.NAME] = shared
        self.loop.add(checks.NAME, look, DRIFT_WITHIN)

    async def synced_anew(self) -> frozenset[str]:
        """
        Wait until a sync that begins now, by whichever replica, has come to a good end.

        Returns the ids of packages whose assignments it could not read.

        Raises:
            NotSynced: None did in time.
        """
        began, sync = clock.real(), self._syncs["sync"]
        sync.wanted = began
        until = began + SYNCED_WITHIN
        while clock.real() < until and not self.loop.is_stopping:
            self.loop.trigger("sync")
            self.loop.note_progress(checks.NAME)
            await asyncio.sleep(SYNC_LOOK_SECONDS)
            state = await self.store.read(turns.get, sync.name)
            begun, ended = state.began_at, state.succeeded_at
            if begun is not None and ended is not None and began <= begun <= ended:
                return frozenset((state.found or {}).get(UNREAD, ()))
        raise NotSynced

    def _add_shared(self, name: str, shared: SharedSync) -> None:
        """Add a job that one replica does for all; the scheduler knows our own times only, so it is set anew."""

        async def look() -> SyncState:
            state = await shared.look()
            self.loop.trigger_in(name, look_again_in(state))
            return state

        self._syncs[name] = shared
        self.loop.add(name, look, shared.every)
