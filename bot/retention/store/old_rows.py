"""
Find and delete rows of what is over: some at a time, so that nobody waits for it.

Of what has been over for so long nobody is told any more.  Why access was given that is still there, and what was said of
it, is not over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import AssignmentState
from bot.database import deletions
from bot.database.connections.engine import Transaction
from bot.database.statements import MOST, NOW, SINCE, UNTIL, word
from bot.database.tables import (
    IS_CURRENT_DRIFT,
    IS_ENDED,
    IS_OPEN,
    IS_OVER,
    REVIEW_IS_OPEN,
    STILL_TROUBLE,
    approver_questions,
    assignments,
    deciders,
    decisions,
    delegations,
    drift,
    emergencies,
    findings,
    holds,
    notices,
    requests,
    troubles,
)
from bot.requests.model import ENDED, State

ONE: Final[sa.ColumnElement[int]] = sa.literal_column("1")
IDS: Final[sa.BindParameter[str]] = sa.bindparam("ids", expanding=True)
IS_CURRENT: Final = assignments.c.state != word(AssignmentState.ENDED)
# A notice about a delegation is called by its kind and the delegation's id.
DELEGATION: Final = "delegation:"
# And a card of drift likewise: not all of it is about one's access.
DRIFT: Final = "drift:"
ID_LENGTH: Final = 32


def _none(*where: sa.ColumnElement[bool] | sa.TextClause) -> sa.ColumnElement[bool]:
    """
    Say that there is no such row in another table.

    As a value and not as NOT EXISTS, for which PostgreSQL might read that whole table.
    """
    return sa.select(sa.literal_column("1")).where(*where).limit(ONE).scalar_subquery().is_(None)


def _is_free(about: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Say that no message about it is being sent or drawn."""
    return _none(about, notices.c.claimed_until > NOW)


def _is_reviewed(about: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Say that it was no emergency, or that its review has long been closed."""
    return _none(about, sa.or_(REVIEW_IS_OPEN, emergencies.c.closed_at >= UNTIL))


def _old_requests(state: str) -> sa.Select[Any]:
    return (
        sa.select(requests.c.id, requests.c.ended_at)
        .where(
            IS_ENDED,
            requests.c.state == word(state),
            requests.c.ended_at >= SINCE,
            requests.c.ended_at < UNTIL,
            # Why somebody has what they have is known as long as they have it.
            _none(assignments.c.id == requests.c.assignment_id, IS_CURRENT),
            # Who has clicked on a card of long ago is still to be answered.
            _none(decisions.c.request_id == requests.c.id, decisions.c.at >= UNTIL),
            _none(
                approver_questions.c.request_id == requests.c.id,
                approver_questions.c.at >= UNTIL,
            ),
            _is_reviewed(emergencies.c.request_id == requests.c.id),
            _is_free(notices.c.request_id == requests.c.id),
        )
        .order_by(requests.c.ended_at)
        .limit(MOST)
    )


OLD_REQUESTS: Final = {state: _old_requests(state) for state in ENDED}
OLD_ASSIGNMENTS: Final = (
    sa.select(assignments.c.id, assignments.c.ended_at)
    .where(
        IS_OVER,
        assignments.c.ended_at >= SINCE,
        assignments.c.ended_at < UNTIL,
        _none(requests.c.assignment_id == assignments.c.id, IS_OPEN),
        _is_free(notices.c.assignment_id == assignments.c.id),
    )
    .order_by(assignments.c.ended_at)
    .limit(MOST)
)
# Which messages went out is asked as long as what they are about is not over, and somebody may still be told of its end.
IS_NEWS_OF_NOTHING: Final = sa.and_(
    sa.or_(notices.c.claimed_until.is_(None), notices.c.claimed_until <= NOW),
    _none(
        requests.c.id == notices.c.request_id,
        sa.or_(IS_OPEN, requests.c.ended_at >= UNTIL),
    ),
    _is_reviewed(emergencies.c.request_id == notices.c.request_id),
    _none(
        assignments.c.id == notices.c.assignment_id,
        sa.or_(IS_CURRENT, assignments.c.ended_at >= UNTIL),
    ),
    _none(troubles.c.about == notices.c.assignment_id, STILL_TROUBLE),
    _none(
        delegations.c.id == sa.func.substr(notices.c.key, len(DELEGATION) + 1, ID_LENGTH),
        delegations.c.ends_at >= UNTIL,
    ),
    _none(
        drift.c.id == sa.func.substr(notices.c.key, len(DRIFT) + 1, ID_LENGTH),
        IS_CURRENT_DRIFT,
    ),
)


def _old_messages(at: sa.ColumnElement[Any], which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select the messages of that kind of which nobody asks any more, by when they were settled."""
    return (
        sa.select(notices.c.key.label("id"), at.label("ended_at"))
        .where(which, at >= SINCE, at < UNTIL, IS_NEWS_OF_NOTHING)
        .order_by(at)
        .limit(MOST)
    )


OLD_MESSAGES: Final = _old_messages(notices.c.sent_at, notices.c.sent_at.is_not(None))
# Those that were dropped, or are tried no more: the last claim says when that was.
OLD_UNSENT: Final = _old_messages(notices.c.claimed_until, notices.c.sent_at.is_(None))
# What somebody else works on just now is left for the next time.
LOCKED: Final = {
    query: query.with_for_update(skip_locked=True, of=table)
    for query, table in (
        *((query, requests) for query in OLD_REQUESTS.values()),
        (OLD_ASSIGNMENTS, assignments),
        (OLD_MESSAGES, notices),
        (OLD_UNSENT, notices),
    )
}
# The request itself goes last: the others refer to it.
DELETE_REQUESTS: Final = (
    notices.delete().where(notices.c.request_id.in_(IDS)),
    deciders.delete().where(deciders.c.request_id.in_(IDS)),
    holds.delete().where(holds.c.request_id.in_(IDS)),
    decisions.delete().where(decisions.c.request_id.in_(IDS)),
    approver_questions.delete().where(approver_questions.c.request_id.in_(IDS)),
    findings.delete().where(findings.c.request_id.in_(IDS)),
    emergencies.delete().where(emergencies.c.request_id.in_(IDS)),
    requests.delete().where(requests.c.id.in_(IDS)),
)
DELETE_ASSIGNMENTS: Final = (
    notices.delete().where(notices.c.assignment_id.in_(IDS)),
    assignments.delete().where(assignments.c.id.in_(IDS)),
)
DELETE_MESSAGES: Final = (notices.delete().where(notices.c.key.in_(IDS)),)


@dataclass(frozen=True, kw_only=True)
class DeletedRows:
    """
    Rows that were deleted together.

    Attributes:
        last: When the last of them was over: the next batch begins there.
    """

    count: int
    last: datetime


def delete_requests(
    db: Transaction, state: State, *, since: datetime, before: datetime, limit: int
) -> DeletedRows | None:
    """Delete requests that came to that end in that time, the oldest first; None: there are no more."""
    deleted = _delete(db, OLD_REQUESTS[state], DELETE_REQUESTS, since, before, limit)
    if deleted is not None:
        deletions.note(db)
    return deleted


def delete_assignments(
    db: Transaction, *, since: datetime, before: datetime, limit: int
) -> DeletedRows | None:
    """Delete rows of access that ended in that time, the oldest first; None: there are no more."""
    return _delete(db, OLD_ASSIGNMENTS, DELETE_ASSIGNMENTS, since, before, limit)


def delete_messages(
    db: Transaction, *, since: datetime, before: datetime, limit: int
) -> DeletedRows | None:
    """Delete records of messages that were sent in that time, the oldest first; None: there are no more."""
    return _delete(db, OLD_MESSAGES, DELETE_MESSAGES, since, before, limit)


def delete_unsent(
    db: Transaction, *, since: datetime, before: datetime, limit: int
) -> DeletedRows | None:
    """Delete records of messages that were dropped, or tried last, in that time, the oldest first; None: there are no more."""
    found = db.execute(LOCKED[OLD_UNSENT], _given(since, before, limit)).all()
    return _deleted(db, found, DELETE_MESSAGES)


def has_requests(db: Transaction, state: State, *, since: datetime, before: datetime) -> bool:
    """Tell whether `delete_requests` would delete any."""
    return _any(db, OLD_REQUESTS[state], since, before)


def has_assignments(db: Transaction, *, since: datetime, before: datetime) -> bool:
    """Tell whether `delete_assignments` would delete any."""
    return _any(db, OLD_ASSIGNMENTS, since, before)


def has_messages(db: Transaction, *, since: datetime, before: datetime) -> bool:
    """Tell whether `delete_messages` would delete any."""
    return _any(db, OLD_MESSAGES, since, before)


def has_unsent(db: Transaction, *, since: datetime, before: datetime) -> bool:
    """Tell whether `delete_unsent` would delete any."""
    return db.execute(OLD_UNSENT, _given(since, before, 1)).first() is not None


def _given(since: datetime, before: datetime, limit: int) -> dict[str, Any]:
    return {"since": since, "until": before, "most": limit, "now": clock.real()}


def _any(db: Transaction, query: sa.Select[Any], since: datetime, before: datetime) -> bool:
    return db.execute(query, _given(since, before, 1)).first() is not None


def _delete(
    db: Transaction,
    query: sa.Select[Any],
    statements: tuple[sa.Delete, ...],
    since: datetime,
    before: datetime,
    limit: int,
) -> DeletedRows | None:
    found = db.execute(LOCKED[query], _given(since, before, limit)).all()
    return _deleted(db, found, statements)


def _deleted(
    db: Transaction, found: Sequence[sa.Row[Any]], statements: tuple[sa.Delete, ...]
) -> DeletedRows | None:
    if not found:
        return None
    ids = [row.id for row in found]
    for statement in statements:
        db.execute(statement, {"ids": ids})
    return DeletedRows(count=len(ids), last=found[-1].ended_at)
