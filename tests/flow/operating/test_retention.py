"""What is deleted by age while the bot runs is missed by nobody."""

import asyncio
from datetime import timedelta

import pytest

from bot.retention import deletion
from bot.retention.model import Retention
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, BO, DANA, begun, eventually, said

DAY = timedelta(days=1)
CLAIMED = timedelta(minutes=1)


@pytest.fixture
async def world(database):
    """A bot that keeps closed requests for a month."""
    async with simulation(database) as around:
        yield await begun(
            around, LATCHKEY_KEEP_REQUESTS_DAYS="30", LATCHKEY_KEEP_MESSAGES_DAYS="30"
        )


async def test_people_keep_what_they_have_and_may_ask_again(world):
    """The job runs; what was denied long ago is gone, and the request of access that is there is not."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(DANA, await world.card(APPROVALS), "Deny")
    await world.give_reason(DANA, "Not now")
    await world.told(ANN, "was denied")
    await eventually(lambda: world.bot.jobs.statuses[deletion.NAME].last_success)

    assert 'latchkey_requests{state="denied"} 1.0' in await metrics(world)

    # A card that was not sent any more stays claimed for a while, which keeps its request.
    await asyncio.sleep(CLAIMED.total_seconds())
    # By the days of a month from now.
    everything = Retention(requests=-DAY, messages=-DAY)
    done = await deletion.delete_old(world.bot.store, everything)
    assert (done.requests, done.assignments) == (1, 0)
    # The figure of a replica that runs on, too.
    assert 'latchkey_requests{state="denied"} 0.0' in await metrics(world)

    assert "Marketing Campaign" in str((await world.type(ANN, "/my-access")).text)

    await world.type(ANN, "/request-access finance-reports because Q1")
    assert "Q1" in said(await world.card(BO))


async def metrics(world):
    """What Prometheus reads, after the last minutes, which are counted anew each time."""
    await world.later(timedelta(minutes=30))
    return (await world.bot.exposition.metrics()).decode()
