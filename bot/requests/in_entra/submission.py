"""
From approved to submitted: post once, and look before posting again.

The submit-once protocol: Graph has no idempotency key, so an intent is written before the POST; after an answer
that leaves open whether it happened, Graph is searched for what we may have made; only when nothing is found
for as long as a late write could take is it posted again.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.accounts.model import NotConnected
from bot.accounts.store import accounts
from bot.accounts.tokens import AccountTokens
from bot.approvals.store import decisions
from bot.assignments.sightings import Sighting, sight
from bot.assignments.store import assignments
from bot.database import Store, flags
from bot.packages.questions import for_graph
from bot.people.permissions import Actor
from bot.requests import state_machine
from bot.requests.in_entra import justification, open_in_entra
from bot.requests.in_entra.graph_request import (
    OWN_REQUEST_TYPE,
    REQUEST_TYPE,
    chosen_schedule,
    request_type,
)
from bot.requests.in_entra.requestor import is_somebody_elses
from bot.requests.model import Kind, Request, State
from bot.requests.store import claims, in_graph
from bot.requests.store.requests import FollowedByAnother
from bot.timing import WAITS, Waits
from bot.words import N_
from graph import Deadline, Graph
from graph.errors import OPEN_REQUEST_EXISTS, AuthError, Conflict, GraphError, NotFound, Throttled
from graph.models import AssignmentRequest, Expiration, Schedule
from graph.sign_in.tokens import TokenSource
from graph.subjects.assignment_requests import OPEN_STATES

log = structlog.get_logger(__name__)

# How often a request that waits for the end of a pause is looked at.
PAUSE_LOOKS: Final = timedelta(seconds=5)
# Graph's clock and ours need not agree to the second.
CLOCK_SKEW: Final = timedelta(minutes=5)

# Who made it is not known: Graph shows an app neither who asked nor for whom while it waits, nor whom an app asks for.
OPEN_THERE: Final = N_(
    "Microsoft Entra already has an open request for this access, made at My Access or by Latchkey before. "
    "Please wait until that is over; whoever made it at My Access can cancel it there."
)
# What a request that is not open may have come to, the shortest lists first.
FINISHED_STATES: Final = (
    "partiallyDelivered",
    "deliveryFailed",
    "canceled",
    "denied",
    "delivered",
)

# Somebody who is to connect their account is not waited for by asking again and again.
ACCOUNT_LOOKS: Final = timedelta(minutes=10)
# How often a removal looks whether what it waits for is over in Entra.
BLOCKED_LOOKS: Final = timedelta(minutes=1)


class Submitter:
    """Carries approved requests out in Graph."""

    def __init__(
        self,
        *,
        store: Store,
        graph: Graph,
        recheck: Callable[[Request], Awaitable[Request | None]],
        tokens: AccountTokens,
        waits: Waits = WAITS,
    ) -> None:
        self._store = store
        self._graph = graph
        self._recheck = recheck
        self._tokens = tokens
        self._waits = waits
        self._started_at = clock.now()

    async def post(self, request: Request) -> None:
        """
        Take one step with an approved request; at most one POST.

        Raises:
            SlackError, GraphError: It did not get through; the row says whether it may have happened.
        """
        # A look that fails raises: never post blind.
        if request.intent_at is not None and await self._is_in_graph(request):
            return
        if await self._is_paused(request):
            return
        if self._is_from_before(request) and await self._is_in_graph(request):
            return
        # Refused once because of that, it is sent again when that is over.
        if request.needs_account_at is not None and await self._is_blocked(request):
            return
        checked = await self._recheck(request)
        if checked is None:
            return
        request = checked
        if request.entra_decides and not await self._has_account(request):
            return
        if request.sent_as is not None:
            request = replace(request, sent_as=await self._type_of_removal(request))
        # Whatever can fail by itself fails before the intent is there, which would have to settle.
        body = await self._body(request)
        deadline = self._graph.deadline(self._waits.post)
        intent_at, settles_at = clock.now(), clock.real() + self._waits.settle
        ours = await self._store.run(
            state_machine.intend,
            request,
            intent_at=intent_at,
            settles_at=settles_at,
            # However long the way here was: whoever takes the row next does not meet our POST on its way.
            lease_until=clock.real() + self._waits.lease,
            sent_as=request.sent_as,
        )
        if ours:
            request = replace(request, intent_at=intent_at, settles_at=settles_at)
            await self._post_once(request, body, deadline, earlier=checked)

    async def give_up(self, request: Request, *, by: Actor) -> None:
        """
        End a request that an admin gives up, unless what it asks for is in Graph after all.

        Whoever asks again afterwards is posted anew, so what was sent must be found or settled first.  What
        Graph has taken on is in its lists, where a new request is checked against it, and if it still comes
        true, the sync adopts it.

        Raises:
            GraphError: Graph could not be searched; nothing is given up.
        """
        if request.state is State.APPROVED and await self._is_in_graph(request):
            return
        if request.state is State.PENDING:
            await self._give_up_in_entra(request, by=by)
            return
        name = by.name or N_("an admin")
        why = N_("It could not be carried out in Microsoft Entra, and {name} gave it up.").format(
            name=name
        )
        if request.state is State.SUBMITTED:
            why = f"{why} {N_('If Entra does it later, /my-access will show it.')}"
        await self._store.run(state_machine.give_up, request, why, actor_entra_id=by.entra_id)

    async def _give_up_in_entra(self, request: Request, *, by: Actor) -> None:
        """End what waits for a decision in Entra, unless it is shown there after all."""
        try:
            await self._graph.assignment_requests.get(request.graph_request_id or "")
        except NotFound:
            name = by.name or N_("an admin")
            why = N_("Microsoft Entra does not show it any more, and {name} gave it up.").format(
                name=name
            )
            why = f"{why} {N_('If Entra does it later, /my-access will show it.')}"
            await self._store.run(state_machine.give_up, request, why, actor_entra_id=by.entra_id)
            return
        due_at = clock.real()
        await self._store.run(
            claims.release, request, due_at=due_at, attempts=request.attempts, give_up_by=None
        )

    async def _type_of_removal(self, request: Request) -> str:
        """Return how access is given back: in its holder's name if they have connected their account, else by the app."""
        try:
            await self._tokens.of(request.asked_by).token()
        except NotConnected:
            # Taking access away waits for nothing.
            return REQUEST_TYPE[Kind.REMOVE]
        return OWN_REQUEST_TYPE[Kind.REMOVE]

    async def _has_account(self, request: Request) -> bool:
        """Tell whether there is a token to ask in their name; without, the request waits until there is."""
        seen = await self._store.read(accounts.find, request.asked_by)
        try:
            await self._tokens.of(request.asked_by).token()
        except NotConnected:
            due_at = clock.real() + ACCOUNT_LOOKS
            await self._store.run(state_machine.wait_for_account, request, seen, due_at=due_at)
            return False
        return True

    def _token(self, request: Request) -> TokenSource | None:
        is_own = request_type(request) in OWN_REQUEST_TYPE.values()
        return self._tokens.of(request.asked_by) if is_own else None

    def _is_from_before(self, request: Request) -> bool:
        """
        Tell whether it was asked before this process started, and nothing is known to have been posted.

        The row may come from a restored database that does not remember the POST.
        """
        return request.intent_at is None and request.asked_at < self._started_at

    async def _is_in_graph(self, request: Request) -> bool:
        """Tell whether an earlier try has worked, which is then adopted, or still may, which is waited for."""
        since = (request.intent_at or request.updated_at) - CLOCK_SKEW
        settles = request.settles_at is not None and clock.real() < request.settles_at
        # Before it is posted again, and only then, what has long been finished is looked through as well.
        found = await self._look(request, since=since, everywhere=not settles)
        if found is not None:
            await self._submitted(request, found.id or None)
            return True
        if settles and request.settles_at is not None:
            await self._store.run(
                claims.release,
                request,
                due_at=request.settles_at,
                attempts=request.attempts + 1,
            )
            return True
        return False

    async def _is_paused(self, request: Request) -> bool:
        """Tell whether granting is switched off; then the request waits, and it is nobody's failure."""
        if request.kind is Kind.REMOVE or await self._store.read(flags.pause_reason) is None:
            return False
        due = clock.real() + PAUSE_LOOKS
        await self._store.run(claims.release, request, due_at=due, attempts=request.attempts)
        return True

    async def _post_once(
        self,
        request: Request,
        body: Mapping[str, Any],
        deadline: Deadline,
        *,
        earlier: Request,
    ) -> None:
        """
        Args:
            earlier: The same before this intent, with that of the try before, if there was one.
        """
        try:
            # Held up since the intent was written, it is not sent: somebody else may be looking for it by now.
            answer = await self._graph.assignment_requests.create(
                **body, token=self._token(request), deadline=deadline
            )
        except GraphError as error:
            await self._not_posted(request, error, earlier=earlier)
            return
        await self._submitted(request, answer.id)

    async def _body(self, request: Request) -> dict[str, Any]:
        counted = await self._store.read(decisions.accepted_of, request)
        body: dict[str, Any] = {
            "request_type": request_type(request),
            "justification": justification.written_for(request, counted),
        }
        if request.kind is Kind.ADD:
            policy_id = request.terms.policy_id if request.terms else None
            body |= {
                "target_id": request.entra_id,
                "package_id": request.package_id,
                "policy_id": policy_id,
                "schedule": chosen_schedule(request),
                "answers": for_graph(request.answered),
            }
        else:
            body["assignment_id"] = request.assignment_id
            known = await self._store.read(assignments.find, request.assignment_id or "")
            end = request.granted_end
            if request.kind is Kind.EXTEND and end is not None:
                body["schedule"] = Schedule(
                    start_date_time=known.starts_at if known else None,
                    expiration=Expiration.at(end),
                )
        return body

    async def _not_posted(self, request: Request, error: GraphError, *, earlier: Request) -> None:
        log.warning(
            "post-failed",
            request=request.id,
            status=error.status,
            code=error.code,
            graph=error.request_id,
            client_request=error.client_request_id,
        )
        if error.may_have_happened:
            raise error
        if isinstance(error, Throttled | AuthError) or error.status is None:
            # Nothing came of this one; what an earlier one may have made is still looked for.
            await self._store.run(
                claims.update,
                request,
                intent_at=earlier.intent_at,
                settles_at=earlier.settles_at,
            )
            raise error
        if isinstance(error, Conflict) or error.has_code(OPEN_REQUEST_EXISTS):
            # What we ask for is open already (ours from before, or made elsewhere), or has come true.
            since = request.asked_at - CLOCK_SKEW
            found = await self._look(request, since=since, everywhere=True)
            if found is not None:
                await self._submitted(request, found.id or None)
                return
            is_open = error.has_code(OPEN_REQUEST_EXISTS) and request.kind is not Kind.REMOVE
            if is_open and not self._may_have_been_taken(earlier):
                await self._open_there(request, earlier)
                return
            if await self._is_blocked(request):
                return
            if not await self._is_gone(request):
                raise error
        elif await self._has_run_out(request, error):
            # Refused, so nothing was made of it: it begins anew as a request for new access.
            await self._store.run(state_machine.ask_anew_of_claimed, request)
            return
        # Graph answers 400 or 404 when asked to remove what has just ended.
        elif error.status not in {400, 404} or not await self._is_gone(request):
            await self._failed(
                request, N_("Microsoft Entra refused it: {error}").format(error=error)
            )
            return
        # Nothing was made, because there is nothing to remove: see how that is followed in `bot.requests.in_entra.confirmation`.
        await self._submitted(request, None)

    def _may_have_been_taken(self, earlier: Request) -> bool:
        """Tell whether an earlier try has had no answer that is clear; what is open in Entra may then be what it made."""
        sent = earlier.intent_at is not None and earlier.settles_at is not None
        return sent or self._is_from_before(earlier)

    async def _open_there(self, request: Request, earlier: Request) -> None:
        """
        Refuse what Entra has an open request for that it shows nobody, once it has said so twice.

        The first time it may be this very request, sent twice on the way and not shown yet: that settles first.
        """
        if earlier.intent_at is not None:
            await self._store.run(state_machine.refuse, request, OPEN_THERE)
            return
        await self._store.run(
            claims.release,
            request,
            due_at=clock.real() + self._waits.settle,
            attempts=request.attempts + 1,
            settles_at=None,
        )

    async def _is_blocked(self, request: Request) -> bool:
        """Tell whether a removal has to wait until something else is over in Entra; then it does."""
        is_blocked = await open_in_entra.is_open(self._graph, request)
        if is_blocked:
            due_at = clock.real() + BLOCKED_LOOKS
            await self._store.run(state_machine.wait_behind_open_request, request, due_at=due_at)
        return is_blocked

    async def _has_run_out(self, request: Request, error: GraphError) -> bool:
        """Tell whether Graph has refused to extend what is over."""
        return (
            request.kind is Kind.EXTEND
            and error.status in {400, 404}
            and await self._sighting(request) is Sighting.EXPIRED
        )

    async def _is_gone(self, request: Request) -> bool:
        """Tell whether a removal finds nothing to remove."""
        return request.kind is Kind.REMOVE and await self._sighting(request) is not Sighting.THERE

    async def _sighting(self, request: Request) -> Sighting:
        seen, _ = await sight(
            self._graph,
            assignment_id=request.assignment_id or "",
            package_id=request.package_id,
            entra_id=request.entra_id,
        )
        return seen

    async def _look(
        self, request: Request, *, since: datetime, everywhere: bool
    ) -> AssignmentRequest | None:
        """
        Return what an earlier try of ours has made in Graph, if it did; an empty id if only its result is there.

        A removal is looked for among what is open only, because of what is finished there are months.  Its result
        is that Graph says “expired”; that Graph shows nothing is none, and is left to the answer to the POST.

        Args:
            everywhere: Look through what is finished as well; that takes as long as a package is popular.
        """
        wanted = request_type(request)
        listed = self._graph.assignment_requests
        # Made by somebody else, it is what was asked for, too, unless what this very request has made is there as well.
        other: AssignmentRequest | None = None
        for found in await listed.list_in(package_id=request.package_id, states=OPEN_STATES):
            if found.is_type(wanted) and self._is_ours(request, found, since):
                if justification.is_tagged(found.justification or ""):
                    return found
                if not await self._is_anothers(request, found, is_over=False):
                    other = other or found
        if other is not None:
            return other
        if request.kind is Kind.REMOVE:
            is_over = await self._sighting(request) is Sighting.EXPIRED
            return AssignmentRequest(id="") if is_over else None
        if not everywhere:
            return None
        for state in FINISHED_STATES:
            finished = listed.stream(package_id=request.package_id, state=state)
            async with aclosing(finished):
                async for found in finished:
                    if found.is_type(wanted) and self._is_ours(request, found, since):
                        if justification.is_tagged(found.justification or ""):
                            return found
                        if other is None and not await self._is_anothers(
                            request, found, is_over=True
                        ):
                            other = found
        return other

    async def _is_anothers(
        self, request: Request, found: AssignmentRequest, *, is_over: bool
    ) -> bool:
        """Tell whether what Graph shows is what another row of ours follows, or has followed to its end."""
        return await self._store.read(in_graph.is_anothers, request.id, found.id, is_over=is_over)

    @staticmethod
    def _is_ours(request: Request, found: AssignmentRequest, since: datetime) -> bool:
        is_own = request_type(request) in OWN_REQUEST_TYPE.values()
        if is_own and is_somebody_elses(found, request):
            return False
        said = found.justification or ""
        if justification.is_tagged(said):
            return justification.tag(request) in said
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

    async def _submitted(self, request: Request, graph_request_id: str | None) -> None:
        try:
            await self._store.run(state_machine.submit, request, graph_request_id)
        except FollowedByAnother:
            # Whoever was first has it; this one is looked for once more without it, and sent.
            log.warning("followed-by-another", request=request.id, graph=graph_request_id)
            due_at, attempts = clock.real(), request.attempts + 1
            await self._store.run(claims.release, request, due_at=due_at, attempts=attempts)

    async def _failed(self, request: Request, why: str) -> None:
        await self._store.run(state_machine.fail, request, why)
