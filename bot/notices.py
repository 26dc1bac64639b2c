"""
What is owed to people, and what must be redrawn.

Nothing is queued: "delivered, and no delivered:<id> notice sent" is what is owed, so a notice cannot be lost
beside its row, and an outage is caught up with by looking again.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock, news, trouble_news
from bot.messages import deciding, reminding, repairing
from bot.messages.parts import Message, escape, message, shortened
from bot.models import Assignment, Decision, Hold, Kind, Notice, Person, Request, Trouble
from bot.pacing import a_few_at_once, backoff
from bot.reminders import Due, due_reminders, end_key, will_remind
from bot.sending import CLAIM_LEASE, Sending
from bot.slack import Slack, SlackBusy, SlackError, SlackRefused
from bot.store import (
    Store,
    Transaction,
    assignments,
    catalog,
    decisions,
    holds,
    notices,
    people,
    recipients,
    request_lists,
    requests,
    troubles,
)

log = structlog.get_logger(__name__)

# Older news than this is no news: a restored database must not tell last year's.
STILL_NEWS: Final = timedelta(days=60)
STUCK_AFTER_ATTEMPTS: Final = 12
HELD: Final = "held"
# What could not be sent is looked at again so soon; each message keeps its own longer pause.
LOOK_AGAIN: Final = timedelta(seconds=3)
# Each with its buttons: Slack takes 50 blocks a message, and refuses some 13,000 characters of them.
ENDS_A_MESSAGE: Final = 10
# A date as `parts.moment` writes it: without the link that Slack would take as a third part.
OUR_DATE: Final = re.compile(r"<!date\^\d+\^[^<>|^]*\|[^<>|]*>")


class Notices:
    """Finds what is owed, sends it, and redraws what is no longer so."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        admin_channel: str,
        rungs: Sequence[timedelta],
    ) -> None:
        self._store = store
        self._slack = slack
        self._admin_channel = admin_channel
        self._rungs = tuple(rungs)
        self._sending = Sending(store=store, slack=slack, admin_channel=admin_channel)

    async def send_owed(self) -> int:
        """Send all that is owed now but reminders; return how many messages went out."""
        owed = await self._store.run(_owed, since=clock.now() - STILL_NEWS)
        sent = sum(await a_few_at_once(self._answer, owed.answers))
        # Cards whose sending had no clear end before somebody decided: found, they are redrawn.
        sent += sum(await a_few_at_once(self._sending.find_left_over, owed.left_over))
        sent += sum(await a_few_at_once(self._send_cards, owed.cards))
        sent += sum(await a_few_at_once(self._send_news, owed.news))
        sent += sum(await a_few_at_once(self._send_end, owed.endings))
        sent += sum(await a_few_at_once(self._send_second_account, owed.second_accounts))
        for request in owed.stuck:
            sent += await self._send_stuck(request)
        for hold, request in owed.held:
            sent += await self._send_held(hold, request)
        for trouble in owed.troubles:
            sent += await self._send_trouble(trouble)
        return sent

    async def send_once(self, notice: Notice, content: Callable[[], Message] | Message) -> bool:
        """Send *notice* unless somebody has, or is just about to; True if we did."""
        return await self._sending.send([notice], content)

    async def _answer(self, decision: Decision) -> bool:
        """Tell somebody whose click did not count why, so that only they see it."""
        said = message(escape_sentence(decision.why or "That did not count."))
        try:
            await self._slack.tell(channel=decision.channel, user=decision.slack_user, message=said)
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

    async def say_taken_down(self, decision: Decision) -> None:
        """Tell somebody whose decision cannot be judged just now that it is not lost; as well as may be."""
        try:
            await self._slack.tell(
                channel=decision.channel,
                user=decision.slack_user,
                message=deciding.taken_down(),
            )
        except SlackError as error:
            log.warning("not-told-taken-down", decision=decision.id, slack=str(error))

    async def _send_cards(self, request: Request) -> int:
        counted = await self._store.read(decisions.accepted_of, request)
        content = deciding.card(request, counted)
        wanted = [
            _card(request, to) for to in dict.fromkeys((self._admin_channel, *request.deciders))
        ]
        count = 0
        for notice in wanted:
            count += await self.send_once(notice, content)
        removals = news.of_a_removal_before(request)
        for notice, why in removals:
            await self.send_once(notice, why)
        also = [notice.key for notice, _ in removals]
        await self._store.run(_close_cards, request, self._admin_channel, also)
        return count

    async def _send_news(self, request: Request) -> int:
        """What became of a request, to everybody whom it concerns."""
        counted = await self._store.read(decisions.accepted_of, request)
        owed = news.of(
            request,
            decided=counted,
            admin_channel=self._admin_channel,
            will_remind=will_remind(request, self._rungs),
        )
        count = 0
        for notice, content in owed:
            is_sent = await self.send_once(notice, content)
            count += is_sent
            if notice.kind == news.PUZZLE and not is_sent:
                # Said today already: it counts this one, too.
                await self._store.run(notices.mark_stale, notice.key)
        await self._store.run(_close_news, request, [notice.key for notice, _ in owed])
        return count

    async def _send_end(self, assignment: Assignment) -> int:
        """What came to its end by itself, or outside Latchkey."""
        notice, content = news.of_end(assignment)
        sent = await self.send_once(notice, content)
        await self._store.run(_close_end, assignment, notice.key)
        return sent

    async def _send_second_account(self, accounts: tuple[Person, Person]) -> int:
        """Somebody acts from another Slack account than before: the first one and the admins read so, once."""
        second, _ = accounts
        owed = news.of_second_account(*accounts, admin_channel=self._admin_channel)
        count = 0
        for notice, content in owed:
            count += await self.send_once(notice, content)
        await self._store.run(_close_second_account, second, [notice.key for notice, _ in owed])
        return count

    async def _send_stuck(self, request: Request) -> bool:
        """What is waited for unusually long: the admins look at it, we go on looking."""
        notice = news.alarm("stuck", request, to=self._admin_channel)
        return await self.send_once(notice, deciding.stuck(request))

    async def _send_held(self, hold: Hold, request: Request) -> bool:
        """What failed too often: an admin decides what becomes of it."""
        notice = Notice(
            key=f"{HELD}:{hold.id}", kind=HELD, to=self._admin_channel, request_id=request.id
        )
        return await self.send_once(notice, repairing.card(hold, request))

    async def _send_trouble(self, trouble: Trouble) -> int:
        """What is wrong with access: to the admins, and to whom it belongs."""
        owed = await self._store.read(trouble_news.owed, trouble, admin_channel=self._admin_channel)
        sent = 0
        for notice, content in owed:
            sent += await self.send_once(notice, content)
        await self._store.run(_close_trouble, trouble, [notice.key for notice, _ in owed])
        return sent

    async def send_reminders(self, *, seen_since: datetime | None = None) -> int:
        """
        Remind of what ends soon, as few messages a person as hold it, each rung of each end at most once.

        Args:
            seen_since: Do not remind of what Graph has not shown since then (real time).

        Returns how many messages went out.
        """
        due = await self._store.read(due_reminders, self._rungs, seen_since=seen_since)
        count = 0
        for person in due.values():
            count += await self._remind(person)
        return count

    async def _remind(self, due: Due) -> int:
        await self._store.run(notices.supersede, due.overtaken)
        count = 0
        for first in range(0, len(due.rows), ENDS_A_MESSAGE):
            some = slice(first, first + ENDS_A_MESSAGE)
            content = await self._store.read(_reminder, due.rows[some])
            count += await self._sending.send(due.notices[some], content)
        return count

    async def redraw(self) -> int:
        """Redraw sent cards and reminders whose rows have changed; return how many."""
        stale = await self._store.run(notices.claim_stale, lease=CLAIM_LEASE)
        # Several notices may share one message.
        messages = {(notice.channel, notice.ts): notice for notice in stale}
        await a_few_at_once(self._redraw, messages.values())
        for notice in stale:
            if notice not in messages.values():
                await self._store.run(notices.redrawn, notice)
        return len(messages)

    async def _redraw(self, notice: Notice) -> None:
        content = await self._store.read(_content_of, notice)
        if content is None or notice.channel is None or notice.ts is None:
            await self._store.run(notices.redrawn, notice)
            return
        try:
            await self._update(notice, channel=notice.channel, ts=notice.ts, content=content)
        except SlackRefused as refused:
            # Deleted by somebody, or too old to edit: the row is the truth, the card was a copy.
            log.warning("redraw-refused", notice=notice.key, slack=str(refused))
        except SlackError as error:
            log.warning("redraw-failed", notice=notice.key, slack=str(error))
            pause = error.retry_after if isinstance(error, SlackBusy) else backoff(2)
            await self._store.run(notices.not_redrawn, notice, retry_at=clock.real() + pause)
            return
        await self._store.run(notices.redrawn, notice)

    async def _update(self, notice: Notice, *, channel: str, ts: str, content: Message) -> None:
        try:
            await self._slack.update(channel=channel, ts=ts, message=content)
        except SlackRefused as refused:
            if not refused.is_misshapen:
                raise
            log.error("redraw-misshapen", notice=notice.key, slack=str(refused))
            await self._slack.update(channel=channel, ts=ts, message=shortened(content))
            await self._sending.report_misshapen(notice, refused.error)


@dataclass(frozen=True, kw_only=True)
class Owed:
    """Everything that is owed at one moment; answers and left-over cards are claimed by whoever read this."""

    answers: Sequence[Decision]
    left_over: Sequence[Notice]
    cards: Sequence[Request]
    news: Sequence[Request]
    endings: Sequence[Assignment]
    second_accounts: Sequence[tuple[Person, Person]]
    stuck: Sequence[Request]
    held: Sequence[tuple[Hold, Request]]
    troubles: Sequence[Trouble]


def _owed(db: Transaction, *, since: datetime) -> Owed:
    """All of it in one transaction: whoever is woken looks, and mostly finds nothing."""
    return Owed(
        answers=decisions.claim_unanswered(db, lease=CLAIM_LEASE),
        left_over=notices.claim_left_over(db, lease=CLAIM_LEASE),
        cards=request_lists.owing_cards(db),
        news=request_lists.owing_news(db, since=since),
        endings=assignments.owing_news(db, since=since),
        second_accounts=people.owing_news(db),
        stuck=request_lists.stuck(db, attempts=STUCK_AFTER_ATTEMPTS, since=since),
        held=holds.open_ones(db, since=since),
        troubles=troubles.owing_news(db, since=since),
    )


def escape_sentence(text: str) -> str:
    """Escape all but the dates of our own sentences; a name in them may look like one with a link."""
    dates = OUR_DATE.findall(text)
    rest = [escape(part) for part in OUR_DATE.split(text)]
    return rest[0] + "".join(date + after for date, after in zip(dates, rest[1:], strict=True))


def _card(request: Request, to: str) -> Notice:
    return Notice(key=recipients.card_key(request, to), kind="card", to=to, request_id=request.id)


def _close_cards(
    db: Transaction, request: Request, admin_channel: str, also: Sequence[str]
) -> None:
    """Nothing is owed any more if everybody has a card who is asked by now; somebody may have joined."""
    now = recipients.locked(db, request)
    if now.version == request.version:
        keys = [
            recipients.card_key(now, to) for to in dict.fromkeys((admin_channel, *now.deciders))
        ]
        requests.look_again(db, request, cards=_unfinished(db, [*keys, *also]))


def _close_news(db: Transaction, request: Request, keys: Sequence[str]) -> None:
    requests.look_again(db, request, news=_unfinished(db, keys))


def _close_end(db: Transaction, assignment: Assignment, key: str) -> None:
    assignments.look_again(db, assignment, news=_unfinished(db, [key]))


def _close_trouble(db: Transaction, trouble: Trouble, keys: Sequence[str]) -> None:
    troubles.look_again(db, trouble, news=_unfinished(db, keys))


def _close_second_account(db: Transaction, second: Person, keys: Sequence[str]) -> None:
    people.look_again(db, second, news=_unfinished(db, keys))


def _unfinished(db: Transaction, keys: Sequence[str]) -> datetime | None:
    """When to look at these messages again; None when each was sent or will never be."""
    done = notices.finished_keys(db, keys) == set(keys)
    return None if done else clock.real() + LOOK_AGAIN


def _reminder(db: Transaction, rows: Sequence[Assignment], *, moved: Sequence[str] = ()) -> Message:
    extendable = catalog.extendable(db)
    busy = {}
    for row in rows:
        for request in request_lists.open_for_assignment(db, row.id):
            # The one through which they have a part of it is nothing to wait for here.
            if request.kind is not Kind.ADD:
                busy[row.id] = request
    return reminding.expiring(rows, extendable=extendable, busy=busy, moved=moved)


def _content_of(db: Transaction, notice: Notice) -> Message | None:
    """What a sent message should say now."""
    if notice.kind == "card" and notice.request_id is not None:
        request = requests.get(db, notice.request_id)
        if request is None:
            return None
        if notice.dropped_why == recipients.WITHDRAWN:
            return deciding.no_longer_asked()
        return deciding.card(request, decisions.accepted_of(db, request))
    if notice.kind == news.PUZZLE and notice.request_id is not None:
        request = requests.get(db, notice.request_id)
        return deciding.not_understood(request, others=_others(db, request)) if request else None
    if notice.kind == HELD:
        hold = holds.get(db, notice.key.removeprefix(f"{HELD}:"))
        request = requests.get(db, hold.request_id) if hold else None
        return repairing.card(hold, request) if hold and request else None
    if notice.kind == troubles.NOTICE:
        trouble = troubles.get(db, notice.key.removeprefix(f"{troubles.NOTICE}:"))
        return trouble_news.card(db, trouble) if trouble else None
    if notice.kind == "reminder" and notice.channel and notice.ts:
        together = notices.in_message(db, channel=notice.channel, ts=notice.ts)
        ids = [each.assignment_id for each in together if each.assignment_id]
        rows = assignments.by_ids(db, ids)
        keys = [each.key for each in together]
        moved = [row.id for row in rows if not any(key.startswith(end_key(row)) for key in keys)]
        return _reminder(db, rows, moved=moved)
    return None


def _others(db: Transaction, request: Request) -> int:
    """How many more requests of the same day were refused for the same package's rules."""
    day = (request.ended_at or request.updated_at).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    until = day + timedelta(days=1)
    return request_lists.puzzles_of(db, request.package_id, since=day, until=until) - 1
