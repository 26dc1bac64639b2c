"""A PostgreSQL that is frozen, and not dead: nobody waits for it for ever, and nothing stays held afterwards."""

import contextlib
import os
import signal
import socket

import pytest
import sqlalchemy as sa

from bot.database import Busy, open_store, ping
from bot.database.connections import postgresql
from bot.database.connections.postgresql_limits import SessionLimits
from bot.requests.store import requests
from tests.bot.samples import wish


@pytest.fixture
def frozen(store):
    """Freezes the process of the server that serves a connection, until the end of the test."""
    stopped: list[int] = []

    def freeze(process_id):
        stopped.append(process_id)
        os.kill(process_id, signal.SIGSTOP)

    yield freeze
    for process_id in stopped:
        os.kill(process_id, signal.SIGCONT)


@pytest.fixture
def impatient(store):
    """The same store with limits in tenths of seconds."""
    quick = SessionLimits(lock_ms=100, statement_ms=200, idle_ms=200, answer_ms=400)
    store.engine.update_execution_options(**{postgresql.OPTION: quick})
    return store


OWN_PROCESS = sa.text("SELECT pg_backend_pid()")
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@on_postgresql
async def test_a_frozen_server_means_busy(impatient, frozen):
    """In the middle of a transaction; nothing has been written, and the next one gets another connection."""
    added = wish()

    def freeze_half_way(db):
        requests.add(db, added)
        frozen(db.execute(OWN_PROCESS).scalar_one())

    with pytest.raises(Busy, match="does not answer"):
        await impatient.run(freeze_half_way)
    assert await impatient.read(requests.find, added.id) is None


@on_postgresql
async def test_no_thread_stays_held_by_a_frozen_server(impatient, frozen):
    """As many transactions as there are threads meet it; afterwards each of them works."""

    def freeze(db):
        frozen(db.execute(OWN_PROCESS).scalar_one())
        db.execute(sa.text("SELECT 1"))

    for _ in range(8):
        with pytest.raises(Busy):
            await impatient.run(freeze)
    for _ in range(8):
        await impatient.run(ping)


@on_postgresql
async def test_a_statement_that_takes_too_long_is_ended_by_the_server(impatient):
    """Long before it is given up for lost."""
    with pytest.raises(Busy, match="statement timeout"):
        await impatient.run(lambda db: db.execute(sa.text("SELECT pg_sleep(60)")))
    await impatient.run(ping)


@on_postgresql
async def test_a_process_that_stops_half_way_holds_no_lock(impatient):
    """The server ends its transaction, so that the other replicas go on."""
    touch = sa.text("UPDATE audit_head SET position = position")
    other = sa.create_engine(impatient.engine.url, poolclass=sa.NullPool)

    def stop_half_way(db):
        db.execute(touch)
        with other.begin() as of_another_replica:
            # Waits for the lock, without a limit of its own.
            of_another_replica.execute(touch)
        db.execute(touch)

    with pytest.raises(Busy):
        await impatient.run(stop_half_way)


@on_postgresql
def test_what_changes_the_tables_may_take_its_time(store):
    """A large index takes minutes; locks are not waited for any longer, because others still work."""
    limits = "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')"
    assert store.run_patiently(lambda db: db.execute(sa.text(limits)).scalar_one()) == "0 1200ms"


def test_a_door_that_opens_and_says_nothing_is_left():
    """A pooler that takes the connection and has nobody behind it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = open_store(f"postgresql+psycopg://u@127.0.0.1:{port}/db?connect_timeout=1")
        with contextlib.closing(store), pytest.raises(Busy, match="timeout"):
            store.run_here(ping)


@on_postgresql
def test_the_network_is_asked_whether_the_server_is_still_there(store):
    """An idle connection that a firewall has forgotten is found out."""
    store.run_here(ping)

    def of_the_connection(db):
        return db.connection.driver_connection.info.get_parameters()

    has = store.run_here(of_the_connection)
    assert {name: has[name] for name in ("keepalives_idle", "tcp_user_timeout")} == {
        "keepalives_idle": "10",
        "tcp_user_timeout": "15000",
    }
    assert has["application_name"] == "latchkey"
