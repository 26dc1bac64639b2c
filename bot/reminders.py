"""
Which reminders are due.  Decided from the rows each time, never from timers: a missed day is caught up with.

A rung is a time before the end ("7 days").  Its key holds the end, so access that was extended is due again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.models import Assignment, Notice
from bot.store import Transaction, assignments, notices, requests

# Delivery takes a while, and ends are rounded.
JUST_TOLD: Final = timedelta(hours=12)


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


def reached(
    end: datetime, rungs: Sequence[timedelta], *, now: datetime, told: datetime | None = None
) -> list[timedelta]:
    """
    The rungs that have been reached, the nearest to the end first; none once it has ended.

    Args:
        told: When the person was told of this end.  A rung that had been reached by then says nothing new.
    """
    if now >= end:
        return []
    return sorted(rung for rung in telling(end, rungs, told=told) if now >= end - rung)


def telling(end: datetime, rungs: Sequence[timedelta], *, told: datetime | None) -> list[timedelta]:
    """The rungs that had not been reached when the person was told of this end."""
    return [rung for rung in rungs if told is None or end - rung > told + JUST_TOLD]


def told_of(db: Transaction, row: Assignment) -> datetime | None:
    """When the holder was told of this very end, by the news of a delivery or an extension."""
    if row.ends_at is None:
        return None
    return requests.delivered_with_end(db, assignment_id=row.id, ends_at=row.ends_at)


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
        found = reached(row.ends_at, rungs, now=clock.now(), told=told_of(db, row))
        if not found:
            continue
        nearest, *missed = found
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
            *(row.ends_at - rung for rung in telling(row.ends_at, rungs, told=told_of(db, row))),
            row.ends_at,
        )
        if at > now
    ]
    return min(moments, default=None)


def _notice(row: Assignment, rung: timedelta) -> Notice:
    return Notice(key=key_of(row, rung), kind="reminder", to=row.holder or "", assignment_id=row.id)
