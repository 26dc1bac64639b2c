"""
What a past costs: the transactions of Latchkey's work with 10,000 old requests, assignments and messages, and a million.

Both databases are made by SQL, with the same people and the same that is open, and are asked turn by turn.
"""

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from benchmarks.history import fill, without_indexes
from benchmarks.table import Database, Options, Result
from benchmarks.worlds import migrated, with_driver
from bot import chance, clock
from bot.approvals.model import Decision, Outcome
from bot.approvals.store import decisions, recipients
from bot.assignments.store import assignments, troubles, unsure
from bot.database import Store, Transaction, homes, open_store
from bot.database.replicas.limits import Limit
from bot.notifications import owed_work
from bot.notifications.assignments import reminders
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.store import notices
from bot.packages.model import Package
from bot.packages.store import catalog
from bot.people.model import Verb
from bot.people.store import people
from bot.requests.model import State
from bot.requests.overview import access_overview
from bot.requests.store import claims, holds, request_lists, requests
from bot.requests.transactions.ask import RequestedPackage, ask_together

NUMBER: Final = 4
MOST: Final = 1.2
SIZES: Final = (10_000, 1_000_000)
QUICK: Final = (1_000, 100_000)
PEOPLE: Final = 5_000
PENDING: Final = 400
CURRENT: Final = 2_000
ROUNDS: Final = 60
# So many one after the other are one measurement.
TOGETHER: Final = 5
# The first ones read the pages of indexes that no transaction has touched yet.
WARM_UP: Final = 5
LEASE: Final = timedelta(minutes=1)
RUNGS: Final = (timedelta(days=7), timedelta(days=1))
ASKS: Final = Limit(what="ask", count=1_000_000)
PACKAGE: Final = Package(id="a-package", slug="a-package", name="A package", catalog="General")


@dataclass
class Past:
    """
    One database.

    Attributes:
        numbers: Of the people who do something next.
        ended: What the metrics have counted already.
        waiting: Ids of requests that wait for a decision, each decided once.
    """

    store: Store
    numbers: Iterator[int] = field(default_factory=itertools.count)
    ended: request_lists.Ended = request_lists.NONE_ENDED
    waiting: list[str] = field(default_factory=list)


def measure(options: Options) -> list[Result]:
    sizes = QUICK if options.quick else SIZES
    return [
        result for database in options.databases for result in _on(database, sizes, options.quick)
    ]


def _on(database: Database, sizes: tuple[int, int], quick: bool) -> Iterator[Result]:
    with ExitStack() as stack:
        small, big = (stack.enter_context(_past(database, size)) for size in sizes)
        for name, work in WORK.items():
            few, many = _seconds(work, small, big, ROUNDS // 3 if quick else ROUNDS)
            ratio = many / few
            yield Result(
                number=NUMBER,
                work=f"{name}, {database}, after {sizes[1]:,} of everything",
                target=f"≤ {MOST} x the same after {sizes[0]:,}",
                floor=f"{few * 1e3:.2f} ms",
                result=f"{many * 1e3:.2f} ms",
                ratio=ratio,
                met=ratio <= MOST,
            )


def _seconds(work: Callable[[Past], None], small: Past, big: Past, rounds: int) -> list[float]:
    """Return how long each takes, the median of their turns; each is the first in every other one."""
    pasts = (small, big)
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + WARM_UP):
        for which in (0, 1) if turn % 2 else (1, 0):
            started = time.perf_counter()
            for _ in range(TOGETHER):
                work(pasts[which])
            if turn >= WARM_UP:
                taken[which].append((time.perf_counter() - started) / TOGETHER)
    return [statistics.median(each) for each in taken]


@contextmanager
def _past(database: Database, count: int) -> Iterator[Past]:
    with tempfile.TemporaryDirectory() as folder, migrated(database, Path(folder)) as url:
        _fill(with_driver(url), count)
        store = open_store(with_driver(url))
        store.run_here(catalog.replace, [PACKAGE])
        waiting = [each.id for each in store.read_here(request_lists.pending, rows=PENDING).rows]
        try:
            yield Past(store=store, waiting=waiting)
        finally:
            store.close()


def _fill(url: str, count: int) -> None:
    """Without what makes writing safe: nobody reads this database before it is done."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as db:
        for setting in SQLITE_SETTINGS if is_sqlite else POSTGRESQL_SETTINGS:
            db.exec_driver_sql(setting)
        with without_indexes(db):
            fill(db, count, people=PEOPLE, pending=PENDING, current=CURRENT)
        db.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        # What the server's own autovacuum does in time.
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if is_sqlite else "VACUUM ANALYZE")


SQLITE_SETTINGS: Final = ("PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000")
POSTGRESQL_SETTINGS: Final = (
    "SET session_replication_role = replica",
    "SET maintenance_work_mem = '256MB'",
    "SET synchronous_commit = off",
)


def _ask(past: Past) -> None:
    user = f"U{next(past.numbers) % PEOPLE}"

    def ask(db: Transaction) -> None:
        wanted = RequestedPackage(
            slack_user=user,
            package=PACKAGE,
            version=catalog.version_of(db),
            reason="Because I work on it.",
            limit=ASKS,
            key=chance.new_id(),
            patience=None,
        )
        ask_together(db, [wanted])

    past.store.run_here(ask)


def _wake(past: Past) -> None:
    """Everything that is looked for whenever something was committed."""
    store, since = past.store, clock.now() - timedelta(days=60)
    store.read_here(decisions.pending)
    store.read_here(request_lists.overdue_decisions)
    store.read_here(request_lists.pointless)
    # None: what was asked for stays as it is, for the next turn.
    store.run_here(claims.take, lease=LEASE, limit=0)
    store.run_here(recipients.claim, lease=LEASE, limit=20)
    store.read_here(_owed, since)
    store.read_here(notices.has_stale)
    store.read_here(homes.has_stale)
    store.run_here(notices.claim_stale, lease=LEASE, limit=20)
    store.run_here(homes.claim_stale, lease=LEASE, limit=20)
    store.run_here(troubles.claim_reprocessing, lease=LEASE)


def _owed(db: Transaction, since: datetime) -> None:
    owed_work.parts_owed(db, since=since)
    request_lists.owing_cards(db)
    request_lists.owing_news(db, since=since)
    assignments.notices_due(db, since=since)
    people.second_accounts_due(db)
    request_lists.stuck(db, attempts=12, since=since)
    notices.untold_holds(db, since=since)
    troubles.notices_due(db, since=since)


def _decide(past: Past) -> None:
    """The click, what comes of it, and the request's move."""
    waiting = past.waiting.pop()

    def click(db: Transaction) -> Decision:
        request = requests.get(db, waiting)
        decision = Decision(
            id=chance.new_id(),
            request_id=request.id,
            verb=Verb.APPROVE,
            slack_user="U0BO",
            at=clock.now(),
            round=request.round,
            stage=request.stage,
            team="T0",
        )
        decisions.add(
            db,
            decision,
            holder=request.holder,
            holder_entra_id=request.entra_id,
            is_draft=False,
        )
        return decision

    def settle(db: Transaction, decision: Decision) -> None:
        request = requests.get(db, waiting)
        decisions.accepted_of(db, request)
        decisions.settle(db, decision, Outcome.ACCEPTED, entra_id="bo", name="Bo")
        requests.move(db, request, State.APPROVED, actor="U0BO")

    past.store.run_here(settle, past.store.run_here(click))


def _remind(past: Past) -> None:
    past.store.read_here(reminders.due_reminders, ReminderPlan(rungs=RUNGS))


def _my_access(past: Past) -> None:
    past.store.read_here(access_overview, f"U{next(past.numbers) % PEOPLE}")


def _metrics(past: Past) -> None:
    read = past.store.read_here
    _, past.ended = read(request_lists.counts, past.ended)
    for each in (
        holds.count,
        troubles.count,
        unsure.unreadable,
        claims.oldest_open_seconds,
        claims.oldest_due_seconds,
    ):
        read(each)


WORK: Final[Mapping[str, Callable[[Past], None]]] = {
    "an ask": _ask,
    "a wake": _wake,
    "a decision": _decide,
    "a look for reminders": _remind,
    "/my-access": _my_access,
    "the metrics": _metrics,
}
