"""The approval card and the list of what waits: what they say, and who has buttons."""

import re
from dataclasses import replace

import pytest

from bot import clock
from bot.messages.admins import pending_list
from bot.messages.approvals import approval_card, approving_several
from bot.messages.approvals.review import review
from bot.messages.blocks.parts import moment
from bot.packages.model import NamedObject, Removal
from bot.requests.model import State
from tests.bot.messages.every_message import request, texts_of
from tests.bot.samples import SOME_DAY, page, terms


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


@pytest.mark.parametrize("known", [terms(), None], ids=["checked", "not yet"])
def test_a_card_says_since_when_it_is_asked(known):
    """Also where no message around it has a time: in a form, in Home, in a list."""
    one = request(state=State.PENDING, terms=known, asked_at=SOME_DAY)

    assert f"*Asked*\\n{moment(SOME_DAY)}" in texts_of(review(one, [], reader="U0BO"))


@pytest.mark.parametrize("reader", ["U0ANN", "U0BO"])
def test_nothing_is_decided_in_a_list(reader):
    """Nobody decides what they have not read: the button shows the whole card."""
    listed = pending_list.pending(page([request(state=State.PENDING)]), reader=reader)

    assert set(re.findall(r"latchkey_\w+", texts_of(listed))) == {"latchkey_review"}


def test_what_speaks_against_one_of_several_is_said_with_it():
    """As on its card: what does not go together with it, and that an admin has removed it before."""
    excluded = (NamedObject(id="x", name="Release Approvals"),)
    removal = Removal(by="U0DANA", at="2026-11-01T10:00:00+00:00", why="She moved")
    one = request(state=State.PENDING, terms=terms(excluded=excluded, contents=("A", "B")))
    other = replace(one, id="r2", terms=terms(removal=removal, contents=("A", "C")))

    form = texts_of(approving_several.form([one, other]))

    assert "“Release Approvals”" in form
    assert "She moved" in form
    # Whoever asked first was shown another version of the package.
    assert form.count("The package gives") == 2


def test_ones_own_request_has_no_buttons():
    """Nobody is tempted."""
    own = request(state=State.PENDING)

    assert "latchkey_approve" not in texts_of(review(own, [], reader="U0ANN"))
    assert "latchkey_approve" in texts_of(review(own, [], reader="U0BO"))
