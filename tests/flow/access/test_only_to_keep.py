"""What nobody may ask for any more, and its holders may keep: Extend says until when, as anywhere else."""

from datetime import timedelta

from sandbox.tenant.seed import MARKETING_CAMPAIGN
from tests.harness.world import ANN, labels


def policy_of(world, package):
    [policy] = [each for each in world.tenant.world.policies.values() if each.package_id == package]
    return policy


async def mine(world):
    return labels((await world.type(ANN, "/my-access")).message)


async def test_extend_is_offered_where_it_brings_something_and_says_what(world):
    """Just extended, it could not be made any longer: then there is no button."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    rules = policy_of(world, MARKETING_CAMPAIGN).settings["requestorSettings"]
    rules["enableTargetsToSelfAddAccess"] = False
    await world.synced()
    assert [each for each in await mine(world) if each.startswith("Extend")] == []

    await world.later(timedelta(days=24))
    [label] = [each for each in await mine(world) if each.startswith("Extend")]
    assert label.startswith("Extend to ")

    await world.press(ANN, await world.told(ANN, "If you extend it now, it lasts until"), "Extend")
    await world.told(ANN, "now lasts until")

    assert [each for each in await mine(world) if each.startswith("Extend")] == []
