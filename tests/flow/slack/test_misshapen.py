"""What Slack does not take as it is made arrives shorter, once, and the admins are told once a day."""

from datetime import timedelta

import pytest

from bot.notifications.store import notices
from sandbox.slack import content
from tests.harness.world import labels, said

# Slack takes less here than it does, or a view is broken on purpose.
pytestmark = pytest.mark.misshapen("what Slack refuses")
STRICT = 800


@pytest.fixture
def strict(monkeypatch):
    """A Slack that takes much less than is known."""
    monkeypatch.setattr(content, "MOST_CHARACTERS", STRICT)


async def asked(harness, *, user="U0ANN"):
    """For a package that gives much."""
    return await harness.ask("finance-reports", user=user, reason="because " * 100)


def cards(harness, user="U0BO"):
    return [each for each in harness.told(user) if "asks for" in each.text]


def alarms(harness):
    channel = harness.workspace.channels["C0APPROVALS"]
    return [each for each in channel.messages if "refused a message of mine (card)" in each.text]


async def test_a_card_that_slack_does_not_take_arrives_shorter(harness, strict):
    """With its buttons, and a word that it is not whole."""
    await asked(harness)
    await harness.talk()

    (card,) = cards(harness)
    assert labels(card) == ["Approve", "Approve for less", "Deny", "Ask a question"]
    assert "did not take the whole" in said(card)
    assert len(alarms(harness)) == 1
    assert "msg_blocks_too_long" in said(alarms(harness)[0])


async def test_it_is_not_tried_for_ever(harness, strict):
    """Once as it is, once shorter; then it is sent."""
    await asked(harness)
    for _ in range(5):
        await harness.talk()
        await harness.expire_all_waits()

    posts = [call for call in harness.workspace.calls if call.method == "chat.postMessage"]
    # To the channel and to Bo.
    assert len([call for call in posts if call.error == "msg_blocks_too_long"]) == 2
    assert len(cards(harness)) == 1


async def test_one_alarm_a_day_says_so(harness, strict):
    """However many cards it is about; the next day it is said again."""
    await asked(harness)
    await asked(harness, user="U0CY")
    await harness.talk()
    assert len(alarms(harness)) == 1

    harness.shift(timedelta(days=1))
    await asked(harness, user="U0MIA")
    await harness.talk()

    assert len(alarms(harness)) == 2


async def test_what_is_refused_even_so_is_dropped(harness, monkeypatch):
    """And stands in the log; nobody tries it every minute."""
    monkeypatch.setattr(content, "MOST_CHARACTERS", 0)
    request = await asked(harness)
    for _ in range(3):
        await harness.talk()
        await harness.expire_all_waits()

    assert cards(harness) == []
    key = f"card:{request.ask_id}:U0BO"
    assert await harness.store.run(notices.finished_keys, [key]) == {key}
    assert len([c for c in harness.workspace.calls if c.method == "chat.postMessage"]) <= 8


async def test_a_redraw_that_slack_does_not_take_is_shorter(harness, monkeypatch):
    """A decided card must not keep its buttons."""
    request = await asked(harness)
    await harness.talk()
    assert labels(cards(harness)[0]) == ["Approve", "Approve for less", "Deny", "Ask a question"]
    monkeypatch.setattr(content, "MOST_CHARACTERS", STRICT)

    await harness.request_changes.cancel(slack_user="U0ANN", request_id=request.id)
    await harness.talk()

    (card,) = cards(harness)
    assert labels(card) == []
    assert "Canceled" in card.text


async def test_a_home_that_slack_does_not_take_says_where_to_look(harness, monkeypatch):
    """And is not published every minute anew."""
    monkeypatch.setattr(content, "MOST_VIEW_BYTES", 900)

    await harness.homes.opened("U0ANN")
    for _ in range(3):
        await harness.talk()
        await harness.expire_all_waits()

    home = harness.workspace.person("U0ANN").home
    assert "/my-access" in said(home)
    assert len([c for c in harness.workspace.calls if c.method == "views.publish"]) == 2
