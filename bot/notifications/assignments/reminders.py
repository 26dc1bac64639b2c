"""
Find which reminders are due: from the rows each time, never from timers: a missed day is caught up with.

A rung is a time before the end ("7 days").  Its key holds the end, so access that was extended is due again.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.assignments.model import Assignment, DeliveryProgress, same_end
from bot.assignments.store import assignments
from bot.database import Transaction
from bot.messages.assignments import reminding
from bot.messages.blocks.parts import Message
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.model import Notice
from bot.notifications.store import notices
from bot.packages.offers import PoliciesHeldUnder
from bot.requests.model import OPEN, Kind, Request
from bot.requests.pausing import waits_for_pause
from bot.requests.store import request_lists
from bot.requests.store.request_lists import GivenAccess

# A reminder so soon after the message about the new end says nothing new.  Not a whole day: of access for two
# days one is reminded on the second.
JUST_TOLD: Final = timedelta(hours=12)
# Rows that are looked at together: few enough that answers hardly wait for them.
PAGE: Final = 200
# The sandbox's clock looks no further.
FAR_AHEAD: Final = timedelta(days=3_650)


@dataclass
class PersonReminders:
    """
    List what one person is to be reminded of, in one message.

    Attributes:
        rows: The accesses.
        notices: The rung that is sent, for each.
        overtaken: Rungs that need no message: earlier ones that were missed, as the nearer one says it all,
            and those that come with the news of the end itself.
        ids: Of all these accesses.
    """

    ids: list[str] = field(default_factory=list)
    rows: list[Assignment] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    overtaken: list[Notice] = field(default_factory=list)

    def add(self, other: "PersonReminders") -> None:
        """Remind of that, too."""
        self.ids += other.ids
        self.rows += other.rows
        self.notices += other.notices
        self.overtaken += other.overtaken


@dataclass(frozen=True)
class ReminderWords:
    """Gather what reminders say beside the ends themselves: what can be extended, and what is under way already."""

    held_under: PoliciesHeldUnder
    busy: Mapping[str, Request]
    is_paused: bool

    @classmethod
    def read(
        cls, db: Transaction, assignment_ids: Sequence[str], *, held_under: PoliciesHeldUnder
    ) -> "ReminderWords":
        busy = {
            request.assignment_id: request
            for request in request_lists.open_for_assignments(db, assignment_ids)
            # The one through which they have a part of it is nothing to wait for here.
            if request.kind is not Kind.ADD and request.assignment_id is not None
        }
        return cls(held_under, busy, is_paused=waits_for_pause(db, busy.values()))

    def reminder(
        self,
        rows: Sequence[Assignment],
        *,
        moved: Collection[str] = (),
        overtaken: Collection[str] = (),
    ) -> Message:
        return reminding.expiring(
            rows,
            held_under=self.held_under,
            busy=self.busy,
            moved=moved,
            overtaken=overtaken,
            is_paused=self.is_paused,
        )


def reached(end: datetime, rungs: Sequence[timedelta], *, now: datetime) -> list[timedelta]:
    """Return the rungs that have been reached, the nearest to the end first; none once it has ended."""
    if now >= end:
        return []
    return sorted(rung for rung in rungs if now >= end - rung)


def end_key(assignment: Assignment) -> str:
    """``expiring:<assignment>:<end>:``, what the keys of all rungs of one end begin with."""
    end = assignment.ends_at.strftime("%Y-%m-%dT%H:%M") if assignment.ends_at else "never"
    return f"expiring:{assignment.id}:{end}:"


def key_of(assignment: Assignment, rung: timedelta) -> str:
    """``expiring:<assignment>:<end>:<days>``, or ``<minutes>m`` where it is no number of whole days."""
    days, rest = divmod(rung, timedelta(days=1))
    return f"{end_key(assignment)}{f'{rung // timedelta(minutes=1)}m' if rest else days}"


def earlier_keys(row: Assignment, key: str, rungs: Sequence[timedelta]) -> list[str]:
    """Return the keys of the reminders of the same end that come before the one of *key*."""
    keys = [key_of(row, rung) for rung in sorted(set(rungs))]
    return keys[keys.index(key) + 1 :] if key in keys else []


def overtaken(
    db: Transaction,
    rows: Sequence[Assignment],
    sent: Collection[str],
    plan: ReminderPlan,
) -> set[str]:
    """
    Return the ids of *rows* of whose end a later reminder was sent than those in one message.

    Args:
        sent: The keys in that message.
    """
    later: dict[str, str] = {}
    rungs = plan.of_each(db, rows)
    for row in rows:
        keys = [key_of(row, rung) for rung in sorted(rungs[row.id])]
        nearest = next((place for place, key in enumerate(keys) if key in sent), 0)
        later |= dict.fromkeys(keys[:nearest], row.id)
    return {later[key] for key in notices.sent_keys(db, list(later))}


def due_reminders(
    db: Transaction,
    plan: ReminderPlan,
    *,
    seen_since: datetime | None = None,
    after: Assignment | None = None,
    among: Collection[str] | None = None,
) -> tuple[dict[str, PersonReminders], Assignment | None]:
    """
    Return a page of what is due now, by Slack user id, the first to end first, and the page's last row; None behind the last.

    A rung that was sent, dropped or is being sent is not due.

    Args:
        seen_since: Leave out what Graph has not shown since then (real time).
        after: The last row of the page before.
        among: Only of these assignments.
    """
    longest = plan.longest
    if not longest:
        return {}, None
    # Once, and first: nothing that the query finds has ended at this moment.
    now = clock.now()
    rows = assignments.ending_before(
        db, now + longest, seen_since=seen_since, after=after, among=among, limit=PAGE
    )
    last = rows[-1] if len(rows) == PAGE else None
    rungs = plan.of_each(db, rows)
    found = [
        (row, reached(row.ends_at, rungs[row.id], now=now))
        for row in rows
        if row.holder is not None and row.ends_at is not None and not row.may_end
    ]
    ending = [each for each in found if each[1]]
    settled = notices.settled_keys(db, [key_of(row, nearest) for row, (nearest, *_) in ending])
    left = [each for each in ending if key_of(each[0], each[1][0]) not in settled]
    told = _grants(db, [row for row, _ in left], since=now - longest - JUST_TOLD)
    due: dict[str, PersonReminders] = {}
    for row, (nearest, *missed) in left:
        notice = _notice(row, nearest)
        person = due.setdefault(notice.to, PersonReminders())
        person.ids.append(row.id)
        person.overtaken += [_notice(row, rung) for rung in missed]
        if _was_just_told(told[notice.to, row.package_id], row, nearest):
            person.overtaken.append(notice)
        else:
            person.rows.append(row)
            person.notices.append(notice)
    return due, last


def is_to_come(db: Transaction, assignment_id: str, *, plan: ReminderPlan) -> bool:
    """Tell whether a reminder of an assignment's end is due, or will be."""
    row = assignments.find(db, assignment_id)
    if row is None or row.ends_at is None or row.holder is None:
        return False
    now = clock.now()
    if any(now < row.ends_at - rung for rung in plan.of_each(db, [row])[row.id]):
        return True
    due, _ = due_reminders(db, plan, among=[row.id])
    return any(each.notices for each in due.values())


def _grants(
    db: Transaction, rows: Sequence[Assignment], *, since: datetime
) -> Mapping[tuple[str, str], list[GivenAccess]]:
    """
    Find what has given these accesses, or made them longer, by person and package.

    Args:
        since: What was told before then says nothing of a rung that comes before an end that is still to come.
    """
    found: defaultdict[tuple[str, str], list[GivenAccess]] = defaultdict(list)
    holders = {row.holder for row in rows if row.holder is not None}
    for each in request_lists.grants_to(db, holders, since=since) if holders else ():
        found[each.holder, each.package_id].append(each)
    return found


def will_remind(db: Transaction, request: Request, plan: ReminderPlan) -> bool:
    """Tell whether a reminder follows on the news that *request* has given access, or made it longer."""
    end, told = request.ends_at, request.ended_at
    row = assignments.find(db, request.assignment_id or "")
    if end is None or told is None or row is None:
        return False
    rungs = plan.of_each(db, [row])[row.id]
    return any(_is_of_use(rung, end=end, told=told) for rung in rungs)


def _is_of_use(rung: timedelta, *, end: datetime, told: datetime) -> bool:
    """
    Tell whether a reminder comes long enough after somebody was told of that end.

    Of what lasts a few hours it comes after the first half of them.
    """
    return end - rung > told + min(JUST_TOLD, (end - told) / 2)


def _was_just_told(grants: Sequence[GivenAccess], row: Assignment, rung: timedelta) -> bool:
    """Tell whether the message that the access is there, or lasts longer, has said what this rung would say."""
    if row.ends_at is None:
        return False
    for grant in grants:
        # The sync may see the access before the request about it is at its end.
        is_whole = row.progress is not DeliveryProgress.PARTIAL
        is_coming = grant.state in OPEN and grant.kind == Kind.ADD and is_whole
        is_about_it = is_coming or same_end(grant.ends_at, row.ends_at)
        told = grant.ended_at or clock.now()
        if is_about_it and not _is_of_use(rung, end=row.ends_at, told=told):
            return True
    return False


def next_reminder(db: Transaction, plan: ReminderPlan) -> datetime | None:
    """Return when the next reminder comes due, or the next access ends if that is sooner; for the sandbox's clock."""
    now = clock.now()
    rows = assignments.ending_before(db, now + FAR_AHEAD, limit=PAGE)
    rungs = plan.of_each(db, rows)
    moments = [
        row.ends_at - rung
        for row in rows
        for rung in rungs[row.id]
        if row.ends_at is not None and row.ends_at - rung > now
    ]
    end = assignments.next_end(db)
    return min([*moments, *([end] if end is not None else [])], default=None)


def _notice(row: Assignment, rung: timedelta) -> Notice:
    return Notice(key=key_of(row, rung), kind="reminder", to=row.holder or "", assignment_id=row.id)
