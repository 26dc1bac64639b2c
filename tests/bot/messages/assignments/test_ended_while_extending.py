"""What the news of an end says of the extension that was open: how it stands, and how it ended."""

import pytest

from bot.messages.assignments import endings
from bot.requests.model import OPEN, Kind, State
from tests.bot.messages.every_message import request
from tests.bot.samples import held


@pytest.mark.parametrize("kind", [Kind.ADD, Kind.EXTEND])
@pytest.mark.parametrize("state", State)
def test_it_promises_news_and_can_be_canceled_only_while_it_is_open(kind, state):
    """Whatever it has come to: nothing offers to cancel what is over."""
    said = endings.ended_while_extending(held(), request(kind=kind, state=state))

    assert ("I will tell you what comes of it" in said["text"]) is (state in OPEN)
    can_be_canceled = state in {State.RECEIVED, State.PENDING, State.APPROVED}
    assert ("latchkey_cancel" in str(said["blocks"])) is can_be_canceled


@pytest.mark.parametrize("kind", [Kind.ADD, Kind.EXTEND])
@pytest.mark.parametrize(
    ("state", "why", "says"),
    [
        (State.DELIVERED, None, ("Delivered.", "Extended.")),
        (State.DENIED, "No", "Denied."),
        (State.LAPSED, None, "Expired: nobody decided in time."),
        (State.CANCELED, None, "You canceled it."),
        (State.CANCELED, "Dana left", "Canceled by an admin."),
        (State.REFUSED, "No policy", "Refused."),
        (State.FAILED, "Odd", "Entra did not deliver it."),
    ],
)
def test_it_says_how_the_extension_ended(kind, state, why, says):
    """In the words of the list of past requests."""
    said = endings.ended_while_extending(held(), request(kind=kind, state=state, why=why))

    assert said["text"].endswith(says)
