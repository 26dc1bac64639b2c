"""PostgreSQL goes away in the middle of something: the process lives, and nothing is lost or doubled."""

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot.database import Busy, Transaction, Unsure, open_store
from bot.database.audit_log import audit
from bot.database.schema import migrate
from tests.harness.camera import empty_postgresql, life
from tests.harness.owed import at_rest, leases_pass, unfinished
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, BO, World, eventually
from tests.postgres import address_of, server_in, start
from tests.proofs.crash_sweep.deeds import FINANCE, ask, decide, read, told

# All connections are cut before every so many statements, so many times.
EVERY_STATEMENTS = 9
CUTS = 12

TERMINATE = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def granted_once(world: World) -> None:
    """Wait until Ann has it and nothing is owed, whatever leases died; and look how often it was done."""

    async def done() -> bool:
        await read(world, leases_pass)
        world.bot.jobs.wake()
        return bool(told(ANN, "You now have access")(world)) and not await read(world, unfinished)

    await eventually(done)
    made = Counter(each.request_type for each in world.tenant.world.requests.values())
    assert made == Counter(adminAdd=1)
    assert (await read(world, audit.verify, b"")).wrong is None


async def test_cut_connections_lose_nothing(simulated, postgresql):
    """In the middle of transactions, a dozen times; every connection of the pool."""
    async with simulation(next(empty_postgresql(postgresql))) as around:
        outside = around.outside
        outside.tenant.world.delivery = timedelta(0)
        outside.tenant.world.lenient = True
        async with life(around) as world:
            await world.synced()
            engine = world.bot.store.engine
            other = sa.create_engine(engine.url, poolclass=sa.NullPool)
            statements = cuts = 0

            def cut(*_: Any) -> None:
                nonlocal statements, cuts
                statements += 1
                if statements % EVERY_STATEMENTS == 0 and cuts < CUTS:
                    cuts += 1
                    with other.connect() as db:
                        db.execute(TERMINATE)

            sa.event.listen(engine, "before_cursor_execute", cut)
            await ask(world, ANN, FINANCE)
            await decide(world, BO, "Approve")
            await eventually(lambda: cuts == CUTS)
            sa.event.remove(engine, "before_cursor_execute", cut)
            await granted_once(world)


@pytest.fixture
def server(postgresql):
    """A PostgreSQL server of one's own, to be stopped at will; with a migrated database."""
    with tempfile.TemporaryDirectory(prefix="latchkey-lost-", ignore_cleanup_errors=True) as folder:
        running = server_in(Path(folder))
        start(running)
        store = open_store(address_of(running).render_as_string(hide_password=False))
        migrate.upgrade(store)
        store.close()
        yield running
        running.cleanup()


def _url_of(server: Any) -> str:
    return address_of(server).set(drivername="postgresql").render_as_string(hide_password=False)


def crash(server: Any) -> None:
    """An immediate shutdown: no checkpoint, every connection cut, recovery at the next start."""
    os.kill(server.get_pid(), signal.SIGQUIT)
    # It is real, and takes its time: until then it may still serve somebody.
    while _pid_file(server).exists():
        time.sleep(0.01)


def _pid_file(server: Any) -> Path:
    return Path(server.pgdata) / "postmaster.pid"


async def down_then_up(server: Any, *, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """Do something while the crashed server is down, and start it again."""
    try:
        await meanwhile()
    finally:
        await asyncio.to_thread(start, server, again=True)


async def test_a_crash_of_the_server_is_outlived(simulated, server):
    """While a request waits, and again while Graph takes the grant; people are told meanwhile, and so is readyz."""
    async with simulation(_url_of(server)) as around:
        outside = around.outside
        outside.tenant.world.delivery = timedelta(0)
        outside.tenant.world.lenient = True
        async with life(around) as world:
            await world.synced()
            await ask(world, ANN, FINANCE)
            for place in (BO, APPROVALS):
                await world.card(place)

            async def nobody_is_served() -> None:
                answer = await world.type(ANN, FINANCE)
                assert "Nothing has changed" in (answer.text or "")
                transport = httpx.ASGITransport(world.bot.asgi)
                async with httpx.AsyncClient(
                    transport=transport, base_url="http://latchkey"
                ) as http:
                    assert (await http.get("/healthz")).status_code == 200
                    ready = await http.get("/readyz")
                assert ready.status_code == 503
                assert "database" in ready.text

            crash(server)
            await down_then_up(server, meanwhile=nobody_is_served)

            crashed = asyncio.Event()

            def when_taken() -> None:
                if world.tenant.world.requests and not crashed.is_set():
                    crashed.set()
                    crash(server)

            unsubscribe = world.tenant.world.subscribe(when_taken)
            await decide(world, BO, "Approve")

            async def taken() -> None:
                await asyncio.wait_for(crashed.wait(), 30)

            await down_then_up(server, meanwhile=taken)
            unsubscribe()
            await granted_once(world)


def cut_at_commit(engine: sa.Engine, *, of: str) -> None:
    """Cut a connection once between COMMIT and its answer: of the next transaction with a statement that begins so."""
    connections: list[sa.Connection] = []

    def note(db: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(of):
            connections.append(db)

    def commit_and_cut(db: sa.Connection) -> None:
        if connections == [db]:
            connections.append(db)
            driver: Any = db.connection.driver_connection
            driver.execute("COMMIT")
            driver.close()

    sa.event.listen(engine, "before_cursor_execute", note)
    sa.event.listen(engine, "commit", commit_and_cut)


async def test_what_may_be_saved_is_not_said_to_be_lost(simulated, postgresql):
    """The answer to COMMIT never comes: Ann reads that it is not known, and asking again does nothing twice."""
    async with simulation(next(empty_postgresql(postgresql))) as around:
        around.outside.tenant.world.delivery = timedelta(0)
        around.outside.tenant.world.lenient = True
        async with life(around) as world:
            await world.synced()
            await at_rest(world.bot)
            cut_at_commit(world.bot.store.engine, of="INSERT INTO request ")
            told_first = await world.type(ANN, FINANCE)
            told_then = await world.type(ANN, FINANCE)
            await decide(world, BO, "Approve")
            await granted_once(world)

    assert "I can't tell whether I have it" in (told_first.text or "")
    assert "You have already asked" in (told_then.text or "")


@pytest.mark.parametrize("saved", [True, False])
def test_only_what_is_not_known_is_unsure(postgresql, saved):
    """What breaks before COMMIT is not written, and what is refused there is not either."""
    store = open_store(
        next(empty_postgresql(postgresql)).replace("postgresql:", "postgresql+psycopg:")
    )

    def write(db: Transaction) -> None:
        if not saved:
            driver: Any = db.connection.driver_connection
            driver.close()
        db.execute(sa.text("UPDATE control SET catalog_version = 'x'"))

    if saved:
        cut_at_commit(store.engine, of="UPDATE control")
    with pytest.raises(Busy) as refused:
        store.run_here(write)

    assert isinstance(refused.value, Unsure) is saved
    store.close()
