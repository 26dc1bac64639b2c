"""
Which reminders are due.  Decided from the rows each time, never from timers: a missed day is caught up with.

A rung is a time before the end ("7 days").  Its key holds the end, so access that was extended is due again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import clock
from bot.models import Assignment, Notice
from bot.store import Transaction, assignments, notices


@dataclass
class Due:
    """
    What one person is to be reminded of, in one message.

    Attributes:
        rows: The accesses.
        notices: The rung that is sent, for each.
        overtaken: Earlier rungs that were missed: the nearer one says it all.
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
    """``expiring:<assignment>:<end>:<days>``"""
    return f"{end_key(assignment)}{rung.days}"


def due_reminders(db: Transaction, rungs: Sequence[timedelta]) -> dict[str, Due]:
    """What is due now, by Slack user id; a rung that was sent, dropped or is being sent is not."""
    if not rungs:
        return {}
    due: dict[str, Due] = {}
    for row in assignments.ending_before(db, clock.now() + max(rungs)):
        if row.holder is None or row.ends_at is None:
            continue
        nearest, *missed = reached(row.ends_at, rungs, now=clock.now())
        notice = _notice(row, nearest)
        if notices.settled_keys(db, [notice.key]):
            continue
        person = due.setdefault(row.holder, Due())
        person.rows.append(row)
        person.notices.append(notice)
        person.overtaken += [_notice(row, rung) for rung in missed]
    return due


def next_reminder(db: Transaction, rungs: Sequence[timedelta]) -> datetime | None:
    """When the next reminder comes due, or the next access ends if that is sooner; for the sandbox's clock."""
    now = clock.now()
    moments = [
        at
        for row in assignments.live(db)
        if row.ends_at is not None
        for at in (
            *(row.ends_at - rung for rung in rungs),
            row.ends_at,
        )
        if at > now
    ]
    return min(moments, default=None)


def _notice(row: Assignment, rung: timedelta) -> Notice:
    return Notice(key=key_of(row, rung), kind="reminder", to=row.holder or "", assignment_id=row.id)
