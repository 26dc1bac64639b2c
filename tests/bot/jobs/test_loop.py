"""Each job runs when it is triggered, alone, and no failure of it stops it."""

import asyncio
from datetime import timedelta

import pytest

from bot.jobs.loop import JobLoop
from bot.priority import Courtesy
from bot.scheduler import Scheduler
from graph.errors import GraphUnavailable

LONG = 10
HOUR = timedelta(hours=1)


class NoScheduler(Scheduler):
    """Nothing runs by the clock."""

    def every(self, interval, trigger):
        del interval, trigger

    def start(self):
        pass

    def stop(self):
        pass


class Work:
    """A job that takes ten seconds, and counts."""

    def __init__(self):
        self.runs = 0
        self.at_work = 0
        self.most_at_work = 0

    async def __call__(self):
        self.runs += 1
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        await asyncio.sleep(LONG)
        self.at_work -= 1


@pytest.fixture
async def loop(simulated):
    """No job yet."""
    made = JobLoop(scheduler=NoScheduler(), courtesy=Courtesy())
    yield made
    await made.stop()


async def test_a_job_never_runs_twice_at_once(loop):
    """However often it is triggered, what it is triggered for meanwhile is done once more."""
    work = Work()
    loop.add("work", work, HOUR, by_clock=False)
    for _ in range(5):
        loop.trigger("work")
        await asyncio.sleep(1)
    await asyncio.sleep(3 * LONG)

    assert (work.runs, work.most_at_work) == (2, 1)


async def test_a_job_that_nothing_triggers_does_not_run(loop):
    """Neither at the start, nor for a name that nobody has."""
    work = Work()
    loop.add("work", work, HOUR, by_clock=False)
    loop.trigger("another")
    await asyncio.sleep(LONG)

    assert work.runs == 0


async def test_the_last_pause_counts(loop):
    """A new one takes the place of the one before."""
    work = Work()
    loop.add("work", work, HOUR, by_clock=False)
    loop.trigger_in("work", timedelta(seconds=1))
    loop.trigger_in("work", timedelta(seconds=60))
    await asyncio.sleep(50)
    assert work.runs == 0
    await asyncio.sleep(20)

    assert work.runs == 1


async def test_a_job_that_fails_is_noted_and_runs_again(loop):
    """The status says why, as far as everybody may read it, and forgets it with the next success."""
    errors = [ValueError("a secret"), GraphUnavailable("Graph is down.")]

    async def work():
        if errors:
            raise errors.pop(0)

    loop.add("work", work, HOUR, by_clock=False)
    status = loop.statuses["work"]
    said = []
    for _ in range(3):
        loop.trigger("work")
        await asyncio.sleep(1)
        said.append(status.last_error)

    assert said == ["ValueError", "GraphUnavailable: Graph is down.", None]
    assert status.failures == 2
    assert status.last_success is not None


async def test_a_stop_lets_what_runs_finish(loop):
    """And begins nothing more."""
    done = []

    async def work():
        await asyncio.sleep(1)
        done.append(1)

    loop.add("work", work, HOUR, by_clock=False)
    loop.trigger("work")
    await asyncio.sleep(0.5)
    loop.trigger("work")
    await loop.stop()

    assert done == [1]
