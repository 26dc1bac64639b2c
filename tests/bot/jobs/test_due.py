"""One look finds what is due, in place of a claim by each job."""

import asyncio
from collections import Counter
from datetime import timedelta

import sqlalchemy as sa

from bot import clock
from bot.database.replicas import queues
from bot.jobs import due
from bot.requests.store import claims, requests
from tests.bot.samples import LEASE, wish
from tests.harness.world import living

# Long enough for a look and what may come of it; the next by the clock comes later.
SHORT = 1


async def test_a_wake_that_finds_nothing_is_one_read(database):
    """Each command wakes the jobs, and mostly for one of them."""
    async with living(database) as world:
        await world.synced()
        await asyncio.sleep(SHORT)
        begun: Counter[str] = Counter()
        for name in ("engine", "reading"):
            sa.event.listen(
                getattr(world.bot.store, name),
                "begin",
                lambda db, name=name: begun.update([name]),
            )

        world.bot.jobs.wake()
        await asyncio.sleep(SHORT)

        assert begun == {"reading": 1}


async def test_there_is_a_queue_for_each_job_that_waits_for_one(harness):
    """A job without one would never be rung for."""
    assert harness.jobs.queue_jobs.keys() == due.QUEUES.keys()


async def test_a_request_is_due_from_its_moment_until_somebody_has_it(store):
    """Before, the look says when that will be."""
    soon = clock.real() + timedelta(hours=1)
    await store.run(requests.add, wish(due_at=soon))
    assert await store.read(due.look) == queues.Due(queues=frozenset(), next_at=soon)

    await store.run(requests.add, wish(holder="U0BO"))
    assert (await store.read(due.look)).queues == {"requests"}

    await store.run(claims.take, lease=LEASE, limit=2)
    assert (await store.read(due.look)).queues == frozenset()
