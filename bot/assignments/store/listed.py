"""Store what a list of Graph's says of assignments, a page at a time: only what changed, and that all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress, TroubleKind
from bot.assignments.store import troubles
from bot.assignments.store.assignments import (
    IS_NOT_ENDED,
    READABLE,
    SHOWS_ACCESS,
    audit_ids,
    progress_after,
)
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.homes import touch_homes
from bot.database.statements import for_each_database
from bot.database.tables import IS_REMOVAL, UtcDateTime, assignments, notices, people, requests

IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
# What is compared; a lock on it that somebody else has is not waited for.
KNOWN: Final = (
    sa.select(
        assignments.c.id,
        assignments.c.state,
        assignments.c.package_name,
        assignments.c.policy_id,
        assignments.c.holder,
        assignments.c.holder_name,
        assignments.c.starts_at,
        assignments.c.ends_at,
        assignments.c.progress,
        assignments.c.unreadable_since.is_not(None).label("is_unreadable"),
        sa.or_(assignments.c.misses > 0, assignments.c.gone_at.is_not(None)).label("is_unsure"),
    )
    .where(assignments.c.id.in_(IDS))
    .with_for_update(skip_locked=True)
)
THERE: Final = sa.select(assignments.c.id).where(assignments.c.id.in_(IDS))
SEEN: Final = assignments.update().where(assignments.c.id.in_(IDS))
CHANGE: Final = (
    assignments.update()
    .where(assignments.c.id == sa.bindparam("assignment"), IS_NOT_ENDED)
    .values(
        {
            name: sa.bindparam(f"new_{name}", type_=assignments.c[name].type)
            for name in (
                *("package_name", "policy_id", "holder", "holder_name"),
                *("starts_at", "ends_at", "progress", "seen_at"),
            )
        }
        | {
            "progress_at": sa.case(
                (
                    assignments.c.progress == sa.bindparam("new_progress"),
                    assignments.c.progress_at,
                ),
                else_=sa.bindparam("changed_at", type_=UtcDateTime()),
            )
        }
        | READABLE
    )
)
REDRAW_REMINDERS: Final = (
    notices.update().where(notices.c.assignment_id.in_(IDS), SHOWS_ACCESS).values(stale=True)
)
BOUND: Final = sa.select(people.c.slack_user).where(people.c.entra_id.in_(IDS))
# By the person alone: for several pairs SQLite would look through every request.
REMOVED: Final = sa.select(requests.c.entra_id, requests.c.package_id).where(
    requests.c.entra_id.in_(IDS), IS_REMOVAL
)


@for_each_database
def _insert(db: Transaction) -> Any:
    row = insert(db, assignments).on_conflict_do_nothing(index_elements=["id"])
    return row.returning(assignments.c.id)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """
    The result of storing the rows of a list.

    Attributes:
        new: Nobody knew them.
        changed: Graph says something else of them than before.
        ended: Ids of those that are over here: lists lag, so whether they live again only they themselves can tell.
        busy: Somebody else is at work on these just now: they are to be saved by themselves.
    """

    new: Sequence[Assignment]
    changed: Sequence[Assignment]
    ended: Sequence[str]
    busy: Sequence[Assignment]


def save(db: Transaction, listed: Sequence[Assignment]) -> Saved:
    """
    Write down what a list says of each of *listed*; what is as before is marked as seen.

    What is written is what `assignments.save_live` would write of each by itself.  Nobody waits here for a row while
    holding others.
    """
    # In one order everywhere, so that two who write the same rows do not wait for each other.
    rows = {row.id: row for row in sorted(listed, key=lambda row: row.id)}
    known = {row.id: row for row in db.execute(KNOWN, {"ids": list(rows)})}
    unknown = [row for row in rows.values() if row.id not in known]
    locked = set(db.execute(THERE, {"ids": [row.id for row in unknown]}).scalars())
    ended, same, changed = [], [], []
    for assignment_id, before in known.items():
        if before.state == AssignmentState.ENDED:
            ended.append(assignment_id)
        elif _is_as_before(before, rows[assignment_id]):
            same.append(assignment_id)
        else:
            changed.append(rows[assignment_id])
    now, seen_at = clock.now(), clock.real()
    db.execute(SEEN, {"ids": same, "seen_at": seen_at})
    new = _add(db, [row for row in unknown if row.id not in locked], at=now, seen_at=seen_at)
    _change(db, changed, known, at=now, seen_at=seen_at)
    _close_troubles(db, [*new, *changed], known)
    _mark_views_stale(db, [*new, *(row for row in changed if _shows_another(known[row.id], row))])
    done = {*(row.id for row in new), *known}
    busy = [row for row in unknown if row.id not in done]
    return Saved(new=new, changed=changed, ended=ended, busy=busy)


def removed_once(db: Transaction, rows: Sequence[Assignment]) -> list[Assignment]:
    """Return those of *rows* whose package has been asked to be removed from the same person, whenever and by whomever."""
    if not rows:
        return []
    found = db.execute(REMOVED, {"ids": sorted({row.entra_id for row in rows})})
    removed = {(each.entra_id, each.package_id) for each in found}
    return [row for row in rows if (row.entra_id, row.package_id) in removed]


def _is_as_before(known: Any, read: Assignment) -> bool:
    return (
        known.ends_at == read.ends_at
        and known.package_name == read.package_name
        and known.policy_id == (read.policy_id or known.policy_id)
        and known.holder_name == (read.holder_name or known.holder_name)
        and known.holder == (read.holder or known.holder)
        and known.starts_at == read.starts_at
        and known.progress == _progress(known, read)
        and not known.is_unreadable
        and not known.is_unsure
    )


def _progress(known: Any, read: Assignment) -> DeliveryProgress:
    return progress_after(known.progress, read.progress)


def _shows_another(known: Any, read: Assignment) -> bool:
    """Tell whether what people see of it is another."""
    return bool(known.is_unreadable) or (known.ends_at, known.state, known.progress) != (
        *(read.ends_at, read.state, _progress(known, read)),
    )


def _add(
    db: Transaction, rows: Sequence[Assignment], *, at: datetime, seen_at: datetime
) -> list[Assignment]:
    """Insert these, and return those that nobody else has inserted meanwhile."""
    if not rows:
        return []
    values = [
        {
            **vars(row),
            "progress_at": at,
            "seen_at": seen_at,
            "looked_up_at": seen_at if row.holder else None,
            **READABLE,
        }
        for row in rows
    ]
    added = set(db.execute(_insert(db), values).scalars())
    new = [row for row in rows if row.id in added]
    for row in new:
        _record(db, row, verb="new-assignment", at=at)
    return new


def _change(
    db: Transaction,
    rows: Sequence[Assignment],
    known: Mapping[str, Any],
    *,
    at: datetime,
    seen_at: datetime,
) -> None:
    if not rows:
        return
    values = []
    for row in rows:
        before = known[row.id]
        values.append(
            {
                "assignment": row.id,
                "new_package_name": row.package_name,
                "new_policy_id": row.policy_id or before.policy_id,
                "new_holder": row.holder or before.holder,
                "new_holder_name": row.holder_name or before.holder_name,
                "new_starts_at": row.starts_at,
                "new_ends_at": row.ends_at,
                "new_progress": _progress(before, row),
                "changed_at": at,
                "new_seen_at": seen_at,
            }
        )
        if before.ends_at != row.ends_at:
            _record(db, row, verb="end-moved", at=at)
    db.execute(CHANGE, values)


def _record(db: Transaction, row: Assignment, *, verb: str, at: datetime) -> None:
    details = {"ends_at": row.ends_at.isoformat() if row.ends_at else None}
    audit.record(db, at=at, actor=audit.LATCHKEY, verb=verb, details=details, **audit_ids(row))


def _close_troubles(db: Transaction, rows: Sequence[Assignment], known: Mapping[str, Any]) -> None:
    """Access that is there whole is no trouble any more."""
    whole = [
        row.id
        for row in rows
        if (_progress(known[row.id], row) if row.id in known else row.progress)
        is DeliveryProgress.DELIVERED
    ]
    kinds = (TroubleKind.PARTIAL, TroubleKind.FAILED)
    for assignment_id in troubles.open_among(db, whole, kinds):
        troubles.close(db, assignment_id, kinds)


def _mark_views_stale(db: Transaction, rows: Sequence[Assignment]) -> None:
    """Mark that what people see of these has changed: their Homes and reminders are owed a redraw."""
    if not rows:
        return
    db.execute(REDRAW_REMINDERS, {"ids": [row.id for row in rows]})
    theirs = set(db.execute(BOUND, {"ids": [row.entra_id for row in rows]}).scalars())
    theirs |= {row.holder for row in rows if row.holder is not None}
    touch_homes(db, None, deciders=sorted(theirs))
