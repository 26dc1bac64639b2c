"""The database goes away in the middle of a transaction: that is said as it is, and the next one works."""

import asyncio
import threading
from collections import Counter

import pytest
import sqlalchemy as sa

from bot.assignments.store import assignments
from bot.database import Busy, open_store, ping
from bot.database.audit_log import audit
from bot.requests.model import State
from bot.requests.store import requests
from graph.values import FIRST_MOMENT, LAST_MOMENT
from tests.bot.samples import held, wish

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

CUT = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def cut(store):
    """End all connections of the store, as a server does that stops at once."""
    other = sa.create_engine(store.engine.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with other.connect() as db:
        # Until each is gone: the server's own way to wait looks ten times a second only.
        while db.execute(CUT).all():
            pass


@pytest.fixture
def cut_at(store):
    """Cut the connections just before the first statement that begins with some word."""
    words: list[str] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute", named=True)
    def listen(statement, **facts):
        if words and statement.startswith(words[0]):
            words.clear()
            cut(store)

    return words.append


@pytest.mark.parametrize(
    "word",
    ["INSERT INTO request", "SELECT audit_head", "INSERT INTO audit"],
)
async def test_a_connection_that_is_cut_means_busy(store, cut_at, word):
    """At whatever statement; and nothing has happened."""
    await store.run(ping)
    cut_at(word)
    request = wish()

    with pytest.raises(Busy):
        await store.run(requests.add, request)

    assert await store.run(requests.find, request.id) is None
    assert await store.run(requests.add, request) is not None
    assert len(await store.run(audit.rows, request_id=request.id)) == 1


async def test_a_move_that_is_cut_has_not_happened(store, cut_at):
    """The same of the other statement in a savepoint of its own."""
    request = await store.run(requests.add, wish())
    cut_at("UPDATE request")

    with pytest.raises(Busy):
        await store.run(requests.move, request, State.APPROVED)

    assert await store.run(requests.find, request.id) == request
    assert await store.run(requests.move, request, State.APPROVED) is not None


TAKE_LOCK = sa.text("SELECT pg_advisory_xact_lock(:key)")


async def test_whoever_is_undone_for_a_deadlock_begins_anew(store):
    """Two transactions take two locks in opposite order: PostgreSQL undoes one, and both come to their end."""
    both_have_one = threading.Barrier(2)
    tries: Counter[int] = Counter()

    def take(db, first, second):
        tries[first] += 1
        db.execute(TAKE_LOCK, {"key": first})
        if tries[first] == 1:
            both_have_one.wait()
        db.execute(TAKE_LOCK, {"key": second})
        return first

    taken = await asyncio.gather(store.run(take, 1, 2), store.run(take, 2, 1))

    assert list(taken) == [1, 2]
    assert sorted(tries.values()) == [1, 2]
    # That one had to begin anew does not say that the database takes no writes.
    assert store.refusal is None


async def test_whoever_is_undone_twice_is_told_that_it_is_busy(store):
    """And nobody is kept waiting for a third try."""
    tries: Counter[str] = Counter()

    def undone(db):
        tries["all"] += 1
        db.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'undone' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(Busy, match="undone"):
        await store.run(undone)
    assert tries["all"] == 2


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("moment", [FIRST_MOMENT, LAST_MOMENT])
async def test_the_zone_of_the_server_does_not_matter(store, database_url, zone, moment):
    """Of the first and the last day of the calendar it would make one that Python does not know."""
    far = store.engine.url.update_query_dict({"options": f"-c timezone={zone}"})
    beside = open_store(far.render_as_string(hide_password=False))
    try:
        await beside.run(assignments.save_live, held(ends_at=moment))
        found = await beside.run(assignments.find, held().id)
    finally:
        beside.close()

    assert found is not None
    assert found.ends_at == moment
