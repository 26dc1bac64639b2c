"""Buttons in messages that show what is no longer so: each says what is, or does what it says."""

import copy
from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.flow.access.test_endings import REMINDED, assignment_of, has_campaign
from tests.harness.simulation import simulation
from tests.harness.world import ANN, ENTRA_ID, World, begun, eventually, labels, living

LATER = timedelta(days=24)


@pytest.fixture
async def world(database):
    """Ann is reminded, and from then on Slack redraws nothing."""
    async with living(database) as made:
        await has_campaign(made)
        await made.later(LATER)
        await made.told(ANN, REMINDED)
        made.slack.faults.set("server_error", only="chat.update")
        yield made


async def press(world: World, label: str) -> None:
    reminder = next(each for each in world.direct(ANN) if "Let it end" in labels(each))
    await world.press(ANN, reminder, label)


async def verbs(world: World) -> list[str]:
    return [what for _, what, _ in await world.deeds()]


async def test_what_has_no_end_any_more_is_not_said_to_be_let_end(world):
    """Nothing would end by itself, and a later end is reminded of."""
    world.tenant.move_end(assignment_of(world, ANN).id, None)
    await world.synced()

    await press(world, "Let it end")

    await world.told(
        ANN, "“Marketing Campaign” has no end date, so there is nothing to be reminded"
    )
    assert "let-end" not in await verbs(world)


async def test_what_is_being_removed_is_not_said_to_last_until_its_end(world):
    """It is gone before."""
    world.tenant.world.delivery = timedelta(hours=3)
    await press(world, "Return now")
    await eventually(lambda: world.posts("adminRemove"), about="the removal in Entra")
    await world.told(ANN, "Returning")

    async def is_in_entra():
        return (await world.states())[-1] == "remove submitted"

    await eventually(is_in_entra)
    await press(world, "Let it end")

    await world.told(ANN, "That access is being removed already")
    assert "let-end" not in await verbs(world)


async def test_what_latchkey_may_not_touch_any_more_is_not_said_to_have_ended(database):
    """The catalogs are fewer since; in Entra it is still there."""
    async with simulation(database) as around:
        bot = await around.start()
        world = World(around.outside, bot.latchkey)
        await world.looked_at_everything()
        await has_campaign(world)
        await world.later(LATER)
        await world.told(ANN, REMINDED)
        await bot.stop()
        catalogs = around.outside.tenant.world.catalogs
        other = copy.deepcopy(next(iter(catalogs.values())))
        other.id, other.display_name = around.outside.tenant.world.new_id(), "Projects"
        catalogs[other.id] = other
        world = await begun(around, LATCHKEY_CATALOGS="Projects")

        for label in ("Extend", "Return now", "Let it end"):
            reminder = next(each for each in world.direct(ANN) if "Let it end" in labels(each))
            await world.press(ANN, reminder, label)

        await world.told(
            ANN, "I do not know that access any more: it has ended, or I do not", times=3
        )
        assert ENTRA_ID[ANN] in world.holders(seed.MARKETING_RESOURCES)
