"""A replica that stood still leaves undone what somebody has been told that it failed."""

import asyncio
from datetime import timedelta

import pytest

from bot.patience import BEAT
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, DANA, begun

WHILE = timedelta(minutes=3)


@pytest.fixture(params=[False, True], ids=["HTTP", "Socket Mode"])
async def around(request, simulated, database):
    """A simulation in which a bot notes that it is awake as often as the product does."""
    async with simulation(database, socket_mode=request.param, beat=BEAT) as made:
        made.outside.tenant.world.delivery = timedelta(0)
        yield made


@pytest.fixture
async def world(around):
    """A world with one bot."""
    return await begun(around)


@pytest.fixture
def stopped(around, world):
    """Return what is done to a bot that is stopped, as by SIGSTOP, and works off what is due before this ends."""

    async def stopped(deed, wait=WHILE):
        around.bots[0].process.freeze(wait)
        told = await deed
        await asyncio.sleep((wait + timedelta(minutes=1)).total_seconds())
        return told

    return stopped


async def test_a_command_is_not_carried_out_minutes_later(world, stopped):
    """Ann has read operation_timeout, and may have got it elsewhere and given it back since."""
    told = await stopped(world.type(ANN, "/request-access finance-reports because Q4"))

    assert told.error == "operation_timeout"
    assert await world.states() == []
    assert world.posts() == []


async def test_it_can_be_repeated(world, stopped):
    await stopped(world.type(ANN, "/request-access finance-reports because Q4"))
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS)

    assert await world.states() == ["add pending"]


async def test_a_decision_is_not_taken_minutes_later(world, stopped):
    """Dana has seen that her click failed, and may have thought better of it."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(APPROVALS)

    await stopped(world.press(DANA, card, "Approve"))

    assert await world.states() == ["add pending"]
    assert world.posts() == []


@pytest.mark.parametrize("seconds", [0.5, 1, 2])
async def test_a_moment_is_forgiven(seconds, world, stopped):
    """Within Slack's three seconds nobody has been told anything yet."""
    told = await stopped(
        world.type(ANN, "/request-access finance-reports because Q4"), timedelta(seconds=seconds)
    )

    assert told.ok
    assert await world.states() == ["add pending"]


async def test_whoever_was_told_to_wait_is_not_too_late(around, world):
    """An admin reads that the bot looks; that Graph takes ten seconds over it must not undo the removal."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")

    async def slow(request, go_on):
        await asyncio.sleep(9)
        return await go_on()

    around.bots[0].line.on("GET .*/users", slow)
    answer = await world.type(
        DANA, "/access-admin remove marketing-campaign ann@contoso.example because she left"
    )

    assert answer.ok
    await world.told(ANN, "was removed by")
