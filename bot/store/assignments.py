"""Assignments: what Graph says people hold, and what we have told them about its end."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.models import Assignment, AssignmentState, Ended
from bot.store import audit
from bot.store.database import Transaction, insert
from bot.store.homes import touch_homes
from bot.store.schema import assignments, notices
from bot.store.statements import MOST, NOW, SINCE, for_each_database

FIELDS: Final = tuple(Assignment.__dataclass_fields__)
COLUMNS: Final = [assignments.c[name] for name in FIELDS]

# SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.
FORGOTTEN_TOGETHER: Final = 1_000

SELECT: Final = sa.select(*COLUMNS)
# The first to end first.
IN_ORDER: Final = SELECT.order_by(assignments.c.ends_at, assignments.c.id)
NOT_ENDED: Final = IN_ORDER.where(assignments.c.state != AssignmentState.ENDED)
BY_ID: Final = SELECT.where(assignments.c.id == sa.bindparam("assignment"))
BY_IDS: Final = IN_ORDER.where(assignments.c.id.in_(sa.bindparam("ids", expanding=True)))
HELD_BY: Final = NOT_ENDED.where(assignments.c.holder == sa.bindparam("holder"))
OWING_NEWS: Final = (
    SELECT.where(
        assignments.c.news_due_at <= NOW,
        assignments.c.ended_at >= SINCE,
        assignments.c.holder.is_not(None),
    )
    .order_by(assignments.c.news_due_at)
    .limit(MOST)
)

UPDATE: Final = assignments.update().where(assignments.c.id == sa.bindparam("assignment"))
UPDATE_IN_STATE: Final = UPDATE.where(assignments.c.state == sa.bindparam("known_state"))
END: Final = UPDATE.where(assignments.c.state != AssignmentState.ENDED)
REDRAW_REMINDERS: Final = (
    notices.update()
    .where(notices.c.assignment_id == sa.bindparam("assignment"), notices.c.kind == "reminder")
    .values(stale=True)
)


@for_each_database
def _upsert_live(db: Transaction) -> Any:
    row = insert(db, assignments)
    return row.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "package_name": row.excluded.package_name,
            "policy_id": sa.func.coalesce(row.excluded.policy_id, assignments.c.policy_id),
            "holder": sa.func.coalesce(row.excluded.holder, assignments.c.holder),
            "holder_name": sa.func.coalesce(row.excluded.holder_name, assignments.c.holder_name),
            "starts_at": row.excluded.starts_at,
            "ends_at": row.excluded.ends_at,
            "seen_at": row.excluded.seen_at,
            "state": sa.case(
                (assignments.c.state == AssignmentState.REMOVING, AssignmentState.REMOVING),
                else_=AssignmentState.LIVE,
            ),
            "ended_at": None,
            "ended_why": None,
            "news_due_at": None,
        },
        # A row's end counts as seeing it, see `end`.
        where=sa.or_(
            assignments.c.state != AssignmentState.ENDED,
            assignments.c.seen_at < sa.bindparam("read_at"),
        ),
    ).returning(assignments.c.id)


def _assignment(row: Sequence[Any]) -> Assignment:
    values = dict(zip(FIELDS, row, strict=True))
    values["state"] = AssignmentState(values["state"])
    return Assignment(**values)


def _read(db: Transaction, query: sa.Select[Any], **given: Any) -> list[Assignment]:
    return [_assignment(row) for row in db.execute(query, given)]


def save_live(
    db: Transaction,
    assignment: Assignment,
    *,
    read_at: datetime | None = None,
    actor: str = audit.LATCHKEY,
) -> None:
    """
    Write what Graph says is live: a new row, or new dates on the row we have.

    A removal that is under way stays under way; a holder that we know is not forgotten; what ended after
    Graph was read stays ended.

    Args:
        read_at: When Graph was asked (real time); now, unless given.
    """
    known = get(db, assignment.id)
    values = {**vars(assignment), "seen_at": clock.real()}
    written = db.execute(_upsert_live(db), {**values, "read_at": read_at or clock.real()})
    if written.first() is None:
        return
    if known is None or known.ends_at != assignment.ends_at:
        verb = "new-assignment" if known is None else "end-moved"
        audit.record(
            db,
            at=clock.now(),
            actor=actor,
            verb=verb,
            details={"ends_at": assignment.ends_at.isoformat() if assignment.ends_at else None},
            **_audit_ids(assignment),
        )
    if known is None or (known.ends_at, known.state) != (assignment.ends_at, assignment.state):
        _shown(db, assignment)


def news_of(db: Transaction, rows: Sequence[Assignment]) -> list[Assignment]:
    """
    Those of *rows*, read from Graph, that say something new; the others are marked as seen, all at once.

    A row that somebody else is at work on counts as new, so that nobody waits here while holding others.
    """
    query = SELECT.where(
        assignments.c.id.in_([row.id for row in rows]), assignments.c.state != AssignmentState.ENDED
    )
    known = {row.id: row for row in _read(db, query.with_for_update(skip_locked=True))}
    new = [
        row for row in rows if row.id not in known or _merged(known[row.id], row) != known[row.id]
    ]
    old = known.keys() - {row.id for row in new}
    db.execute(assignments.update().where(assignments.c.id.in_(old)).values(seen_at=clock.real()))
    return new


def _merged(known: Assignment, read: Assignment) -> Assignment:
    """What `save_live` makes of a live row."""
    return replace(
        known,
        package_name=read.package_name,
        policy_id=read.policy_id or known.policy_id,
        holder=read.holder or known.holder,
        holder_name=read.holder_name or known.holder_name,
        starts_at=read.starts_at,
        ends_at=read.ends_at,
    )


def get(db: Transaction, assignment_id: str) -> Assignment | None:
    found = _read(db, BY_ID, assignment=assignment_id)
    return found[0] if found else None


def held_by(db: Transaction, holder: str) -> list[Assignment]:
    """What a Slack user holds, the first to end first."""
    return _read(db, HELD_BY, holder=holder)


def live(
    db: Transaction, *, package_id: str | None = None, holder: str | None = None, limit: int = 500
) -> list[Assignment]:
    """What everybody holds, by package or by person."""
    query = NOT_ENDED
    if package_id is not None:
        query = query.where(assignments.c.package_id == package_id)
    if holder is not None:
        query = query.where(assignments.c.holder == holder)
    return _read(db, query)[:limit]


def live_ids(db: Transaction, *, not_seen_since: datetime) -> list[str]:
    """Ids of rows we think are live but the last sweep (real time) did not list."""
    query = sa.select(assignments.c.id).where(
        assignments.c.state != AssignmentState.ENDED, assignments.c.seen_at < not_seen_since
    )
    return list(db.execute(query).scalars())


def set_removing(db: Transaction, assignment_id: str) -> None:
    known = {"assignment": assignment_id, "known_state": AssignmentState.LIVE}
    db.execute(UPDATE_IN_STATE, {**known, "state": AssignmentState.REMOVING})
    _shown_id(db, assignment_id)


def set_not_removing(db: Transaction, assignment_id: str) -> None:
    """The removal failed: the access is still there, and we say so."""
    known = {"assignment": assignment_id, "known_state": AssignmentState.REMOVING}
    db.execute(UPDATE_IN_STATE, {**known, "state": AssignmentState.LIVE})
    _shown_id(db, assignment_id)


def end(
    db: Transaction, assignment_id: str, *, why: str, at: datetime, actor: str = audit.LATCHKEY
) -> bool:
    """Close a row, once; later reminders for it are no longer owed."""
    # The request tells of its own removal or return.
    news = clock.real() if why in {Ended.RAN_OUT, Ended.OUTSIDE} else None
    values = {
        "state": AssignmentState.ENDED,
        "ended_at": at,
        "ended_why": why,
        "news_due_at": news,
        "seen_at": clock.real(),
    }
    done = db.execute(END, {"assignment": assignment_id, **values}).rowcount == 1
    if done:
        ended = get(db, assignment_id)
        if ended is not None:
            audit.record(db, at=clock.now(), actor=actor, verb="end", why=why, **_audit_ids(ended))
            _shown(db, ended)
    return done


def let_end(db: Transaction, assignment: Assignment) -> None:
    """The holder is fine with this end: no more reminders for it."""
    db.execute(UPDATE, {"assignment": assignment.id, "let_end": assignment.ends_at})
    audit.record(
        db, at=clock.now(), actor=assignment.holder or "", verb="let-end", **_audit_ids(assignment)
    )
    _shown(db, assignment)


def ending_before(db: Transaction, until: datetime) -> list[Assignment]:
    """Live access of people we know in Slack that ends after now and not after *until*."""
    query = IN_ORDER.where(
        assignments.c.state == AssignmentState.LIVE,
        assignments.c.holder.is_not(None),
        assignments.c.ends_at > clock.now(),
        assignments.c.ends_at <= until,
    )
    return _read(db, query)


def owing_news(db: Transaction, *, since: datetime, limit: int = 100) -> list[Assignment]:
    """Access that came to an end without a request of ours, and whose holder is still to be told."""
    return _read(db, OWING_NEWS, now=clock.real(), since=since, most=limit)


def look_again(db: Transaction, assignment: Assignment, *, news: datetime | None) -> None:
    """Say when to look again whether the end has been told; None: it has."""
    db.execute(UPDATE, {"assignment": assignment.id, "news_due_at": news})


def without_holder(db: Transaction, *, looked_up_before: datetime, limit: int) -> list[Assignment]:
    """Live access whose holder we have not found in Slack, and have not looked for lately (real time)."""
    query = SELECT.where(
        assignments.c.state != AssignmentState.ENDED,
        assignments.c.holder.is_(None),
        sa.or_(assignments.c.looked_up_at.is_(None), assignments.c.looked_up_at < looked_up_before),
    ).limit(limit)
    return _read(db, query)


def looked_up(
    db: Transaction, entra_id: str, *, holder: str | None, holder_name: str | None
) -> None:
    """Remember whom we found in Slack for an Entra user, or that we found nobody."""
    values: dict[str, Any] = {"looked_up_at": clock.real()}
    if holder is not None:
        values |= {"holder": holder, "holder_name": holder_name}
        touch_homes(db, holder)
    db.execute(assignments.update().where(assignments.c.entra_id == entra_id).values(**values))


def by_ids(db: Transaction, ids: Collection[str]) -> list[Assignment]:
    return _read(db, BY_IDS, ids=list(ids)) if ids else []


def _shown(db: Transaction, assignment: Assignment) -> None:
    """What people see of it has changed: their Home and their reminders are owed a redraw."""
    db.execute(REDRAW_REMINDERS, {"assignment": assignment.id})
    touch_homes(db, assignment.holder)


def _shown_id(db: Transaction, assignment_id: str) -> None:
    found = get(db, assignment_id)
    if found is not None:
        _shown(db, found)


def _audit_ids(assignment: Assignment) -> dict[str, Any]:
    return {
        "assignment_id": assignment.id,
        "package_id": assignment.package_id,
        "subject_entra_id": assignment.entra_id,
    }


def forget(db: Transaction, package_ids: Collection[str]) -> None:
    """Take the rows of these packages out of the mirror, and say nothing: Latchkey has to do with them no more."""
    ids = sorted(package_ids)
    for first in range(0, len(ids), FORGOTTEN_TOGETHER):
        some = ids[first : first + FORGOTTEN_TOGETHER]
        db.execute(assignments.delete().where(assignments.c.package_id.in_(some)))
