"""What the bot's own tests use: replicas of the store, and a moment in which everything happens."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.database import Busy, Store, open_store
from tests.bot.moments import at
from tests.bot.samples import SOME_DAY
from tests.harness.simulation import WITHOUT_LIMITS


@pytest.fixture
def at_once(database_url: str) -> Iterator[Callable[..., list[Any]]]:
    """Runs one function in four replicas at the same moment, each with a store of its own; gives what each got."""
    driver = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
    scheme, _, rest = database_url.partition("://")
    stores = [open_store(f"{driver[scheme]}://{rest}", limits=WITHOUT_LIMITS) for _ in range(4)]
    start = threading.Barrier(len(stores))

    def one(store: Store, deed: Callable[..., Any], args: Any, facts: Any) -> Any:
        start.wait()
        for _ in range(50):
            try:
                return store.run_here(deed, *args, **facts)
            except Busy:
                continue
        raise AssertionError("the database was busy for too long")

    def together(deed: Callable[..., Any], *args: Any, **facts: Any) -> list[Any]:
        with ThreadPoolExecutor(len(stores)) as threads:
            return list(threads.map(lambda store: one(store, deed, args, facts), stores))

    yield together
    for store in stores:
        store.close()


@pytest.fixture
def now():
    """The moment at which everything happens."""
    with at(SOME_DAY) as moment:
        yield moment
