"""From submitted to delivered: watch Graph, and believe it only when it shows the result."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import structlog

from bot import clock
from bot.assignments.sightings import Sighting, sight
from bot.assignments.store import assignments
from bot.database import Store
from bot.errors import NotClear
from bot.requests import state_machine
from bot.requests.holder_lists import HolderLists
from bot.requests.in_entra.following import EntraFollower
from bot.requests.in_entra.shown_assignments import as_assignment, is_theirs, says_all
from bot.requests.model import ENDED_MEANWHILE, Kind, Request
from bot.requests.store import claims
from bot.timing import WAITS, Waits, poll_pause
from bot.words import N_
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackageAssignment, AssignmentRequest

log = structlog.get_logger(__name__)

# From this many requests on, one batch is cheaper than a read for each.
WORTH_A_BATCH: Final = 3
# How long such a list counts: what it does not show yet is looked for again.
LIST_COUNTS: Final = timedelta(seconds=1)
# A request that no list shows after so many looks is looked at by itself: it may have failed.
LOOKS_AT_LISTS: Final = 6
# How often access that begins later is looked at until then: it can be canceled in Entra.
NOT_BEFORE: Final = timedelta(minutes=5)
FOR_SOMEBODY_ELSE: Final = N_(
    "In Microsoft Entra it was asked for somebody else, who has the access now (assignment {id})."
)


@dataclass(frozen=True, kw_only=True)
class Reported:
    """
    The states of many submitted requests in Graph, read in a few calls.

    Attributes:
        requests: By Graph's request id.
        delivered: What has come of requests, by our id.
        waiting: Our ids of those of which nothing is to be seen yet.
    """

    requests: Mapping[str, AssignmentRequest] = field(default_factory=dict)
    delivered: Mapping[str, AccessPackageAssignment] = field(default_factory=dict)
    waiting: Collection[str] = ()


NOTHING: Final = Reported()


class Delivery:
    """Follows what has been posted until its result is there."""

    def __init__(
        self,
        *,
        store: Store,
        graph: Graph,
        holders: HolderLists,
        follower: EntraFollower,
        waits: Waits = WAITS,
    ) -> None:
        self._store = store
        self._graph = graph
        self._waits = waits
        self._holders = holders
        self._follower = follower

    async def look_up(self, submitted: Sequence[Request]) -> Reported:
        """
        Return what Graph says of many submitted requests: for a crowd a list of who has the package, else twenty a call.

        What could not be read this way is left out: it is read by itself, and its trouble shows there.

        Raises:
            GraphError: Nothing could be read.
        """
        delivered, waiting = await self._looked_up_in_lists(submitted)
        ids = [
            each.graph_request_id
            for each in submitted
            if each.graph_request_id and each.id not in delivered and each.id not in waiting
        ]
        found = {}
        if len(ids) >= WORTH_A_BATCH:
            found = await self._graph.assignment_requests.get_many(ids)
        return Reported(
            requests={k: each for k, each in found.items() if isinstance(each, AssignmentRequest)},
            delivered=delivered,
            waiting=waiting,
        )

    async def _looked_up_in_lists(
        self, submitted: Sequence[Request]
    ) -> tuple[dict[str, AccessPackageAssignment], set[str]]:
        """
        Of packages for which many wait: who has it by now, and who waits on.

        Only what is well shows there, so whoever waits for long is looked at by themselves.
        """
        asked = [each for each in submitted if each.kind is Kind.ADD and each.entra_id is not None]
        for each in asked:
            self._holders.note(each.package_id)
        delivered: dict[str, AccessPackageAssignment] = {}
        waiting: set[str] = set()
        for request in asked:
            if request.entra_decides:
                # It may wait for a decision, which no list of access shows.
                continue
            if request.attempts >= LOOKS_AT_LISTS or request.starts_at is not None:
                continue
            since = clock.real() - LIST_COUNTS
            listed = await self._holders.get(request.package_id, since=since)
            if listed is None:
                continue
            held = next((each for each in listed if is_theirs(each, request)), None)
            if held is not None:
                delivered[request.id] = held
            else:
                waiting.add(request.id)
        return delivered, waiting

    async def poll(self, request: Request, known: Reported = NOTHING) -> None:
        """
        See how a submitted request is doing, and say delivered only when the result is there.

        Raises:
            GraphError: It could not be read; it is looked at again later.
            NotClear: It could be read, and does not say whether it is done or under way.
        """
        if request.id in known.delivered:
            held = known.delivered[request.id]
            await self._store.run(state_machine.deliver, request, as_assignment(held, request))
            return
        if request.id in known.waiting:
            await self._poll_again(request)
            return
        reported = None
        if request.graph_request_id is not None:
            reported = known.requests.get(request.graph_request_id)
            if reported is None:
                reported = await self._read(request.graph_request_id)
            if (
                reported is not None
                and request.entra_decides
                and await self._follower.follow(request, reported)
            ):
                return
            if reported is not None and (
                reported.is_denied or reported.is_canceled or reported.is_failed
            ):
                await self._store.run(
                    state_machine.fail,
                    request,
                    N_("Microsoft Entra reports: {state} ({status}).").format(
                        state=reported.state, status=reported.status
                    ),
                )
                return
            if reported is not None and not reported.is_delivered:
                if not reported.is_under_way:
                    raise NotClear(
                        N_("Microsoft Entra reports a state that I do not know: “{state}”.").format(
                            state=reported.state
                        )
                    )
                if request.kind is Kind.ADD and reported.is_partially_delivered:
                    await self._partly(request, reported)
                    return
                if request.kind is Kind.REMOVE and await self._has_run_out(request):
                    return
                await self._poll_again(request)
                return
        judge = {Kind.ADD: self._added, Kind.EXTEND: self._extended, Kind.REMOVE: self._removed}
        if await judge[request.kind](request, reported):
            return
        if reported is not None:
            raise NotClear(
                N_("Microsoft Entra says that it is delivered, but does not show the result.")
            )
        raise NotClear(N_("Microsoft Entra shows neither the request nor its result."))

    async def _read(self, graph_request_id: str) -> AssignmentRequest | None:
        try:
            return await self._graph.assignment_requests.get(graph_request_id)
        except NotFound:
            # Lists and reads may lag behind the POST; and Graph forgets requests after three months.
            return None

    async def _poll_again(self, request: Request) -> None:
        attempts = request.attempts + 1
        pause = poll_pause(attempts)
        if request.starts_at is not None and request.starts_at > clock.now():
            # It begins later, as was asked: nobody waits for it yet.
            attempts, pause = request.attempts, min(request.starts_at - clock.now(), NOT_BEFORE)
        await self._store.run(
            claims.release, request, due_at=clock.real() + pause, attempts=attempts, failures=0
        )

    async def _held(self, request: Request) -> AccessPackageAssignment | None:
        try:
            return await self._graph.assignments.get(request.assignment_id or "")
        except NotFound:
            return None

    async def _partly(self, request: Request, reported: AssignmentRequest | None) -> None:
        """A part of it is there: that is access, with an end of its own."""
        held = await self._assignment_of(request, reported)
        if held is not None and held.is_expired:
            due_at = clock.real() + poll_pause(request.attempts)
            await self._store.run(state_machine.end_partly, request, held.id, due_at=due_at)
            return
        if held is None or not held.is_access:
            await self._poll_again(request)
            return
        if await self._is_astray(request, held):
            return
        await self._store.run(
            state_machine.deliver_partly,
            request,
            as_assignment(held, request),
            given_up=reported is not None and reported.completed_date_time is not None,
            due_at=clock.real() + poll_pause(request.attempts + 1),
        )

    async def _added(self, request: Request, reported: AssignmentRequest | None) -> bool:
        held = await self._assignment_of(request, reported)
        if held is not None and held.is_partially_delivered:
            await self._partly(request, reported)
            return True
        if held is not None and held.is_expired:
            await self._over_already(request, held)
            return True
        if held is None or not held.is_delivered:
            return False
        if await self._is_astray(request, held):
            return True
        await self._store.run(state_machine.deliver, request, as_assignment(held, request))
        return True

    async def _over_already(self, request: Request, held: AccessPackageAssignment) -> None:
        """It was given and is over: nobody looked meanwhile, or it was removed before anybody did."""
        if await self._is_astray(request, held):
            return
        now = clock.now()
        ended_at = min(each for each in (held.expired_date_time, held.ends_at(), now) if each)
        await self._store.run(
            state_machine.deliver_over,
            request,
            as_assignment(held, request),
            ended_at=ended_at,
            due_at=clock.real() + poll_pause(request.attempts + 1),
        )

    async def _is_astray(self, request: Request, held: AccessPackageAssignment) -> bool:
        """Tell whether Entra gave it to somebody else, or gave something else; then it is removed, if it was us who asked."""
        target = held.target.object_id if held.target else None
        package = held.access_package.id if held.access_package else None
        if target is None or package is None:
            raise NotClear(N_("Microsoft Entra shows an assignment, and not whose it is."))
        if (target, package) == (request.entra_id, request.package_id):
            return False
        log.error("wrong-target", request=request.id, assignment=held.id)
        if request.is_made_in_entra:
            # Somebody has asked there for another person, and Entra has given what was asked for.
            why = FOR_SOMEBODY_ELSE.format(id=held.id)
            await self._store.run(state_machine.fail, request, why)
            return True
        why = N_(
            "Entra delivered something else than was asked for (assignment {id}). I take it back; "
            "an admin must look at it now."
        ).format(id=held.id)
        stray = replace(
            as_assignment(held, request),
            entra_id=target,
            package_id=package,
            holder=None,
            holder_name=None,
        )
        await self._store.run(state_machine.misdelivered, request, stray, why)
        return True

    async def _assignment_of(
        self, request: Request, reported: AssignmentRequest | None
    ) -> AccessPackageAssignment | None:
        if reported is not None and reported.assignment is not None:
            if says_all(reported.assignment):
                return reported.assignment
            try:
                return await self._graph.assignments.get(reported.assignment.id)
            except NotFound:
                return None
        found = await self._graph.assignments.list(
            package_id=request.package_id, user_id=request.entra_id
        )
        held = [each for each in found if each.is_access]
        return next((each for each in held if each.is_delivered), held[0] if held else None)

    async def _extended(self, request: Request, reported: AssignmentRequest | None) -> bool:
        held = await self._held(request)
        if held is None or held.is_expired:
            await self._store.run(state_machine.fail, request, ENDED_MEANWHILE)
            return True
        end, wanted = held.ends_at(), request.granted_end
        if held.is_access and not held.is_delivered:
            # Entra goes through it again just now, for another reason.
            await self._poll_again(request)
            return True
        # Entra may shorten what we ask for; what counts is that it is later than it was.
        if not held.is_delivered or end is None or wanted is None:
            return False
        before = await self._store.read(assignments.find, held.id)
        if (
            reported is None
            and end < wanted
            and before is not None
            and before.ends_at is not None
            and end <= before.ends_at
        ):
            return False
        await self._store.run(state_machine.deliver, request, as_assignment(held, request))
        return True

    async def _has_run_out(self, request: Request) -> bool:
        """Tell whether the access has run out while Entra was still at its removal, which is over by that."""
        row = await self._store.read(assignments.find, request.assignment_id or "")
        if row is None or row.ends_at is None or row.ends_at > clock.now():
            return False
        held = await self._held(request)
        if held is None or not held.is_expired:
            return False
        await self._store.run(state_machine.end, request, is_confirmed=False)
        return True

    async def _removed(self, request: Request, reported: AssignmentRequest | None) -> bool:
        """
        Tell whether the access is gone.  What Graph does not show is gone only if something else says so, too.

        That is our own request, delivered; or Graph's word that it is over, which is why no request of ours is
        known; or a second look, a settle time after the first.
        """
        if reported is not None:
            held = await self._held(request)
            if held is not None and not held.is_expired:
                return False
            await self._store.run(state_machine.end, request)
            return True
        seen, _ = await sight(
            self._graph,
            assignment_id=request.assignment_id or "",
            package_id=request.package_id,
            entra_id=request.entra_id,
        )
        if seen is Sighting.THERE:
            if request.gone_at is not None:
                await self._store.run(claims.update, request, gone_at=None)
            return False
        was_over = request.graph_request_id is None and seen is Sighting.EXPIRED
        gone_at = request.gone_at or clock.real()
        seen_twice = clock.real() >= gone_at + self._waits.settle
        if was_over or seen_twice:
            await self._store.run(state_machine.end, request, is_confirmed=False)
            return True
        await self._store.run(
            claims.release,
            request,
            due_at=gone_at + self._waits.settle,
            attempts=request.attempts + 1,
            failures=0,
            gone_at=gone_at,
        )
        return True
