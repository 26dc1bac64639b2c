"""
Which reminders are due.  Decided from the rows each time, never from timers: a missed day is caught up with.

A rung is a time before the end ("7 days").  Its key holds the end, so access that was extended is due again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.models import Assignment, Kind, Notice, Progress, Request, same_end
from bot.store import Transaction, assignments, notices, request_lists

# A reminder so soon after the message about the new end says nothing new.  Not a whole day: of access for two
# days one is reminded on the second.
JUST_TOLD: Final = timedelta(hours=12)


@dataclass
class Due:
    """
    What one person is to be reminded of, in one message.

    Attributes:
        rows: The accesses.
        notices: The rung that is sent, for each.
        overtaken: Rungs that need no message: earlier ones that were missed, as the nearer one says it all,
            and those that come with the news of the end itself.
    """

    rows: list[Assignment] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    overtaken: list[Notice] = field(default_factory=list)


def reached(end: datetime, rungs: Sequence[timedelta], *, now: datetime) -> list[timedelta]:
    """The rungs that have been reached, the nearest to the end first; none once it has ended."""
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


def due_reminders(
    db: Transaction, rungs: Sequence[timedelta], *, seen_since: datetime | None = None
) -> dict[str, Due]:
    """
    What is due now, by Slack user id; a rung that was sent, dropped or is being sent is not.

    Args:
        seen_since: Leave out what Graph has not shown since then (real time).
    """
    if not rungs:
        return {}
    due: dict[str, Due] = {}
    # Once, and first: nothing that the query finds has ended at this moment.
    now = clock.now()
    ending = [
        (row, reached(row.ends_at, rungs, now=now))
        for row in assignments.ending_before(db, now + max(rungs), seen_since=seen_since)
        if row.holder is not None and row.ends_at is not None and not row.may_end
    ]
    settled = notices.settled_keys(db, [key_of(row, nearest) for row, (nearest, *_) in ending])
    for row, (nearest, *missed) in ending:
        notice = _notice(row, nearest)
        if notice.key in settled:
            continue
        person = due.setdefault(notice.to, Due())
        person.overtaken += [_notice(row, rung) for rung in missed]
        if _was_just_told(db, row, nearest):
            person.overtaken.append(notice)
        else:
            person.rows.append(row)
            person.notices.append(notice)
    return due


def will_remind(request: Request, rungs: Sequence[timedelta]) -> bool:
    """Whether a reminder follows on the news that *request* has given access, or made it longer."""
    end, told = request.ends_at, request.ended_at
    if end is None or told is None:
        return False
    return any(_is_of_use(rung, end=end, told=told) for rung in rungs)


def _is_of_use(rung: timedelta, *, end: datetime, told: datetime) -> bool:
    """
    Whether a reminder comes long enough after somebody was told of that end.

    Of what lasts a few hours it comes after the first half of them.
    """
    return end - rung > told + min(JUST_TOLD, (end - told) / 2)


def _was_just_told(db: Transaction, row: Assignment, rung: timedelta) -> bool:
    """Whether the message that the access is there, or lasts longer, has said what this rung would say."""
    if row.holder is None or row.ends_at is None:
        return False
    for request in request_lists.grants_of(db, row.holder, row.package_id):
        # The sweep may see the access before the request about it is at its end.
        is_whole = row.progress is not Progress.PARTIAL
        is_coming = request.is_open and request.kind is Kind.ADD and is_whole
        is_about_it = is_coming or same_end(request.ends_at, row.ends_at)
        told = request.ended_at or clock.now()
        if is_about_it and not _is_of_use(rung, end=row.ends_at, told=told):
            return True
    return False


def next_reminder(db: Transaction, rungs: Sequence[timedelta]) -> datetime | None:
    """When the next reminder comes due, or the next access ends if that is sooner; for the sandbox's clock."""
    return assignments.next_end(db, rungs=rungs)


def _notice(row: Assignment, rung: timedelta) -> Notice:
    return Notice(key=key_of(row, rung), kind="reminder", to=row.holder or "", assignment_id=row.id)
