"""Answers where people pressed, in channels that the bot is not in, and what happens when Slack does not take them."""

import re

import pytest

from bot.requests.store import request_lists
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    GENERAL,
    MONTH,
    buttons,
    eventually,
    labels,
    said,
)


def lists(world, user, channel=GENERAL):
    """Return what only *user* sees there, oldest first."""
    return [
        message
        for message in world.slack.channel(channel).seen_by(user)
        if message.ephemeral_to == user
    ]


async def listed(world, user, command):
    """Type a command in #general, where the bot is no member; its answer."""
    return (await world.type(user, command)).message


async def redrawn(shown, pattern):
    """The same message, as soon as it says that."""
    await eventually(lambda: re.search(pattern, said(shown)), about=f"{pattern!r} in {said(shown)}")
    return shown


async def has_marketing(world, user=ANN):
    await world.type(user, "/request-access marketing-campaign")
    await world.told(user, "You now have access")


async def test_return_redraws_the_list_where_it_was_pressed(world):
    """In a channel that the bot is not in; no direct message says that it has been pressed."""
    await has_marketing(world)
    shown = await listed(world, ANN, "/my-access")
    before = len(lists(world, ANN))

    await world.press(ANN, shown, "Return")
    await redrawn(shown, "Returning \\*Marketing Campaign\\*")

    assert "Being removed." in said(shown)
    assert "Return" not in labels(shown)
    assert len(lists(world, ANN)) == before
    assert not [each for each in world.direct(ANN) if "Returning" in said(each)]


@pytest.mark.parametrize("by", ["the holder", "an admin"])
async def test_a_removal_in_flight_is_one_row(world, by):
    """The row of the access says that it goes, and who removes it; no second one, and nothing among the requests."""
    await has_marketing(world)
    await world.slack.open_home(user=ANN)
    await eventually(lambda: "Marketing Campaign" in said(world.home(ANN)))

    if by == "the holder":
        await world.press(ANN, await listed(world, ANN, "/my-access"), "Return")
        whose = "You returned it "
    else:
        await world.press(DANA, await listed(world, DANA, "/access-admin assignments"), "Remove")
        await world.give_reason(DANA, "The campaign is over")
        whose = f"<@{DANA}> removes it: "

    def goes() -> bool:
        return f"Being removed. {whose}" in said(world.home(ANN))

    await eventually(goes, about="the row of what is removed")
    yours = said(world.home(ANN)).partition("Access you can ask for")[0]
    assert yours.count("Marketing Campaign") == 1
    assert "Your requests" not in yours
    mine = said(await listed(world, ANN, "/my-access"))
    assert f"Being removed. {whose}" in mine
    # What is read aloud, and the row.
    assert mine.count("Marketing Campaign") == 2
    assert "set up" not in mine


async def test_cancel_redraws_the_list(world):
    """The request is gone from it."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    shown = await listed(world, ANN, "/my-access")

    await world.press(ANN, shown, "Cancel")
    await redrawn(shown, "is canceled")

    assert labels(shown) == ["Request access", "Past requests"]


async def test_extend_redraws_the_list(world):
    """The row has no Extend any more, and says how it stands."""
    await has_marketing(world)
    await world.later(MONTH * 0.9)
    shown = await listed(world, ANN, "/my-access")

    await world.press(ANN, shown, "Extend")
    await redrawn(shown, "Asked to extend|now lasts")

    assert not [label for label in labels(shown) if label.startswith("Extend")]


async def test_remove_redraws_the_list_of_an_admin(world):
    """The row says so, without its button; the others keep theirs."""
    await has_marketing(world, ANN)
    await has_marketing(world, CY)
    shown = await listed(world, DANA, "/access-admin assignments")
    count = len(buttons(shown))

    await world.press(DANA, shown, "Remove", about="Ann Abara")
    await world.give_reason(DANA, "The campaign is over")
    await redrawn(shown, "Removing .*access to \\*Marketing Campaign\\*")

    assert "Being removed." in said(shown)
    assert len(buttons(shown)) == count - 1


async def test_pressing_again_in_a_list_that_is_out_of_date_redraws_it(world):
    """Two lists are open; what one has done, the other learns when it is pressed."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    first = await listed(world, ANN, "/my-access")
    second = await listed(world, ANN, "/my-access")
    await world.press(ANN, first, "Cancel")
    await redrawn(first, "is canceled")

    await world.press(ANN, second, "Cancel")
    await redrawn(second, "withdrawn")

    assert labels(second) == ["Request access", "Past requests"]


async def test_a_late_approval_of_several_in_a_list_is_refused_in_the_list(world):
    """Dana's list was drawn before Bo decided; it loses the button, and nobody gets a direct message about it."""
    for user in (ANN, CY):
        await world.type(user, "/request-access finance-reports because Q4")
    await eventually(lambda: len(world.cards(BO)) == 2, about="two cards")
    shown = await listed(world, DANA, "/access-admin pending")
    for card in world.cards(BO):
        await world.press(BO, card, "Approve")
    for user in (ANN, CY):
        await world.told(user, "You now have access")

    await world.press(DANA, shown, "Approve all 2 for Finance Reports")
    await redrawn(shown, "None of these waits for your decision any more")

    assert labels(shown) == []
    assert not [each for each in world.direct(DANA) if "None of these" in said(each)]


async def test_a_copy_of_a_card_loses_its_buttons_when_it_is_pressed_late(world):
    """A card that is there twice, after an unclear answer: nobody knows where the copy is until it is pressed."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(APPROVALS, "Finance Reports")
    posted = await world.bot.slack.post(APPROVALS, {"text": card.text, "blocks": card.blocks})
    copy = world.slack.channel(APPROVALS).message(posted.ts)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")
    assert "Approve" in labels(copy)

    await world.press(BO, copy, "Approve")
    await world.whispered(BO, APPROVALS, "already approved by Bo Berg")

    await eventually(lambda: labels(copy) == [], about="a copy without buttons")
    assert "Finance Reports" in said(copy)


async def test_a_button_in_home_is_answered_by_home(world):
    """Nothing is said beside it: the page shows what has become of it."""
    await has_marketing(world)
    await world.slack.open_home(user=ANN)
    await eventually(lambda: world.home(ANN) and "Return" in labels(world.home(ANN)))
    told = len(world.direct(ANN))

    await world.press_home(ANN, "Return")
    await eventually(lambda: "Being removed." in said(world.home(ANN)))

    assert not [each for each in world.direct(ANN)[told:] if "Returning" in said(each)]


async def test_a_refusal_in_home_opens_over_it(world):
    """The page was drawn before; what is wrong is said there, and not in a direct message."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    await world.slack.open_home(user=ANN)
    await eventually(lambda: world.home(ANN) and "Cancel" in labels(world.home(ANN)))
    home = world.home(ANN)
    cancel = next(each for each in buttons(home) if each["text"]["text"] == "Cancel")
    await world.bot.services.request_changes.cancel(slack_user=ANN, request_id=cancel["value"])
    told = len(world.direct(ANN))

    await world.slack.click_view(
        user=ANN,
        view_id=home.id,
        action_id=cancel["action_id"],
        block_id=cancel["block_id"],
        value=cancel["value"],
    )

    form = await eventually(lambda: world.form(ANN))
    assert "withdrawn" in said(form)
    assert not [each for each in world.direct(ANN)[told:] if "withdrawn" in said(each)]


async def test_the_form_says_what_has_been_asked_for(world):
    """In the form itself, which one closes; no direct message stays of it."""
    shown = await listed(world, ANN, "/request-access finance-reports")
    await world.press(ANN, shown, "Say why")
    await world.give_reason(ANN, "Q4")

    assert "whether you may have *Finance Reports*" in said(world.form(ANN))
    assert not [each for each in world.direct(ANN) if "Asked for" in said(each)]


@pytest.mark.parametrize("fault", ["drop_after", "ratelimited"])
async def test_where_slack_takes_no_answer_there_it_is_said_by_the_web_api(world, fault):
    """As a last resort, in a direct message: the bot is not in #general.  After an unclear answer nothing is repeated."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    shown = await listed(world, ANN, "/my-access")
    world.slack.faults.set(fault, only="^response_url$")

    await world.press(ANN, shown, "Cancel")

    await eventually(lambda: not_asked(world), about="the request canceled")
    if fault == "ratelimited":
        await world.told(ANN, "is canceled")


async def not_asked(world):
    return not (await world.bot.store.run(request_lists.open_for, ANN)).rows


async def test_nothing_is_logged_or_stored_of_the_address(world, caplog):
    """It is a secret: whoever has it may answer in the app's name."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    shown = await listed(world, ANN, "/my-access")
    await world.press(ANN, shown, "Cancel")
    await redrawn(shown, "is canceled")

    assert "/respond/" not in caplog.text
