"""The database: one way to run a transaction, the same on SQLite and PostgreSQL."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.store import audit

P = ParamSpec("P")
R = TypeVar("R")
Transaction = sa.Connection

POSTGRESQL_CONNECTIONS: Final = 8
# Slack waits 3 s for an answer: a command must hear "busy" before that, whether it waits for a lock or
# behind others for its turn.
BUSY_TIMEOUT_MS: Final = 1_200
QUEUE_SECONDS: Final = 1.2


# Makes an executor that runs so many transactions at the same time.
Threads = Callable[[int], Executor]


def real_threads(workers: int) -> Executor:
    """Threads of this process."""
    return ThreadPoolExecutor(workers, thread_name_prefix="latchkey-store")


class Busy(Exception):
    """The database did not answer in time; nothing was written."""


class Store:
    """
    Runs plain functions of one connection as whole transactions, in a thread.

    SQLite gets one thread, because it has one writer; PostgreSQL a small pool.  Nothing remote can happen
    inside a transaction, because its function cannot await.
    """

    def __init__(
        self, engine: sa.Engine, *, audit_key: bytes = b"", threads: Threads = real_threads
    ) -> None:
        self.engine = engine
        audit.follow_savepoints(engine)
        self._audit_key = audit_key
        workers = 1 if engine.dialect.name == "sqlite" else POSTGRESQL_CONNECTIONS
        self._threads = threads(workers)

    async def run(
        self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """
        Commit what *function* does with a connection, and return its result.

        Raises:
            Busy: The database is locked, down or gone; nothing was written, unless the connection broke
                during the commit itself, which guarded statements make safe to repeat.
        """
        work = self._threads.submit(functools.partial(self.run_here, function, *args, **kwargs))
        result = asyncio.wrap_future(work)
        await asyncio.wait({result}, timeout=QUEUE_SECONDS)
        # What has not begun can still be taken back, and then has certainly not happened.
        if not result.done() and work.cancel():
            raise Busy("too much waits for the database")
        return await result

    def run_here(
        self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The same in the calling thread; for start-up and the command line."""
        try:
            with self.engine.begin() as db:
                audit.forget_pending(db)
                result = function(db, *args, **kwargs)
                audit.seal(db, self._audit_key)
                return result
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            raise Busy(str(error.orig)) from error

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def open_store(url: str, *, audit_key: bytes = b"", threads: Threads = real_threads) -> Store:
    """
    A store on *url* (with our driver, see Settings.sqlalchemy_url); connects on first use.

    What people wrote is in the statements' parameters, and stays out of exceptions.

    Args:
        audit_key: Keys the chain of the audit log; whoever lacks it cannot write rows that verify.
        threads: Where transactions run.
    """
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, hide_parameters=True)
        _prepare_sqlite(engine)
        return Store(engine, audit_key=audit_key, threads=threads)
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=POSTGRESQL_CONNECTIONS,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_MS / 1000,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 2, "options": f"-c lock_timeout={BUSY_TIMEOUT_MS}"},
    )
    return Store(engine, audit_key=audit_key, threads=threads)


def _prepare_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        # The driver must not open transactions by itself: we do it with BEGIN IMMEDIATE, so that a
        # transaction takes the write lock when it starts and never fails half-way for want of it.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def insert(db: Transaction, table: sa.Table) -> Any:
    """INSERT with ON CONFLICT, which both databases read alike but SQLAlchemy keeps one for each."""
    if db.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def ping(db: Transaction) -> None:
    """Does the database answer?"""
    db.execute(sa.text("SELECT 1"))
