"""The list of what can be asked for: what somebody has, or has asked for, says so and has no button."""

from tests.harness.world import ANN, BO, CY, labels, said


async def listed(world, user):
    return (await world.type(user, "/request-access list")).message


async def test_what_one_has_or_waits_for_is_not_offered_again(world):
    """To whom it is; others may ask for it."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.type(CY, "/request-access marketing-campaign")
    await world.told(CY, "You now have access")
    everything = labels(await listed(world, ANN)).count("Ask for it")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)

    shown = await listed(world, ANN)

    assert labels(shown).count("Ask for it") == everything - 1
    assert said(shown).count("You have it already.") == 1
    assert said(shown).count("You have asked for it already.") == 1
    assert "You have asked for it already." not in said(await listed(world, CY))
