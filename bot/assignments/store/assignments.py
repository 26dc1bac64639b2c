"""Assignments: what Graph says people hold, and what we have told them about its end."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import (
    ENDED_WITHOUT_US,
    Assignment,
    AssignmentState,
    DeliveryProgress,
    TroubleKind,
)
from bot.assignments.store import troubles
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.homes import touch_homes
from bot.database.statements import MOST, NOW, SINCE, UNTIL, for_each_database, word
from bot.database.tables import GAVE, UtcDateTime, assignments, notices, requests
from bot.people.store.people import for_entra_id

FIELDS: Final = tuple(Assignment.__dataclass_fields__)
COLUMNS: Final = [assignments.c[name] for name in FIELDS]

# SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.
FORGOTTEN_TOGETHER: Final = 1_000

SELECT: Final = sa.select(*COLUMNS)
# The first to end first.
IN_ORDER: Final = SELECT.order_by(assignments.c.ends_at, assignments.c.id)
IS_NOT_ENDED: Final = assignments.c.state != word(AssignmentState.ENDED)
# What is there, and not only on its way.
THERE: Final = (DeliveryProgress.DELIVERED, DeliveryProgress.PARTIAL, DeliveryProgress.REPROCESSING)
BY_ID: Final = SELECT.where(assignments.c.id == sa.bindparam("assignment"))
BY_IDS: Final = IN_ORDER.where(assignments.c.id.in_(sa.bindparam("ids", expanding=True)))
OWING_NEWS: Final = (
    SELECT.where(
        assignments.c.news_due_at <= NOW,
        assignments.c.ended_at >= SINCE,
        assignments.c.holder.is_not(None),
    )
    .order_by(assignments.c.news_due_at)
    .limit(MOST)
)

# What a row has that Graph has just shown.
READABLE: Final = {"unreadable_since": None, "misses": 0, "gone_at": None}

UPDATE: Final = assignments.update().where(assignments.c.id == sa.bindparam("assignment"))
UPDATE_IN_STATE: Final = UPDATE.where(assignments.c.state == sa.bindparam("known_state"))
END: Final = UPDATE.where(IS_NOT_ENDED)
# Reminders, and cards of drift: what stands there of an access.
SHOWS_ACCESS: Final = notices.c.kind.in_(("reminder", "drift"))
REDRAW_REMINDERS: Final = (
    notices.update()
    .where(notices.c.assignment_id == sa.bindparam("assignment"), SHOWS_ACCESS)
    .values(stale=True)
)
# Of what gave the access: its finished cards in channels (the admins' has a button while it is there), and the news of it
# with a button to return it, which whoever was asked for got.
REDRAW_WHAT_GAVE: Final = (
    notices.update()
    .where(
        notices.c.request_id.in_(
            sa.select(requests.c.id).where(
                requests.c.assignment_id == sa.bindparam("assignment"), GAVE
            )
        ),
        sa.or_(
            sa.and_(
                notices.c.kind == "card",
                sa.or_(notices.c.recipient.like("C%"), notices.c.recipient.like("G%")),
            ),
            notices.c.kind == "given-for-you",
        ),
    )
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
            "progress": row.excluded.progress,
            "progress_at": row.excluded.progress_at,
            "seen_at": row.excluded.seen_at,
            # Lists do not say it; who has asked for it does.
            "is_emergency": sa.or_(assignments.c.is_emergency, row.excluded.is_emergency),
            **READABLE,
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
            IS_NOT_ENDED, assignments.c.seen_at < sa.bindparam("read_at", type_=UtcDateTime())
        ),
    ).returning(assignments.c.id)


def from_row(row: Sequence[Any]) -> Assignment:
    """Make an assignment of a row of COLUMNS."""
    values = dict(zip(FIELDS, row, strict=True))
    values["state"] = AssignmentState(values["state"])
    values["progress"] = DeliveryProgress(values["progress"])
    return Assignment(**values)


def _read(db: Transaction, query: sa.Select[Any], **given: Any) -> list[Assignment]:
    return [from_row(row) for row in db.execute(query, given)]


def save_live(
    db: Transaction,
    assignment: Assignment,
    *,
    read_by_id_at: datetime | None = None,
    actor: str = audit.LATCHKEY,
) -> bool:
    """
    Write what Graph shows: a new row, or what has changed on the row we have.  False if it has ended.

    A removal that is under way stays under way; a holder that we know is not forgotten.  What has ended lives
    again only if Graph was asked for that very assignment after its end: lists may lag.

    Args:
        read_by_id_at: When Graph was asked for it by its id (real time); None: it stood in a list.
    """
    known = find(db, assignment.id)
    progress = _progress(known, assignment)
    is_as_before = known is not None and known.progress is progress
    values = {
        **vars(assignment),
        "progress": progress,
        "progress_at": known.progress_at if known and is_as_before else clock.now(),
        "seen_at": clock.real(),
        "read_at": read_by_id_at,
        # Whoever asked for it was found just now.
        "looked_up_at": clock.real() if assignment.holder else None,
        **READABLE,
    }
    if db.execute(_upsert_live(db), values).first() is None:
        return False
    revived = known is not None and known.state is AssignmentState.ENDED
    if known is None or revived or known.ends_at != assignment.ends_at:
        verb = "revived" if revived else "new-assignment" if known is None else "end-moved"
        audit.record(
            db,
            at=clock.now(),
            actor=actor,
            verb=verb,
            details={"ends_at": assignment.ends_at.isoformat() if assignment.ends_at else None},
            **audit_ids(assignment),
        )
    if progress is DeliveryProgress.DELIVERED:
        troubles.close(db, assignment.id, (TroubleKind.PARTIAL, TroubleKind.FAILED))
    is_emergency = assignment.is_emergency or (known is not None and known.is_emergency)
    shown = replace(assignment, progress=progress, is_emergency=is_emergency)
    if known is None or _shows(known) != _shows(shown):
        _mark_views_stale(db, assignment)
    if revived:
        db.execute(REDRAW_WHAT_GAVE, {"assignment": assignment.id})
    return True


def _shows(row: Assignment) -> tuple[Any, ...]:
    """Return what people see of a row that is not ended."""
    return (row.ends_at, row.state, row.progress, row.unreadable_since, row.is_emergency)


def _progress(known: Assignment | None, read: Assignment) -> DeliveryProgress:
    if known is None or known.state is AssignmentState.ENDED:
        return read.progress
    return progress_after(known.progress, read.progress)


def progress_after(before: str, read: DeliveryProgress) -> DeliveryProgress:
    """Return how far Entra is: it has one word for what it gives for the first time and what it goes through again."""
    if read is DeliveryProgress.DELIVERING and before != DeliveryProgress.DELIVERING:
        return DeliveryProgress.REPROCESSING
    return read


def find(db: Transaction, assignment_id: str) -> Assignment | None:
    found = _read(db, BY_ID, assignment=assignment_id)
    return found[0] if found else None


def next_end(db: Transaction) -> datetime | None:
    """Return when the next live access ends."""
    ends = sa.select(sa.func.min(assignments.c.ends_at, type_=UtcDateTime())).where(IS_NOT_ENDED)
    return db.execute(ends.where(assignments.c.ends_at > clock.now())).scalar()


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
    news = clock.real() if why in ENDED_WITHOUT_US else None
    values = {
        "state": AssignmentState.ENDED,
        "ended_at": at,
        "ended_why": why,
        "news_due_at": news,
        "seen_at": clock.real(),
    }
    done = db.execute(END, {"assignment": assignment_id, **values}).rowcount == 1
    if done:
        ended = find(db, assignment_id)
        if ended is not None:
            audit.record(db, at=clock.now(), actor=actor, verb="end", why=why, **audit_ids(ended))
            troubles.close(db, assignment_id)
            _mark_views_stale(db, ended)
            db.execute(REDRAW_WHAT_GAVE, {"assignment": ended.id})
    return done


def let_end(db: Transaction, assignment: Assignment, *, actor: str) -> None:
    """The holder is fine with this end: no more reminders for it."""
    db.execute(UPDATE, {"assignment": assignment.id, "let_end": assignment.ends_at})
    audit.record(db, at=clock.now(), actor=actor, verb="let-end", **audit_ids(assignment))
    _mark_views_stale(db, assignment)


def remind_again(db: Transaction, assignment: Assignment, *, actor: str) -> None:
    """Note that the holder wants to be reminded of the end after all."""
    db.execute(UPDATE, {"assignment": assignment.id, "let_end": None})
    audit.record(db, at=clock.now(), actor=actor, verb="remind-again", **audit_ids(assignment))
    _mark_views_stale(db, assignment)


def ending_before(
    db: Transaction,
    until: datetime,
    *,
    seen_since: datetime | None = None,
    after: Assignment | None = None,
    among: Collection[str] | None = None,
    limit: int,
) -> list[Assignment]:
    """
    Access of people we know in Slack that ends after now and not after *until*, the first to end first.

    What Graph did not show at the last look is left out: it may be gone, and if it is not, the next look says so.

    Args:
        seen_since: Leave out what Graph has not shown since then (real time): its end may have been moved.
        after: The last one of the page before.
        among: Only of these ids.
        limit: So many of them.
    """
    given: dict[str, Any] = {"now": clock.now(), "until": until, "most": limit}
    if seen_since is not None:
        given["since"] = seen_since
    if among is not None:
        given["among"] = list(among)
    if after is not None:
        given |= {"behind_end": after.ends_at, "behind": after.id}
    return _read(db, _ending_before(frozenset(given) & {"since", "among", "behind"}), **given)


@cache
def _ending_before(narrowed_by: frozenset[str]) -> sa.Select[Any]:
    query = IN_ORDER.limit(MOST).where(
        assignments.c.progress.in_(THERE),
        assignments.c.gone_at.is_(None),
        # Not ended is said for the sake of the index of what is not.
        IS_NOT_ENDED,
        assignments.c.state == AssignmentState.LIVE,
        assignments.c.holder.is_not(None),
        assignments.c.ends_at > NOW,
        assignments.c.ends_at <= UNTIL,
    )
    if "since" in narrowed_by:
        query = query.where(assignments.c.seen_at >= SINCE)
    if "among" in narrowed_by:
        query = query.where(assignments.c.id.in_(sa.bindparam("among", expanding=True)))
    if "behind" in narrowed_by:
        end = sa.bindparam("behind_end", type_=UtcDateTime())
        query = query.where(
            assignments.c.ends_at >= end,
            sa.or_(assignments.c.ends_at > end, assignments.c.id > sa.bindparam("behind")),
        )
    return query


def notices_due(db: Transaction, *, since: datetime, limit: int = 100) -> list[Assignment]:
    """Access that came to an end without a request of ours, and whose holder is still to be told."""
    return _read(db, OWING_NEWS, now=clock.real(), since=since, most=limit)


def schedule_notice(db: Transaction, assignment: Assignment, *, news: datetime | None) -> None:
    """Say when to look again whether the end has been told; None: it has."""
    db.execute(UPDATE, {"assignment": assignment.id, "news_due_at": news})


def by_ids(db: Transaction, ids: Collection[str]) -> list[Assignment]:
    return _read(db, BY_IDS, ids=list(ids)) if ids else []


def _mark_views_stale(db: Transaction, assignment: Assignment) -> None:
    """Mark that what people see of it has changed: their Home and their reminders are owed a redraw."""
    db.execute(REDRAW_REMINDERS, {"assignment": assignment.id})
    theirs = {person.slack_user for person in for_entra_id(db, assignment.entra_id)}
    touch_homes(db, assignment.holder, deciders=sorted(theirs))


def _shown_id(db: Transaction, assignment_id: str) -> None:
    found = find(db, assignment_id)
    if found is not None:
        _mark_views_stale(db, found)
        db.execute(REDRAW_WHAT_GAVE, {"assignment": found.id})


def audit_ids(assignment: Assignment) -> dict[str, Any]:
    """Return what an audit row about an assignment says that it is about."""
    return {
        "assignment_id": assignment.id,
        "package_id": assignment.package_id,
        "subject_entra_id": assignment.entra_id,
    }


def forget(db: Transaction, package_ids: Collection[str]) -> None:
    """Take the rows of these packages out of the table, and say nothing: Latchkey has to do with them no more."""
    ids = sorted(package_ids)
    for first in range(0, len(ids), FORGOTTEN_TOGETHER):
        some = ids[first : first + FORGOTTEN_TOGETHER]
        db.execute(assignments.delete().where(assignments.c.package_id.in_(some)))
