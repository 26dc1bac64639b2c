"""Carry on every request that is due, one step at a time: the job *requests*."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from bot import clock
from bot.approvals.admin_checks import AdminChecks
from bot.database import Store, Transaction
from bot.database.replicas import wakeups
from bot.errors import NotClear
from bot.jobs import due
from bot.jobs.loop import JobLoop
from bot.monitoring import tracing
from bot.monitoring.error_codes import codes_of
from bot.requests import state_machine
from bot.requests.evaluation.evaluator import RequestEvaluator
from bot.requests.in_entra.canceling import EntraCanceler
from bot.requests.in_entra.confirmation import NOTHING, Delivery, Reported
from bot.requests.in_entra.following import EntraFollower
from bot.requests.in_entra.submission import Submitter
from bot.requests.leases import in_time, kept
from bot.requests.model import Kind, Request, State
from bot.requests.retry import EXPECTED, reschedule_or_hold
from bot.requests.store import claims
from bot.timing import WAITS, Waits
from graph.calls.observed import call_trail

log = structlog.get_logger(__name__)

T = TypeVar("T")

NAME: Final = "requests"
AT_WORK_AT_ONCE: Final = 20
CLAIM_FROM: Final = AT_WORK_AT_ONCE // 2


@dataclass(frozen=True, kw_only=True)
class RequestJob:
    """Claims requests that are due, and carries on many of them together."""

    store: Store
    evaluator: RequestEvaluator
    admin_checks: AdminChecks
    submitter: Submitter
    delivery: Delivery
    follower: EntraFollower
    canceler: EntraCanceler
    loop: JobLoop
    waits: Waits = WAITS

    async def run(self) -> None:
        """
        Carry on requests that are due, until none is.

        Many are under way together, and whichever is done makes room for the next: one that waits for a slow
        answer holds up nobody else, neither who comes in meanwhile nor whose time has come.
        """
        under_way: set[asyncio.Task[None]] = set()
        may_be_more = True
        try:
            while True:
                room = AT_WORK_AT_ONCE - len(under_way)
                # Not one by one: those that are being delivered are looked up together.
                if may_be_more and room >= CLAIM_FROM and not self.loop.is_stopping:
                    claimed = await self._claimed(room)
                    may_be_more = len(claimed) == room
                    for request, known in claimed:
                        under_way.add(asyncio.create_task(self.step(request, known)))
                if not under_way:
                    return
                under_way, triggered = await self._some_done(under_way)
                may_be_more |= triggered
        finally:
            # Whatever broke the round, nobody's POST is torn off.
            await asyncio.gather(*under_way, return_exceptions=True)

    async def step(self, request: Request, known: Reported) -> None:
        """
        Do one step of one request, and what follows at once.

        What cannot be done now is tried again later, and not for ever.
        """
        following: Request | None = request
        while following is not None:
            request, following = following, None
            if self.loop.is_stopping:
                # Not begun: another replica, or the next start, need not wait for the lease.
                await self.store.run(_hand_over, request)
                return
            try:
                with tracing.request_step(request.id, request.state), call_trail():
                    async with kept(self.store, request, self.waits), in_time(self.waits.step):
                        following = await self._work_on(request, known)
            except Exception as error:
                said = codes_of(error)
                log.warning(
                    "step-failed",
                    request=request.id,
                    state=request.state,
                    error=type(error).__name__,
                    code=said.code,
                    status=said.status,
                    graph=said.graph,
                    client_request=said.client_request,
                    slack=said.slack,
                    reason=said.reason,
                    exc_info=not isinstance(error, EXPECTED),
                )
                sync = self.loop.statuses.get("sync")
                # While the sync fails, too, Graph is down for everybody: that passes by itself.
                may_hold = sync is None or sync.last_error is None
                if request.state is State.PENDING and not isinstance(error, NotClear):
                    # It waits in Entra, and that it cannot be read just now stops nobody there.
                    may_hold = False
                await self.store.run(reschedule_or_hold, request, error, may_hold=may_hold)
        self.loop.trigger(due.LOOK_JOB)

    async def _some_done(
        self, under_way: set[asyncio.Task[None]]
    ) -> tuple[set[asyncio.Task[None]], bool]:
        """
        Wait until a step is done, or until there is more to begin with and room for it.

        Returns what is under way, and whether there is more; by hand, where nothing triggers the job, there may be.
        """
        event = self.loop.find_event(NAME)
        is_triggered = event is None
        if event is None or AT_WORK_AT_ONCE - len(under_way) < CLAIM_FROM:
            done, left = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        else:
            triggered = asyncio.create_task(event.wait())
            try:
                await asyncio.wait({*under_way, triggered}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                triggered.cancel()
            is_triggered = event.is_set()
            event.clear()
            done = {step for step in under_way if step.done()}
            left = under_way - done
        for step in done:
            step.result()
        return left, is_triggered

    async def _claimed(self, limit: int) -> list[tuple[Request, Reported]]:
        """Claim requests to work on, each with what Graph reports of those that are being delivered."""
        claimed = await self.store.run(claims.take, lease=self.waits.lease, limit=limit)
        submitted = [request for request in claimed if request.state is State.SUBMITTED]
        evaluated = [each for each in claimed if each.state in {State.RECEIVED, State.APPROVED}]
        known = await self._together(self.delivery.look_up(submitted))
        await self._together(self.evaluator.read_accounts(evaluated))
        return [(request, known or NOTHING) for request in claimed]

    async def _together(self, look_up: Awaitable[T]) -> T | None:
        """Read of many requests in one go; None: one by one instead, where it shows what is wrong."""
        try:
            # Nobody says yet that we are at them.
            async with asyncio.timeout(self.waits.beat.total_seconds()):
                return await look_up
        except Exception as error:
            log.warning("not-looked-up-together", error=type(error).__name__)
            return None

    async def _work_on(self, request: Request, known: Reported) -> Request | None:
        """Do one step; return the request that is still claimed and to be gone on with at once."""
        if request.cancel_by is not None:
            await self._cancel_for_leaver(request)
            return None
        if request.is_being_canceled:
            await self.canceler.cancel(request)
        if request.give_up_by is not None:
            await self._give_up(request)
        elif request.retry_by is not None:
            await self._retry(request)
        elif request.state is State.RECEIVED:
            evaluated = await self.evaluator.receive(request)
            # The evaluation of a removal has released its claim.
            goes_on = evaluated is not None and evaluated.state is State.APPROVED
            return evaluated if goes_on and request.kind is not Kind.REMOVE else None
        elif request.state is State.APPROVED:
            await self.submitter.post(request)
        elif request.state is State.SUBMITTED:
            await self.delivery.poll(request, known)
        elif request.state is State.PENDING:
            await self.follower.look(request)
        return None

    async def _cancel_for_leaver(self, request: Request) -> None:
        """Cancel it, if whoever wants that may; nothing else is done with it before that is known."""
        actor = await self.admin_checks.find_canceler(request)
        if actor is not None:
            await self.store.run(state_machine.cancel_for_leaver, request, actor.entra_id)

    async def _give_up(self, request: Request) -> None:
        """Give up, if whoever asked for that may."""
        actor = await self.admin_checks.find_repairer(request)
        if actor is not None:
            await self.submitter.give_up(request, by=actor)

    async def _retry(self, request: Request) -> None:
        """Make it a request like any other again, if whoever had it tried again may."""
        if await self.admin_checks.find_repairer(request) is not None:
            now = clock.real()
            await self.store.run(
                claims.release, request, due_at=now, attempts=request.attempts, retry_by=None
            )


def _hand_over(db: Transaction, request: Request) -> None:
    claims.release(db, request, due_at=clock.real(), attempts=request.attempts)
    wakeups.due(db, wakeups.REQUESTS)
