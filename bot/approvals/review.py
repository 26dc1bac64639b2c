"""Read the whole card of a request, and all its answers, for whoever is asked to decide it and for admins."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot import clock
from bot.approvals.model import ApproverQuestion, Decision, has_voice
from bot.approvals.processing import DecisionProcessor
from bot.approvals.store import approver_questions, deciders, decisions, readers
from bot.database import Busy, Store, Transaction
from bot.errors import NotAllowed, TooLate
from bot.messages.approvals import approving_several
from bot.messages.approvals.answers import all_answers
from bot.messages.approvals.review import review
from bot.people.guard import Guard
from bot.people.model import NamedAs
from bot.people.store import people
from bot.requests.model import Request, State
from bot.requests.store import requests
from bot.slack.errors import SlackError
from bot.timing import EARLY_SECONDS, a_few_at_once
from bot.words import N_
from graph.errors import GraphError

NOT_FOR_THEM: Final = N_("Only those who decide about that request see its card.")
ANSWERS_NOT_FOR_THEM: Final = N_("Only those who decide about that request see its answers.")
NOT_KNOWN_NOW: Final = N_(
    "I can't check with Slack and Entra right now whether you may decide that request. Please try again in a minute."
)


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """
    A request whose card somebody wants to read, as far as it is known here.

    Attributes:
        decided: The decisions that count so far.
        questions: What those who decide have asked.
        named_as: Why the reader is asked, if that is known.
        may_decide: The reader is offered to decide; None: only Slack and Entra can tell.
        is_for_deciders: The reader sees it only if they may decide it, which is not known before.
        namesakes: Entra ids of those known here who have the name of whose request it is; for where several are listed.
    """

    request: Request
    reader: str
    decided: Sequence[Decision]
    questions: Sequence[ApproverQuestion]
    named_as: NamedAs | None
    may_decide: bool | None
    is_for_deciders: bool
    namesakes: frozenset[str] = frozenset()


class ReviewCards:
    """Draws a request's card in a modal, as it is at that moment."""

    def __init__(self, *, store: Store, guard: Guard, processor: DecisionProcessor) -> None:
        self._store = store
        self._guard = guard
        self._processor = processor

    async def find(self, *, slack_user: str, request_id: str) -> Reviewed:
        """
        Return what is known of a request for whoever wants to read its card; nothing remote.

        Raises:
            NotAllowed: They are neither asked about it, nor have they asked a question, nor are they an admin or whoever wants it.
            TooLate: There is no such request.
        """
        found = await self._store.read(_with_decisions, request_id, slack_user)
        if found is None:
            raise TooLate(N_("I do not know that request any more."))
        request, decided, questions, named_as = found
        may_decide = self._may_decide(request, slack_user, decided, questions)
        is_own = slack_user in {request.holder, request.asked_by}
        is_asked = slack_user in request.deciders
        may_see = is_own or is_asked or self._guard.is_admin(slack_user)
        is_waiting = request.state is State.PENDING
        if not may_see and (may_decide is False or not is_waiting):
            raise NotAllowed(NOT_FOR_THEM)
        return Reviewed(
            request=request,
            reader=slack_user,
            decided=decided,
            questions=questions,
            named_as=named_as,
            # Of their own the card says itself that somebody else decides it.
            may_decide=True if is_own or not is_waiting else may_decide,
            is_for_deciders=not may_see,
        )

    async def drawn(self, found: Reviewed, *, team: str | None) -> dict[str, Any]:
        """
        Draw the card of a request, with its buttons for whoever may press them, or might.

        Reads Slack and Entra where only they can tell: for after the answer to Slack, never before it.

        Args:
            team: The reader's own workspace, as Slack says.

        Raises:
            NotAllowed: It is for those who may decide it, and they may not, or that cannot be told in time.
        """
        may_decide = found.may_decide
        if may_decide is None:
            may_decide = await self._may_decide_now(found.request, found.reader, team)
        if found.is_for_deciders and not may_decide:
            raise NotAllowed(NOT_KNOWN_NOW if may_decide is None else NOT_FOR_THEM)
        return review(
            found.request,
            found.decided,
            questions=found.questions,
            reader=found.reader,
            named_as=found.named_as,
            # Where it cannot be told in time, a click is judged.
            may_decide=may_decide is not False,
        )

    def _may_decide(
        self,
        request: Request,
        slack_user: str,
        decided: Sequence[Decision],
        questions: Sequence[ApproverQuestion],
    ) -> bool | None:
        """
        Tell whether somebody is offered to decide, by what is known here; None: only Slack and Entra can tell.

        Whoever has approved it already may still deny.
        """
        if slack_user in {request.holder, request.asked_by}:
            return False
        if request.is_past_deadline(clock.now()):
            # Whoever was asked, or may see all, reads that it is over; nobody is offered it.
            return False
        if slack_user in request.deciders or has_voice(decided, request.stage, slack_user):
            return True
        is_admin = self._guard.is_admin(slack_user)
        if is_admin and self._guard.may_admins_always_decide(request):
            return True
        # An admin may be one of many approvers; whoever asked about this stage was told then that they may decide it.
        has_asked = any(
            each.slack_user == slack_user and each.ask_id == request.ask_id for each in questions
        )
        return None if is_admin or has_asked else False

    async def _may_decide_now(
        self, request: Request, slack_user: str, team: str | None, *, until: float | None = None
    ) -> bool | None:
        """
        Tell whether somebody may decide what waits, read in Slack and Entra; None if that cannot be read in time.

        Args:
            until: When to give up, by the loop's clock.
        """
        loop = asyncio.get_running_loop()
        asks = ApproverQuestion(
            id="",
            request_id=request.id,
            round=request.round,
            stage=request.stage,
            slack_user=slack_user,
            team=team,
            at=clock.now(),
            question="",
        )
        try:
            async with asyncio.timeout_at(until or loop.time() + EARLY_SECONDS):
                _, actor, why = await self._processor.check_question(asks)
        except (Busy, GraphError, SlackError, TimeoutError):
            return None
        return actor is not None and why is None

    async def answers(
        self, *, slack_user: str, request_id: str, team: str | None
    ) -> dict[str, Any]:
        """
        Draw all that a request answers, for whoever has its card or may decide it, for admins, and for whoever wants it.

        Reads Slack and Entra where only they can tell: for after the answer to Slack, never before it.

        Args:
            team: The reader's own workspace, as Slack says.

        Raises:
            NotAllowed: They are none of these, or that cannot be told in time.
            TooLate: There is no such request.
        """
        request, is_known = await self._store.read(_with_reader, request_id, slack_user)
        if request is None:
            raise TooLate(N_("I do not know that request any more."))
        if not is_known and not self._guard.is_admin(slack_user):
            # A channel's card is read by whoever may decide it, too.
            may_decide = await self._may_decide_now(request, slack_user, team)
            if not may_decide:
                raise NotAllowed(NOT_KNOWN_NOW if may_decide is None else ANSWERS_NOT_FOR_THEM)
        return all_answers(request)

    async def find_several(self, *, slack_user: str, ask_ids: Sequence[str]) -> list[Reviewed]:
        """
        Return of several requests what waits and may be seen, for the form that approves them at once; nothing remote.

        Raises:
            TooLate: Nothing of it waits any more.
        """
        found = await self._store.read(
            _current, ask_ids[: approving_several.MOST_CHOICES], slack_user
        )
        seen = []
        for request in found.requests:
            decided, questions = found.decided[request.id], found.questions[request.id]
            may_decide = self._may_decide(request, slack_user, decided, questions)
            if may_decide is not False:
                seen.append(
                    Reviewed(
                        request=request,
                        reader=slack_user,
                        decided=decided,
                        questions=questions,
                        named_as=None,
                        may_decide=may_decide,
                        is_for_deciders=may_decide is None and not self._guard.is_admin(slack_user),
                        namesakes=found.namesakes[request.id],
                    )
                )
        if not seen:
            raise TooLate(approving_several.NOTHING_LEFT)
        return seen

    async def several(self, found: Sequence[Reviewed], *, team: str | None) -> dict[str, Any]:
        """
        Draw the form that approves several requests at once: of these, what its reader may decide, or might.

        Reads Slack and Entra where only they can tell: for after the answer to Slack, never before it.

        Args:
            team: The reader's own workspace, as Slack says.

        Raises:
            TooLate: They may decide nothing of it.
        """
        until = asyncio.get_running_loop().time() + EARLY_SECONDS

        async def is_shown(each: Reviewed) -> bool:
            may_decide = each.may_decide
            if may_decide is None:
                may_decide = await self._may_decide_now(
                    each.request, each.reader, team, until=until
                )
            return may_decide is True or (may_decide is None and not each.is_for_deciders)

        are_shown = await a_few_at_once(is_shown, found)
        shown = [each for each, is_one in zip(found, are_shown, strict=True) if is_one]
        if not shown:
            raise TooLate(approving_several.NOTHING_LEFT)
        return approving_several.form(
            [each.request for each in shown],
            decided={each.request.id: each.decided for each in shown},
            questions={each.request.id: each.questions for each in shown},
            namesakes={each.request.id: each.namesakes for each in shown},
        )


@dataclass(frozen=True, kw_only=True)
class _Current:
    """
    Several requests that wait for a decision.

    Attributes:
        decided: The decisions that count so far, by the request's id.
        questions: What those who decide have asked, by the request's id.
        namesakes: Entra ids of those who have the name of whose request it is, by the request's id.
    """

    requests: Sequence[Request]
    decided: Mapping[str, Sequence[Decision]]
    questions: Mapping[str, Sequence[ApproverQuestion]]
    namesakes: Mapping[str, frozenset[str]]


def _current(db: Transaction, ask_ids: Sequence[str], slack_user: str) -> _Current:
    """Return the requests that wait in the round and stage that these ids name, and that somebody has not approved."""
    found = [requests.find(db, ask_id[:-4]) for ask_id in ask_ids]
    waiting = [
        request
        for request in found
        if request is not None
        and request.state is State.PENDING
        and request.current_stage is not None
        and not request.current_stage.fresh_sign_in
        and request.ask_id in ask_ids
        and decisions.may_be_asked(db, request, slack_user)
    ]
    return _Current(
        requests=waiting,
        decided=decisions.accepted_of_each(db, waiting),
        questions={each.id: approver_questions.accepted_of(db, each.id) for each in waiting},
        namesakes={each.id: _namesakes(db, each.holder_name) for each in waiting},
    )


def _namesakes(db: Transaction, name: str | None) -> frozenset[str]:
    return (
        frozenset(each.entra_id for each in people.find_by_name(db, name)) if name else frozenset()
    )


def _with_reader(db: Transaction, request_id: str, slack_user: str) -> tuple[Request | None, bool]:
    """Return a request, and whether its card is somebody's to read by what is known here."""
    request = requests.find(db, request_id)
    if request is None:
        return None, False
    may_see = {request.holder, request.asked_by, *request.deciders}
    is_known = slack_user in may_see or readers.has_seen_card(db, request_id, slack_user)
    return request, is_known


def _with_decisions(
    db: Transaction, request_id: str, slack_user: str
) -> tuple[Request, list[Decision], list[ApproverQuestion], NamedAs | None] | None:
    request = requests.find(db, request_id)
    if request is None:
        return None
    named_as = deciders.why_asked(db, request, slack_user)
    questions = approver_questions.accepted_of(db, request.id)
    return request, decisions.accepted_of(db, request), questions, named_as
