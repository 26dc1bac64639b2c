"""
Tell of the questions that are asked before deciding: to whoever may answer, below the cards in channels, to whoever asked.

What is owed is found from the row of a question, once it is judged, and each message goes out once.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from bot import clock
from bot.approvals.model import ApproverQuestion, Outcome, has_voice
from bot.approvals.store import approver_questions, deciders, decisions
from bot.database import Store, Transaction
from bot.messages.approvals import approver_questions as words
from bot.messages.blocks.parts import Message
from bot.notifications.model import Notice, is_channel
from bot.notifications.outbox import Sending
from bot.notifications.requests.card_threads import REPLY
from bot.notifications.store import notices
from bot.requests.model import State
from bot.requests.store import requests

KIND: Final = "question"
ASKED: Final = "asked"
ANSWERED: Final = "answered"
NOT_SENT: Final = "not-sent"
# What could not be sent; somebody waits for it.
AGAIN: Final = timedelta(seconds=20)


class QuestionNews:
    """Tells of questions and of their answers."""

    def __init__(self, *, store: Store, sending: Sending) -> None:
        self._store = store
        self._sending = sending

    async def send(self, question: ApproverQuestion) -> int:
        """Tell those concerned; return how many messages went out."""
        owed = await self._store.read(_owed, question)
        sent = 0
        for notice in owed:
            sent += await self._sending.send([notice], _content(notice))
        keys = [notice.key for notice in owed]
        done = len(await self._store.read(notices.finished_keys, keys)) == len(keys)
        again_at = None if done else clock.real() + AGAIN
        await self._store.run(approver_questions.schedule_news, question, news=again_at)
        return sent


def content_of(db: Transaction, notice: Notice) -> Message | None:
    """Return what a message about a question says now."""
    _, question_id, step, _ = notice.key.split(":")
    question = approver_questions.find(db, question_id)
    if question is None:
        return None
    request = requests.get(db, question.request_id)
    if step == ASKED:
        return words.told_requester(question, request, reader=notice.to)
    if step == NOT_SENT:
        return words.not_sent(question, request)
    counted = decisions.accepted_of(db, request)
    has_card = notice.to in request.deciders or has_voice(counted, request.stage, notice.to)
    has_decided = any(notice.to in {each.slack_user, each.for_user} for each in counted)
    return words.told_asker(
        question,
        request,
        counted,
        questions=approver_questions.accepted_of(db, request.id),
        named_as=deciders.why_asked(db, request, notice.to),
        card=has_card,
        review=not has_card and not has_decided,
    )


def _content(notice: Notice) -> Callable[[Transaction], Message | None]:
    """Return what a message says when it is sent; nothing, if there is no need for it any more."""

    def content(db: Transaction) -> Message | None:
        _, question_id, step, _ = notice.key.split(":")
        question = approver_questions.find(db, question_id)
        if question is None:
            return None
        if notice.kind == REPLY:
            return _reply(db, question, notice, step=step)
        if step == ASKED and not _waits_for_answer(db, question):
            return None
        return content_of(db, notice)

    return content


def _waits_for_answer(db: Transaction, question: ApproverQuestion) -> bool:
    request = requests.get(db, question.request_id)
    may_wait = request.state is State.PENDING or request.comes_to_a_decision
    return may_wait and not question.is_answered


def _reply(
    db: Transaction, question: ApproverQuestion, notice: Notice, *, step: str
) -> Message | None:
    for card in notices.cards_in_channels(db, question.request_id):
        if card.to == notice.to and card.ts:
            if step == ANSWERED:
                return words.answered_in_thread(question, card.ts)
            return words.asked_in_thread(question, card.ts)
    return None


def _owed(db: Transaction, question: ApproverQuestion) -> list[Notice]:
    """Return who is to be told, as far as the question has come."""
    if question.outcome is not Outcome.ACCEPTED:
        return [_notice(question, NOT_SENT, to=question.slack_user)]
    # A card that comes later says it all itself.
    channels = [card.to for card in notices.cards_in_channels(db, question.request_id)]
    asked = [_notice(question, ASKED, to=each) for each in channels]
    if not question.is_answered:
        return [*(_notice(question, ASKED, to=each) for each in question.readers), *asked]
    told = _notice(question, ANSWERED, to=question.slack_user)
    return [told, *asked, *(_notice(question, ANSWERED, to=each) for each in channels)]


def _notice(question: ApproverQuestion, step: str, *, to: str) -> Notice:
    return Notice(
        key=f"{KIND}:{question.id}:{step}:{to}",
        kind=REPLY if is_channel(to) else KIND,
        to=to,
        request_id=question.request_id,
    )
