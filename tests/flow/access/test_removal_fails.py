"""A removal that Entra does not carry out: who has the access keeps it, and whoever is concerned hears so."""

from datetime import timedelta

import pytest

from bot.database.audit_log.audit import LATCHKEY
from bot.requests.store import holds
from sandbox.tenant.seed import FINANCE_REPORTS
from tests.flow.access.test_endings import REMINDED, assignment_of
from tests.flow.administering.test_holding import POST, card, cards
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


async def stuck(world):
    """Ann's access has six hours left, and its removal, which Entra takes from nobody, is on hold."""
    await world.later(timedelta(days=5, hours=18))
    world.tenant.faults.set("unavailable", only=POST)
    await remove(world, by=DANA)
    await card(world)


async def test_whoever_has_access_hears_that_it_has_run_out_although_its_removal_is_stuck(world):
    """It has ended by itself, and nobody has removed it; the removal has nothing left to do."""
    await stuck(world)

    await world.later(timedelta(hours=7))

    await world.told(ANN, "Your access to .* has ended. If you still need it")
    await world.told(DANA, f"<@{ANN}> no longer has access to \\*Finance Reports")
    await settled(world, "extend canceled", "remove delivered")
    assert not [each for each in world.direct(ANN) if "was removed by" in said(each)]
    assert await world.bot.store.read(holds.count) == 0
    assert "You have no access" in (await world.type(ANN, "/my-access")).text


async def test_what_is_held_once_more_after_that_is_for_an_admin(world):
    """No removal is tried again each hour."""
    await stuck(world)
    world.tenant.faults.set("unavailable", only="GET .*assignmentRequests")
    await world.later(timedelta(hours=7))

    async def is_held_again():
        await card(world)
        return len(cards(world)) == 2

    await eventually(is_held_again, about="the second card")
    await world.synced()
    await world.synced()

    assert await world.bot.store.read(holds.count) == 1
    assert [
        why for who, what, why in await world.deeds() if (who, what) == (LATCHKEY, "retry")
    ] == ["The access has run out meanwhile."]


async def test_who_returns_what_has_just_run_out_is_thanked_for_no_return(world):
    """Nobody has seen yet that it has ended."""
    shown = (await world.type(ANN, "/my-access")).message
    world.outside.clock.shift(timedelta(days=7))

    await world.press(ANN, shown, "Return")

    await settled(world, "extend canceled", "remove delivered")
    await world.told(ANN, "Your access to .* has ended. If you still need it")
    assert not [each for each in world.direct(ANN) if "you have returned" in said(each)]
    past = said((await world.type(ANN, "/my-access past")).message)
    assert "Return of *Finance Reports*" in past
    assert "Returned." not in past


async def test_whoever_has_access_hears_that_it_has_run_out_while_entra_is_at_its_removal(world):
    """However long Entra stays at it."""
    world.tenant.world.delivery = timedelta(days=100)
    await remove(world, by=DANA)
    await settled(world, "extend canceled", "remove submitted")

    await world.later(timedelta(days=7))

    await world.told(ANN, "Your access to .* has ended. If you still need it")
    await settled(world, "extend canceled", "remove delivered")
    assert not [each for each in world.direct(ANN) if "was removed by" in said(each)]
