"""A button that is pressed too late reads what has become of the request, and not what had happened on the way."""

from datetime import timedelta

import pytest

from tests.harness.world import BO, CY, GENERAL, MIA, eventually

ASK = "/request-access production-database because INC-42"


async def half_way(world):
    """Cy's list, with Cancel and Remind, of a request whose first step Mia has approved."""
    await world.type(CY, ASK)
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.told(CY, "approved step 1 of 2")
    await world.card(BO)
    return (await world.type(CY, "/my-access")).message


async def expired(world):
    await world.later(timedelta(days=15))
    await world.told(CY, "has expired")


async def denied(world):
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not now")
    await world.told(CY, "was denied")


async def delivered(world):
    await world.press(BO, await world.card(BO), "Approve")
    if await eventually(lambda: world.form(BO) or world.posts("adminAdd")) and world.form(BO):
        await world.give_reason(BO, "Fine")
    await world.told(CY, "You now have access")


async def canceled(world):
    await world.press(CY, (await world.type(CY, "/my-access")).message, "Cancel")
    await world.whispered(CY, GENERAL, "is canceled")


@pytest.mark.parametrize(
    ("becomes", "says"),
    [
        (expired, "cannot be withdrawn any more: it is expired"),
        (denied, "cannot be withdrawn any more: it was denied by Bo Berg"),
        (delivered, "cannot be withdrawn any more: it is delivered"),
        (canceled, "You have withdrawn that request already"),
    ],
)
async def test_cancel_says_how_it_ended(world, becomes, says):
    """That a step before was approved is not how it ended."""
    shown = await half_way(world)
    await becomes(world)

    await world.press(CY, shown, "Cancel")

    said = await world.whispered(CY, GENERAL, says)
    assert "by Mia Moreau" not in said
