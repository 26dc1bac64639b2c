"""What people hold is what Graph says they hold, also where Entra has delivered a part of it only."""

import asyncio
from datetime import timedelta

import pytest

from bot.assignments.model import AssignmentState, DeliveryProgress
from bot.assignments.store import assignments
from sandbox.tenant.seed import MARKETING_CAMPAIGN, MARKETING_RESOURCES
from tests.flow.access.test_endings import assignment_of, given_in_the_portal, has_campaign
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    DANA,
    ENTRA_ID,
    eventually,
    labels,
    living,
    said,
)

IN_PART = "You have a part only of \\*Marketing Campaign"


def alarms(world, pattern):
    return [each for each in world.slack.channel(APPROVALS).messages if pattern in said(each)]


async def the_alarm(world, pattern):
    await eventually(lambda: alarms(world, pattern), about=f"an alarm: {pattern}")
    (only,) = alarms(world, pattern)
    return only


async def asked_and_got_a_part(world):
    world.tenant.faults.set("delivery_partial", count=1)
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, IN_PART)
    return assignment_of(world, ANN)


async def test_who_has_a_part_is_told_so(world):
    """Graph has given up, so nobody waits for a message that never comes; and never is it called delivered."""
    await asked_and_got_a_part(world)

    assert ENTRA_ID[ANN] in world.holders(MARKETING_RESOURCES)
    alarm = await the_alarm(world, "has a part only of *Marketing Campaign*")
    assert labels(alarm) == ["Reprocess", "Remove"]
    assert await world.states() == ["add submitted"]
    assert not [each for each in world.direct(ANN) if "You now have access" in each.text]


async def test_it_is_listed_for_everybody(world):
    """For the holder, and for the admins, with what they can do."""
    await asked_and_got_a_part(world)

    mine = await world.type(ANN, "/my-access")
    assert "Marketing Campaign" in said(mine.message)
    assert "A part of it only" in said(mine.message)
    theirs = await world.type(DANA, "/access-admin assignments marketing-campaign")
    assert "A part of it only" in said(theirs.message)
    assert "Reprocess" in said(theirs.message)


async def test_an_admin_has_it_processed_again(world):
    """The request in Graph is reprocessed; then all of it is there, and the card says so."""
    held = await asked_and_got_a_part(world)
    alarm = await the_alarm(world, "has a part only")

    await world.press(DANA, alarm, "Reprocess")
    await world.told(ANN, "You now have access to \\*Marketing Campaign")

    assert held.state == "delivered"
    assert await world.states() == ["add delivered"]
    await eventually(lambda: "All of it is there now" in said(alarms(world, "a part only")[0]))
    assert labels(alarms(world, "a part only")[0]) == []
    assert any(verb == "reprocess" and actor == DANA for actor, verb, _ in await world.deeds())


async def test_beta_says_the_same(database):
    """In other words."""
    async with living(database, GRAPH_API_VERSION="beta") as world:
        held = await asked_and_got_a_part(world)
        alarm = await the_alarm(world, "has a part only")
        assert (await row_of(world, held)).progress is DeliveryProgress.PARTIAL

        await world.press(DANA, alarm, "Reprocess")
        await world.told(ANN, "You now have access to \\*Marketing Campaign")


async def test_an_admin_takes_it_back(world):
    """What is there in part is access, and goes away like any other."""
    await asked_and_got_a_part(world)
    alarm = await the_alarm(world, "has a part only")

    await world.press(DANA, alarm, "Remove")
    await world.give_reason(DANA, "It never came whole.")
    await world.told(ANN, "was removed by")

    assert ENTRA_ID[ANN] not in world.holders(MARKETING_RESOURCES)
    await nothing_more_is_said(world, "was removed by")


async def nothing_more_is_said(world, last):
    """By and by the request for a part is seen to have nothing to wait for; nobody reads that it failed."""
    await eventually_states(world, ["add failed", "remove delivered"])
    await asyncio.sleep(timedelta(minutes=10).total_seconds())
    assert last in said(world.direct(ANN)[-1])
    assert not alarms(world, "before Microsoft Entra had delivered")


async def eventually_states(world, states):
    async def are_so():
        return await world.states() == states

    await eventually(are_so)


@pytest.mark.parametrize("lag", [timedelta(0), timedelta(seconds=25)])
async def test_who_gives_a_part_back_reads_that_and_no_more(world, lag):
    """ "I could not get you access" would be the opposite of what they wanted, however late Entra is done."""
    await asked_and_got_a_part(world)
    world.tenant.world.delivery = lag

    shown = await world.type(ANN, "/my-access")
    await world.press(ANN, shown.message, "Return")

    await world.told(ANN, "you have returned")
    await nothing_more_is_said(world, "you have returned")


async def test_the_command_removes_a_part(world):
    """ "They do not have it" would be untrue."""
    await asked_and_got_a_part(world)

    await world.type(DANA, f"/access-admin remove <@{ANN}> marketing-campaign because leaver")

    await world.told(ANN, "was removed by")
    assert ENTRA_ID[ANN] not in world.holders(MARKETING_RESOURCES)


async def test_a_part_is_reminded_of_truly(world):
    """It ends like the whole."""
    await asked_and_got_a_part(world)

    await world.later(timedelta(days=24))

    reminder = await world.told(ANN, "Your access to .* ends")
    assert "(a part of it)" in said(reminder)
    assert labels(reminder) == ["Return now", "Let it end"]


async def test_the_request_ends_with_the_access(world):
    """After that one may ask again."""
    await asked_and_got_a_part(world)

    await world.later(timedelta(days=31))
    await eventually(
        lambda: [each for each in world.direct(ANN) if "The access has ended" in said(each)]
    )

    assert await world.states() == ["add failed"]
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access to \\*Marketing Campaign")


async def test_only_admins_have_it_processed_again(world):
    """A card in a channel is seen by many."""
    await asked_and_got_a_part(world)
    alarm = await the_alarm(world, "has a part only")

    await world.press(BO, alarm, "Reprocess")

    assert "Only Latchkey's admins" in await world.whispered(BO, APPROVALS, "admins")
    assert assignment_of(world, ANN).state == "partiallyDelivered"


async def test_a_refusal_to_process_it_again_is_said(world):
    """After two weeks Graph does not take it any more; the card says what to do then."""
    await asked_and_got_a_part(world)
    alarm = await the_alarm(world, "has a part only")
    world.tenant.faults.set("delivery_partial")
    (request,) = world.tenant.world.requests.values()
    request.state = "delivering"
    request.completed_at = None

    await world.press(DANA, alarm, "Reprocess")

    await eventually(lambda: "no request of it" in said(alarms(world, "a part only")[0]))


async def row_of(world, held):
    return await world.bot.store.run(assignments.find, held.id)


@pytest.mark.parametrize(
    ("state", "progress", "sentence"),
    [
        ("delivering", DeliveryProgress.DELIVERING, "Entra is setting it up"),
        ("delivered", DeliveryProgress.DELIVERED, "Marketing Campaign"),
        ("partiallyDelivered", DeliveryProgress.PARTIAL, "A part of it only"),
    ],
)
async def test_each_state_of_what_was_given_elsewhere_has_a_row(world, state, progress, sentence):
    """Whoever gave it: it is access, is listed, and can be removed."""
    given_in_the_portal(world, ANN, days=30).state = state
    await world.synced()

    held = assignment_of(world, ANN)
    assert (await row_of(world, held)).progress is progress
    assert sentence in said((await world.type(ANN, "/my-access")).message)
    listed = await world.type(DANA, f"/access-admin assignments <@{ANN}>")
    assert "Remove" in said(listed.message)

    await world.type(DANA, f"/access-admin remove <@{ANN}> marketing-campaign because leaver")
    await world.told(ANN, "was removed by")
    assert held.state == "expired"


async def test_a_part_that_lasts_is_an_alarm(world):
    """Graph tries for hours; after a day the admins and the holder hear of it, whoever gave it."""
    given_in_the_portal(world, ANN, days=30).state = "partiallyDelivered"
    await world.synced()
    assert not alarms(world, "a part only")

    await world.later(timedelta(hours=25))

    await world.told(ANN, IN_PART)
    await the_alarm(world, "has a part only")


async def test_what_is_processed_again_stays_theirs(world):
    """A role was added to the package: nobody is told that their access has ended, nor may it be extended just then."""
    await has_campaign(world)
    held = assignment_of(world, ANN)
    held.state, held.status = "delivering", "Delivering"
    await world.synced()

    assert (await row_of(world, held)).progress is DeliveryProgress.REPROCESSING
    assert "stays yours meanwhile" in said((await world.type(ANN, "/my-access")).message)
    await world.later(timedelta(days=24))
    reminder = await world.told(ANN, "Your access to .* ends")
    await world.press(ANN, reminder, "Extend")
    refused = await world.told(ANN, "cannot be extended just now")
    assert "has already ended" not in said(refused)


async def test_what_failed_on_the_way_stays_listed(world):
    """Parts of it may have stayed, so that it is not called over."""
    await has_campaign(world)
    held = assignment_of(world, ANN)
    held.state, held.status = "deliveryFailed", "DeliveryFailed"
    await world.synced()

    row = await row_of(world, held)
    assert (row.state, row.progress) == (AssignmentState.LIVE, DeliveryProgress.FAILED)
    assert "could not finish" in said((await world.type(ANN, "/my-access")).message)
    await the_alarm(world, "could not finish")


async def test_what_never_came_to_be_is_nobodys(world):
    """Given in the portal, and given up by Graph before anything was there."""
    held = given_in_the_portal(world, ANN, days=30)
    held.state = "delivering"
    await world.synced()
    held.state = "deliveryFailed"
    await world.synced()

    assert (await row_of(world, held)).state is AssignmentState.ENDED
    assert not [each for each in world.direct(ANN) if "ended" in each.text]


async def test_somebody_with_a_part_does_not_get_it_twice(world):
    """Asking again answers that they have it."""
    given_in_the_portal(world, ANN, days=30).state = "partiallyDelivered"

    await world.type(ANN, "/request-access marketing-campaign")

    await world.told(ANN, "You have it already")
    assert world.posts("adminAdd") == []
    assert len(world.tenant.world.assignments_of(MARKETING_CAMPAIGN)) == 1
