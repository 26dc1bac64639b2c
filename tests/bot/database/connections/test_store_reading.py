"""Reading: as of one moment, beside whoever writes, and unable to write."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from bot import clock
from bot.database import Unusable
from bot.database.audit_log import audit
from bot.packages.store import catalog
from bot.requests.store import request_lists, requests
from tests.bot.samples import wish

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_the_bot_writes_while_the_log_is_verified(store):
    """Half way through; the log is verified as of the moment at which that began, and is whole."""
    for number in range(3):
        await store.run(requests.add, wish(package_id=str(number)))
    written: list[Any] = []

    @sa.event.listens_for(store.reading, "after_cursor_execute", named=True)
    def write_meanwhile(statement, **facts):
        if "FROM audit " in statement and not written:
            written.append(store.run_here(requests.add, wish(package_id="meanwhile")))

    chain = store.read_here(audit.verify, b"")

    assert written[0] is not None
    assert (chain.wrong, chain.rows) == (None, 3)
    assert store.read_here(audit.verify, b"").rows == 4


@on_sqlite
async def test_reading_does_not_wait_for_the_write_lock(store):
    """However long somebody else holds it."""
    with closing(sqlite3.connect(store.engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await store.read(catalog.list_all) == []
        assert (await store.read(request_lists.pending)).rows == []


async def test_who_reads_cannot_write(store):
    """A mistake of ours fails at once, and changes nothing."""
    with pytest.raises(Unusable):
        await store.read(lambda db: db.execute(sa.text("UPDATE audit_head SET position = 7")))
    assert store.read_here(lambda db: db.execute(audit.READ_HEAD).one().position) == 0


async def test_who_reads_together_cannot_write_either(store):
    """The same function may write where it is run to write."""

    def count(db, items):
        db.execute(
            sa.text("UPDATE audit_head SET position = position + :more"), {"more": len(items)}
        )
        return list(items)

    assert await store.run_together(count, "one") == "one"
    with pytest.raises(Unusable):
        await store.read_together(count, "another")
    assert store.read_here(lambda db: db.execute(audit.READ_HEAD).one().position) == 1


async def test_what_is_to_be_audited_cannot_get_lost_in_reading(store):
    """It would never be written."""

    def record(db):
        audit.record(db, at=clock.now(), actor="U0ANN", verb="looked")

    with pytest.raises(RuntimeError, match="only reads"):
        await store.read(record)
    assert await store.read(audit.rows) == []


async def test_reading_sees_what_was_committed_just_before(store):
    """On a connection of its own."""
    for number in range(20):
        added = await store.run(requests.add, wish(package_id=str(number)))
        assert await store.read(requests.find, added.id) == added
