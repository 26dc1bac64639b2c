"""Modals over modals: Slack lays three of them, and a fourth answer is seen all the same."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.harness.world import ANN, BO, buttons, eventually, labels, said

# Slack's own limit.
MOST = 3


async def press_in_modal(world, label):
    """Press a button in the modal on top."""
    top = world.form(ANN)
    (button,) = (each for each in buttons(top) if each["text"]["text"].startswith(label))
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


async def test_the_answer_to_a_form_stands_in_the_list_whose_place_it_took(world):
    """Sent, the form is the list again, which says what was done; below, the others are as they were."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    await world.slack.open_home(user=ANN)
    await eventually(lambda: world.home(ANN))
    await world.press_home(ANN, "Past requests")
    for label in ("My access", "Past requests", "My access"):
        await eventually(lambda label=label: label in labels(world.form(ANN)), about=label)
        await press_in_modal(world, label)
    await eventually(lambda: "Return" in labels(world.form(ANN)), about="what Ann has")
    assert len(world.slack.person(ANN).modals) == MOST
    below = [said(each) for each in world.slack.person(ANN).modals[:-1]]
    await press_in_modal(world, "Extend")
    form = await eventually(lambda: (top := world.form(ANN)) and top.submit and top)

    await world.slack.submit(
        user=ANN, view_id=form.id, values={"reason": {"reason": "The audit takes longer"}}
    )

    await eventually(lambda: shows(world, "Asked to extend your access"), about="the answer")
    stack = world.slack.person(ANN).modals
    assert [said(each) for each in stack[:-1]] == below
    assert len(stack) == MOST
    assert "Return" in labels(world.form(ANN))


@pytest.mark.parametrize("height", [1, 2, MOST])
async def test_a_decision_by_a_form_is_said_in_the_card_and_nowhere_else(world, height):
    """Where the form has taken the card's place it is said there: what lies below is something else."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await world.slack.open_home(user=BO)
    await eventually(lambda: "Review" in labels(world.home(BO)))
    await world.press_home(BO, "Review")
    card = await eventually(lambda: world.form(BO), about="the card")
    stack = world.slack.person(BO).modals
    raise_on(world, stack, height - 1)
    below = [said(each) for each in stack[:-1]]
    deny = next(each for each in buttons(card) if each["text"]["text"] == "Deny")
    await world.slack.click_view(
        user=BO,
        view_id=card.id,
        action_id=deny["action_id"],
        block_id=deny["block_id"],
        value=deny["value"],
    )
    form = await eventually(lambda: (top := world.form(BO)) and top.submit and top)

    await world.slack.submit(user=BO, view_id=form.id, values={"reason": {"reason": "Not now"}})

    await eventually(lambda: "Your decision is saved" in said(world.form(BO)), about="the answer")
    assert [said(each) for each in stack[:-1]] == below
    assert (len(stack), stack[-1].id) == (height, card.id)
    await world.told(ANN, "was denied")


def raise_on(world, stack, count):
    """Put so many modals of another kind below the only one that is open."""
    [top] = stack
    for number in range(count):
        lower = replace(
            top,
            id=f"V0BELOW{number}",
            callback_id="latchkey_said",
            root_view_id="V0BELOW0",
            previous_view_id=f"V0BELOW{number - 1}" if number else None,
            blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": f"Below {number}"}}],
        )
        world.slack.views[lower.id] = lower
        stack.insert(number, lower)
    if count:
        top.root_view_id, top.previous_view_id = "V0BELOW0", f"V0BELOW{count - 1}"
