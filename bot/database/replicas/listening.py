"""
Listens to what other replicas commit, so that the jobs of this one look at once and not by the clock.

One connection beside the pool, LISTEN on it, and now and then a word to ourselves through the pool: what does not come
back is not believed to work.  A pooler that hands sessions round (PgBouncer in transaction mode) lets nothing through;
then the jobs go by the clock, as they do whenever a word gets lost.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import psycopg
import structlog

from bot import chance
from bot.database import Busy, Store, Transaction
from bot.database.connections.postgresql import DEFAULTS
from bot.database.replicas import wakeups
from bot.database.replicas.wire import NOT_YET, Heard
from bot.timing import backoff

log = structlog.get_logger(__name__)

Connection = psycopg.AsyncConnection[Any]

# Words that come so soon after another are heard together: a burst must not be a burst of looks.
TOGETHER: Final = timedelta(milliseconds=50)
LETTERS: Final = 12
DIFFERENT_SESSIONS: Final = "a pooler hands the sessions of the database round"


class NothingArrives(Exception):
    """The connection stands, but no notification arrives."""


@dataclass(frozen=True, kw_only=True)
class ListenTimings:
    """
    The waits of the listener: how long for what.

    Attributes:
        proof: For a word to ourselves, there and back.
        between: From one such word to the next; the network may have forgotten the connection without telling.
        pooler: Before a pooler that let nothing through is tried again: it stays as it is until somebody changes it.
        broken: After so many connections in a row that broke.
    """

    proof: timedelta = timedelta(seconds=5)
    between: timedelta = timedelta(minutes=1)
    pooler: timedelta = timedelta(minutes=10)
    broken: Callable[[int], timedelta] = backoff


class Notifications:
    """PostgreSQL's LISTEN and NOTIFY."""

    def __init__(self, store: Store, timings: ListenTimings = ListenTimings()) -> None:
        self.silent_because: str | None = NOT_YET
        self._store = store
        self._timings = timings
        # Tells our own words, which have woken our jobs already, from others'.
        self._us = chance.new_id()[:LETTERS]

    def wake(self, db: Transaction, jobs: Collection[str]) -> None:
        wakeups.notify(db, f"{self._us} {' '.join(sorted(jobs))}")

    async def listen(self, heard: Heard) -> None:
        failures = 0
        while True:
            try:
                async with await self._connected() as connection:
                    failures = 0
                    self.silent_because = None
                    log.info("listening")
                    # What was committed before is not told again.
                    heard(wakeups.ALL)
                    await self._follow(connection, heard)
            except NothingArrives:
                self.silent_because = DIFFERENT_SESSIONS
                pause = self._timings.pooler
            except Exception as error:
                self.silent_because = f"the connection broke ({type(error).__name__})"
                pause = self._timings.broken(failures)
                failures += 1
                if not isinstance(error, psycopg.Error | OSError | Busy):
                    log.exception("listening-broke")
            log.warning("not-listening", error=self.silent_because)
            await asyncio.sleep(pause.total_seconds())

    async def _connected(self) -> Connection:
        """
        Open a connection that only listens.

        Raises:
            Deaf: It hears nothing.
        """
        engine = self._store.engine
        _, parameters = engine.dialect.create_connect_args(engine.url)
        connection = await psycopg.AsyncConnection.connect(
            **{**DEFAULTS, **parameters, "prepare_threshold": None, "autocommit": True}
        )
        try:
            # Not on the channel itself: a session that a pooler hands to others must not collect what is said there.
            trial = f"{wakeups.CHANNEL}_{self._us}"
            await connection.execute(f"LISTEN {trial}".encode())
            await self._store.run(wakeups.notify, self._us, channel=trial)
            if not await _messages(connection, self._timings.proof):
                raise NothingArrives
            await connection.execute(f"LISTEN {wakeups.CHANNEL}".encode())
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _follow(self, connection: Connection, heard: Heard) -> None:
        while True:
            words = await _messages(connection, self._timings.between)
            if not words:
                words = await self._proof(connection)
            jobs = {job for by, *jobs in words if by != self._us for job in jobs}
            if jobs:
                heard(jobs)
                await asyncio.sleep(TOGETHER.total_seconds())

    async def _proof(self, connection: Connection) -> list[list[str]]:
        """
        Whatever arrives after a word to ourselves.

        Raises:
            OSError: Nothing does.
        """
        try:
            await self._store.run(wakeups.notify, self._us)
        except Busy:
            # That says nothing of this connection; the next minute brings the next try.
            return []
        words = await _messages(connection, self._timings.proof)
        if not words:
            raise OSError("nothing arrives any more")
        return words


async def _messages(connection: Connection, within: timedelta) -> list[list[str]]:
    """Return what is said next, each as who says it and which jobs; empty if nothing is in that time."""
    said = connection.notifies(timeout=within.total_seconds(), stop_after=1)
    return [each.payload.split() async for each in said]
