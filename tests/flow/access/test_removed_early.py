"""Access that is over before anybody has seen it delivered: it was short, or somebody removed it at once."""

from datetime import timedelta

import pytest

from sandbox.tenant import lifecycle
from sandbox.tenant.model import Expiration
from sandbox.tenant.seed import MARKETING_CAMPAIGN
from tests.harness.world import ANN, DANA, eventually, said

ASK = "/request-access marketing-campaign because of the launch"
SLOWLY = timedelta(minutes=10)


async def being_set_up(world, *, is_seen=True):
    """Ann has asked, and Entra is at it; the sync has seen that, or not."""
    world.tenant.world.delivery = SLOWLY
    await world.type(ANN, ASK)
    assignments = world.tenant.world.assignments
    if not is_seen:
        await eventually(lambda: world.posts("adminAdd"), about="the request in Entra")
        return
    await eventually(lambda: assignments, about="what Entra is setting up")
    await world.synced()
    [assignment] = assignments.values()
    assert assignment.state == "delivering"


async def settled(world, *states):
    async def is_settled():
        return await world.states() == list(states)

    await eventually(is_settled, about=str(states))


async def test_whoever_asked_hears_of_the_removal(world):
    """Nobody has looked for them in Slack yet, as whose access it is: they are known, for they have asked."""
    await being_set_up(world)

    said_to_admin = await world.type(
        DANA, f"/access-admin remove <@{ANN}> marketing-campaign because the launch is off"
    )

    assert f"Removing <@{ANN}>'s access" in said(said_to_admin.message)
    await world.later(2 * SLOWLY)
    await world.later(2 * SLOWLY)
    news = await world.told(ANN, f"was removed by <@{DANA}>")
    assert "the launch is off" in said(news)
    await settled(world, "add delivered", "remove delivered")


@pytest.mark.parametrize("is_seen", [True, False])
async def test_short_access_that_nobody_saw_has_ended(world, is_seen):
    """Nobody looked for longer than it lasts: it has run out, nobody removed it, and the request is over."""
    for policy in world.tenant.world.policies.values():
        if policy.package_id == MARKETING_CAMPAIGN:
            policy.expiration = Expiration("afterDuration", duration=timedelta(hours=1))
    await world.synced()
    await being_set_up(world, is_seen=is_seen)

    await world.later(timedelta(days=2))

    await settled(world, "add delivered")
    await world.told(ANN, "Your access to .* has ended. If you still need it")
    assert len(world.direct(ANN)) == 1
    shown = (await world.type(ANN, "/my-access")).message
    assert "nothing is pending" in said(shown)
    past = said((await world.type(ANN, "/my-access past")).message)
    assert "Delivered. The access ended" in past


async def test_what_somebody_removed_in_entra_before_it_was_seen_is_said_to_be(world):
    """It had not run out."""
    await being_set_up(world, is_seen=False)
    world.outside.clock.shift(3 * SLOWLY)
    [assignment] = await eventually(lambda: list(world.tenant.world.assignments.values()))
    lifecycle.remove_now(
        world.tenant.world, assignment, world.outside.clock.now(), request_type="adminRemove"
    )

    await settled(world, "add delivered")
    await world.told(ANN, "was ended in Entra, by no request that I know of")
    assert len(world.direct(ANN)) == 1


async def test_an_admin_reads_of_the_request_for_what_is_not_there_yet(world):
    """Nothing is removed, and it is about to be given."""
    await being_set_up(world, is_seen=False)

    answer = await world.type(
        DANA, f"/access-admin remove <@{ANN}> marketing-campaign because the launch is off"
    )

    shown = said(answer.message)
    assert f"<@{ANN}> does not have *Marketing Campaign* yet, so nothing is removed." in shown
    assert "There is an open request for it: it is being set up by Entra." in shown
    assert await world.states() == ["add submitted"]
