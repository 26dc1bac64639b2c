"""`latchkey backup` and `restore` of PostgreSQL: whole copies with a true anchor, put back in one transaction or not at all."""

import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.database import open_store
from bot.database.audit_log import audit
from bot.database.connections import postgresql_copy
from bot.database.connections.copies import CannotCopy
from bot.database.connections.postgresql_copy import Server
from bot.requests.store import requests
from tests.bot.samples import wish
from tests.postgres import with_programs

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    monkeypatch.setenv("PATH", with_programs())


def server_at(url: sa.URL) -> Server:
    shown = url.set(drivername="postgresql")
    return Server(
        url=url.render_as_string(hide_password=False),
        address=shown.render_as_string(hide_password=False),
    )


@pytest.fixture
def server(own_postgresql):
    return server_at(own_postgresql)


def asked(server, number=1):
    """Let so many people ask; the place and hash of the last audit row."""
    store = open_store(server.url)
    try:
        for _ in range(number):
            new = wish()
            assert store.run_here(requests.add, replace(new, package_id=f"package-{new.id}"))
        return store.read_here(audit.head)
    finally:
        store.close()


def put_back(server, file, *, leaves_within=timedelta(hours=1)):
    """Restore, once the sessions of what a test did before have ended, however slow the machine is."""
    return postgresql_copy.restore(server, file, now=NOW, leaves_within=leaves_within)


def counted(server):
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    with engine.connect() as db:
        return db.execute(sa.text("SELECT count(*) FROM request")).scalar_one()


def test_a_copy_is_put_back_and_what_was_there_is_kept(server, tmp_path):
    """With the anchor of the moment at which it was made; nobody else can read it."""
    head = asked(server, 2)
    file = tmp_path / "copy.dump"
    copied = postgresql_copy.back_up(server, file)
    assert (copied.rows, copied.head) == head
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    later = asked(server)
    restored = put_back(server, file)
    assert (restored.rows, restored.head) == head
    assert counted(server) == 2
    assert restored.kept is not None
    again = put_back(server, restored.kept)
    assert (again.rows, again.head) == later
    assert counted(server) == 3


def test_a_copy_comes_into_an_empty_database(server, bare_postgresql, tmp_path):
    """As on another machine."""
    head = asked(server)
    file = tmp_path / "copy.dump"
    postgresql_copy.back_up(server, file)
    elsewhere = server_at(bare_postgresql)
    restored = put_back(elsewhere, file)
    assert (restored.rows, restored.head, restored.kept) == (*head, None)
    assert counted(elsewhere) == 1


def test_no_file_is_written_over(server, tmp_path):
    """A backup that is there stays."""
    file = tmp_path / "copy.dump"
    file.write_text("mine")
    with pytest.raises(CannotCopy, match="is there already"):
        postgresql_copy.back_up(server, file)
    assert file.read_text() == "mine"


def test_an_empty_database_is_not_copied(bare_postgresql, tmp_path):
    """It would be a backup of nothing, found out on the day it is needed."""
    with pytest.raises(CannotCopy, match="no tables of Latchkey's"):
        postgresql_copy.back_up(server_at(bare_postgresql), tmp_path / "copy.dump")
    assert not list(tmp_path.iterdir())


def test_nothing_is_put_back_while_somebody_works_with_it(server, tmp_path):
    """A replica that goes on would write into the other past."""
    asked(server)
    file = tmp_path / "copy.dump"
    postgresql_copy.back_up(server, file)
    asked(server)
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    with (
        engine.connect(),
        pytest.raises(CannotCopy, match=r"\d other connections .*stop every replica"),
    ):
        put_back(server, file, leaves_within=timedelta(0))
    assert counted(server) == 2


def test_whoever_has_just_left_is_waited_for(server, tmp_path):
    """A replica that was stopped is there until its session has ended."""
    asked(server)
    file = tmp_path / "copy.dump"
    postgresql_copy.back_up(server, file)
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    stays = engine.connect()
    leaves = threading.Timer(0.5, stays.close)
    leaves.start()
    put_back(server, file)
    leaves.join()
    assert counted(server) == 1


def test_a_replica_of_another_role_is_seen(own_postgresql, server, tmp_path):
    """As the run-time role is: of its session PostgreSQL tells the owner of the tables that it is there, and no more."""
    file = tmp_path / "copy.dump"
    postgresql_copy.back_up(server, file)
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    with engine.begin() as db:
        db.execute(sa.text("CREATE ROLE keeper"))
    try:
        as_keeper = server_at(own_postgresql.update_query_dict({"options": "-c role=keeper"}))
        with engine.connect(), pytest.raises(CannotCopy, match=r"\d other connections"):
            put_back(as_keeper, file, leaves_within=timedelta(0))
    finally:
        with engine.begin() as db:
            db.execute(sa.text("DROP ROLE keeper"))


def test_a_copy_of_other_tables_is_not_mixed_in(server, tmp_path):
    """Tables that only one of them has would stay as they are."""
    asked(server)
    file = tmp_path / "copy.dump"
    postgresql_copy.back_up(server, file)
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    with engine.begin() as db:
        version = db.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        db.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(CannotCopy, match=f"of version {version}, the database's of 9999"):
            put_back(server, file)
    finally:
        with engine.begin() as db:
            db.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": version})


@pytest.mark.parametrize("content", [b"", b"PGDMP", b"SELECT 1;"])
def test_what_is_no_copy_changes_nothing(server, tmp_path, content):
    """Whatever it is instead."""
    asked(server)
    file = tmp_path / "copy.dump"
    file.write_bytes(content)
    with pytest.raises(CannotCopy):
        put_back(server, file)
    assert counted(server) == 1


def test_a_damaged_copy_changes_nothing(server, tmp_path):
    """It is put back in one transaction."""
    asked(server, 50)
    file = tmp_path / "copy.dump"
    postgresql_copy.back_up(server, file)
    asked(server)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(CannotCopy, match="pg_restore says"):
        put_back(server, file)
    assert counted(server) == 51


def test_a_server_that_is_not_there_is_said_so(server, tmp_path):
    """Without a word of the address."""
    gone = Server(
        url="postgresql+psycopg://u:canary@127.0.0.1:9/x",  # pragma: allowlist secret
        address="postgresql://u@127.0.0.1:9/x",
    )
    with pytest.raises(CannotCopy, match="cannot be read") as said:
        postgresql_copy.back_up(gone, tmp_path / "copy.dump")
    assert "canary" not in str(said.value)
