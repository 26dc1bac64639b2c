"""
From approved to delivered: post once, look before posting again, and believe Graph only when it shows it.

The effect protocol: Graph has no idempotency key, so an intent is written before the POST; after an answer
that leaves open whether it happened, Graph is searched for what we may have made; only when nothing is found
for as long as a late write could take is it posted again.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.models import Assignment, AssignmentState, Ended, Kind, Request, State
from bot.store import Store, Transaction, assignments, requests
from graph import Graph
from graph.errors import (
    OPEN_REQUEST_EXISTS,
    AuthError,
    Conflict,
    GraphError,
    NotFound,
    Throttled,
)
from graph.models import Assignment as GraphAssignment
from graph.models import AssignmentRequest, Expiration, Schedule

log = structlog.get_logger(__name__)

WRITE_TIMEOUT: Final = timedelta(seconds=12)
LEASE: Final = timedelta(seconds=60)
# Client time-out, a server that acts after we gave up, lists that lag behind, and a margin.
SETTLE: Final = WRITE_TIMEOUT + timedelta(seconds=30 + 30 + 48)
# Graph's clock and ours need not agree to the second.
CLOCK_SKEW: Final = timedelta(minutes=5)
POLL_PAUSES: Final = (2, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300)
LONGEST_BACKOFF: Final = timedelta(minutes=15)
# From this many requests for one package on, one list is cheaper than a read for each.
WORTH_A_LIST: Final = 4

REQUEST_TYPE: Final[Mapping[Kind, str]] = {
    Kind.ADD: "adminAdd",
    Kind.EXTEND: "adminUpdate",
    Kind.REMOVE: "adminRemove",
}


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many tries that failed: doubling from 2 s to 15 min, a little shaken."""
    pause = min(timedelta(seconds=2 * 2 ** min(attempts, 12)), LONGEST_BACKOFF)
    return pause * random.uniform(0.9, 1.1)  # noqa: S311 (spreads retries, guards nothing)


class Effects:
    """Carries approved requests out in Graph."""

    def __init__(
        self,
        *,
        store: Store,
        graph: Graph,
        recheck: Callable[[Request], Awaitable[Request | None]],
        settle: timedelta = SETTLE,
    ) -> None:
        self._store = store
        self._graph = graph
        self._recheck = recheck
        self._settle = settle

    async def post(self, request: Request) -> None:
        """
        Take one step with an approved request; at most one POST.

        Raises:
            SlackError, GraphError: Something could not be read before the POST; nothing happened.
        """
        if request.intent_at is not None:
            # An earlier try may have worked.  A look that fails raises: never post blind.
            found = await self._look(request, since=request.intent_at - CLOCK_SKEW)
            if found is not None:
                await self._submitted(request, found.id or None)
                return
            if request.settles_at is None or clock.real() < request.settles_at:
                await self._later(request, until=request.settles_at)
                return
        if await self._recheck(request) is None:
            return
        if request.lease_until is None or clock.real() + WRITE_TIMEOUT >= request.lease_until:
            # Whoever takes the row next must not meet a POST of ours still on its way.
            await self._store.run(
                requests.release, request, due_at=clock.real(), attempts=request.attempts
            )
            return
        intent_at, settles_at = clock.now(), clock.real() + self._settle
        ours = await self._store.run(
            requests.update_claimed, request, intent_at=intent_at, settles_at=settles_at
        )
        if ours:
            await self._post_once(replace(request, intent_at=intent_at, settles_at=settles_at))

    async def _post_once(self, request: Request) -> None:
        body = await self._body(request)
        try:
            answer = await self._graph.assignments.request(**body)
        except GraphError as error:
            await self._not_posted(request, error)
            return
        await self._submitted(request, answer.id)

    async def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "request_type": REQUEST_TYPE[request.kind],
            # The tag lets a later look tell our request from anybody else's.
            "justification": f"{request.justification or 'Asked for in Slack.'} {_tag(request)}",
        }
        if request.kind is Kind.ADD:
            policy_id = request.terms.policy_id if request.terms else None
            body |= {
                "target_id": request.entra_id,
                "package_id": request.package_id,
                "policy_id": policy_id,
            }
        else:
            body["assignment_id"] = request.assignment_id
            known = await self._store.run(assignments.get, request.assignment_id or "")
            if request.kind is Kind.EXTEND and request.ends_at is not None:
                body["schedule"] = Schedule(
                    start_date_time=known.starts_at if known else None,
                    expiration=Expiration.at(request.ends_at),
                )
        return body

    async def _not_posted(self, request: Request, error: GraphError) -> None:
        log.warning(
            "post-failed",
            request=request.id,
            status=error.status,
            code=error.code,
            graph=error.request_id,
        )
        if error.may_have_happened:
            await self._later(request)
        elif isinstance(error, Throttled | AuthError):
            # Nothing happened, and it is not this request's fault.
            pause = error.retry_after or backoff(request.attempts)
            await self._later(request, until=clock.real() + pause, intent_at=None, settles_at=None)
        elif isinstance(error, Conflict | NotFound) or error.has_code(OPEN_REQUEST_EXISTS):
            # What we ask for is open already (ours from before, or made elsewhere), or has come true.
            found = await self._look(request, since=request.asked_at - CLOCK_SKEW)
            if found is not None:
                await self._submitted(request, found.id or None)
            elif isinstance(error, NotFound):
                await self._failed(request, f"Microsoft Entra refused it: {error}")
            else:
                await self._later(request)
        elif error.status is None:
            await self._later(request, intent_at=None, settles_at=None)
        else:
            await self._failed(request, f"Microsoft Entra refused it: {error}")

    async def _look(self, request: Request, *, since: datetime) -> AssignmentRequest | None:
        """What an earlier try of ours has made in Graph, if it did; an empty id if only its result is there."""
        wanted = REQUEST_TYPE[request.kind]
        for found in await self._graph.assignments.list_requests(package_id=request.package_id):
            if found.is_type(wanted) and self._is_ours(request, found, since):
                return found
        if request.kind is Kind.REMOVE:
            held = await self._held(request)
            if held is None or held.is_expired:
                return AssignmentRequest(id="")
        return None

    @staticmethod
    def _is_ours(request: Request, found: AssignmentRequest, since: datetime) -> bool:
        said = found.justification or ""
        if "[latchkey " in said:
            return _tag(request) in said
        if found.created_date_time is not None and found.created_date_time < since:
            return False
        if found.is_denied or found.is_canceled or found.is_failed:
            return False
        about = found.assignment
        if about is None:
            return False
        if request.kind is Kind.ADD:
            return about.target is not None and about.target.object_id == request.entra_id
        return about.id == request.assignment_id

    async def _held(self, request: Request) -> GraphAssignment | None:
        try:
            return await self._graph.assignments.get(request.assignment_id or "")
        except NotFound:
            return None

    async def _submitted(self, request: Request, graph_request_id: str | None) -> None:
        await self._store.run(_submit, request, graph_request_id)

    async def _failed(self, request: Request, why: str) -> None:
        await self._store.run(_fail, request, why)

    async def _later(
        self, request: Request, *, until: datetime | None = None, **changes: Any
    ) -> None:
        due = until or clock.real() + backoff(request.attempts)
        await self._store.run(
            requests.release, request, due_at=due, attempts=request.attempts + 1, **changes
        )

    async def look_up(self, submitted: list[Request]) -> Mapping[str, AssignmentRequest]:
        """
        What Graph says of many submitted requests, by Graph's request id, with few calls.

        Packages with only a few are left out: those are read one by one.
        """
        known: dict[str, AssignmentRequest] = {}
        busy = Counter(request.package_id for request in submitted)
        for package_id, count in busy.items():
            if count >= WORTH_A_LIST:
                listed = await self._graph.assignments.list_requests(package_id=package_id)
                known |= {each.id: each for each in listed}
        return known

    async def poll(self, request: Request, known: Mapping[str, AssignmentRequest]) -> None:
        """
        See how a submitted request is doing, and say delivered only when the result is there.

        Raises:
            GraphError: It could not be read; it is looked at again later.
        """
        reported = None
        if request.graph_request_id is not None:
            reported = known.get(request.graph_request_id)
            if reported is None:
                reported = await self._read(request.graph_request_id)
            if reported is not None and (
                reported.is_denied or reported.is_canceled or reported.is_failed
            ):
                await self._failed(
                    request, f"Microsoft Entra reports: {reported.state} ({reported.status})."
                )
                return
            if reported is not None and not reported.is_delivered:
                await self._poll_again(request)
                return
        judge = {Kind.ADD: self._added, Kind.EXTEND: self._extended, Kind.REMOVE: self._removed}
        if not await judge[request.kind](request, reported):
            await self._poll_again(request)

    async def _read(self, graph_request_id: str) -> AssignmentRequest | None:
        try:
            return await self._graph.assignments.get_request(graph_request_id)
        except NotFound:
            # Lists and reads may lag behind the POST; and Graph forgets requests after three months.
            return None

    async def _poll_again(self, request: Request) -> None:
        pause = POLL_PAUSES[min(request.attempts, len(POLL_PAUSES) - 1)]
        await self._later(request, until=clock.real() + timedelta(seconds=pause))

    async def _added(self, request: Request, reported: AssignmentRequest | None) -> bool:
        held = await self._assignment_of(request, reported)
        if held is None or not held.is_delivered:
            return False
        target = held.target.object_id if held.target else None
        package = held.access_package.id if held.access_package else None
        if target is None or package is None:
            return False
        if (target, package) != (request.entra_id, request.package_id):
            log.error("wrong-target", request=request.id, assignment=held.id)
            await self._failed(
                request,
                f"Entra delivered something else than was asked for (assignment {held.id}). "
                "An admin must look at it now.",
            )
            return True
        await self._store.run(_deliver, request, _mirrored(held, request))
        return True

    async def _assignment_of(
        self, request: Request, reported: AssignmentRequest | None
    ) -> GraphAssignment | None:
        if reported is not None and reported.assignment is not None:
            try:
                return await self._graph.assignments.get(reported.assignment.id)
            except NotFound:
                return None
        held = await self._graph.assignments.list(
            package_id=request.package_id, user_id=request.entra_id, state="delivered"
        )
        return next((each for each in held if each.is_delivered), None)

    async def _extended(self, request: Request, reported: AssignmentRequest | None) -> bool:
        held = await self._held(request)
        if held is None or held.is_expired:
            await self._failed(request, "The access ended before it could be extended.")
            return True
        end, wanted = held.ends_at(), request.ends_at
        # Entra may shorten what we ask for; what counts is that it is later than it was.
        if not held.is_delivered or end is None or wanted is None:
            return False
        before = await self._store.run(assignments.get, held.id)
        if (
            end < wanted
            and before is not None
            and before.ends_at is not None
            and end <= before.ends_at
        ):
            return False
        await self._store.run(_deliver, request, _mirrored(held, request))
        return True

    async def _removed(self, request: Request, reported: AssignmentRequest | None) -> bool:
        held = await self._held(request)
        if held is not None and not held.is_expired:
            return False
        await self._store.run(_end, request)
        return True


def _tag(request: Request) -> str:
    return f"[latchkey {request.id}]"


def _mirrored(held: GraphAssignment, request: Request) -> Assignment:
    return Assignment(
        id=held.id,
        entra_id=request.entra_id or "",
        package_id=request.package_id,
        package_name=request.package_name,
        policy_id=held.assignment_policy.id if held.assignment_policy else None,
        state=AssignmentState.LIVE,
        holder=request.holder,
        holder_name=request.holder_name,
        starts_at=held.schedule.start_date_time if held.schedule else None,
        ends_at=held.ends_at(),
    )


def _submit(db: Transaction, request: Request, graph_request_id: str | None) -> None:
    moved = requests.move(
        db, request, State.SUBMITTED, fence=True, graph_request_id=graph_request_id
    )
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_removing(db, moved.assignment_id)


def _fail(db: Transaction, request: Request, why: str) -> None:
    moved = requests.move(db, request, State.FAILED, fence=True, why=why)
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_not_removing(db, moved.assignment_id)


def _deliver(db: Transaction, request: Request, held: Assignment) -> None:
    moved = requests.move(
        db, request, State.DELIVERED, fence=True, assignment_id=held.id, ends_at=held.ends_at
    )
    if moved is not None:
        assignments.save_live(db, held)


def _end(db: Transaction, request: Request) -> None:
    moved = requests.move(db, request, State.DELIVERED, fence=True)
    if moved is not None and moved.assignment_id is not None:
        why = Ended.RETURNED if moved.is_given_back else Ended.REMOVED
        assignments.end(db, moved.assignment_id, why=why, at=clock.now(), actor=moved.asked_by)
