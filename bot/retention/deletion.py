"""
Delete what is older than the settings keep it: once a day, some rows at a time.

The bot does it by itself where its role may delete these rows, which is SQLite, or PostgreSQL with one role for everything.
Where the bot's role may not, `latchkey delete-old` does it as the owner of the tables.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from bot import clock
from bot.database import Store, Transaction
from bot.database.audit_log import audit
from bot.database.schema import roles
from bot.requests.model import ENDED
from bot.retention.model import Deleted, Retention
from bot.retention.store import old_rows
from bot.retention.store.old_rows import DeletedRows
from bot.sync.turns import SharedSync
from bot.timing import Waits

log = structlog.get_logger(__name__)

NAME: Final = "retention"
DAY: Final = timedelta(days=1)
# How often the job looks whether a day is over.
EVERY: Final = timedelta(hours=1)
# Rows that are deleted in one transaction: people wait for less than that.
ROWS_A_TURN: Final = 200
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
VERB: Final = "delete-old"


@dataclass(frozen=True, kw_only=True)
class OldRows:
    """
    Rows of one kind that are old.

    Attributes:
        kind: A field of `Deleted`.
        delete: Deletes some, from *since* on.
        has: Tells whether there are any.
    """

    kind: str
    before: datetime
    delete: Callable[..., DeletedRows | None]
    has: Callable[..., bool]


def old(retention: Retention, now: datetime) -> Iterator[OldRows]:
    """Yield what is old, in the order in which it is deleted: why access was given goes after the access."""
    if retention.requests is not None:
        before = now - retention.requests
        yield OldRows(
            kind="assignments",
            before=before,
            delete=old_rows.delete_assignments,
            has=old_rows.has_assignments,
        )
        for state in ENDED:
            yield OldRows(
                kind="requests",
                before=before,
                delete=partial(old_rows.delete_requests, state=state),
                has=partial(old_rows.has_requests, state=state),
            )
    if retention.messages is not None:
        before = now - retention.messages
        yield OldRows(
            kind="messages",
            before=before,
            delete=old_rows.delete_messages,
            has=old_rows.has_messages,
        )
        yield OldRows(
            kind="messages",
            before=before,
            delete=old_rows.delete_unsent,
            has=old_rows.has_unsent,
        )


def kinds_overdue(db: Transaction, retention: Retention) -> list[str]:
    """Return which kinds of rows are there that are old: “requests”, “assignments”, “messages”."""
    found = {
        each.kind
        for each in old(retention, clock.now())
        if each.has(db, since=EVER, before=each.before)
    }
    return sorted(found)


async def delete_old(
    store: Store,
    retention: Retention,
    *,
    actor: str = audit.LATCHKEY,
    facts: Mapping[str, str] | None = None,
) -> Deleted:
    """
    Delete whatever is old; that it is done is a row of the audit log, before the first is deleted.

    Args:
        facts: Of whoever does it, for the audit log.

    Raises:
        Busy: The database does not answer; what is left is deleted the next time.
    """
    if not await store.run(_begin, retention, actor, facts or {}):
        return Deleted()
    counts: dict[str, int] = {}
    for each in old(retention, clock.now()):
        since = EVER
        while True:
            batch = await store.run(each.delete, since=since, before=each.before, limit=ROWS_A_TURN)
            if batch is None:
                break
            counts[each.kind] = counts.get(each.kind, 0) + batch.count
            since = batch.last
    return Deleted(**counts)


def _begin(db: Transaction, retention: Retention, actor: str, facts: Mapping[str, str]) -> bool:
    if not kinds_overdue(db, retention):
        return False
    before = {
        each.kind: each.before.isoformat(timespec="seconds") for each in old(retention, clock.now())
    }
    audit.record(db, at=clock.now(), actor=actor, verb=VERB, details={**facts, "before": before})
    return True


@dataclass(kw_only=True)
class Daily:
    """Deletes once a day, on one replica, what is old."""

    store: Store
    retention: Retention
    waits: Waits

    def __post_init__(self) -> None:
        self._turn = SharedSync(
            name=NAME,
            every=DAY,
            body=self._delete,
            store=self.store,
            waits=self.waits,
            say=lambda error: type(error).__name__,
        )

    async def look(self) -> None:
        """
        Delete what is old if nobody has done it for a day.

        Raises:
            Busy: The database does not answer.
        """
        await self._turn.look()

    async def _delete(self) -> None:
        if await self.store.read(roles.may_delete_what_is_over):
            done = await delete_old(self.store, self.retention)
            log.info(
                "deleted-old",
                requests=done.requests,
                assignments=done.assignments,
                messages=done.messages,
            )
            if done != Deleted() and not await asyncio.to_thread(self.store.clear_deleted):
                # It goes with what is written next, and when the bot stops.
                log.info("deleted-still-in-wal")
