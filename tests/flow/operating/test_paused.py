"""While all granting is paused, whoever waits for that reads it where they look, and nothing of it once it is over."""

from datetime import timedelta

import pytest

from bot.database import flags
from tests.flow.access.test_endings import REMINDED, has_campaign
from tests.flow.administering.test_holding import POST
from tests.harness.world import ANN, eventually, said

PAUSED = "All granting is paused just now"


@pytest.fixture
async def world(world):
    """Ann is reminded, and asks for longer while granting is paused."""
    await has_campaign(world)
    await world.slack.open_home(user=ANN)
    await world.later(timedelta(days=24))
    reminder = await world.told(ANN, REMINDED)
    await world.bot.store.run(flags.pause, why="a test")
    await world.press(ANN, reminder, "Extend")
    await world.told(ANN, "Asked to extend")

    async def is_approved():
        return (await world.states())[-1] == "extend approved"

    await eventually(is_approved)
    return world


async def test_whoever_waits_reads_that_granting_is_paused(world):
    """In their list, in Home and in the reminder of the end that comes nearer."""
    assert PAUSED in said((await world.type(ANN, "/my-access")).message)
    await eventually(lambda: PAUSED in said(world.home(ANN)), about="Home")
    await eventually(lambda: PAUSED in said(world.direct(ANN)[1]), about="the reminder")

    await world.bot.store.run(flags.resume)

    await world.told(ANN, "now lasts until")
    assert PAUSED not in said((await world.type(ANN, "/my-access")).message)
    await eventually(lambda: PAUSED not in said(world.home(ANN)), about="Home")
    await eventually(lambda: PAUSED not in said(world.direct(ANN)[1]), about="the reminder")


async def test_nobody_reads_of_a_pause_that_is_over_while_entra_takes_nothing(world):
    """And of the next one they read although their request has not moved."""
    world.tenant.faults.set("unavailable", only=POST)
    for is_paused in (True, False, True):
        if not is_paused:
            await world.bot.store.run(flags.resume)
        else:
            await world.bot.store.run(flags.pause, why="a test")

        for what, shown in {
            "Home": lambda: world.home(ANN),
            "the reminder": lambda: world.direct(ANN)[1],
        }.items():
            await eventually(
                lambda shown=shown, expected=is_paused: (PAUSED in said(shown())) is expected,
                about=f"{what}, paused: {is_paused}",
            )
        assert (await world.states())[-1] == "extend approved"


async def test_a_return_waits_for_no_pause(world):
    """It is carried out, and nobody reads that it waits."""
    world.tenant.world.delivery = timedelta(hours=1)
    await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Return")

    async def is_in_entra():
        return (await world.states())[-2:] == ["extend canceled", "remove submitted"]

    await eventually(is_in_entra)
    assert PAUSED not in said((await world.type(ANN, "/my-access")).message)
