"""
Ask whoever wants access a question before deciding, and answer one.

A question is saved before anybody is told so; whether whoever asks may decide is read in Slack and Entra right after
(`QuestionProcessor`), and only then does anybody read it.  It moves no deadline.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot import chance, clock
from bot.approvals.in_time import NOTHING_TO_DECIDE
from bot.approvals.model import ApproverQuestion, Decision, Outcome
from bot.approvals.processing import DecisionProcessor
from bot.approvals.store import approver_questions, decisions
from bot.approvals.store.approver_questions import MOST_OF_ONE
from bot.database import Busy, Store, Transaction
from bot.errors import LatchkeyError, NotAllowed, TooLate
from bot.packages import names as package_names
from bot.people.guard import Guard
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.requests.model import Request, State, read_ask_id
from bot.requests.store import redraws, requests
from bot.slack.errors import SlackError
from bot.timing import EARLY_SECONDS
from bot.words import N_
from graph.errors import GraphError

NOT_KNOWN: Final = N_("I do not know that request any more.")
OVER: Final = N_(
    "Nobody has to decide that request any more, so an answer would change nothing; /my-access shows how it stands."
)

NOT_YET: Final = N_(
    "That request is being checked again, so your answer was not saved. You can answer once somebody has to decide it; "
    "/my-access shows how it stands."
)


@dataclass(frozen=True, kw_only=True)
class QuestionForm:
    """
    The text of the form above its field.

    Attributes:
        counted: The decisions that count so far.
        questions: Those that were asked before.
    """

    request: Request
    counted: Sequence[Decision]
    questions: Sequence[ApproverQuestion]


class QuestionProcessor:
    """Decides whether a question counts: whoever asks must be one who may decide."""

    def __init__(self, *, store: Store, processor: DecisionProcessor) -> None:
        self._store = store
        self._processor = processor

    async def process(self, question: ApproverQuestion) -> ApproverQuestion:
        """
        Settle a question, and return it as it is then.

        Raises:
            SlackError, GraphError: It cannot be processed now.
        """
        request, actor, why = await self._processor.check_question(question)
        if actor is None:
            return await self._store.run(_settle, question, request, Outcome.LATE)
        outcome = Outcome.ACCEPTED if why is None else Outcome.REFUSED
        return await self._store.run(
            _settle, question, request, outcome, why=why, entra_id=actor.entra_id
        )

    async def why_not(self, question: ApproverQuestion) -> str | None:
        """Return why a question would not count; None if it would, or that cannot be read while somebody waits."""
        try:
            async with asyncio.timeout(EARLY_SECONDS):
                _, actor, why = await self._processor.check_question(question)
        except (Busy, GraphError, SlackError, TimeoutError):
            return None
        return NOTHING_TO_DECIDE if actor is None else why


class QuestionService:
    """Every operation on questions about requests."""

    def __init__(
        self, *, store: Store, guard: Guard, processor: QuestionProcessor, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._guard = guard
        self._processor = processor
        self._wake = wake

    async def begin(self, *, ask_id: str, slack_user: str) -> QuestionForm:
        """
        Return what the form of a question says; nothing remote.

        Raises:
            NotAllowed: It is about their own request.
            TooLate: Nothing waits for a decision on that card.
        """
        request_id, _, _ = _read(ask_id)
        return await self._guard.run(begin_question, slack_user, request_id, ask_id)

    async def find_reason_against(
        self, *, ask_id: str, slack_user: str, team: str | None
    ) -> str | None:
        """
        Return why somebody may not ask about a request, which is written down; None if they may, or that is not known in time.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        request_id, round_, stage = _read(ask_id)
        why = await self._processor.why_not(
            ApproverQuestion(
                id="",
                request_id=request_id,
                round=round_,
                stage=stage,
                slack_user=slack_user,
                team=team,
                at=clock.now(),
                question="",
            )
        )
        if why is not None:
            await self._guard.refused(slack_user, why)
        return why

    async def ask(
        self, *, ask_id: str, slack_user: str, team: str | None, text: str
    ) -> tuple[ApproverQuestion, Request]:
        """
        Save a question about a request, and return both; it is processed and told right after.

        Args:
            team: The asker's own workspace, as Slack says.

        Raises:
            NotAllowed: It is about their own request.
            TooLate: Nothing waits for a decision on that card.
            LatchkeyError: They have asked too often.
        """
        request_id, round_, stage = _read(ask_id)
        question = ApproverQuestion(
            id=chance.new_id(),
            request_id=request_id,
            round=round_,
            stage=stage,
            slack_user=slack_user,
            team=team,
            at=clock.now(),
            question=package_names.clean(package_names.unescaped(text)),
        )
        saved = await self._guard.run(ask_question, slack_user, request_id, question)
        self._wake()
        return saved

    async def find_open(
        self, *, slack_user: str, question_id: str
    ) -> tuple[ApproverQuestion, Request]:
        """
        Return a question that somebody may answer, and its request; nothing remote.

        Raises:
            NotAllowed: It is not for them to answer.
            TooLate: It is answered, or nobody decides the request any more.
        """
        return await self._guard.run(open_question, slack_user, question_id)

    async def answer(
        self, *, slack_user: str, question_id: str, text: str
    ) -> tuple[ApproverQuestion, Request]:
        """
        Save the answer to a question, and return it with the request; whoever asked is told right after.

        Raises:
            NotAllowed: It is not for them to answer.
            TooLate: It is answered, or nobody decides the request any more.
        """
        cleaned = package_names.clean(package_names.unescaped(text))
        answered = await self._guard.run(answer_question, slack_user, question_id, cleaned)
        self._wake()
        return answered


def begin_question(db: Transaction, slack_user: str, request_id: str, ask_id: str) -> QuestionForm:
    """
    Return what the form of a question says.

    Raises:
        NotAllowed: It is about their own request.
        TooLate: Nothing waits for a decision on that card.
    """
    request = _waiting(db, ask_id)
    _refuse_own(request, slack_user)
    return QuestionForm(
        request=request,
        counted=decisions.accepted_of(db, request),
        questions=approver_questions.accepted_of(db, request.id),
    )


def ask_question(
    db: Transaction, slack_user: str, request_id: str, question: ApproverQuestion
) -> tuple[ApproverQuestion, Request]:
    """
    Save a question; the same one again, while it has no answer, is one.  Return it with its request.

    Raises:
        NotAllowed: It is about their own request.
        TooLate: Nothing waits for a decision on that card.
        LatchkeyError: They have asked too often.
    """
    # Nobody decides it, and nobody asks the same, between this and the new row.
    request = _waiting(db, question.ask_id, requests.find_locked)
    _refuse_own(request, slack_user)
    before = approver_questions.by_one(db, request_id, slack_user)
    for each in before:
        is_same = (each.ask_id, each.question) == (question.ask_id, question.question)
        if is_same and not each.is_answered and each.outcome in {None, Outcome.ACCEPTED}:
            return each, request
    if len(before) >= MOST_OF_ONE:
        raise LatchkeyError(
            N_("You have asked {count} questions about this request; please talk to them.").format(
                count=len(before)
            )
        )
    requester = request.asked_by if request.is_on_behalf else request.holder
    if requester is None:
        raise NotAllowed(
            N_(
                "Whoever asked did so in Microsoft Entra, and I don't know them in Slack, so I can't ask them anything."
            )
        )
    asked = replace(question, requester=requester, holder=request.holder)
    approver_questions.add(db, asked)
    return asked, request


def _check_waits(request: Request) -> None:
    if request.comes_to_a_decision:
        raise TooLate(NOT_YET)
    if request.state is not State.PENDING:
        raise TooLate(OVER)


def open_question(
    db: Transaction, slack_user: str, question_id: str
) -> tuple[ApproverQuestion, Request]:
    """
    Return a question that somebody may answer now, and its request.

    Raises:
        NotAllowed: It is not for them to answer.
        TooLate: It is answered, or nobody decides the request any more.
    """
    question = approver_questions.find(db, question_id)
    if question is None or question.outcome is not Outcome.ACCEPTED:
        raise TooLate(N_("I do not know that question any more."))
    request = requests.get(db, question.request_id)
    has_asked = request.is_on_behalf and slack_user == request.asked_by
    why = may(
        Actor(slack_user=slack_user, has_asked=has_asked),
        Verb.ANSWER_QUESTION,
        holder=request.holder,
        holder_entra_id=request.entra_id,
    )
    if why is not None:
        raise NotAllowed(why)
    if question.is_answered:
        raise TooLate(N_("That question is answered already."))
    _check_waits(request)
    return question, request


def answer_question(
    db: Transaction, slack_user: str, question_id: str, text: str
) -> tuple[ApproverQuestion, Request]:
    """
    Save an answer, and have the cards show it; return it with the request.

    Raises:
        NotAllowed: It is not for them to answer.
        TooLate: It is answered, or nobody decides the request any more.
    """
    question, request = open_question(db, slack_user, question_id)
    # It may have been decided meanwhile, and cannot be from here on.
    locked = requests.find_locked(db, request.id)
    if locked is None:
        raise TooLate(NOT_KNOWN)
    _check_waits(locked)
    answered = approver_questions.answer(db, question, request, text, by=slack_user)
    if answered is None:
        raise TooLate(N_("That question is answered already."))
    redraws.mark_views_stale(db, request, deciders=request.deciders)
    return answered, locked


def _settle(
    db: Transaction,
    question: ApproverQuestion,
    request: Request,
    outcome: Outcome,
    *,
    why: str | None = None,
    entra_id: str | None = None,
) -> ApproverQuestion:
    now = requests.find_locked(db, request.id) or request
    if outcome is Outcome.ACCEPTED and not _is_waiting(now, question.ask_id):
        # Decided while whoever asks was looked up.
        outcome = Outcome.LATE
    if outcome is Outcome.LATE:
        why = NOTHING_TO_DECIDE
    settled = approver_questions.settle(db, question, now, outcome, why=why, entra_id=entra_id)
    if settled is not None and outcome is Outcome.ACCEPTED:
        redraws.mark_views_stale(db, now, deciders=now.deciders)
    return settled or approver_questions.find(db, question.id) or question


def _refuse_own(request: Request, slack_user: str) -> None:
    if slack_user in {request.holder, request.asked_by}:
        raise NotAllowed(N_("That is your own request: others decide it, and ask you."))


def _waiting(
    db: Transaction,
    ask_id: str,
    find: Callable[[Transaction, str], Request | None] = requests.find,
) -> Request:
    request_id, _, _ = _read(ask_id)
    request = find(db, request_id)
    if request is None:
        raise TooLate(NOT_KNOWN)
    if not _is_waiting(request, ask_id):
        raise TooLate(NOTHING_TO_DECIDE)
    return request


def _is_waiting(request: Request, ask_id: str) -> bool:
    """Tell whether the stage waits for a decision that a card's buttons are about."""
    return request.state is State.PENDING and request.ask_id == ask_id


def _read(ask_id: str) -> tuple[str, int, int]:
    try:
        return read_ask_id(ask_id)
    except ValueError:
        raise TooLate(NOT_KNOWN) from None
