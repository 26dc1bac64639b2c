"""What people write to the bot."""

import pytest

from tests.harness.world import ANN

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_people_write_reaches_the_bot_once(world):
    """The event is acknowledged, so Slack does not send it again."""
    slack = world.slack
    channel = slack.dm(ANN).id
    await slack.say(user=ANN, channel=channel, text="Hello, what can you do?")
    events = [each for each in slack.deliveries if each.kind == "events_api"]
    assert [each.payload["event"]["text"] for each in events] == ["Hello, what can you do?"]
    assert events[0].error is None
