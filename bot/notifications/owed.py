"""
Send what is owed to people.

Nothing is queued: "delivered, and no delivered:<id> notice sent" is what is owed, so a notice cannot be lost
beside its row, and an outage is caught up with by looking again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVarTuple

from bot import clock
from bot.approvals.model import Decision
from bot.approvals.store import decisions
from bot.database import Store
from bot.notifications.accounts.account_news import AccountNews
from bot.notifications.accounts.account_requests import AccountRequests
from bot.notifications.accounts.second_accounts import SecondAccountNews
from bot.notifications.admins.drift_notices import DriftNews
from bot.notifications.admins.emergencies import EmergencyNotices
from bot.notifications.admins.trouble_notices import TroubleNews
from bot.notifications.approvals.card_news import CardNews, card_for
from bot.notifications.approvals.click_answers import ClickAnswers
from bot.notifications.approvals.delegation_news import DelegationNews
from bot.notifications.approvals.nudges import Nudges
from bot.notifications.approvals.question_news import QuestionNews
from bot.notifications.assignments.expiries import STILL_NEWS
from bot.notifications.model import Notice
from bot.notifications.outbox import CLAIM_LEASE, Close, Content, Sending, nothing
from bot.notifications.owed_work import find_owed
from bot.notifications.requests import card_threads, progress
from bot.notifications.requests.outcome_news import OutcomeNews
from bot.notifications.store import notices
from bot.people.languages import Languages
from bot.slack.api import Slack
from bot.words import speaking

Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, kw_only=True)
class Senders:
    """The parts that send what is owed, by what it is about."""

    click_answers: ClickAnswers
    cards: CardNews
    outcomes: OutcomeNews
    nudges: Nudges
    emergencies: EmergencyNotices
    delegations: DelegationNews
    sign_ins: AccountNews
    account_requests: AccountRequests
    questions: QuestionNews
    second_accounts: SecondAccountNews
    troubles: TroubleNews
    drift: DriftNews


class Notices:
    """Finds what is owed, and has it sent."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        sending: Sending,
        languages: Languages,
        admin_channel: str,
        senders: Senders,
    ) -> None:
        self._store = store
        self._slack = slack
        self._sending = sending
        self._languages = languages
        self._admin_channel = admin_channel
        self._senders = senders
        # By what each is about.
        self._under_way: dict[str, asyncio.Task[int]] = {}

    def close(self) -> None:
        """Begin nothing any more: what waits for its turn is left to others, or to the next start."""
        self._slack.limits.close()

    @property
    def admins_refused(self) -> str | None:
        """Return Slack's word for why the admins' channel takes nothing; None if it does, as far as is known here."""
        return self._sending.admins_refused

    async def begin_owed(self) -> set[asyncio.Task[int]]:
        """
        Begin to send all that is owed now and not on its way yet, but for what `bot.notifications.assignments.expiries` sends.

        Each goes by itself: one that must wait, for its channel or for Slack, holds up no other.

        Returns what was begun; each says how many messages went out.
        """
        senders = self._senders
        with speaking(self._languages.default):
            owed = await self._store.read(
                find_owed, self._admin_channel, since=clock.now() - STILL_NEWS
            )
        answers: Sequence[Decision] = ()
        left_over: Sequence[Notice] = ()
        if owed.has_answers:
            answers = await self._store.run(decisions.claim_unanswered, lease=CLAIM_LEASE)
        if owed.has_left_over:
            left_over = await self._store.run(notices.claim_left_over, lease=CLAIM_LEASE)
        nudging = await senders.nudges.claim() if owed.has_nudges else ()
        if owed.has_review_reminders:
            await senders.emergencies.remind()
        before = set(self._under_way.values())
        for decision in answers:
            self._begin(f"answer:{decision.id}", senders.click_answers.send, decision)
        for notice in left_over:
            # Cards whose sending had no clear end before somebody decided: found, they are redrawn.
            self._begin(f"look:{notice.key}", self._sending.find_left_over, notice)
        for request in owed.cards:
            for to in senders.cards.asked(request):
                card = card_for(request, to)
                self._begin(card.key, senders.cards.send_card, request, card)
            for reply in card_threads.step_replies(request, senders.cards.asked(request)):
                self._begin(reply.key, senders.cards.send_step_reply, request, reply)
            progressed = progress.progress_notice(request)
            if progressed is not None:
                self._begin(progressed.key, senders.cards.send_progress, request, progressed)
            self._begin(f"pending:{request.ask_id}", senders.cards.send_while_pending, request)
        for request in owed.ended:
            self._begin(f"news:{request.id}", senders.outcomes.send, request)
        for request in nudging:
            self._begin(f"nudge:{request.id}", senders.nudges.send, request)
        for emergency in owed.emergencies:
            self._begin(f"emergency:{emergency.request_id}", senders.emergencies.send, emergency)
        for said in owed.findings:
            self._begin(f"finding:{said.id}", senders.emergencies.answer, said)
        for delegation in owed.delegations:
            self._begin(f"delegation:{delegation.id}", senders.delegations.send, delegation)
        for sign_in in owed.sign_ins:
            self._begin(f"sign-in:{sign_in.id}", senders.sign_ins.send, sign_in)
        for question in owed.questions:
            self._begin(f"question:{question.id}", senders.questions.send, question)
        for accounts in owed.second_accounts:
            self._begin(f"second:{accounts[0].slack_user}", senders.second_accounts.send, accounts)
        for notice, content in owed.alarms:
            self._begin(notice.key, self.send_once, notice, content)
        for request in owed.acting_in_entra:
            self._begin(f"account:{request.id}", senders.account_requests.send, request)
        for trouble in owed.troubles:
            self._begin(f"trouble:{trouble.id}", senders.troubles.send, trouble)
        for mismatch in owed.drift:
            self._begin(f"drift:{mismatch.id}", senders.drift.send, mismatch)
        return set(self._under_way.values()) - before

    def _begin(self, about: str, send: Callable[[*Ts], Awaitable[int]], *args: *Ts) -> None:
        if about in self._under_way:
            return

        async def done() -> int:
            try:
                return await send(*args)
            finally:
                del self._under_way[about]

        self._under_way[about] = asyncio.create_task(done(), name=about)

    async def send_once(self, notice: Notice, content: Content, close: Close = nothing) -> bool:
        """Send *notice* unless somebody has, or is just about to; True if we did.  *close* as in `Sending`."""
        return await self._sending.send([notice], content, close=close)
