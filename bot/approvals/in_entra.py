"""
Decide a stage in Entra, in the approver's own name: where Entra decides, what Latchkey saved is only what they want.

Nothing is decided twice: before each PATCH the approval is read by the same person, and what they have decided there
already is taken for this decision.  And it is read whose request that is: nobody else's is decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bot.accounts.connecting import APPROVER_SCOPES
from bot.accounts.model import MustSignInAgain, NotConnected
from bot.accounts.tokens import AccountTokens
from bot.approvals.model import MUST_CONNECT, MUST_CONNECT_AGAIN, Decision
from bot.errors import NotClear
from bot.people.model import Verb
from bot.people.permissions import Actor
from bot.requests.in_entra.requestor import is_somebody_elses
from bot.requests.model import Request
from bot.words import N_
from graph import Graph
from graph.errors import Conflict, Forbidden, GraphError, NotFound, Rejected
from graph.models import ApprovalDecision, decided_in_order
from graph.sign_in.tokens import TokenSource
from graph.values import same_word

log = structlog.get_logger(__name__)

OTHER_STAGE: Final = N_(
    "Microsoft Entra shows another step of this request than I know. Please decide it at My Access."
)
OTHER_PERSON: Final = N_(
    "Microsoft Entra shows somebody else's request in place of this one, so nothing is sent there. Please look at My Access."
)
NOT_LET: Final = N_(
    "Microsoft Entra does not let you decide this request, or not any more. If you should decide it, please tell an admin."
)
DECIDED_THERE: Final = N_("That step is already decided in Microsoft Entra.")
NO_REASON: Final = N_("Decided in Slack.")
# So often Entra may say that somebody was faster, and not show who, before it is a refusal like any other.
MOST_CONFLICTS: Final = 10


@dataclass(frozen=True, kw_only=True)
class EntraAnswer:
    """
    Say what Entra has made of a decision.

    Attributes:
        why: Why it did not take it, a sentence; None: it is decided as they wanted.
        is_late: The stage is decided already.
        is_forbidden: It does not let them decide it, whatever the terms of the request say.
        stage: The stage that waits in Entra now, where that is known.
    """

    why: str | None = None
    is_late: bool = False
    is_forbidden: bool = False
    stage: int | None = None


TAKEN: Final = EntraAnswer()


class EntraApprovals:
    """Takes people's decisions to Entra."""

    def __init__(self, *, graph: Graph, tokens: AccountTokens) -> None:
        self._graph = graph
        self._tokens = tokens

    async def decide(self, decision: Decision, request: Request, actor: Actor) -> EntraAnswer:
        """
        Decide the stage that waits in Entra as somebody wants it; at most one PATCH.

        Raises:
            GraphError: It is not known what has become of it, or Graph cannot be reached; it can be tried again.
        """
        token = self._tokens.of(decision.slack_user, scopes=APPROVER_SCOPES)
        try:
            return await self._decide(decision, request, actor, token)
        except MustSignInAgain:
            return EntraAnswer(why=MUST_CONNECT_AGAIN)
        except NotConnected:
            return EntraAnswer(why=MUST_CONNECT)
        except (Conflict, Forbidden, NotFound, Rejected) as error:
            is_faster = isinstance(error, Conflict) and decision.attempts < MOST_CONFLICTS
            if error.may_have_happened or is_faster:
                # After a conflict the next try sees who was faster, mostly.
                raise
            if isinstance(error, Forbidden):
                # Graph's own words are for whoever runs this, and not for approvers.
                log.warning(
                    "approver-not-let",
                    decision=decision.id,
                    request=request.id,
                    code=error.code,
                    error=str(error),
                )
                return EntraAnswer(why=NOT_LET, is_forbidden=True)
            return EntraAnswer(why=N_("Microsoft Entra refused it: {error}").format(error=error))

    async def is_theirs(self, decision: Decision, request: Request, actor: Actor) -> bool:
        """
        Tell whether Entra has this very decision of theirs already, made here a moment ago or in the portal.

        Raises:
            GraphError: It could not be read.
        """
        token = self._tokens.of(decision.slack_user, scopes=APPROVER_SCOPES)
        try:
            stages = await self._graph.approvals.stages(request.graph_request_id or "", token=token)
        except (NotConnected, Forbidden, NotFound, Rejected):
            return False
        decided = decided_in_order(stages)
        if len(decided) <= decision.stage:
            return False
        there = decided[decision.stage]
        return _is_by(there, actor) and _is_as(there, decision.verb)

    async def _decide(
        self, decision: Decision, request: Request, actor: Actor, token: TokenSource
    ) -> EntraAnswer:
        request_id = request.graph_request_id or ""
        stages = await self._graph.approvals.stages(request_id, token=token)
        decided = decided_in_order(stages)
        if len(decided) < request.stage:
            # A stage that is decided already is decided by nobody once more, because Graph does not show that yet.
            if decision.attempts < MOST_CONFLICTS:
                raise NotClear(OTHER_STAGE)
            return EntraAnswer(why=OTHER_STAGE)
        if len(decided) > request.stage:
            # Ours from before, or made by the same person in the portal: it is their decision in any case.
            there = decided[request.stage]
            if _is_by(there, actor) and _is_as(there, decision.verb):
                return TAKEN
            return EntraAnswer(why=DECIDED_THERE, is_late=True, stage=len(decided))
        waiting = _waiting(stages)
        if waiting is None:
            return EntraAnswer(why=DECIDED_THERE, is_late=True)
        if is_somebody_elses(await self._graph.assignment_requests.get(request_id), request):
            return EntraAnswer(why=OTHER_PERSON)
        try:
            await self._graph.approvals.decide(
                request_id=request_id,
                stage_id=waiting.id,
                is_approved=decision.verb is Verb.APPROVE,
                justification=decision.reason or NO_REASON,
                token=token,
            )
        except GraphError as error:
            # After a conflict, too: somebody was faster, and the next try sees who.
            log.info("not-decided-in-entra", decision=decision.id, code=error.code)
            raise
        return TAKEN


def _waiting(stages: Sequence[ApprovalDecision]) -> ApprovalDecision | None:
    """Return the stage that waits for a decision; Graph promises no order, and one waits at a time."""
    return next((each for each in stages if each.is_open), None)


def _is_by(stage: ApprovalDecision, actor: Actor) -> bool:
    said = (stage.reviewed_by or {}).get("id")
    return (
        isinstance(said, str)
        and actor.entra_id is not None
        and said.casefold() == actor.entra_id.casefold()
    )


def _is_as(stage: ApprovalDecision, verb: Verb) -> bool:
    wanted = ("Approve", "Approved") if verb is Verb.APPROVE else ("Deny", "Denied")
    return any(same_word(stage.review_result, each) for each in wanted)
