"""Tell somebody whose click did not count why, so that only they see it."""

from datetime import timedelta

import structlog

from bot import clock
from bot.approvals.model import MUST_CONNECT, MUST_CONNECT_AGAIN, Decision, Outcome
from bot.approvals.store import approver_questions, decisions
from bot.database import Store, Transaction
from bot.messages.accounts import connecting
from bot.messages.approvals import approval_card, saved
from bot.messages.blocks.parts import Message, message
from bot.messages.blocks.sentences import escape_sentence
from bot.notifications.approvals.late_replies import LateReplies, LateReply
from bot.notifications.store import notices
from bot.people.languages import Languages
from bot.requests.model import Request, State
from bot.requests.store import requests
from bot.slack.api import Slack
from bot.slack.errors import SlackError, SlackRefused
from bot.words import N_, _, speaking, translate

log = structlog.get_logger(__name__)


class ClickAnswers:
    """Answers clicks whose effect is known only later."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        late_replies: LateReplies,
        languages: Languages,
        my_access: str | None,
    ) -> None:
        self._store = store
        self._slack = slack
        self._late_replies = late_replies
        self._languages = languages
        self._my_access = my_access

    async def send(self, decision: Decision) -> bool:
        """Tell somebody whose click did not count why, so that only they see it."""
        request = None
        if decision.channel is None:
            # It was made in a form or in Home: nothing beside the answer says what it is about.
            request = await self._store.read(requests.get, decision.request_id)
        with speaking(await self._languages.of(decision.slack_user)):
            why = escape_sentence(_why_not_counted(decision, request))
            if decision.why in {MUST_CONNECT, MUST_CONNECT_AGAIN}:
                said = connecting.connect_to_decide(why, my_access=self._my_access)
            else:
                said = message(why)
        reply = self._late_replies.find(decision.id)
        try:
            if reply is None or not await reply.say(said):
                await self._slack.tell(
                    channel=decision.channel, user=decision.slack_user, message=said
                )
            if reply is not None and decision.outcome is Outcome.LATE:
                await self._redraw_clicked(decision, reply)
        except SlackRefused as refused:
            log.warning("answer-refused", decision=decision.id, slack=str(refused))
            await self._store.run(decisions.answered, decision)
            return False
        except SlackError as error:
            log.warning("answer-not-sent", decision=decision.id, slack=str(error))
            await self._store.run(
                decisions.answer_later, decision, until=clock.real() + timedelta(seconds=30)
            )
            return False
        await self._store.run(decisions.answered, decision)
        return True

    async def _redraw_clicked(self, decision: Decision, reply: LateReply) -> None:
        """Let a card that is out of date lose its buttons: one that we know of, or a copy that we do not."""
        if reply.channel is None or reply.ts is None:
            return
        card = await self._store.run(
            _stale_card, decision.request_id, channel=reply.channel, ts=reply.ts
        )
        if card is not None:
            await reply.replace(card)

    async def say_decision_saved(self, decision: Decision, *, is_paused: bool = False) -> None:
        """
        Tell somebody whose decision cannot be processed just now that it is not lost; as well as may be.

        Args:
            is_paused: It waits because granting is paused.
        """
        with speaking(await self._languages.of(decision.slack_user)):
            said = saved.decision_saved(is_paused=is_paused)
        reply = self._late_replies.find(decision.id)
        try:
            if reply is None or not await reply.say(said):
                await self._slack.tell(
                    channel=decision.channel, user=decision.slack_user, message=said
                )
        except SlackError as error:
            log.warning("not-told-decision-saved", decision=decision.id, slack=str(error))


def _why_not_counted(decision: Decision, request: Request | None) -> str:
    """Say why a decision did not count, with what it was about where nothing else says that."""
    why = translate(decision.why or N_("That did not count."))
    if request is None:
        return why
    return _("{package} for {person}: {why}").format(
        package=request.package_name, person=request.holder_name or _("somebody"), why=why
    )


def _stale_card(db: Transaction, request_id: str, *, channel: str, ts: str) -> Message | None:
    """
    Have the card in a message of ours drawn anew.

    Returns the card as it is now if we know nothing of that message: a copy, after an unclear answer.
    """
    known = notices.in_message(db, channel=channel, ts=ts)
    notices.mark_stale(db, *(each.key for each in known))
    request = requests.find(db, request_id)
    if known or request is None or request.state is State.PENDING:
        return None
    return approval_card.card(
        request,
        decisions.accepted_of(db, request),
        questions=approver_questions.accepted_of(db, request.id),
    )
