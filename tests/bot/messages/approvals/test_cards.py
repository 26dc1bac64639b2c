"""The approval card and the list of what waits: what they say, and who has buttons."""

import pytest

from bot import clock
from bot.messages.admins import pending_list
from bot.messages.approvals import approval_card
from bot.requests.model import State
from tests.bot.messages.every_message import request, texts_of
from tests.bot.samples import page, terms


@pytest.mark.parametrize("contents", [1, 20, 60])
def test_a_card_says_everything_that_counts(contents):
    """The card says who, what exactly, why, until when and under which policy, however much is in the package."""
    lines = tuple(
        f"Member of the group Resources of the team number {number:03} in the building"
        for number in range(contents)
    )
    one = request(state=State.PENDING, terms=terms(contents=lines, policy_name="Night shift"))

    said = texts_of(approval_card.card(one, []))

    for part in ("<@U0ANN>", "Ann Abara", "Marketing Campaign", "I run the launch", "Night shift"):
        assert part in said
    assert "Ends" in said
    assert f"!date^{int((one.ends_at or clock.now()).timestamp())}" in said
    assert all(line in said for line in lines) or "more" in said


def test_a_card_that_was_decided_has_no_buttons():
    """And says who decided."""
    for state in State:
        card = approval_card.card(request(state=state), [])
        has_buttons = any(block["type"] == "actions" for block in card["blocks"])
        assert has_buttons is (state is State.PENDING), state


def test_ones_own_request_has_no_buttons():
    """Nobody is tempted."""
    listed = pending_list.pending(page([request(state=State.PENDING)]), reader="U0ANN")

    assert "latchkey_approve" not in texts_of(listed)
    assert "latchkey_approve" in texts_of(
        pending_list.pending(page([request(state=State.PENDING)]), reader="U0BO")
    )
