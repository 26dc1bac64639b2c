"""Test whose transaction is next, and who shares one."""

import asyncio
import gc
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from bot.database import Busy, Unusable
from bot.database.connections.lanes import MOST_TOGETHER, QUEUE_SECONDS, TURN_SECONDS, Lane
from bot.priority import Courtesy

pytestmark = pytest.mark.usefixtures("simulated")


class ByHand(Executor):
    """Runs the next transaction when the test says so."""

    def __init__(self):
        self.begun = []

    def submit(self, fn, /, *args, **kwargs):
        future: Future[Any] = Future()
        self.begun.append((future, lambda: fn(*args, **kwargs)))
        return future

    async def go_on(self):
        """End the transaction that runs."""
        future, work = self.begun.pop(0)
        try:
            result = work()
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        await settled()


async def settled():
    """Let everybody do what they can do now."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def threads():
    return ByHand()


@pytest.fixture
def lane(threads):
    """One transaction at a time, as on SQLite."""
    return Lane(threads, width=1, for_jobs=1)


@pytest.fixture
def done():
    return []


async def start(lane, done, name, *, courtesy=None):
    """Something that waits for a transaction; in the background with a *courtesy*."""

    async def wait():
        work = lane.run(lambda: done.append(name))
        if courtesy is None:
            await work
        else:
            with courtesy.background():
                await work

    task = asyncio.create_task(wait())
    await settled()
    return task


async def test_whoever_waits_goes_before_a_job(lane, threads, done):
    """Although the job was there first."""
    jobs = Courtesy()
    tasks = [await start(lane, done, "first job", courtesy=jobs)]
    tasks.append(await start(lane, done, "second job", courtesy=jobs))
    tasks.append(await start(lane, done, "somebody"))

    for _ in range(3):
        await threads.go_on()

    await asyncio.gather(*tasks)
    assert done == ["first job", "somebody", "second job"]


async def test_jobs_get_on_however_many_wait(lane, threads, done):
    """One of theirs has its turn every now and then."""
    jobs = Courtesy()
    tasks = [await start(lane, done, "first job", courtesy=jobs)]
    tasks.append(await start(lane, done, "second job", courtesy=jobs))
    tasks.append(await start(lane, done, "somebody"))
    await asyncio.sleep(TURN_SECONDS)

    for _ in range(3):
        await threads.go_on()

    await asyncio.gather(*tasks)
    assert done == ["first job", "second job", "somebody"]


async def test_whoever_waits_too_long_is_turned_away(lane, threads, done):
    """It has not begun, and never happens."""
    running = await start(lane, done, "slow")
    waiting = await start(lane, done, "somebody")

    with pytest.raises(Busy):
        await asyncio.wait_for(waiting, QUEUE_SECONDS + 1)

    await threads.go_on()
    await running
    assert (done, threads.begun) == (["slow"], [])


async def test_a_job_waits_as_long_as_it_must(lane, threads, done):
    """Nobody waits for it."""
    running = await start(lane, done, "slow")
    job = await start(lane, done, "job", courtesy=Courtesy())
    await asyncio.sleep(QUEUE_SECONDS * 10)

    await threads.go_on()
    await threads.go_on()

    await asyncio.gather(running, job)
    assert done == ["slow", "job"]


async def test_a_canceled_one_is_done_all_the_same(lane, threads, done):
    """It may have begun, so nobody can tell the difference."""
    running = await start(lane, done, "slow")
    waiting = await start(lane, done, "somebody")
    waiting.cancel()

    await threads.go_on()
    await threads.go_on()

    await running
    assert done == ["slow", "somebody"]


@pytest.mark.parametrize("is_turned_away", [True, False])
async def test_what_became_of_a_canceled_one_is_no_error_that_nobody_has_met(
    lane, threads, done, is_turned_away
):
    """Its caller has gone; asyncio would log the exception that it left behind."""
    met = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: met.append(context))
    running = await start(lane, done, "slow")

    def work():
        raise RuntimeError("broken")

    waiting = asyncio.create_task(lane.run(work))
    await settled()
    waiting.cancel()
    await settled()

    if is_turned_away:
        await asyncio.sleep(QUEUE_SECONDS + 1)
    await threads.go_on()
    if not is_turned_away:
        await threads.go_on()
    await running
    del waiting
    gc.collect()
    await settled()

    assert met == []


async def test_those_who_wait_share_a_transaction(lane, threads):
    """Each gets their own result, or their own refusal."""
    calls = []

    def halve(numbers):
        calls.append(list(numbers))
        return [number // 2 if number % 2 == 0 else ValueError("odd") for number in numbers]

    tasks = [asyncio.create_task(lane.run_together(halve, number)) for number in range(4)]
    await settled()
    await threads.go_on()
    await threads.go_on()

    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(map(len, calls)) == [1, 3]
    assert [str(result) for result in results] == ["0", "odd", "1", "odd"]


async def test_a_transaction_takes_no_more_than_so_many(lane, threads):
    """So that the first of them does not wait for all."""
    calls = []

    def count(items):
        calls.append(len(items))
        return list(items)

    tasks = [asyncio.create_task(lane.run_together(count, number)) for number in range(100)]
    await settled()
    while threads.begun:
        await threads.go_on()

    await asyncio.gather(*tasks)
    assert calls == [1, MOST_TOGETHER, 99 - MOST_TOGETHER]


@pytest.mark.parametrize("error", [ValueError("three"), Unusable("no", code="x", detail="x")])
async def test_one_that_fails_fails_alone(lane, threads, error):
    """What one of them cannot do undoes the others' first try, and not their second."""

    def try_all(numbers):
        if 3 in numbers:
            raise error
        return list(numbers)

    tasks = [asyncio.create_task(lane.run_together(try_all, number)) for number in range(5)]
    await settled()
    while threads.begun:
        await threads.go_on()

    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results == [0, 1, 2, error, 4]


async def test_a_locked_database_is_not_tried_once_for_each(lane, threads):
    """They would wait for the lock one after the other."""
    calls = []

    def wait_in_vain(items):
        calls.append(len(items))
        raise Busy("locked")

    tasks = [asyncio.create_task(lane.run_together(wait_in_vain, number)) for number in range(5)]
    await settled()
    while threads.begun:
        await threads.go_on()

    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [Busy] * 5
    assert calls == [1, 4]
