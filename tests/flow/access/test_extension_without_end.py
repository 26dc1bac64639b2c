"""Who wants to extend what has no end by its policy any more reads just that: that the policy forbids it is not so."""

import copy
from datetime import timedelta

from sandbox.slack.model import Message
from sandbox.tenant.model import Expiration, Policy
from sandbox.tenant.seed import MARKETING_CAMPAIGN
from tests.harness.world import ANN, World, eventually, said


async def given_with_reminder(world: World) -> tuple[Policy, Message]:
    """Ann has a package of 30 days, and is asked what to do before they are over; its policy, and that reminder."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=24))
    [policy] = [
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == MARKETING_CAMPAIGN
    ]
    return policy, await world.told(ANN, "If you extend it now")


async def test_a_policy_that_has_lost_its_end_since_the_last_sync(world):
    """The request is refused by what the policy says now."""
    policy, reminder = await given_with_reminder(world)
    policy.expiration = Expiration("noExpiration")

    await world.press(ANN, reminder, "Extend")

    await world.told(ANN, "Its policy sets no end date any more")
    assert world.posts("adminUpdate") == []


async def test_a_policy_that_has_lost_its_end_before(world):
    """The old button answers at once, by the last sync."""
    policy, reminder = await given_with_reminder(world)
    before = copy.deepcopy(reminder)
    policy.expiration = Expiration("noExpiration")
    await world.synced()
    reminder.blocks = before.blocks

    await world.press(ANN, reminder, "Extend")

    seen = world.slack.dm(ANN)
    await eventually(
        lambda: any("sets no end date that" in said(each) for each in seen.seen_by(ANN)),
        about="the answer",
    )
