"""Test what is answered at once to somebody who asks: from our own rows, true, and with the next step as a button."""

from datetime import timedelta

import pytest

from sandbox.tenant.seed import MARKETING_CAMPAIGN
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, MONTH, eventually, labels, said


async def ack(world, user, text):
    return (await world.type(user, f"/request-access {text}")).message


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("finance-reports for the audit", "for the audit"),
        ("finance reports to close the quarter", "to close the quarter"),
        ("finance-reports, I close the quarter", "I close the quarter"),
        ("Finance Reports. It is for Q4", "It is for Q4"),
        ("finance-reports as agreed", "as agreed"),
        ("finance-reports, because of Q4", "of Q4"),
    ],
)
async def test_the_rest_of_the_sentence_is_the_reason(world, typed, reason):
    """Asked for at once, with these words on the card."""
    assert "whether you may have *Finance Reports*" in said(await ack(world, ANN, typed))
    assert reason in said(await world.card(APPROVALS, "Finance Reports"))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("finance-reports please, Q4", "please, Q4"),
        ("finanse-reports for the audit", "for the audit"),
    ],
)
async def test_what_only_begins_with_a_name_is_asked_for_by_one_press(world, typed, reason):
    """The reason is kept, and said; nothing is asked for before."""
    shown = await ack(world, ANN, typed)
    assert labels(shown) == ["Ask for Finance Reports"]
    assert f"Your reason: {reason}" in said(shown)
    assert await world.states() == []

    await world.press(ANN, shown, "Ask for Finance Reports")

    await eventually(
        lambda: "whether you may have *Finance Reports*" in said(shown), about="the answer in place"
    )
    assert reason in said(await world.card(APPROVALS, "Finance Reports"))


async def test_a_unique_beginning_is_confirmed_by_one_press(world):
    """And never taken to mean it without that."""
    shown = await ack(world, ANN, "marketing")
    assert labels(shown) == ["Ask for Marketing Campaign"]
    assert world.posts() == []

    await world.press(ANN, shown, "Ask for Marketing Campaign")

    await world.told(ANN, "You now have access")


async def test_one_press_opens_the_form_where_a_reason_is_needed(world):
    """A reason could not be given by the press."""
    shown = await ack(world, ANN, "finance")

    await world.press(ANN, shown, "Ask for Finance Reports")
    await world.give_reason(ANN, "Q4")

    assert "Q4" in said(await world.card(APPROVALS, "Finance Reports"))


async def test_what_one_has_is_said_at_once(world):
    """With its end, and the buttons for it; nothing is asked for."""
    await ack(world, ANN, "marketing-campaign")
    await world.told(ANN, "You now have access")

    shown = await ack(world, ANN, "marketing-campaign because I forgot")

    assert "You already have *Marketing Campaign*, until" in said(shown)
    assert "30 days left" in said(shown)
    assert labels(shown) == ["Return"]
    assert await world.states() == ["add delivered"]

    await world.later(MONTH * 0.9)
    shown = await ack(world, ANN, "marketing-campaign")
    assert labels(shown)[0].startswith("Extend to")
    await world.press(ANN, shown, "Extend")
    await eventually(lambda: "Asked to extend" in said(shown), about="the answer in place")


async def test_what_has_ended_is_asked_for_again(world):
    """Its end is over, whatever Graph has shown before."""
    await ack(world, ANN, "marketing-campaign")
    await world.told(ANN, "You now have access")
    world.outside.clock.shift(MONTH + timedelta(minutes=1))

    assert "Asked for" in said(await ack(world, ANN, "marketing-campaign"))


async def test_what_is_being_returned_is_not_called_theirs(world):
    """It is checked as any other request."""
    await ack(world, ANN, "marketing-campaign")
    await world.told(ANN, "You now have access")
    world.tenant.faults.set("unavailable", only="POST .*assignmentRequests")
    shown = (await world.type(ANN, "/my-access")).message
    await world.press(ANN, shown, "Return")
    await eventually(lambda: "Being removed." in said(shown))

    assert "You already have" not in said(await ack(world, ANN, "marketing-campaign"))


@pytest.mark.parametrize("by", [ANN, DANA])
async def test_what_is_still_being_removed_is_said_to_be(world, by):
    """Returned or taken away: as long as Entra has not removed it, nothing can be extended, and nothing asked for."""
    await ack(world, ANN, "marketing-campaign")
    await world.told(ANN, "You now have access")
    world.tenant.world.delivery = timedelta(hours=1)
    if by == ANN:
        await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Return")
    else:
        await world.type(DANA, f"/access-admin remove <@{ANN}|ann> marketing-campaign because done")
    await eventually(lambda: world.posts("adminRemove"), about="the removal in Entra")

    await ack(world, ANN, "marketing-campaign")
    await world.told(ANN, "You still have it, and it is being removed. Please ask again once")
    await world.bot.services.requests.ask_for_several(
        slack_user=DANA, package_ids=[MARKETING_CAMPAIGN], reason="Q4", wanted_for=ANN
    )
    await world.told(DANA, "Ann Abara still has it, and it is being removed")


async def test_what_is_asked_for_already_says_for_whom_it_waits(world):
    """Since when, and with Cancel; a reason is not wanted again."""
    await ack(world, ANN, "finance-reports because Q4")
    # Whom it waits for is known once he has been looked up.
    await world.card(BO, "Finance Reports")

    shown = await ack(world, ANN, "finance-reports")

    assert "You have already asked for *Finance Reports*" in said(shown)
    assert f"waiting for <@{BO}> (since" in said(shown)
    await world.press(ANN, shown, "Cancel")
    await eventually(lambda: "is canceled" in said(shown), about="the answer in place")


async def test_who_decides_is_said_at_once(world):
    """As the policy says; and where it asks nobody, that it is on its way if one may have it."""
    assert "By its policy, Bo Berg approves." in said(
        await ack(world, ANN, "finance-reports because Q4")
    )
    shown = said(await ack(world, ANN, "marketing-campaign"))
    assert "nobody has to approve it" in shown
    assert "on its way" in shown


async def test_what_is_for_others_is_not_promised(world):
    """As far as our own rows know; it is checked all the same."""
    await ack(world, CY, "marketing-campaign")
    await world.told(CY, "You now have access")
    shown = said(await ack(world, CY, "board-papers"))

    assert "as far as I know you are not among them" in shown
    assert "on its way" not in shown
    await world.told(CY, "I cannot get you access")


@pytest.mark.parametrize("word", ["help", "?", "HELP"])
@pytest.mark.parametrize("command", ["/request-access", "/my-access"])
async def test_every_command_helps(world, command, word):
    """With buttons."""
    shown = (await world.type(ANN, f"{command} {word}")).message

    assert labels(shown) == ["Request access", "My access"]
    await world.press(ANN, shown, "My access")
    await world.whispered(ANN, "C0GENERAL", "You have no access through Latchkey")


@pytest.mark.parametrize("closed", ["policy", "catalog"])
async def test_what_is_closed_is_not_said_to_be_no_package(world, closed):
    """Whoever types its name may have it, and read of it elsewhere."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    tenant = world.tenant.world
    if closed == "policy":
        for policy in tenant.policies.values():
            policy.settings["requestorSettings"]["enableTargetsToSelfAddAccess"] = False
    else:
        for catalog in tenant.catalogs.values():
            catalog.state = "unpublished"
    await world.synced()

    answer = await world.type(ANN, "/request-access marketing-campaign")

    assert "There is no access package called “marketing-campaign” that can be asked for." in said(
        answer.message
    )
