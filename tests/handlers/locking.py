"""A database that somebody else has locked: waiting for it takes as long as it does, by the simulated clock."""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from bot.database.connections.engine import BUSY_TIMEOUT_MS
from bot.machine import Machine
from bot.monitoring import interactions
from tests.harness.process import Process
from tests.harness.simulation import Bot

T = TypeVar("T")
PATIENCE: Final = BUSY_TIMEOUT_MS / 1000


class OneThread(Executor):
    """
    One transaction after the other.

    While *is_locked*, each waits for the lock as the driver does; what somebody in Slack waits for *hangs* so long.
    """

    def __init__(self, process: Process) -> None:
        self.is_locked = False
        self.hangs = 0.0
        self._loop = process.loop
        self._waiting: deque[tuple[Future[Any], Callable[[], Any], bool]] = deque()
        self._is_busy = False

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        of_slack = interactions.current() is not None
        self._waiting.append((future, lambda: fn(*args, **kwargs), of_slack))
        if not self._is_busy:
            self._begin()
        return future

    def _begin(self) -> None:
        self._is_busy = False
        while self._waiting and not self._is_busy:
            future, work, of_slack = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                self._is_busy = True
                seconds = max(PATIENCE if self.is_locked else 0, self.hangs if of_slack else 0)
                self._loop.call_later(seconds, self._end, future, work)

    def _end(self, future: Future[Any], work: Callable[[], Any]) -> None:
        try:
            future.set_result(work())
        except Exception as error:
            future.set_exception(error)
        self._begin()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is left running."""


class LockableBot(Bot):
    """A bot whose database somebody else can lock."""

    def machine(self) -> Machine:
        self._thread = OneThread(self.process)

        def threads(workers: int) -> OneThread:
            # Whoever only reads waits for no lock.
            return self._thread if workers == 1 else OneThread(self.process)

        return replace(super().machine(), threads=threads)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else holds the database's write lock."""
        engine = self.latchkey.store.engine
        sa.event.listen(engine, "checkout", _wait_by_our_clock_only)
        with closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self._thread.is_locked = True
            try:
                yield
            finally:
                self._thread.is_locked = False
                other.execute("ROLLBACK")

    @contextmanager
    def hanging(self, *, seconds: float) -> Iterator[None]:
        """Each transaction for which somebody in Slack waits takes so long, and then is carried out."""
        self._thread.hangs = seconds
        try:
            yield
        finally:
            self._thread.hangs = 0.0


def _wait_by_our_clock_only(connection: Any, record: Any, proxy: Any) -> None:
    connection.execute("PRAGMA busy_timeout=0")
