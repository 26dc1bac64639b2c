"""Follow what waits for a decision in Entra: pending, denied, canceled, expired, or on its way, as Entra says."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from bot import clock
from bot.accounts.connecting import APPROVER_SCOPES
from bot.accounts.model import ConnectedAccount
from bot.accounts.store import accounts
from bot.accounts.tokens import AccountTokens
from bot.approvals.store import decisions
from bot.database import Store, Transaction
from bot.database.audit_log import audit
from bot.errors import NotClear
from bot.people.model import Verb
from bot.requests import state_machine
from bot.requests.evaluation.sign_ins import SignInRule
from bot.requests.evaluation.stages import FOLLOW_EVERY, stage_changes
from bot.requests.model import DecidedThere, Request, State
from bot.requests.store import claims, request_rows
from bot.words import N_
from graph import Graph
from graph.errors import GraphError, NotFound
from graph.models import ApprovalDecision, AssignmentRequest, decided_in_order
from graph.values import same_word

log = structlog.get_logger(__name__)

# As Graph writes them and as it reads them.
RESULTS: Final[Mapping[Verb, tuple[str, str]]] = {
    Verb.APPROVE: ("Approve", "Approved"),
    Verb.DENY: ("Deny", "Denied"),
}


class EntraFollower:
    """Follows requests that Entra decides, from the POST until they are decided."""

    def __init__(
        self,
        *,
        store: Store,
        graph: Graph,
        tokens: AccountTokens,
        sign_ins: SignInRule,
        read_terms: Callable[[Request], Awaitable[Request | None]],
    ) -> None:
        """
        Args:
            read_terms: Reads the terms of a request again, because Entra waits for a decision that they do not know.
        """
        self._read_terms = read_terms
        self._sign_ins = sign_ins
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
        reported = await self.read(request)
        if not await self.follow(request, reported):
            # It is decided there, and under way or at its end: that is seen to as with any other.
            there = await self._decided_there(request)
            await self._store.run(state_machine.go_on_in_entra, request, there)

    async def read(self, request: Request) -> AssignmentRequest:
        """
        Return what Entra says of a request.

        Raises:
            GraphError: It could not be read.
            NotClear: Entra does not show it.
        """
        try:
            return await self._graph.assignment_requests.get(request.graph_request_id or "")
        except NotFound:
            raise NotClear(N_("Microsoft Entra does not show the request any more.")) from None

    async def follow(self, request: Request, reported: AssignmentRequest) -> bool:
        """Do what Entra's word on the decision asks for; False where none is waited for, and none was against it."""
        if reported.is_denied:
            await self._denied(request, reported)
        elif reported.is_canceled:
            by = request.asked_by if request.cancel_wanted_at is not None else audit.LATCHKEY
            await self._store.run(state_machine.cancel, request, actor=by)
        elif reported.is_pending_approval:
            await self._waits(request)
        else:
            return False
        return True

    async def _denied(self, request: Request, reported: AssignmentRequest) -> None:
        # A request whose time is over is denied there, too.
        if same_word(reported.status, "Expired"):
            await self._store.run(state_machine.lapse, request)
            return
        there = await self._decided_there(request)
        reasons = [each.reason for each in there if each.verb is Verb.DENY and each.reason]
        await self._store.run(
            state_machine.deny,
            request,
            reasons[-1] if reasons else None,
            actor=audit.LATCHKEY,
            actor_entra_id=None,
            there=there,
        )

    async def _waits(self, request: Request) -> None:
        """Let it wait here as there, in the stage that waits there as far as anybody can see it."""
        stage = request.stage
        if request.state is State.PENDING and self._has_several_stages(request):
            stage = max(stage, len(decided_in_order(await self._stages(request))))
        changes = stage_changes(request, stage=stage)
        if "deciders" not in changes:
            # The policy had other stages when Entra took the request than when it was read here.
            known = await self._read_terms(replace(request, stage=stage))
            if known is None:
                return
            changes = stage_changes(known, stage=stage)
        if stage > request.stage:
            there = await self._decided_there(request)
            changes |= {"decided_there": request_rows.decided_there_row(there)} if there else {}
        if request.state is State.SUBMITTED or stage > request.stage:
            await self._store.run(
                state_machine.reach_stage, request, changes, actor=audit.LATCHKEY, fence=True
            )
            return
        known = await self._sign_ins.take_up(request)
        if known is None:
            return
        due_at = clock.real() + FOLLOW_EVERY
        await self._store.run(
            claims.release, known, due_at=due_at, attempts=known.attempts, failures=0
        )

    @staticmethod
    def _has_several_stages(request: Request) -> bool:
        return request.terms is not None and len(request.terms.stages) > 1

    async def _stages(self, request: Request) -> list[ApprovalDecision]:
        """
        Return the stages of its approval, by what one of those who decide, or have, may read; none if that is not known.

        Graph shows them to no app, and to whoever asked only with a right that asking does not need.
        """
        counted = await self._store.read(decisions.accepted_of, request)
        have = [each.slack_user for each in counted]
        people = list(dict.fromkeys((*request.deciders, *have, request.asked_by)))
        for account in await self._store.read(_connected, people):
            token = self._tokens.of(account.slack_user, scopes=APPROVER_SCOPES, looking=True)
            try:
                return await self._graph.approvals.stages(
                    request.graph_request_id or "", token=token
                )
            except GraphError as error:
                log.info("stages-not-read", request=request.id, error=type(error).__name__)
        return []

    async def _decided_there(self, request: Request) -> list[DecidedThere]:
        """Return what was decided in Entra by none of our buttons, as far as it can be read; what is not known is left out."""
        counted = await self._store.read(decisions.accepted_of, request)
        ours = {each.stage for each in counted}
        found = []
        for stage, each in enumerate(decided_in_order(await self._stages(request))):
            verb = _verb_of(each)
            if verb is None or stage in ours:
                continue
            by = each.reviewed_by or {}
            found.append(
                DecidedThere(
                    stage=stage,
                    verb=verb,
                    entra_id=_said(by, "id"),
                    name=_said(by, "displayName"),
                    at=each.reviewed_date_time,
                    reason=each.justification or None,
                )
            )
        return found


def _verb_of(stage: ApprovalDecision) -> Verb | None:
    for verb, words in RESULTS.items():
        if any(same_word(stage.review_result, each) for each in words):
            return verb
    return None


def _said(by: Mapping[str, Any], name: str) -> str | None:
    said = by.get(name)
    return said if isinstance(said, str) and said else None


def _connected(db: Transaction, people: Sequence[str]) -> list[ConnectedAccount]:
    """Return the accounts of those among *people* who have connected one with which they can approve."""
    found = [accounts.find(db, each) for each in people]
    return [each for each in found if each and set(APPROVER_SCOPES) <= set(each.scopes)]
