"""Claims of due requests, against the loop that anybody would write by hand: SELECT … FOR UPDATE SKIP LOCKED."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Final

import psycopg
import sqlalchemy as sa

from benchmarks.owing import owe_messages
from benchmarks.worlds import with_driver
from bot import clock
from bot.database import Store, open_store
from bot.requests.model import State
from bot.requests.store import claims

BATCH: Final = 20
LEASE: Final = timedelta(minutes=5)
# All that a worker needs to know of a request.
RAW_SELECT: Final = (
    "SELECT * FROM request WHERE state IN ('received', 'pending', 'approved', 'submitted') AND due_at <= %(now)s "
    "AND (lease_until IS NULL OR lease_until <= %(now)s) ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED"
)
RAW_UPDATE: Final = "UPDATE request SET lease_until = %(until)s, generation = generation + 1 WHERE id = ANY(%(ids)s)"
MAKE_DUE: Final = (
    "UPDATE request SET state = :state, due_at = :now, lease_until = NULL, ended_at = NULL"
)

Claim = Callable[[], int]


class Due:
    """A database with so many requests that are due, to be claimed again and again."""

    def __init__(self, url: str, count: int) -> None:
        self.count = count
        self._address = with_driver(url)
        self._plain = url
        self._engine = sa.create_engine(self._address, poolclass=sa.NullPool)
        owe_messages(self._address, count)

    def ours(self, workers: int) -> float:
        """Claims a second by `bot.requests.store.claims.take`, in so many threads of one process."""

        @contextmanager
        def claiming() -> Iterator[Claim]:
            with closing(open_store(self._address)) as store:
                yield lambda: _take(store)

        return self._rate(claiming, workers)

    def by_hand(self, workers: int) -> float:
        """Claims a second by two statements of psycopg's."""

        @contextmanager
        def claiming() -> Iterator[Claim]:
            with psycopg.connect(self._plain) as connection:
                yield lambda: _take_by_hand(connection)

        return self._rate(claiming, workers)

    def _rate(self, claiming: Callable[[], object], workers: int) -> float:
        with self._engine.begin() as db:
            db.execute(sa.text(MAKE_DUE), {"state": State.APPROVED, "now": clock.real()})
        together = threading.Barrier(workers + 1)
        claimed: list[int] = []

        def work() -> None:
            with claiming() as claim:  # type: ignore[attr-defined]
                together.wait()
                taken = 0
                while got := claim():
                    taken += got
                claimed.append(taken)

        threads = [threading.Thread(target=work) for _ in range(workers)]
        for each in threads:
            each.start()
        together.wait()
        began = time.perf_counter()
        for each in threads:
            each.join()
        seconds = time.perf_counter() - began
        if sum(claimed) != self.count:
            raise RuntimeError(f"{self.count} were due, and {sum(claimed)} were claimed")
        return self.count / seconds


def _take(store: Store) -> int:
    return len(store.run_here(claims.take, lease=LEASE, limit=BATCH))


def _take_by_hand(connection: psycopg.Connection) -> int:
    now = clock.real()
    with connection.transaction():
        rows = connection.execute(RAW_SELECT, {"now": now, "most": BATCH}).fetchall()
        ids = [row[0] for row in rows]
        connection.execute(RAW_UPDATE, {"until": now + LEASE, "ids": ids})
    return len(rows)
