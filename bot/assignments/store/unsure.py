"""Assignments that Graph did not show, or did not let us read: what is known of them, and since when."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import DeliveryProgress
from bot.assignments.store.assignments import IS_NOT_ENDED, UPDATE
from bot.database.connections.engine import Transaction
from bot.database.homes import touch_homes
from bot.database.statements import MOST, SINCE, word
from bot.database.tables import assignments

# Counted by the program: to group them, SQLite would walk along what every package has.
UNREADABLE: Final = sa.select(assignments.c.package_id).where(
    assignments.c.unreadable_since.is_not(None),
    IS_NOT_ENDED,
    assignments.c.misses > sa.bindparam("more_than"),
)
PARTIAL: Final = sa.select(assignments.c.id).where(
    assignments.c.progress == word(DeliveryProgress.PARTIAL),
    IS_NOT_ENDED,
    assignments.c.progress_at <= SINCE,
)
BEHIND: Final = (
    sa.select(assignments.c.id)
    .where(IS_NOT_ENDED, assignments.c.id > sa.bindparam("behind"))
    .order_by(assignments.c.id)
    .limit(MOST)
)
BEHIND_OF_PACKAGE: Final = BEHIND.where(assignments.c.package_id == sa.bindparam("package"))
BEHIND_NOT_SEEN: Final = BEHIND.where(assignments.c.seen_at < SINCE)


def count_unreadable(db: Transaction, ids: Collection[str]) -> None:
    """Graph did not let us read these: they stay as they were, and it is counted."""
    now = clock.real()
    found = assignments.update().where(assignments.c.id.in_(ids), IS_NOT_ENDED)
    first = found.where(assignments.c.unreadable_since.is_(None)).values(unreadable_since=now)
    shown = list(db.execute(first.returning(assignments.c.holder)).scalars())
    db.execute(found.values(misses=assignments.c.misses + 1))
    for holder in dict.fromkeys(shown):
        touch_homes(db, holder)


def unreadable(db: Transaction, *, misses: int = 0) -> dict[str, int]:
    """Return how many live rows could not be read in more than *misses* syncs in a row, by package id."""
    return Counter(db.execute(UNREADABLE, {"more_than": misses}).scalars())


def not_whole_since(db: Transaction, at: datetime) -> list[str]:
    """Return ids of access that has been there in part only since *at* or longer."""
    return list(db.execute(PARTIAL, {"since": at}).scalars())


def set_gone(db: Transaction, assignment_id: str) -> None:
    """Graph does not show it any more, for the first time."""
    db.execute(UPDATE, {"assignment": assignment_id, "gone_at": clock.real()})


def ids_of_package(db: Transaction, package_id: str, *, after: str, limit: int) -> list[str]:
    """Return ids of a package's rows that are not ended: the next *limit* behind *after*, in their order."""
    given = {"package": package_id, "behind": after, "most": limit}
    return list(db.execute(BEHIND_OF_PACKAGE, given).scalars())


def live_ids(
    db: Transaction, *, not_seen_since: datetime, after: str = "", limit: int
) -> list[str]:
    """
    Return ids of rows we think are live but the last sync (real time) did not list: the next *limit* behind *after*.
    """
    given = {"since": not_seen_since, "behind": after, "most": limit}
    return list(db.execute(BEHIND_NOT_SEEN, given).scalars())
