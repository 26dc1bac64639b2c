"""Modals over modals: Slack lays three of them, and a fourth answer is seen all the same."""

import pytest

from tests.harness.world import ANN, buttons, eventually, said

# Slack's own limit.
MOST = 3


async def press_in_modal(world, label):
    """Press a button in the modal on top."""
    top = world.form(ANN)
    (button,) = (each for each in buttons(top) if each["text"]["text"] == label)
    outcome = await world.slack.click_view(
        user=ANN,
        view_id=top.id,
        action_id=button["action_id"],
        block_id=button["block_id"],
        value=button["value"],
    )
    assert outcome.ok


def shows(world, text):
    top = world.form(ANN)
    return text in said(top) and top


@pytest.fixture
async def stacked(world):
    """Three modals in front of Ann, who has walked from one to the next, out of Home."""
    await world.slack.open_home(user=ANN)
    await eventually(lambda: world.home(ANN))
    await world.press_home(ANN, "Past requests")
    await eventually(lambda: shows(world, "You have no past requests"))
    for _ in range(MOST - 1):
        await press_in_modal(world, "My access")
        await eventually(lambda: shows(world, "You have no access"))
        await press_in_modal(world, "Past requests")
        await eventually(lambda: shows(world, "You have no past requests"))
    assert len(world.slack.person(ANN).modals) == MOST
    return world


async def test_an_answer_over_three_modals_takes_the_place_of_the_third(stacked):
    """It is there, and nothing is said beside it; below, the others are as they were."""
    before = len(stacked.direct(ANN))
    await press_in_modal(stacked, "My access")
    await eventually(lambda: shows(stacked, "You have no access"))

    assert len(stacked.slack.person(ANN).modals) == MOST
    assert len(stacked.direct(ANN)) == before


async def test_a_form_over_three_modals_takes_the_place_of_the_third(stacked):
    """It can be filled in and sent, and nobody is told that Slack was too slow."""
    await press_in_modal(stacked, "My access")
    await eventually(lambda: shows(stacked, "You have no access"))
    await press_in_modal(stacked, "Request access")

    form = await eventually(
        lambda: (top := stacked.form(ANN)) and top.callback_id == "latchkey_request" and top
    )

    assert len(stacked.slack.person(ANN).modals) == MOST
    assert form.submit
    assert not any("Slack did not open" in said(each) for each in stacked.direct(ANN))
