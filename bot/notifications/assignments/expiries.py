"""
Tells people of the ends of their access, before and after: at the pace that Slack takes, the first to end first.

Nobody waits for these messages, and there may be thousands on one day.  They are claimed a few at a time, just before
they go, by what the rows say then: whoever has extended meanwhile is not reminded.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from bot import clock
from bot.assignments.model import Assignment
from bot.assignments.store import assignments
from bot.database import Store, Transaction
from bot.database.replicas import slack_waits
from bot.messages.blocks.parts import Message
from bot.notifications import outcome_notices
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.assignments.reminders import (
    PersonReminders,
    ReminderWords,
    due_reminders,
    earlier_keys,
)
from bot.notifications.model import Notice
from bot.notifications.outbox import CLAIM_LEASE, Close, Sending, nothing
from bot.notifications.store import notices
from bot.packages.offers import PoliciesHeldUnder
from bot.packages.store import catalog
from bot.people.languages import Languages
from bot.priority import give_way
from bot.requests.model import Kind, Request
from bot.requests.store import request_lists
from bot.slack.api import Slack
from bot.slack.rate_limits import POST, Urgency

T = TypeVar("T")

# Older news than this is no news: a restored database must not tell last year's.
STILL_NEWS: Final = timedelta(days=60)
# What could not be sent is looked at again so soon; each message keeps its own longer pause.
LOOK_AGAIN: Final = timedelta(seconds=3)
# Each with its buttons: Slack takes 50 blocks a message, and refuses some 13,000 characters of them.
ENDS_A_MESSAGE: Final = 10
# Messages claimed together: two seconds' worth, so that all are sent long before their claims run out, and few must be
# looked for in Slack if we die.
CLAIMED_TOGETHER: Final = 16
# Messages under way to Slack: more than its pace needs while it answers within a second.
AT_ONCE: Final = 16


@dataclass(frozen=True, kw_only=True)
class Parcel(Generic[T]):
    """
    One message that is claimed.

    Attributes:
        about: What is owed, to be claimed again if Slack does not take the message now.
    """

    about: T
    claimed: Sequence[Notice]
    content: Message
    close: Close = nothing


# Claims the messages about some of what is owed; or says until when Slack takes none (real time).
Take = Callable[[Sequence[T]], Awaitable[tuple[datetime | None, Sequence[Parcel[T]]]]]


def _nobody_asks() -> None:
    """It need not be told to anybody that the work goes on."""


class Ends:
    """Reminds of what ends soon, and tells of what has ended by itself or outside Latchkey."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        sending: Sending,
        plan: ReminderPlan,
        languages: Languages,
    ) -> None:
        self._store = store
        self._limits = slack.limits
        self._sending = sending
        self._plan = plan
        self._languages = languages

    async def send_endings(self, *, goes_on: Callable[[], None] = _nobody_asks) -> int:
        """Tell people what has ended; return how many messages went out.  *goes_on* as in `send_reminders`."""
        owed = await self._store.read(assignments.notices_due, since=clock.now() - STILL_NEWS)

        async def take(
            some: Sequence[Assignment],
        ) -> tuple[datetime | None, Sequence[Parcel[Assignment]]]:
            await self._languages.learn_all(row.holder for row in some)
            return await self._store.run(_take_endings, some, self._languages)

        return await self._send(owed, take, goes_on)

    async def send_reminders(
        self,
        *,
        seen_since: datetime | None = None,
        goes_on: Callable[[], None] = _nobody_asks,
    ) -> int:
        """
        Remind of what ends soon, as few messages a person as hold it, each rung of each end at most once.

        Args:
            seen_since: Do not remind of what Graph has not shown since then (real time).
            goes_on: Told now and then that the work goes on, which may take long.

        Returns how many messages went out.
        """

        async def take(
            some: Sequence[PersonReminders],
        ) -> tuple[datetime | None, Sequence[Parcel[PersonReminders]]]:
            await self._languages.learn_all(row.holder for due in some for row in due.rows)
            held_under = await self._store.read(catalog.held_under, self._plan.package_settings)
            return await self._store.run(
                _take_reminders,
                some,
                self._plan,
                held_under,
                self._languages,
                seen_since=seen_since,
            )

        return await self._send(await self._due(seen_since), take, goes_on)

    async def _due(self, seen_since: datetime | None) -> list[PersonReminders]:
        """Find what is due, by person: whose access ends first, comes first."""
        people: dict[str, PersonReminders] = {}
        last = None
        while True:
            page, last = await self._store.read(
                due_reminders, self._plan, seen_since=seen_since, after=last
            )
            for person, due in page.items():
                people.setdefault(person, PersonReminders()).add(due)
            if last is None:
                return list(people.values())

    async def _send(self, owed: Iterable[T], take: Take[T], goes_on: Callable[[], None]) -> int:
        """Send the messages about all of *owed*, in this order, as Slack takes them."""
        left = deque(owed)
        under_way: set[asyncio.Task[bool]] = set()
        room = asyncio.Semaphore(AT_ONCE)
        sent = 0

        async def deliver(parcel: Parcel[T]) -> bool:
            try:
                arrived = await self._sending.send_claimed(
                    parcel.claimed, parcel.content, close=parcel.close
                )
            finally:
                room.release()
            if not arrived and self._limits.left(POST):
                left.appendleft(parcel.about)
            return arrived

        async def begin(parcel: Parcel[T]) -> bool:
            """Start on its way what may go now; False if Slack takes nothing, or we are closing."""
            await room.acquire()
            if await self._limits.turn(Urgency.SOME_TIME) and not self._limits.left(POST):
                under_way.add(asyncio.create_task(deliver(parcel)))
                return True
            room.release()
            return False

        try:
            while left or under_way:
                goes_on()
                if left and not await self._limits.is_open(POST):
                    break
                await give_way()
                some = [left.popleft() for _ in range(min(len(left), CLAIMED_TOGETHER))]
                until, parcels = await take(some) if some else (None, ())
                if until is not None:
                    self._limits.stop(POST, until=until)
                    left.extendleft(reversed(some))
                    continue
                back = [parcel for parcel in parcels if not await begin(parcel)]
                if back:
                    claimed = [notice for parcel in back for notice in parcel.claimed]
                    await self._store.run(notices.put_back, claimed, at=clock.real())
                    left.extendleft(parcel.about for parcel in reversed(back))
                elif under_way and not left:
                    await asyncio.wait(under_way)
                done = {task for task in under_way if task.done()}
                under_way -= done
                sent += sum(task.result() for task in done)
        finally:
            # Whatever broke the round, nobody's message is torn off.
            results = await asyncio.gather(*under_way, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
            sent += result
        return sent


def _take_endings(
    db: Transaction, some: Sequence[Assignment], languages: Languages
) -> tuple[datetime | None, Sequence[Parcel[Assignment]]]:
    until = slack_waits.stopped_until(db, POST)
    if until is not None:
        return until, []
    owed = [(row, *_ending(db, row, languages)) for row in some]
    taken = notices.claim(db, [notice for _, notice, _ in owed], lease=CLAIM_LEASE)
    ours = {notice.key: notice for notice in taken}
    parcels = []
    for row, notice, content in owed:
        if notice.key not in ours:
            _close(db, row, notice.key)
            continue
        parcels.append(
            Parcel(
                about=row,
                claimed=[ours[notice.key]],
                content=content,
                close=_closing(row, notice.key),
            )
        )
    return None, parcels


def _ending(db: Transaction, row: Assignment, languages: Languages) -> outcome_notices.OwedNotice:
    with languages.speaking_to(db, row.holder or ""):
        package = catalog.find(db, row.package_id)
        return outcome_notices.notice_for_expiry(
            row,
            extending=_extending(db, row),
            is_offered=package is not None and package.can_be_asked_for,
        )


def _extending(db: Transaction, row: Assignment) -> Request | None:
    """Return the open request to extend what has ended, or the one for new access that it has become."""
    for request in request_lists.open_for_assignment(db, row.id):
        if request.kind is Kind.EXTEND:
            return request
    anew = request_lists.open_of(db, row.holder or "", row.package_id, Kind.ADD)
    return anew if anew is not None and anew.access_ended_at is not None else None


def _closing(row: Assignment, key: str) -> Close:
    return lambda db: _close(db, row, key)


def _close(db: Transaction, row: Assignment, key: str) -> None:
    """Note that nothing is owed any more if the holder has been told, or never can be."""
    is_done = notices.finished_keys(db, [key]) == {key}
    assignments.schedule_notice(db, row, news=None if is_done else clock.real() + LOOK_AGAIN)


def _take_reminders(
    db: Transaction,
    some: Sequence[PersonReminders],
    plan: ReminderPlan,
    held_under: PoliciesHeldUnder,
    languages: Languages,
    *,
    seen_since: datetime | None,
) -> tuple[datetime | None, Sequence[Parcel[PersonReminders]]]:
    """Claim what is still due of that, and leave the rest."""
    until = slack_waits.stopped_until(db, POST)
    if until is not None:
        return until, []
    ids = [assignment_id for due in some for assignment_id in due.ids]
    found, _ = due_reminders(db, plan, seen_since=seen_since, among=ids)
    notices.supersede(db, [notice for due in found.values() for notice in due.overtaken])
    wanted = [notice for due in found.values() for notice in due.notices]
    ours = {notice.key: notice for notice in notices.claim(db, wanted, lease=CLAIM_LEASE)}
    rows = {row.id: row for due in found.values() for row in due.rows}
    rungs = plan.of_each(db, list(rows.values()))
    words = ReminderWords.read(db, list(rows), held_under=held_under)
    parcels = []
    for due in found.values():
        claimed = [ours[notice.key] for notice in due.notices if notice.key in ours]
        for first in range(0, len(claimed), ENDS_A_MESSAGE):
            together = claimed[first : first + ENDS_A_MESSAGE]
            with languages.speaking_to(db, together[0].to):
                content = words.reminder([rows[notice.assignment_id or ""] for notice in together])
            earlier = [
                key
                for notice in together
                for key in earlier_keys(
                    rows[notice.assignment_id or ""], notice.key, rungs[notice.assignment_id or ""]
                )
            ]
            parcels.append(
                Parcel(about=due, claimed=together, content=content, close=_overtaking(earlier))
            )
    return None, parcels


def _overtaking(earlier: Sequence[str]) -> Close:
    """Take the buttons from the earlier reminders; whether the new one went out is read when they are redrawn."""
    return lambda db: notices.mark_stale(db, *earlier)
