"""Follow what waits for a decision in Entra: pending, denied, canceled, expired, or on its way, as Entra says."""

from collections.abc import Sequence
from typing import Final

import structlog

from bot import clock
from bot.accounts.connecting import APPROVER_SCOPES
from bot.accounts.model import ConnectedAccount
from bot.accounts.store import accounts
from bot.accounts.tokens import AccountTokens
from bot.database import Store, Transaction, audit
from bot.errors import NotClear
from bot.requests import transitions
from bot.requests.evaluation.stages import FOLLOW_EVERY, stage_changes
from bot.requests.model import Request, State
from bot.requests.store import claims
from bot.words import N_
from graph import Graph
from graph.errors import GraphError, NotFound
from graph.models import AssignmentRequest
from graph.values import same_word

log = structlog.get_logger(__name__)

DENIED_THERE: Final = N_("It was denied in Microsoft Entra.")


class EntraFollower:
    """Follows requests that Entra decides, from the POST until they are decided."""

    def __init__(self, *, store: Store, graph: Graph, tokens: AccountTokens) -> None:
        self._store = store
        self._graph = graph
        self._tokens = tokens

    async def look(self, request: Request) -> None:
        """
        See what has become of a request that waits for a decision in Entra.

        Raises:
            GraphError: It could not be read; it is looked at again later.
            NotClear: Entra does not show it.
        """
        try:
            reported = await self._graph.assignment_requests.get(request.graph_request_id or "")
        except NotFound:
            raise NotClear(N_("Microsoft Entra does not show the request any more.")) from None
        if not await self.follow(request, reported):
            # It is decided there, and under way or at its end: that is seen to as with any other.
            await self._store.run(transitions.go_on_in_entra, request)

    async def follow(self, request: Request, reported: AssignmentRequest) -> bool:
        """Do what Entra's word on the decision asks for; False where none is waited for, and none was against it."""
        if reported.is_denied:
            await self._denied(request, reported)
        elif reported.is_canceled:
            await self._store.run(transitions.cancel, request, actor=audit.LATCHKEY)
        elif reported.is_pending_approval:
            await self._waits(request)
        else:
            return False
        return True

    async def _denied(self, request: Request, reported: AssignmentRequest) -> None:
        # A request whose time is over is denied there, too.
        if same_word(reported.status, "Expired"):
            await self._store.run(transitions.lapse, request)
            return
        await self._store.run(
            transitions.deny, request, DENIED_THERE, actor=audit.LATCHKEY, actor_entra_id=None
        )

    async def _waits(self, request: Request) -> None:
        """Let it wait here as there, in the stage that waits there as far as anybody can see it."""
        stage = request.stage
        if request.state is State.PENDING:
            stage = max(stage, await self._stage_there(request))
        changes = stage_changes(request, stage=stage)
        is_new = request.state is State.SUBMITTED or stage > request.stage
        if is_new and "deciders" in changes:
            await self._store.run(
                transitions.reach_stage, request, changes, actor=audit.LATCHKEY, fence=True
            )
            return
        due_at = clock.real() + FOLLOW_EVERY
        await self._store.run(
            claims.release, request, due_at=due_at, attempts=request.attempts, failures=0
        )

    async def _stage_there(self, request: Request) -> int:
        """
        Return how many stages are decided in Entra, by what one of those who decide may read; 0 if that is not known.

        Graph shows no app the stages of an approval.
        """
        stages = request.terms.stages if request.terms else ()
        if len(stages) <= 1:
            return 0
        for account in await self._store.read(_connected, request.deciders):
            token = self._tokens.of(account.slack_user, scopes=APPROVER_SCOPES)
            try:
                found = await self._graph.approvals.stages(
                    request.graph_request_id or "", token=token
                )
            except GraphError as error:
                log.info("stages-not-read", request=request.id, error=type(error).__name__)
                continue
            return sum(same_word(each.status, "Completed") for each in found)
        return 0


def _connected(db: Transaction, people: Sequence[str]) -> list[ConnectedAccount]:
    """Return the accounts of those among *people* who have connected one with which they can approve."""
    found = [accounts.find(db, each) for each in people]
    return [each for each in found if each and set(APPROVER_SCOPES) <= set(each.scopes)]
