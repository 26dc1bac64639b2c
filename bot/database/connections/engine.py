"""The database: one way to run a transaction, and one to read, the same on SQLite and PostgreSQL."""

import contextvars
import functools
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from bot import clock
from bot.database.audit_log import audit
from bot.database.audit_log.audit import Committed
from bot.database.connections import postgresql as server
from bot.database.connections.faults import Busy, RolledBack, Unusable, meaning
from bot.database.connections.lanes import Lane
from bot.database.connections.postgresql_limits import PATIENT, QUICK, SessionLimits
from bot.database.connections.sqlite_file import InUse, empty_write_ahead, write_ahead

log = structlog.get_logger(__name__)

P = ParamSpec("P")
I = TypeVar("I")  # noqa: E741
R = TypeVar("R")
Transaction = sa.Connection
Work = Callable[Concatenate[Transaction, P], R]
Together = Callable[[Transaction, Sequence[I]], Sequence[R | Exception]]

POSTGRESQL_CONNECTIONS: Final = 8
# SQLite has one writer, and readers that hold up nobody: a long list must not hold up the short ones either.
SQLITE_READERS: Final = 2
# Of PostgreSQL's, so many are never for jobs; and of SQLite's readers so many are for jobs at most.
POSTGRESQL_FOR_PEOPLE: Final = 2
SQLITE_READERS_FOR_JOBS: Final = 1
BUSY_TIMEOUT_MS: Final = QUICK.lock_ms

# Makes an executor that runs so many transactions at the same time.
Threads = Callable[[int], Executor]


def real_threads(workers: int) -> Executor:
    """Threads of this process."""
    return ThreadPoolExecutor(workers, thread_name_prefix="latchkey-store")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """
    Something that went wrong with the database.

    Attributes:
        at: When it last happened (real time).
    """

    sentence: str
    at: datetime


class Store:
    """
    Runs plain functions of one connection as whole transactions, in a thread.

    `run` is for what may write, `read` for what only looks; a function that writes all the same fails in `read`.
    SQLite gets one thread for writing, because it has one writer, and others for reading, which take no lock;
    PostgreSQL a small pool for both.  Whoever waits for an answer goes before the jobs, see `bot.database.connections.lanes`.  Nothing remote can happen inside a transaction, because its function cannot
    await.

    Attributes:
        engine: Of `run`.
        reading: Of `read`.
        fault: The last error that waiting does not mend; None if there was none.
        refusal: Why the last transaction that could have written failed; None once one has written into the audit log.
        on_commit: Told of the rows of the audit log that a transaction has committed, in its thread and its caller's context.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        reading: sa.Engine,
        audit_key: bytes = b"",
        threads: Threads = real_threads,
        use: InUse | None = None,
        connections: int = POSTGRESQL_CONNECTIONS,
    ) -> None:
        self.engine = engine
        self.fault: Fault | None = None
        self.refusal: Fault | None = None
        self.on_commit: Callable[[Sequence[Committed]], None] | None = None
        audit.follow_savepoints(engine)
        self._audit_key = audit_key
        self.reading = reading
        self._use = use
        if engine.dialect.name == "sqlite":
            self._threads, self._readers = threads(1), threads(SQLITE_READERS)
            self._writing = Lane(self._threads, width=1, for_jobs=1)
            self._looking = Lane(
                self._readers, width=SQLITE_READERS, for_jobs=SQLITE_READERS_FOR_JOBS
            )
        else:
            self._threads = self._readers = threads(connections)
            self._writing = self._looking = Lane(
                self._threads, width=connections, for_jobs=connections - POSTGRESQL_FOR_PEOPLE
            )
        self._together: dict[Hashable, Callable[[Sequence[Any]], Sequence[Any]]] = {}
        self._read_together: dict[Hashable, Callable[[Sequence[Any]], Sequence[Any]]] = {}

    async def run(self, function: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """
        Commit what *function* does with a connection, and return its result.

        Raises:
            Busy: The database is locked, down or gone; nothing was written.
            Unsure: It did not say whether it committed it; guarded statements make it safe to repeat.
            Unusable: The same, and waiting does not mend it.
        """
        # What is logged of the commit is logged in the context of whoever wanted it.
        here = contextvars.copy_context()
        work = functools.partial(self.run_here, function, *args, **kwargs)
        return await self._writing.run(functools.partial(here.run, work))

    async def run_together(self, function: Together[I, R], item: I) -> R:
        """
        Commit what *function* does with *item*, in one transaction with whatever else waits for the same function.

        Under load many share one commit, which costs as much as one.  Everybody gets their own result, or the
        exception that stands in its place, once all of it is on disk.

        Args:
            function: The very same object each time.  What it raises undoes all; then each is tried alone.

        Raises:
            Busy, Unusable: As `run`.
        """
        if function not in self._together:
            self._together[function] = lambda items: self.run_here(function, items)
        result: R = await self._writing.run_together(self._together[function], item)
        return result

    async def read(self, function: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """
        Return what *function* finds with a connection that cannot write, all of it as of one moment.

        Raises:
            Busy: The database does not answer.
            Unusable: The same, and waiting does not mend it.
        """
        # Some of what is read is said there and then, in the reader's language.
        here = contextvars.copy_context()
        work = functools.partial(self.read_here, function, *args, **kwargs)
        return await self._looking.run(functools.partial(here.run, work))

    async def read_together(self, function: Together[I, R], item: I) -> R:
        """
        Return what *function* finds for *item*, in one transaction with whatever else waits to read by the same function.

        Args:
            function: As `run_together` takes it, with a connection that cannot write.

        Raises:
            Busy, Unusable: As `read`.
        """
        if function not in self._read_together:
            self._read_together[function] = lambda items: self.read_here(function, items)
        result: R = await self._looking.run_together(self._read_together[function], item)
        return result

    def run_here(self, function: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same as `run` in the calling thread; for start-up and the command line."""
        return self._on(self.engine, function, *args, **kwargs)

    def run_patiently(self, function: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same as `run_here` for what may take minutes: PostgreSQL's limits are off, but for locks."""
        patient = self.engine.execution_options(**{server.OPTION: PATIENT})
        return self._on(patient, function, *args, **kwargs)

    def read_here(self, function: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same as `read` in the calling thread; for start-up and the command line."""

        def only_read(db: Transaction) -> R:
            result = function(db, *args, **kwargs)
            audit.check_none_pending(db)
            return result

        return self._on(self.reading, only_read)

    def _on(self, engine: sa.Engine, function: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return self._once(engine, function, *args, **kwargs)
        except RolledBack as error:
            # The other one has gone on meanwhile.  Whoever is undone once more tells its caller that it is busy.
            log.info("transaction-repeated", reason=str(error))
            return self._once(engine, function, *args, **kwargs)

    def _once(
        self, engine: sa.Engine, function: Work[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        is_done = False
        try:
            with engine.begin() as db:
                audit.forget_pending(db)
                result = function(db, *args, **kwargs)
                committed = audit.seal(db, self._audit_key)
                is_done = True
            if committed:
                self.refusal = None
            self._tell(committed)
            return result
        except sa.exc.DBAPIError as error:
            meant = meaning(error, while_committing=is_done and engine is not self.reading)
            if not isinstance(meant, RolledBack):
                self._note_refusal(engine, str(meant))
            if isinstance(meant, Unusable):
                log.error("database-unusable", code=meant.code)
                self.fault = Fault(sentence=str(meant), at=clock.real())
            raise meant from error
        except sa.exc.TimeoutError as error:
            self._note_refusal(engine, "every connection is taken")
            raise Busy("every connection to the database is taken") from error

    def _note_refusal(self, engine: sa.Engine, sentence: str) -> None:
        if engine is not self.reading:
            self.refusal = Fault(sentence=sentence, at=clock.real())

    def _tell(self, committed: Sequence[Committed]) -> None:
        """Tell of what is committed; nothing that breaks there may look like a failed commit."""
        if self.on_commit is None or not committed:
            return
        try:
            self.on_commit(committed)
        except Exception:
            log.exception("not-told-of-a-commit")

    def audit_key_fits(self, db: Transaction) -> bool:
        """Tell whether rows that this store writes into the audit log would fit those that are there."""
        return audit.key_fits(db, self._audit_key)

    def clear_deleted(self) -> bool:
        """
        Leave nothing of what was deleted or replaced in the files of SQLite; PostgreSQL does so by itself, in its own time.

        Returns:
            False if somebody who reads keeps it in ``-wal``.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        connection = self.engine.raw_connection()
        driver: Any = connection.driver_connection
        try:
            return empty_write_ahead(driver)
        finally:
            connection.close()

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self.engine.dispose()
        self.reading.dispose()
        if self._use is not None:
            self._use.end()


def open_store(
    url: str,
    *,
    audit_key: bytes = b"",
    threads: Threads = real_threads,
    connections: int = POSTGRESQL_CONNECTIONS,
    limits: SessionLimits = QUICK,
) -> Store:
    """
    Return a store on *url* (with our driver, see Settings.sqlalchemy_url); connects on first use.

    What people wrote is in the statements' parameters, and stays out of exceptions.

    Args:
        audit_key: Keys the chain of the audit log; whoever lacks it cannot write rows that verify.
        threads: Where transactions run.
        connections: PostgreSQL: how many at most, three or more; one more listens to the other replicas.
        limits: PostgreSQL: how long a transaction may take, unless it says otherwise.

    Raises:
        BeingRestored: SQLite: a backup is being put in place of the file, or that was cut short.
    """
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, hide_parameters=True)
        # With names, a moment that stands in a statement many times is converted once, as the looks for what is due have it;
        # but a statement that inserts many rows takes a fifth longer.
        reading = sa.create_engine(url, hide_parameters=True, paramstyle="named")
        use = InUse.begin(Path(engine.url.database or ""))
        _prepare_sqlite(engine, begin="BEGIN IMMEDIATE")
        _prepare_sqlite(reading, begin="BEGIN")
        return Store(engine, reading=reading, audit_key=audit_key, threads=threads, use=use)
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=limits.lock_ms / 1000 if limits.lock_ms else None,
        pool_pre_ping=True,
    )
    server.prepare(engine, limits)
    reading = engine.execution_options(**{server.ONLY_READS: True})
    return Store(
        engine, reading=reading, audit_key=audit_key, threads=threads, connections=connections
    )


def _prepare_sqlite(engine: sa.Engine, *, begin: str) -> None:
    """
    Args:
        begin: "BEGIN IMMEDIATE" takes the write lock when a transaction starts, so that it never fails half-way
            for want of it; "BEGIN" is for a connection that only reads, and takes none.
    """
    only_reads = begin == "BEGIN"

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        # The driver must not open transactions by itself.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        if only_reads:
            connection.execute("PRAGMA query_only=ON")
            return
        write_ahead(connection, within_seconds=BUSY_TIMEOUT_MS / 1000)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # What is deleted or replaced is overwritten, and not only given up: it may be about somebody who is forgotten.
        connection.execute("PRAGMA secure_delete=ON")

    def do_begin(dbapi_connection: sa.PoolProxiedConnection) -> None:
        dbapi_connection.cursor().execute(begin)

    # Where SQLAlchemy names the errors of the driver; an event would cost as much as a statement.
    engine.dialect.do_begin = do_begin  # type: ignore[method-assign]


def insert(db: Transaction, table: sa.Table) -> Any:
    """INSERT with ON CONFLICT, which both databases read alike but SQLAlchemy keeps one for each."""
    return insert_into(db.dialect.name, table)


def insert_into(database: str, table: sa.Table) -> Any:
    """The same for the database of that name."""
    return sqlite.insert(table) if database == "sqlite" else postgresql.insert(table)


PING: Final = sa.text("SELECT 1")


def ping(db: Transaction) -> None:
    """Does the database answer?"""
    db.execute(PING)
