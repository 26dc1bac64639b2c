"""LISTEN and NOTIFY on a real PostgreSQL, straight and behind PgBouncer."""

import asyncio
import contextlib
import os
import signal
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.configuration.settings import read_settings
from bot.database import open_store
from bot.database.replicas import wakeups
from bot.database.replicas.listening import DIFFERENT_SESSIONS, ListenTimings, Notifications
from bot.database.replicas.wire import NoWire
from bot.machine import wire_to_others
from bot.requests.store import requests
from tests.bot.samples import wish
from tests.harness.world import eventually

AT_ONCE = timedelta(milliseconds=1)
PATIENCE = ListenTimings(proof=timedelta(seconds=2), broken=lambda failures: AT_ONCE)
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN latchkey'"


class Replica:
    """A store, its wire, and what it has heard."""

    def __init__(self, address, patience=PATIENCE):
        self.store = open_store(read_settings({"DATABASE_URL": address}).sqlalchemy_url)
        self.wire = Notifications(self.store, patience)
        wakeups.attach(self.store.engine, self.wire)
        self.heard: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        self._listening = asyncio.create_task(
            self.wire.listen(lambda jobs: self.heard.put_nowait(frozenset(jobs)))
        )

    async def next(self):
        return await self.heard.get()

    async def close(self):
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self.store.close()


@pytest.fixture
def address(emptied_postgresql):
    plain = emptied_postgresql.set(drivername="postgresql")
    return plain.render_as_string(hide_password=False)


@pytest.fixture
async def replicas():
    """Starts replicas, each of which hears already."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*addresses, patience=PATIENCE):
            made = [Replica(each, patience) for each in addresses]
            for each in made:
                stack.push_async_callback(each.close)
                assert await each.next() == frozenset(wakeups.ALL)
            return made

        yield start


def undone(db):
    wakeups.due(db, wakeups.DECISIONS)
    raise ZeroDivisionError


async def test_a_new_request_wakes_the_other_replica(address, replicas):
    """Its requests job, and nothing else."""
    one, other = await replicas(address, address)
    await one.store.run(requests.add, wish())

    assert await other.next() == {wakeups.REQUESTS}


async def test_nobody_hears_of_what_was_rolled_back_nor_of_their_own(address, replicas):
    """What comes next is heard, so neither of them is still on its way."""
    one, other = await replicas(address, address)
    with pytest.raises(ZeroDivisionError):
        await one.store.run(undone)
    await one.store.run(requests.add, wish())
    await other.next()
    await other.store.run(wakeups.due, wakeups.REPROCESSING)

    assert await one.next() == {wakeups.REPROCESSING}
    assert one.heard.empty()
    assert other.heard.empty()


async def test_nobody_is_woken_before_the_commit(address, replicas):
    """They would find nothing, and not look again."""
    one, other = await replicas(address, address)

    loop = asyncio.get_running_loop()

    def wake(db):
        wakeups.due(db, wakeups.REQUESTS)
        # Whatever was said before this would have arrived with it.
        other.store.run_here(wakeups.notify, f"somebody {wakeups.DECISIONS}")
        return asyncio.run_coroutine_threadsafe(other.next(), loop).result()

    assert await one.store.run(wake) == {wakeups.DECISIONS}
    assert await other.next() == {wakeups.REQUESTS}


async def test_a_connection_that_broke_is_made_anew_and_everything_looked_at_once(
    address, replicas
):
    """Something may have been said meanwhile."""
    (one,) = await replicas(address)

    def cut(db):
        pids = db.execute(sa.text(LISTENERS)).scalars().all()
        for pid in pids:
            db.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return len(pids)

    assert await one.store.run(cut) == 1

    assert await one.next() == frozenset(wakeups.ALL)
    assert one.wire.silent_because is None


async def test_a_connection_that_hears_nothing_any_more_is_made_anew(address, replicas):
    """As after a network that has forgotten it: nothing breaks, and nothing comes."""
    often = replace(PATIENCE, proof=timedelta(milliseconds=200), between=AT_ONCE)
    (one,) = await replicas(address, patience=often)
    (pid,) = await one.store.run(lambda db: db.execute(sa.text(LISTENERS)).scalars().all())
    os.kill(pid, signal.SIGSTOP)
    try:
        assert await one.next() == frozenset(wakeups.ALL)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert one.wire.silent_because is None


@pytest.mark.parametrize("mode", ["session", "transaction"])
async def test_behind_a_pooler_it_is_said_what_gets_through(mode, address, behind_pgbouncer):
    """In transaction mode nothing does: the jobs go by the clock, and nobody believes otherwise."""
    pooled = behind_pgbouncer(address, mode=mode, size=4)
    one = Replica(pooled, ListenTimings(proof=timedelta(seconds=1)))
    try:
        if mode == "session":
            assert await one.next() == frozenset(wakeups.ALL)
            assert one.wire.silent_because is None
        else:
            await eventually(lambda: one.wire.silent_because == DIFFERENT_SESSIONS)
            assert one.heard.empty()
    finally:
        await one.close()


async def test_sqlite_has_no_others(tmp_path):
    """One process has the file."""
    with contextlib.closing(open_store(f"sqlite+pysqlite:///{tmp_path / 'latchkey.db'}")) as store:
        wire = wire_to_others(store)
    assert isinstance(wire, NoWire)
    assert wire.silent_because is not None
