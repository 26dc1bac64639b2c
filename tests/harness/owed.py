"""What is still owed, read from the database as any test may; and the waits that a test need not sit through."""

from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock as business_clock
from bot.app import Latchkey
from bot.database import Busy, Transaction
from bot.database.tables import metadata
from bot.requests.model import Request
from bot.requests.store import requests
from tests.harness.world import eventually

# Columns in the machine's own time, which goes on while nobody runs.
MACHINE_TIME: Final = {
    table.name: [
        column.name
        for column in table.columns
        if column.name.endswith(("due_at", "_until"))
        or column.name in {"settles_at", "seen_at", "looked_up_at"}
    ]
    for table in metadata.sorted_tables
}
# What is still owed about a row.
OWED: Final = ("cards_due_at", "news_due_at")


def every_request(db: Transaction) -> list[Request]:
    """All requests, the oldest first."""
    ids = db.execute(sa.text("SELECT id FROM request ORDER BY asked_at")).scalars().all()
    return [found for each in ids if (found := requests.find(db, each)) is not None]


def rows_of(db: Transaction, table: str) -> list[dict[str, Any]]:
    """All rows of a table."""
    return [dict(row) for row in db.execute(sa.select(metadata.tables[table])).mappings()]


def unfinished(db: Transaction) -> list[str]:
    """Everything that is still under way or owed, a line each; empty when there is nothing left to do."""
    left = [f"request {each.kind} {each.state}" for each in every_request(db) if each.is_open]
    for notice in rows_of(db, "notice"):
        # One that is sent and claimed is being redrawn, perhaps by somebody who has died.
        is_redrawn = notice["sent_at"] is not None and notice["claimed_until"] is not None
        is_owed = notice["sent_at"] is None or notice["stale"] or is_redrawn
        if notice["dropped_why"] is None and is_owed:
            left.append(f"notice {notice['key']}")
    left += [
        f"{name} of {table} {row['id']}"
        for table in ("request", "assignment")
        for row in rows_of(db, table)
        for name in OWED
        if row.get(name) is not None
    ]
    left += [
        f"home of {each['slack_user']}"
        for each in rows_of(db, "home")
        # One that is claimed is being published.
        if each["stale"] or each["claimed_until"] is not None
    ]
    for click in rows_of(db, "decision"):
        # A form that was never sent leaves nothing to do.
        if not is_draft(click) and click["answered_at"] is None:
            left.append(f"{click['verb']} by {click['slack_user']}")
    return left


def is_draft(click: dict[str, Any]) -> bool:
    """Tell whether a click still lacks the reason that its person has to give."""
    return click["outcome"] is None and click["due_at"] is None


def waits_pass(db: Transaction) -> None:
    """Make every request that only waits for its next look due now; whoever holds one keeps it."""
    table = metadata.tables["request"]
    waiting = table.update().where(table.c.lease_until.is_(None), table.c.due_at.is_not(None))
    db.execute(waiting.values(due_at=business_clock.real()))


def leases_pass(db: Transaction) -> None:
    """Make every lease run out and everything that waits for another try due, as if time had gone on."""
    long_ago = business_clock.real() - timedelta(seconds=1)
    for name, columns in MACHINE_TIME.items():
        table = metadata.tables[name]
        for column in columns:
            if column.endswith(("due_at", "_until")):
                waiting = table.update().where(table.c[column] > long_ago)
                db.execute(waiting.values({column: long_ago}))


async def at_rest(bot: Latchkey) -> None:
    """Wait until nothing is owed, and then for one more look of every job: a doubled effect would come now."""
    left: list[str] = ["not looked yet"]

    async def nothing_left() -> bool:
        # What is owed need not have a row yet: two looks, because the first may have begun before.
        for _ in range(2):
            await looked(bot)
        try:
            left[:] = await bot.store.run(unfinished)
        except Busy:
            left[:] = ["the database is busy"]
        return not left

    try:
        await eventually(nothing_left)
    except AssertionError:
        raise AssertionError(f"still owed: {left}") from None


async def looked(bot: Latchkey) -> None:
    """Wait until these jobs have run once more."""
    statuses = [
        bot.jobs.statuses[name] for name in ("decisions", "requests", "messages", "redraws")
    ]
    before = [status.last_success for status in statuses]
    bot.jobs.wake()
    await eventually(
        lambda: all(
            status.last_success != last for status, last in zip(statuses, before, strict=True)
        ),
        about=f"{[status.last_error for status in statuses]}",
    )
