"""Judges the clicks on Approve, Deny and Give up: may this person decide, and were they first?"""

import asyncio
from dataclasses import replace
from typing import Any, Final

from bot import outcomes
from bot.authority import Actor, Authority, may
from bot.messages.parts import moment
from bot.models import DONE, Decision, Outcome, Request, Stage, State, Verb
from bot.review import Review
from bot.slack import SlackError
from bot.store import Busy, Store, Transaction, decisions, requests
from graph.errors import GraphError

# Of the 3 s in which Slack opens a form.
EARLY_SECONDS: Final = 1.2
# Ends that no click has brought about.
OVERTAKEN: Final = {
    State.CANCELED: "Whoever asked has withdrawn that request; there is nothing left to decide.",
    State.LAPSED: "That request has lapsed, because nobody decided in time; it can be made again.",
}


class Verdicts:
    """Weighs one click at a time; the first that counts decides, and the others are told."""

    def __init__(
        self, *, store: Store, authority: Authority, review: Review, home_team: str | None
    ) -> None:
        self._store = store
        self._authority = authority
        self._review = review
        self._home_team = home_team

    async def weigh(self, decision: Decision) -> None:
        """
        Judge a click on Approve or Deny, and carry it out if it counts.

        Raises:
            SlackError, GraphError: What is needed to judge it cannot be read now; it stays unweighed.
        """
        request = await self._store.read(requests.existing, decision.request_id)
        stage = _decided_stage(decision, request)
        if stage is None:
            await self._too_late(decision, request)
            return
        actor = await self._actor(decision, request)
        why = may(actor, decision.verb, holder=request.holder, holder_entra_id=request.entra_id)
        needs_reason = decision.verb is Verb.DENY or stage.reason_required
        if why is None and needs_reason and not decision.reason:
            why = "A reason is needed for that decision. Please press the button again and say why."
        if why is not None:
            await self._settle(
                decision, Outcome.REFUSED, why=why, entra_id=actor.entra_id, name=actor.name
            )
            return
        judged = replace(decision, entra_id=actor.entra_id, name=actor.name)
        if decision.verb is Verb.DENY:
            won = await self._store.run(_deny, judged, request)
        else:
            changes = await self._review.stage_changes(request, stage=request.stage + 1)
            won = await self._store.run(_approve, judged, request, changes)
        if not won:
            await self._too_late(
                decision, await self._store.read(requests.existing, decision.request_id)
            )

    async def refuse_early(self, decision: Decision) -> bool:
        """
        Whether somebody who has yet to give a reason may not decide anyway; then it is settled.

        What cannot be read in time is left for when the reason comes.
        """
        try:
            async with asyncio.timeout(EARLY_SECONDS):
                return await self._refused(decision)
        except (Busy, GraphError, SlackError, TimeoutError):
            return False

    async def _refused(self, decision: Decision) -> bool:
        request = await self._store.read(requests.existing, decision.request_id)
        if _decided_stage(decision, request) is None:
            return False
        actor = await self._actor(decision, request)
        why = may(actor, decision.verb, holder=request.holder, holder_entra_id=request.entra_id)
        if why is not None:
            await self._settle(
                decision, Outcome.REFUSED, why=why, entra_id=actor.entra_id, name=actor.name
            )
        return why is not None

    async def may_be_given_up(self, request: Request) -> Actor | None:
        """
        The admin who gives up a request, if they still may by what Slack and Entra say now.

        Raises:
            SlackError, GraphError: It could not be read; nothing is given up.
        """
        if request.give_up_by is None:
            return None
        actor = await self._authority.actor(request.give_up_by)
        why = may(actor, Verb.GIVE_UP, holder=request.holder, holder_entra_id=request.entra_id)
        if why is None:
            return actor
        await self._store.run(outcomes.not_given_up, request, actor.entra_id, why)
        return None

    async def _actor(self, decision: Decision, request: Request) -> Actor:
        return await self._authority.actor(
            decision.slack_user, team=decision.team, home_team=self._home_team, request=request
        )

    async def _settle(self, decision: Decision, outcome: Outcome, **facts: Any) -> None:
        await self._store.run(decisions.settle, decision, outcome, **facts)

    async def _too_late(self, decision: Decision, request: Request) -> None:
        counted = await self._store.read(decisions.accepted_of, request)
        by = next((each for each in reversed(counted) if each.stage >= decision.stage), None)
        if by is not None:
            why = f"That was already {DONE[by.verb]} by {by.name or 'somebody else'}, {moment(by.at)}."
        elif request.state is State.PENDING:
            why = "What is asked for has changed since that card was drawn. Please look at the new one."
        else:
            why = OVERTAKEN.get(
                request.state,
                f"That request is already {request.state}; there is nothing left to decide.",
            )
        await self._settle(decision, Outcome.LATE, why=why)


def _deny(db: Transaction, decision: Decision, request: Request) -> bool:
    return _decide(db, decision, request, State.DENIED, why=decision.reason)


def _approve(
    db: Transaction, decision: Decision, request: Request, changes: dict[str, Any]
) -> bool:
    to = State.PENDING if "deciders" in changes else State.APPROVED
    return _decide(db, decision, request, to, why=None, **changes)


def _decide(
    db: Transaction,
    decision: Decision,
    request: Request,
    to: State,
    *,
    why: str | None,
    **changes: Any,
) -> bool:
    """The decision and the move it causes, together or not at all."""
    with db.begin_nested() as both:
        moved = requests.move(
            db,
            request,
            to,
            actor=decision.slack_user,
            actor_entra_id=decision.entra_id,
            why=why,
            **changes,
        )
        won = moved is not None and decisions.settle(
            db, decision, Outcome.ACCEPTED, entra_id=decision.entra_id, name=decision.name
        )
        if not won:
            both.rollback()
    return won


def _decided_stage(decision: Decision, request: Request) -> Stage | None:
    """The stage that the click decides; None if it is not what waits for a decision now."""
    is_current = (
        request.state is State.PENDING
        and decision.round == request.round
        and decision.stage == request.stage
    )
    return request.current_stage if is_current else None
