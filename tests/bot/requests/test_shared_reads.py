"""Test what is read once for everybody who asks within a moment."""

import asyncio
from datetime import timedelta

import pytest

from bot import clock
from bot.requests.shared_reads import FRESH, FreshCache, RecentCounter
from tests.harness.loop import simulated as simulated_loop

MOMENT = FRESH.total_seconds()


@pytest.fixture(autouse=True)
async def time(simulated):
    """The time that the loop has."""
    clock.use(simulated_loop().now)
    yield
    clock.use(clock.machine_time)


class Shop:
    """Something to read, that takes its time and may fail."""

    def __init__(self, *, takes: float = 0.1) -> None:
        self.asked: list[str] = []
        self.takes = takes
        self.fails = False

    async def read(self, key: str) -> str:
        self.asked.append(key)
        number = len(self.asked)
        await asyncio.sleep(self.takes)
        if self.fails:
            raise LookupError(key)
        return f"{key} {number}"


async def test_who_asks_in_the_same_moment_gets_the_same_answer():
    """While it is read, and afterwards; each thing for itself."""
    shop = Shop()
    lately = FreshCache(shop.read)

    together = list(await asyncio.gather(lately.get("a"), lately.get("a"), lately.get("b")))
    await asyncio.sleep(MOMENT - 1)

    assert together == [await lately.get("a")] * 2 + [await lately.get("b")]
    assert sorted(shop.asked) == ["a", "b"]


async def test_an_answer_is_as_old_as_its_question():
    """It counts from when reading it began, and not from when it came."""
    shop = Shop(takes=MOMENT - 1)
    lately = FreshCache(shop.read)
    await lately.get("a")

    await asyncio.sleep(2)

    assert await lately.get("a") == "a 2"


async def test_a_failure_is_everybodys_who_waits_and_nobodys_later():
    """It is not kept."""
    shop = Shop()
    lately = FreshCache(shop.read)
    shop.fails = True
    failed = await asyncio.gather(lately.get("a"), lately.get("a"), return_exceptions=True)
    shop.fails = False

    assert [type(each) for each in failed] == [LookupError, LookupError]
    assert await lately.get("a") == "a 2"


async def test_who_gives_up_tears_off_nobody_else():
    """A step that is cut off shares its reading with others."""
    shop = Shop()
    lately = FreshCache(shop.read)

    async def hurried() -> None:
        async with asyncio.timeout(0.05):
            await lately.get("a")

    results = await asyncio.gather(hurried(), lately.get("a"), return_exceptions=True)

    assert [type(results[0]), results[1]] == [TimeoutError, "a 1"]


async def test_nothing_is_kept_for_longer_than_it_counts():
    """Or a process would keep every package that was ever asked for."""
    shop = Shop()
    lately = FreshCache(shop.read)
    for number in range(20):
        await lately.get(str(number))
        await asyncio.sleep(MOMENT)

    assert len(lately._kept) <= 2


async def test_a_crowd_is_so_many_within_a_moment():
    """Not over the day, not about something else, and no more than what matters."""
    crowds: RecentCounter[str] = RecentCounter(up_to=3, within=timedelta(seconds=5))
    for _ in range(2):
        crowds.note("a")
    crowds.note("b")
    assert (crowds.count("a"), crowds.count("b"), crowds.count("c")) == (2, 1, 0)

    for _ in range(2):
        crowds.note("a")
    assert crowds.count("a") == 3

    await asyncio.sleep(6)
    assert crowds.count("a") == 0
