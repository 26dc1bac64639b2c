"""What its policy lets nobody give back has no button that gives it back: pressed, it would be refused."""

from datetime import timedelta

from sandbox.tenant.seed import MARKETING_CAMPAIGN
from tests.harness.world import ANN, eventually, labels, said


async def test_return_is_offered_where_the_policy_lets_people_return(world):
    """In the list of what one has, in Home, on the reminder, and where one asks for what one has."""
    (policy,) = world.tenant.world.policies_of(MARKETING_CAMPAIGN)
    policy.settings["requestorSettings"]["enableTargetsToSelfRemoveAccess"] = False
    await world.synced()
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")

    for typed in ("/my-access", "/request-access marketing-campaign"):
        shown = (await world.type(ANN, typed)).message
        assert "Marketing Campaign" in said(shown)
        assert "Return" not in labels(shown)
    await world.slack.open_home(user=ANN)
    home = await eventually(lambda: world.home(ANN), about="Ann's Home")
    assert "Return" not in labels(home)

    await world.later(timedelta(days=24))
    reminder = await world.told(ANN, "If you extend it now")
    assert [each.split(" to ")[0] for each in labels(reminder)] == ["Extend", "Let it end"]


async def test_return_comes_back_when_the_policy_lets_people_return_again(world):
    """With the next sync."""
    (policy,) = world.tenant.world.policies_of(MARKETING_CAMPAIGN)
    rules = policy.settings["requestorSettings"]
    rules["enableTargetsToSelfRemoveAccess"] = False
    await world.synced()
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")

    rules["enableTargetsToSelfRemoveAccess"] = True
    await world.synced()

    assert "Return" in labels((await world.type(ANN, "/my-access")).message)
