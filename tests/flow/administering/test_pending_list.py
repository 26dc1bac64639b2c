"""`/access-admin pending`: the whole card of a request is a press away, where the list is."""

from tests.flow.slack.test_replies import listed
from tests.harness.valid import complaints
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    DANA,
    buttons,
    eventually,
    labels,
    said,
)


async def review(world, user, shown, about):
    """Press Review in a list; the card that opens over it."""
    await world.press(user, shown, "Review", about=about)
    return await eventually(lambda: world.form(user), about="the card")


async def press_in(world, user, card, label):
    button = next(each for each in buttons(card) if each["text"]["text"] == label)
    await world.slack.click_view(
        user=user,
        view_id=card.id,
        action_id=button["action_id"],
        block_id=button["block_id"],
        value=button["value"],
    )


async def test_a_line_of_the_list_opens_its_whole_card(world):
    """With all that an approver reads, and its buttons; deciding in it is answered in it."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    shown = await listed(world, DANA, "/access-admin pending")
    told = len(world.direct(DANA))

    card = await review(world, DANA, shown, "Ann Abara")
    assert "The package gives" in said(card)
    await press_in(world, DANA, card, "Approve")
    await eventually(lambda: "Your decision is saved" in said(world.form(DANA)))

    await world.told(ANN, "You now have access")
    assert not [each for each in world.direct(DANA)[told:] if "decision" in said(each)]
    assert complaints(world) == []


async def test_ones_own_line_decides_nothing(world):
    """Somebody else decides it: the line says so, and so does its card, which has no button."""
    await world.type(DANA, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")

    shown = await listed(world, DANA, "/access-admin pending")

    assert "somebody else decides it" in said(shown)
    assert labels(shown) == ["Review"]
    card = await review(world, DANA, shown, "Dana Diaz")
    assert "somebody else decides it" in said(card)
    assert labels(card) == []


async def test_a_review_that_comes_too_late_shows_how_it_was_decided(world):
    """The list was drawn before: the card that it opens has no buttons any more."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(APPROVALS, "Finance Reports")
    shown = await listed(world, DANA, "/access-admin pending")
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")

    card = await review(world, DANA, shown, "Ann Abara")

    assert "Delivered" in said(card)
    assert labels(card) == []
