"""What somebody has and waits for, as they read it."""

import json
from datetime import timedelta

import pytest

from bot import clock
from bot.messages.assignments import reminding
from bot.messages.overviews import my_access
from bot.requests.model import Kind, State
from tests.bot.messages.every_message import request, texts_of
from tests.bot.samples import held, page


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=30), "30 days left"),
        (timedelta(days=7), "7 days left"),
        (timedelta(hours=30), "30 hours left"),
        (timedelta(hours=1, seconds=5), "1 hour left"),
        (timedelta(minutes=59), "less than an hour left"),
        (timedelta(seconds=1), "less than an hour left"),
    ],
)
def test_time_left_is_said_in_words(left, words):
    """In the unit that matters."""
    row = held(ends_at=clock.now() + left + timedelta(milliseconds=500))

    assert words in texts_of(
        my_access.my_access(page([row]), page([]), reader="U0ANN", asked={}, held_under={})
    )


def test_access_that_has_run_out_is_not_said_to_have_time_left():
    """Between its end and the next look at Graph."""
    row = held(ends_at=clock.now() - timedelta(hours=3))

    assert "left" not in texts_of(
        my_access.my_access(page([row]), page([]), reader="U0ANN", asked={}, held_under={})
    )


@pytest.mark.parametrize("state", [State.RECEIVED, State.APPROVED, State.SUBMITTED])
def test_a_removal_is_not_said_to_be_set_up(state):
    """Neither in the list nor in a reminder: access that goes away is being removed."""
    removal = request(kind=Kind.REMOVE, state=state, asked_by="U0ANN", assignment_id="a")
    for said in (
        my_access.my_access(page([]), page([removal]), reader="U0ANN", asked={}, held_under={}),
        reminding.expiring([held(id="a")], held_under={}, busy={"a": removal}),
    ):
        assert "set up" not in json.dumps(said)
        assert "emov" in json.dumps(said) or "checked" in json.dumps(said)
