"""A removal that Entra does not carry out: who has the access keeps it, and whoever is concerned hears so."""

from datetime import timedelta

import pytest

from sandbox.tenant.seed import FINANCE_REPORTS
from tests.flow.access.test_endings import REMINDED, assignment_of
from tests.harness.world import ANN, BO, DANA, eventually, labels, living, said

KEPT = "Your extension of .* was canceled, because the access was to be removed"


@pytest.fixture
async def world(database):
    """Ann has Finance Reports for six days more, and Bo is asked whether she may have them longer."""
    async with living(database) as made:
        await made.type(ANN, "/request-access finance-reports because Q4")
        await made.press(BO, await made.card(BO), "Approve")
        await made.told(ANN, "You now have access")
        await made.later(timedelta(days=24))
        await made.extend(ANN, await made.told(ANN, REMINDED))
        await made.card(BO, "asks to extend")
        yield made


async def remove(world, *, by):
    if by == DANA:
        await world.type(DANA, "/access-admin remove @ann finance-reports because it is over")
    else:
        shown = (await world.type(ANN, "/my-access")).message
        await world.press(ANN, shown, "Return")


async def settled(world, *states):
    async def is_settled():
        return await world.states() == ["add delivered", *states]

    await eventually(is_settled, about=str(states))


@pytest.mark.cases(2)
@pytest.mark.parametrize("by", [ANN, DANA])
async def test_whoever_wanted_it_longer_hears_that_the_extension_is_canceled_and_the_access_there(
    world, by
):
    """Nobody decides about it any more, and the end comes nearer."""
    world.tenant.faults.set("delivery_failed")

    await remove(world, by=by)

    kept = said(await world.told(ANN, KEPT))
    assert "you still have it" in kept
    assert f"<!date^{int(assignment_of(world, ANN, FINANCE_REPORTS).end.timestamp())}^" in kept
    await settled(world, "extend canceled", "remove failed")
    shown = (await world.type(ANN, "/my-access")).message
    assert any(label.startswith("Extend") for label in labels(shown))


async def test_of_a_removal_that_is_done_nobody_says_that_the_access_is_there(world):
    """However long Entra takes."""
    world.tenant.world.delivery = timedelta(hours=1)

    await remove(world, by=DANA)
    await settled(world, "extend canceled", "remove submitted")
    await world.later(timedelta(hours=2))

    await world.told(ANN, f"was removed by <@{DANA}>")
    await settled(world, "extend canceled", "remove delivered")
    await world.later(timedelta(hours=2))
    assert not [each for each in world.direct(ANN) if "was canceled" in said(each)]


async def test_an_admin_reads_whose_access_could_not_be_removed(world):
    """Whoever removes several would not know of whom it is said."""
    world.tenant.faults.set("delivery_failed")

    await remove(world, by=DANA)

    await world.told(DANA, f"I could not remove the access of <@{ANN}> to \\*Finance Reports")
