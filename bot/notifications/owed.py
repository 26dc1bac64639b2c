"""
Send what is owed to people, and redraw what has changed.

Nothing is queued: "delivered, and no delivered:<id> notice sent" is what is owed, so a notice cannot be lost
beside its row, and an outage is caught up with by looking again.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVarTuple

import structlog

from bot import clock
from bot.approvals.model import Decision, Outcome
from bot.approvals.store import approver_questions, decisions, recipients
from bot.assignments.model import Trouble
from bot.assignments.store import troubles
from bot.database import Store, Transaction, slack_waits
from bot.drift.model import Mismatch
from bot.drift.store import mismatches
from bot.messages import approval_card, deciding
from bot.messages.parts import Message, escape, message, shortened
from bot.notifications import (
    card_threads,
    drift_notices,
    outcome_notices,
    progress,
    trouble_notices,
)
from bot.notifications.account_news import AccountNews
from bot.notifications.contents import content_of, drawn
from bot.notifications.delegation_news import DelegationNews
from bot.notifications.emergencies import EmergencyNotices
from bot.notifications.expiries import LOOK_AGAIN, STILL_NEWS
from bot.notifications.late_replies import LateReplies, LateReply
from bot.notifications.model import Notice
from bot.notifications.nudges import Nudges
from bot.notifications.outbox import CLAIM_LEASE, Close, Content, Sending, nothing
from bot.notifications.owed_work import find_owed
from bot.notifications.question_news import QuestionNews
from bot.notifications.reminder_times import ReminderPlan
from bot.notifications.reminders import will_remind
from bot.notifications.store import notices
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import PackageSettings
from bot.people.languages import Languages
from bot.people.model import Person
from bot.people.store import people
from bot.requests.model import Request, State
from bot.requests.store import requests
from bot.slack.api import Slack
from bot.slack.errors import SlackBusy, SlackError, SlackRefused
from bot.slack.rate_limits import Urgency
from bot.timing import a_few_at_once, backoff
from bot.words import N_, _, speaking, translate

log = structlog.get_logger(__name__)

Ts = TypeVarTuple("Ts")

# By which messages are redrawn: with a limit of its own.
UPDATE: Final = "chat.update"
# Few enough that all are redrawn before their claims run out.
REDRAWN_TOGETHER: Final = 16
# A date as `parts.moment` writes it: without the link that Slack would take as a third part.
OUR_DATE: Final = re.compile(r"<!date\^\d+\^[^<>|^]*\|[^<>|]*>")


class Notices:
    """Finds what is owed, sends it, and redraws what is no longer so."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        sending: Sending,
        admin_channel: str,
        plan: ReminderPlan,
        package_settings: PackageSettingsFile,
        late_replies: LateReplies,
        nudges: Nudges,
        delegation_news: DelegationNews,
        account_news: AccountNews,
        languages: Languages,
        question_news: QuestionNews,
        emergency_notices: EmergencyNotices,
    ) -> None:
        self._store = store
        self._slack = slack
        self._admin_channel = admin_channel
        self._plan = plan
        self._package_settings = package_settings
        self._sending = sending
        self._late_replies = late_replies
        self._nudges = nudges
        self._delegation_news = delegation_news
        self._account_news = account_news
        self._languages = languages
        self._question_news = question_news
        self._emergencies = emergency_notices
        # By what each is about.
        self._under_way: dict[str, asyncio.Task[int]] = {}

    def close(self) -> None:
        """Begin nothing any more: what waits for its turn is left to others, or to the next start."""
        self._slack.limits.close()

    async def begin_owed(self) -> set[asyncio.Task[int]]:
        """
        Begin to send all that is owed now and not on its way yet, but for what `bot.notifications.expiries` sends.

        Each goes by itself: one that must wait, for its channel or for Slack, holds up no other.

        Returns what was begun; each says how many messages went out.
        """
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
        nudging = await self._nudges.claim() if owed.has_nudges else ()
        if owed.has_review_reminders:
            await self._emergencies.remind()
        before = set(self._under_way.values())
        for decision in answers:
            self._begin(f"answer:{decision.id}", self._answer, decision)
        for notice in left_over:
            # Cards whose sending had no clear end before somebody decided: found, they are redrawn.
            self._begin(f"look:{notice.key}", self._sending.find_left_over, notice)
        for request in owed.cards:
            for to in self._asked(request):
                card = _card(request, to)
                self._begin(card.key, self._send_card, request, card)
            for reply in card_threads.step_replies(request, self._asked(request)):
                self._begin(reply.key, self._send_step_reply, request, reply)
            progressed = progress.progress_notice(request)
            if progressed is not None:
                self._begin(progressed.key, self._send_progress, request, progressed)
            self._begin(f"pending:{request.ask_id}", self._send_while_pending, request)
        for request in owed.ended:
            self._begin(f"news:{request.id}", self._send_outcome, request)
        for request in nudging:
            self._begin(f"nudge:{request.id}", self._nudges.send, request)
        for emergency in owed.emergencies:
            self._begin(f"emergency:{emergency.request_id}", self._emergencies.send, emergency)
        for said in owed.findings:
            self._begin(f"finding:{said.id}", self._emergencies.answer, said)
        for delegation in owed.delegations:
            self._begin(f"delegation:{delegation.id}", self._delegation_news.send, delegation)
        for sign_in in owed.sign_ins:
            self._begin(f"sign-in:{sign_in.id}", self._account_news.send, sign_in)
        for question in owed.questions:
            self._begin(f"question:{question.id}", self._question_news.send, question)
        for accounts in owed.second_accounts:
            self._begin(f"second:{accounts[0].slack_user}", self._send_second_account, accounts)
        for notice, content in owed.alarms:
            self._begin(notice.key, self.send_once, notice, content)
        for notice, content in owed.needing_account:
            self._begin(notice.key, self.send_once, notice, content)
        for trouble in owed.troubles:
            self._begin(f"trouble:{trouble.id}", self._send_trouble, trouble)
        for mismatch in owed.drift:
            self._begin(f"drift:{mismatch.id}", self._send_drift, mismatch)
        return set(self._under_way.values()) - before

    def _settings_of(self, request: Request) -> PackageSettings:
        """Return what holds for the package of *request*, under the policy that applies to it."""
        terms = request.terms
        return self._package_settings.settings_for(
            request.package_name,
            catalog=terms.catalog if terms else "",
            policy=terms.policy_name if terms else None,
        )

    def _asked(self, request: Request) -> list[str]:
        """
        Return where the cards about *request* go: its channel, and those who decide.

        What only an admin can decide is shown in the admins' channel, too.
        """
        channels = [self._settings_of(request).channel or self._admin_channel]
        if _needs_admin(request):
            channels.append(self._admin_channel)
        return list(dict.fromkeys((*channels, *request.deciders)))

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

    async def _send_all(
        self,
        make: Callable[[], Sequence[outcome_notices.OwedNotice]],
        close: Close,
        urgency: Urgency = Urgency.NOW,
    ) -> list[tuple[Notice, bool]]:
        """
        Send what is owed about one row to several people, and close the row when all of it is done.

        Args:
            make: Makes the same notices each time, in the language that is spoken.

        Returns each notice, and whether it went out.
        """
        wanted = [notice for notice, _ in make()]
        if not wanted:
            await self._store.run(close)
        made = await self._languages.said_to([notice.to for notice in wanted], make)
        owed = [(notice, dict(made[notice.to])[notice]) for notice in wanted]
        sends = (
            self._sending.send([notice], content, close=close, urgency=urgency)
            for notice, content in owed
        )
        return list(zip(wanted, await asyncio.gather(*sends), strict=True))

    async def _answer(self, decision: Decision) -> bool:
        """Tell somebody whose click did not count why, so that only they see it."""
        request = None
        if decision.channel is None:
            # It was made in a form or in Home: nothing beside the answer says what it is about.
            request = await self._store.read(requests.get, decision.request_id)
        with speaking(await self._languages.of(decision.slack_user)):
            said = message(escape_sentence(_why_not_counted(decision, request)))
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

    async def say_decision_saved(self, decision: Decision) -> None:
        """Tell somebody whose decision cannot be judged just now that it is not lost; as well as may be."""
        with speaking(await self._languages.of(decision.slack_user)):
            said = deciding.decision_saved()
        reply = self._late_replies.find(decision.id)
        try:
            if reply is None or not await reply.say(said):
                await self._slack.tell(
                    channel=decision.channel, user=decision.slack_user, message=said
                )
        except SlackError as error:
            log.warning("not-told-decision-saved", decision=decision.id, slack=str(error))

    async def _send_card(self, request: Request, card: Notice) -> bool:
        def content(db: Transaction) -> Message | None:
            now = requests.find(db, request.id)
            if now is None or now.state is not State.PENDING or now.ask_id != request.ask_id:
                # Decided on another card, while this one waited: there is nothing left to decide.
                return None
            # A card that comes only now says itself what is decided.
            notices.supersede(db, card_threads.step_replies(now, [card.to]))
            return drawn(db, now, card)

        return await self.send_once(card, content, self._closing_cards(request))

    async def _send_step_reply(self, request: Request, reply: Notice) -> bool:
        """Say below the card of a channel that the next stage is there, once that card is."""
        cards = await self._store.read(notices.cards_in_channels, request.id)
        if all(card.to != reply.to for card in cards):
            # It is on its way, or the channel takes none; either is tried again.
            return False

        def content(db: Transaction) -> Message | None:
            return card_threads.step_reply(db, reply, request)

        return await self.send_once(reply, content, self._closing_cards(request))

    async def _send_progress(self, request: Request, notice: Notice) -> bool:
        """Tell whoever asked that a step is approved, and for whom it waits now."""

        def content(db: Transaction) -> Message | None:
            return progress.first_content(db, notice)

        return await self.send_once(notice, content, self._closing_cards(request))

    async def _send_while_pending(self, request: Request) -> int:
        make = partial(outcome_notices.notices_while_pending, request)
        return _count(await self._send_all(make, self._closing_cards(request)))

    def _closing_cards(self, request: Request) -> Close:
        also = [notice.key for notice, _ in outcome_notices.notices_while_pending(request)]
        return lambda db: _close_cards(db, request, self._asked, also)

    async def _send_outcome(self, request: Request) -> int:
        """Tell everybody whom it concerns what became of a request."""
        counted = await self._store.read(decisions.accepted_of, request)
        will_be_reminded = await self._store.read(will_remind, request, self._plan)
        cards = await self._store.read(notices.cards_in_channels, request.id)

        def make() -> list[outcome_notices.OwedNotice]:
            owed = outcome_notices.notices_for_request(
                request,
                decided=counted,
                admin_channel=self._admin_channel,
                will_remind=will_be_reminded,
                delivery_note=self._settings_of(request).delivery_note,
            )
            return owed + card_threads.ending_replies(request, counted, cards)

        keys = [notice.key for notice, _ in make()]
        sent = await self._send_all(
            make, lambda db: _close_outcome(db, request, keys), Urgency.SOON
        )
        for notice, is_sent in sent:
            if notice.kind == outcome_notices.PUZZLE and not is_sent:
                # Said today already: it counts this one, too.
                await self._store.run(notices.mark_stale, notice.key)
        return _count(sent)

    async def _send_second_account(self, accounts: tuple[Person, Person]) -> int:
        """Tell the first Slack account of somebody, and the admins, once that there is another."""
        second, _ = accounts
        make = partial(
            outcome_notices.notices_for_second_account,
            *accounts,
            admin_channel=self._admin_channel,
        )
        keys = [notice.key for notice, _ in make()]
        return _count(
            await self._send_all(make, lambda db: _close_second_account(db, second, keys))
        )

    async def _send_trouble(self, trouble: Trouble) -> int:
        """Tell the admins, and whose access it is, what is wrong with it."""
        facts = await self._store.read(trouble_notices.read_facts, trouble)
        make = partial(
            trouble_notices.notices_for_trouble, trouble, facts, admin_channel=self._admin_channel
        )
        keys = [notice.key for notice, _ in make()]
        return _count(await self._send_all(make, lambda db: _close_trouble(db, trouble, keys)))

    async def _send_drift(self, mismatch: Mismatch) -> bool:
        """Tell the admins where Entra and what was approved do not agree."""
        notice = drift_notices.notice_for(mismatch, admin_channel=self._admin_channel)

        def content(db: Transaction) -> Message | None:
            return drift_notices.first_content(db, mismatch.id)

        return await self.send_once(
            notice, content, lambda db: _close_drift(db, mismatch, notice.key)
        )

    async def redraw(self) -> int:
        """Redraw sent cards and reminders whose rows have changed; return how many."""
        if self._slack.limits.left(UPDATE) or not await self._store.read(notices.has_stale):
            return 0
        stale = await self._store.run(_claim_stale)
        # Several notices may share one message.
        messages = {(notice.channel, notice.ts): notice for notice in stale}
        pauses = dict(
            zip(messages, await a_few_at_once(self._redraw, messages.values()), strict=True)
        )
        drawn = [(each.key, pauses[each.channel, each.ts]) for each in stale]
        await self._store.run(_redrawn, drawn, wait=self._slack.limits.left(UPDATE))
        return len(messages)

    async def _redraw(self, notice: Notice) -> timedelta | None:
        """Redraw one message; return how long to wait before the next try, if there must be one."""
        with speaking(await self._languages.of(notice.to)):
            content = await self._store.read(content_of, notice, self._plan, self._admin_channel)
        if content is None or notice.channel is None or notice.ts is None:
            return None
        try:
            await self._update(notice, channel=notice.channel, ts=notice.ts, content=content)
        except SlackRefused as refused:
            # Deleted by somebody, or too old to edit: the row is the truth, the card was a copy.
            log.warning("redraw-refused", notice=notice.key, slack=str(refused))
        except SlackError as error:
            log.warning("redraw-failed", notice=notice.key, slack=str(error))
            return error.retry_after if isinstance(error, SlackBusy) else backoff(2)
        return None

    async def _update(self, notice: Notice, *, channel: str, ts: str, content: Message) -> None:
        try:
            await self._slack.update(channel=channel, ts=ts, message=content)
        except SlackRefused as refused:
            if not refused.is_misshapen:
                raise
            log.error("redraw-misshapen", notice=notice.key, slack=str(refused))
            with speaking(await self._languages.of(notice.to)):
                shorter = shortened(content)
            await self._slack.update(channel=channel, ts=ts, message=shorter)
            await self._sending.report_misshapen(notice, refused.error)


def _why_not_counted(decision: Decision, request: Request | None) -> str:
    """Say why a decision did not count, with what it was about where nothing else says that."""
    why = translate(decision.why or N_("That did not count."))
    if request is None:
        return why
    return _("{package} for {person}: {why}").format(
        package=request.package_name, person=request.holder_name or _("somebody"), why=why
    )


def _count(sent: Sequence[tuple[Notice, bool]]) -> int:
    return sum(is_sent for _, is_sent in sent)


def _claim_stale(db: Transaction) -> list[Notice]:
    if slack_waits.stopped_until(db, UPDATE) is not None:
        return []
    return notices.claim_stale(db, lease=CLAIM_LEASE, limit=REDRAWN_TOGETHER)


def _redrawn(
    db: Transaction, drawn: Sequence[tuple[str, timedelta | None]], *, wait: timedelta
) -> None:
    """Record what has been redrawn, and when what has not is tried again; *wait*: Slack takes none for so long."""
    done = [key for key, pause in drawn if pause is None]
    left = [pause for _, pause in drawn if pause is not None]
    if done:
        notices.redrawn(db, done)
    if left:
        keys = [key for key, pause in drawn if pause is not None]
        notices.not_redrawn(db, keys, retry_at=clock.real() + max(left))
    if wait:
        slack_waits.stop(db, UPDATE, until=clock.real() + wait)


def escape_sentence(text: str) -> str:
    """Escape all but the dates of our own sentences; a name in them may look like one with a link."""
    dates = OUR_DATE.findall(text)
    rest = [escape(part) for part in OUR_DATE.split(text)]
    return rest[0] + "".join(date + after for date, after in zip(dates, rest[1:], strict=True))


def _needs_admin(request: Request) -> bool:
    """Tell whether nobody but an admin can decide: the stage names nobody, or is the admins' own after a removal."""
    stage = request.current_stage
    return request.unnamed or (stage is not None and stage.is_admins_own)


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


def _card(request: Request, to: str) -> Notice:
    return Notice(key=recipients.card_key(request, to), kind="card", to=to, request_id=request.id)


def _close_cards(
    db: Transaction,
    request: Request,
    asked: Callable[[Request], Sequence[str]],
    also: Sequence[str],
) -> None:
    """Note that nothing is owed any more if everybody has a card who is asked by now; somebody may have joined."""
    now = recipients.locked(db, request)
    if now.version == request.version:
        places = asked(now)
        keys = [recipients.card_key(now, to) for to in places]
        keys += [reply.key for reply in card_threads.step_replies(now, places)]
        progressed = progress.progress_notice(now)
        if progressed is not None:
            keys.append(progressed.key)
        requests.look_again(db, request, cards=_unfinished(db, [*keys, *also]))


def _close_outcome(db: Transaction, request: Request, keys: Sequence[str]) -> None:
    requests.look_again(db, request, news=_unfinished(db, keys))


def _close_trouble(db: Transaction, trouble: Trouble, keys: Sequence[str]) -> None:
    troubles.schedule_notice(db, trouble, news=_unfinished(db, keys))


def _close_drift(db: Transaction, mismatch: Mismatch, key: str) -> None:
    mismatches.schedule_notice(db, mismatch, news=_unfinished(db, [key]))


def _close_second_account(db: Transaction, second: Person, keys: Sequence[str]) -> None:
    people.schedule_announcement(db, second, news=_unfinished(db, keys))


def _unfinished(db: Transaction, keys: Sequence[str]) -> datetime | None:
    """Return when to look at these messages again; None when each was sent or will never be."""
    done = notices.finished_keys(db, keys) == set(keys)
    return None if done else clock.real() + LOOK_AGAIN
