"""
Process the clicks on Approve and Deny: may this person decide, and were they in time?

A stage is approved once as many different people have approved it as its quorum says; an approver and their delegate
are one of them.  One denial denies.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.approvals.accepting import (
    accept_approval,
    accept_denial,
    accept_from_entra,
    accept_one_of_several,
)
from bot.approvals.ends import find_wrong_end, shortened
from bot.approvals.in_entra import EntraApprovals
from bot.approvals.in_time import find_decided_stage, why_late
from bot.approvals.model import (
    MUST_CONNECT,
    MUST_CONNECT_AGAIN,
    ApproverQuestion,
    Decision,
    Outcome,
    WrongEndKind,
    approvals_of,
    decided_before,
    voices_of,
)
from bot.approvals.store import decisions, recipients
from bot.assignments.store import assignments
from bot.database import Busy, Store, flags
from bot.database.audit_log import audit
from bot.errors import LatchkeyError
from bot.messages.approvals import saved
from bot.packages.model import Stage, Terms
from bot.people.actors import Permissions
from bot.people.model import Verb
from bot.people.permissions import LASTING, Actor, may
from bot.people.store import people
from bot.requests import state_machine
from bot.requests.evaluation.sign_ins import SignInRule
from bot.requests.evaluation.stages import stage_changes
from bot.requests.model import Request
from bot.requests.store import requests
from bot.slack.errors import SlackError
from bot.timing import EARLY_SECONDS
from bot.words import N_
from graph.errors import GraphError

log = structlog.get_logger(__name__)

# Each try is lost to somebody else's decision, and a stage takes no more of them than its quorum.
MOST_TRIES: Final = 50
# Somebody who was refused a moment ago, and presses again, is refused again without another look, if that cannot have changed.
REFUSED_FOR: Final = timedelta(minutes=1)
NEEDS_SIGN_IN: Final = N_(
    "This approval takes a fresh sign-in to Microsoft as yourself. Please press Approve again, and sign in."
)
NEEDS_STRONGER_SIGN_IN: Final = N_(
    "By now this approval takes a stronger sign-in to Microsoft than yours was. Please press Approve again, and sign in."
)
NEEDS_REASON: Final = N_(
    "A reason is needed for that decision. Please press the button again and say why."
)
MAY_NOT_ANY_MORE: Final = N_(
    "Nothing is approved, because whoever asked may not have this any more. They would be told: {why}"
)
# A click that is not whole: nothing is said of who has clicked.
INCOMPLETE: Final = frozenset(
    {NEEDS_REASON, NEEDS_SIGN_IN, NEEDS_STRONGER_SIGN_IN, MUST_CONNECT, MUST_CONNECT_AGAIN}
)
END_IS_OVER: Final = N_(
    "The end that you set is too early by now, so nothing is approved. Please press the "
    "button again."
)


class Contended(Exception):
    """Others decided at the same moment, again and again; the click is processed later."""


class GrantingPaused(LatchkeyError):
    """Granting is paused, and what Entra decides is granted by the approval itself; the click is processed when it goes on."""


class DecisionProcessor:
    """Processes one click at a time; once a stage is decided, whoever comes later is told."""

    def __init__(
        self,
        *,
        store: Store,
        permissions: Permissions,
        home_team: str | None,
        in_entra: EntraApprovals,
        sign_ins: SignInRule,
        find_refusal: Callable[[Request], Awaitable[str | None]],
        read_terms: Callable[[Request], Awaitable[Terms | None]],
    ) -> None:
        """
        Args:
            find_refusal: Gives why whoever asks may not have what waits in Entra any more; None if they may.
            read_terms: Reads the terms by now of what waits in Entra; None if they know no such decision.
        """
        self._read_terms = read_terms
        self._find_refusal = find_refusal
        self._store = store
        self._in_entra = in_entra
        self._sign_ins = sign_ins
        self._permissions = permissions
        self._home_team = home_team

    async def process(self, decision: Decision) -> None:
        """
        Process a click on Approve or Deny, and carry it out if it counts.

        Raises:
            SlackError, GraphError, Contended: It cannot be judged now; it stays unprocessed.
            GrantingPaused: It is to be decided in Entra, which would grant it; it stays unprocessed.
        """
        for _ in range(MOST_TRIES):
            if await self._try(decision):
                return
            if await self._store.read(decisions.is_settled, decision):
                # Another replica has judged this very click meanwhile.
                return
        raise Contended

    async def _try(self, decision: Decision) -> bool:
        """Process a click by what is known now; False if somebody has changed that meanwhile."""
        request = await self._store.read(requests.get, decision.request_id)
        stage = find_decided_stage(decision, request)
        if stage is None:
            if not await self._has_counted_in_entra(decision, request):
                await self._too_late(decision, request)
            return True
        if await self._is_refused_again(decision):
            return True
        if request.entra_decides and await self._sign_ins.take_up(request) != request:
            return False
        counted = await self._store.read(decisions.accepted_of, request)
        actor = await self._actor(decision, request, counted)
        why = may(actor, decision.verb, holder=request.holder, holder_entra_id=request.entra_id)
        needs_reason = decision.verb is Verb.DENY or stage.reason_required
        if why is None and needs_reason and not decision.reason:
            why = NEEDS_REASON
        if why is None and not _is_proven(decision, stage, actor):
            # Signed in they may have, before the package settings asked for more.
            why = NEEDS_SIGN_IN if decision.proof is None else NEEDS_STRONGER_SIGN_IN
        if why is None and decision.ends_at is not None:
            why = await self._find_wrong_end(decision.ends_at, request)
        if why is not None:
            await self._refuse(decision, request, actor, why)
            return True
        if request.entra_decides:
            await self._check_not_paused(decision)
            if decision.verb is Verb.APPROVE and (gone := await self._find_refusal(request)):
                # Where Latchkey decides this is seen just before the grant; here the approval is the grant.
                await self._refuse(decision, request, actor, MAY_NOT_ANY_MORE.format(why=gone))
                return True
            if not await self._is_decided_in_entra(decision, request, actor):
                return True
        acts_for = actor.acts_for
        approvals = len(approvals_of(counted, request.stage))
        decided = replace(
            decision,
            entra_id=actor.entra_id,
            name=actor.name,
            as_admin=actor.decides_as_admin,
            for_user=acts_for.slack_user if acts_for else None,
            for_entra_id=acts_for.entra_id if acts_for else None,
            for_name=acts_for.entra_name if acts_for else None,
            place=approvals + 1,
        )
        if decision.verb is Verb.DENY:
            won = await self._store.run(accept_denial, decided, request)
        elif decided.place < stage.quorum:
            counts = replace(shortened(request, decision.ends_at), approvals=decided.place)
            won = await self._store.run(accept_one_of_several, decided, request, counts)
        else:
            approved = shortened(request, decision.ends_at)
            changes = stage_changes(approved, stage=request.stage + 1)
            won = await self._store.run(accept_approval, decided, request, changes)
        return won

    async def _has_counted_in_entra(self, decision: Decision, request: Request) -> bool:
        """
        Tell whether a click that comes too late here is what was decided in Entra; then it is noted as that.

        Between Entra's answer and our row, or after a crash there, somebody may have seen that Entra has gone on.
        """
        is_of_this = decision.round == request.round and request.graph_request_id is not None
        stages = request.terms.stages if request.terms else ()
        if not request.entra_decides or not is_of_this or decision.stage >= len(stages):
            return False
        counted = await self._store.read(decisions.accepted_of, request)
        actor = await self._actor(decision, request, counted)
        if not _is_proven(decision, stages[decision.stage], actor):
            # What they have approved in the portal proves no click here.
            return False
        if not await self._in_entra.is_theirs(decision, request, actor):
            return False
        noted = replace(decision, entra_id=actor.entra_id, name=actor.name)
        return await self._store.run(accept_from_entra, noted, request)

    async def _check_not_paused(self, decision: Decision) -> None:
        """
        Insist that what is approved may be granted now.

        Raises:
            GrantingPaused: It may not; a denial grants nothing.
        """
        is_paused = await self._store.read(flags.pause_reason) is not None
        if is_paused and decision.verb is Verb.APPROVE:
            raise GrantingPaused(saved.SAVED_WHILE_PAUSED)

    async def _is_decided_in_entra(
        self, decision: Decision, request: Request, actor: Actor
    ) -> bool:
        """Tell whether Entra has taken it as their decision; otherwise it is settled."""
        answer = await self._in_entra.decide(decision, request, actor)
        if answer.why is None:
            return True
        if not answer.is_late:
            await self._refuse(decision, request, actor, answer.why)
            if answer.is_forbidden:
                await self._renew_terms(request)
            return False
        await self._settle(
            decision, Outcome.LATE, why=answer.why, entra_id=actor.entra_id, name=actor.name
        )
        if answer.stage is not None and answer.stage < len(
            request.terms.stages if request.terms else ()
        ):
            # Somebody has approved it in the portal: whoever decides next has a card here, too.
            changes = stage_changes(request, stage=answer.stage)
            await self._store.run(state_machine.reach_stage, request, changes, actor=audit.LATCHKEY)
        else:
            await self._store.run(requests.look_at_entra, request)
        return False

    async def _renew_terms(self, request: Request) -> None:
        """Take up what the policy says by now of what waits in Entra, which lets somebody not decide it whom we have asked."""
        try:
            by_now = await self._read_terms(request)
        except (GraphError, SlackError) as error:
            log.info("terms-not-read", request=request.id, error=type(error).__name__)
            return
        if by_now is not None and by_now != request.terms:
            await self._store.run(state_machine.renew_terms, request, by_now)

    async def _find_wrong_end(self, end: datetime, request: Request) -> str | None:
        """Return why the end that they set cannot be granted any more."""
        current = None
        if request.assignment_id is not None:
            held = await self._store.read(assignments.find, request.assignment_id)
            current = held.ends_at if held else None
        wrong = find_wrong_end(request, end=end, current_end=current, now=clock.now())
        if wrong is None or wrong.why is WrongEndKind.TOO_LATE:
            # Somebody else has set an earlier one meanwhile, which counts.
            return None
        return END_IS_OVER

    async def refuse_early(self, decision: Decision) -> bool:
        """
        Tell whether somebody who has yet to give a reason may not decide anyway; then it is settled.

        What cannot be read in time is left for when the reason comes.
        """
        try:
            async with asyncio.timeout(EARLY_SECONDS):
                return await self._refused(decision)
        except (Busy, GraphError, SlackError, TimeoutError):
            return False

    async def _refused(self, decision: Decision) -> bool:
        request = await self._store.read(requests.get, decision.request_id)
        if find_decided_stage(decision, request) is None:
            return False
        if await self._is_refused_again(decision):
            return True
        counted = await self._store.read(decisions.accepted_of, request)
        actor = await self._actor(decision, request, counted)
        why = may(actor, decision.verb, holder=request.holder, holder_entra_id=request.entra_id)
        if why is not None:
            await self._refuse(decision, request, actor, why)
        return why is not None

    async def check_question(
        self, question: ApproverQuestion
    ) -> tuple[Request, Actor | None, str | None]:
        """
        Return what a question is about, who asks, and why they may not; nobody, if nothing waits for a decision there.

        Raises:
            SlackError, GraphError: It cannot be judged now.
        """
        request = await self._store.read(requests.get, question.request_id)
        if find_decided_stage(question, request) is None:
            return request, None, None
        counted = await self._store.read(decisions.accepted_of, request)
        actor = await self._actor(question, request, counted)
        why = may(actor, Verb.ASK_QUESTION, holder=request.holder, holder_entra_id=request.entra_id)
        return request, actor, why

    async def _is_refused_again(self, decision: Decision) -> bool:
        """Settle the click of somebody who was refused the same within the last minute, for what has not changed since."""
        since = decision.at - REFUSED_FOR
        before = await self._store.read(decisions.refused_lately, decision, since=since)
        if before is None or before.why not in LASTING:
            # They may have connected an account since, be an approver by now, or the delegate of one who has signed in for it.
            return False
        known = {"why": before.why, "entra_id": before.entra_id, "name": before.name}
        await self._settle(decision, Outcome.REFUSED, **known)
        return True

    async def _refuse(self, decision: Decision, request: Request, actor: Actor, why: str) -> None:
        await self._settle(
            decision, Outcome.REFUSED, why=why, entra_id=actor.entra_id, name=actor.name
        )
        if decision.slack_user in request.deciders and why not in INCOMPLETE:
            # They were asked, and may not decide any more: look again whom to ask.
            await self._store.run(recipients.look_again, request)

    async def _actor(
        self,
        decision: Decision | ApproverQuestion,
        request: Request,
        counted: Sequence[Decision],
    ) -> Actor:
        """Return who clicked, with the rights of the moment of the click."""
        is_due = request.escalates_at is not None and decision.at >= request.escalates_at
        then = replace(request, escalated=request.escalated or is_due)
        return await self._permissions.actor(
            decision.slack_user,
            team=decision.team,
            home_team=self._home_team,
            request=then,
            decided=decided_before(counted, request.stage),
            approved=voices_of(counted, request.stage),
            at=decision.at,
        )

    async def _settle(self, decision: Decision, outcome: Outcome, **facts: Any) -> None:
        await self._store.run(decisions.settle, decision, outcome, **facts)

    async def _too_late(self, decision: Decision, request: Request) -> None:
        counted = await self._store.read(decisions.accepted_of, request)
        known = await self._store.read(people.find, decision.slack_user)
        why = why_late(decision, request, counted, entra_id=known.entra_id if known else None)
        await self._settle(decision, Outcome.LATE, why=why)


def _is_proven(decision: Decision, stage: Stage, actor: Actor) -> bool:
    """Tell whether an approval has the sign-in that its stage takes: of this very person, for this click."""
    if decision.verb is not Verb.APPROVE or not stage.fresh_sign_in:
        return True
    return (
        decision.is_proven_for(stage)
        and decision.proven_as is not None
        and actor.entra_id is not None
        and decision.proven_as.casefold() == actor.entra_id.casefold()
    )
