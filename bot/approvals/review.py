"""Read the whole card of a request, for whoever is asked to decide it and for admins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.approvals.model import ApproverQuestion, Decision, has_voice
from bot.approvals.store import approver_questions, deciders, decisions
from bot.database import Store, Transaction
from bot.errors import NotAllowed, TooLate
from bot.messages.approvals import approving_several
from bot.messages.approvals.review import review
from bot.people.guard import Guard
from bot.people.model import NamedAs
from bot.requests.model import Request, State
from bot.requests.store import requests
from bot.words import N_


class ReviewCards:
    """Draws a request's card in a modal, as it is at that moment."""

    def __init__(self, *, store: Store, guard: Guard) -> None:
        self._store = store
        self._guard = guard

    async def drawn(self, *, slack_user: str, request_id: str) -> dict[str, Any]:
        """
        Draw the card of a request, with its buttons for whoever may press them.

        Raises:
            NotAllowed: They are neither asked about it, nor have they asked a question, nor are they an admin or whoever wants it.
            TooLate: There is no such request.
        """
        found = await self._store.read(_with_decisions, request_id, slack_user)
        if found is None:
            raise TooLate(N_("I do not know that request any more."))
        request, decided, questions, named_as = found
        # Whoever has asked about this stage was told then that they may decide it, with a card of their own or without.
        asked_about = {each.slack_user for each in questions if each.ask_id == request.ask_id}
        may_see = {request.holder, request.asked_by, *request.deciders, *asked_about}
        if slack_user not in may_see and not self._guard.is_admin(slack_user):
            raise NotAllowed(N_("Only those who decide about that request see its card."))
        return review(
            request,
            decided,
            questions=questions,
            reader=slack_user,
            named_as=named_as,
            may_decide=slack_user in asked_about or self._may_decide(request, slack_user, decided),
        )

    def _may_decide(
        self, request: Request, slack_user: str, decided: Sequence[Decision] = ()
    ) -> bool:
        """Tell whether somebody is offered to decide; whoever has approved it already may still deny."""
        return (
            slack_user in request.deciders
            or has_voice(decided, request.stage, slack_user)
            or (self._guard.is_admin(slack_user) and self._guard.may_admins_decide(request))
        )

    async def several(self, *, slack_user: str, ask_ids: Sequence[str]) -> dict[str, Any]:
        """
        Draw the form that approves several requests at once: of these, what waits and may be seen.

        Raises:
            TooLate: Nothing of it waits any more.
        """
        found = await self._store.read(
            _current, ask_ids[: approving_several.MOST_CHOICES], slack_user
        )
        seen = [
            request
            for request in found.requests
            if self._may_decide(request, slack_user)
            and slack_user not in {request.holder, request.asked_by}
        ]
        if not seen:
            raise TooLate(approving_several.NOTHING_LEFT)
        return approving_several.form(seen, decided=found.decided, questions=found.questions)


@dataclass(frozen=True, kw_only=True)
class _Current:
    """
    Several requests that wait for a decision.

    Attributes:
        decided: The decisions that count so far, by the request's id.
        questions: What those who decide have asked, by the request's id.
    """

    requests: Sequence[Request]
    decided: Mapping[str, Sequence[Decision]]
    questions: Mapping[str, Sequence[ApproverQuestion]]


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
    )


def _with_decisions(
    db: Transaction, request_id: str, slack_user: str
) -> tuple[Request, list[Decision], list[ApproverQuestion], NamedAs | None] | None:
    request = requests.find(db, request_id)
    if request is None:
        return None
    named_as = deciders.why_asked(db, request, slack_user)
    questions = approver_questions.accepted_of(db, request.id)
    return request, decisions.accepted_of(db, request), questions, named_as
