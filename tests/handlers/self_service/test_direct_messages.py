"""Test what people write to the bot."""

import pytest

from bot.database.replicas import deduplication
from sandbox.slack import payloads
from sandbox.slack.delivery import deliver_event
from tests.harness.world import ANN, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_people_write_reaches_the_bot_once(world):
    """The event is acknowledged, so Slack does not send it again."""
    slack = world.slack
    channel = slack.dm(ANN).id
    await slack.say(user=ANN, channel=channel, text="Hello, what can you do?")
    events = [each for each in slack.deliveries if each.kind == "events_api"]
    assert [each.payload["event"]["text"] for each in events] == ["Hello, what can you do?"]
    assert events[0].error is None
    await eventually(lambda: world.direct(ANN), about="an answer")


OWN = {"type": "message", "channel_type": "im", "channel": "D0ANN", "event_ts": "1.000001"}


@pytest.mark.parametrize(
    "event",
    [
        {"user": "U0BOT", "bot_id": "B0LATCH", "text": "Approved", "ts": "1.000001"},
        {
            "subtype": "message_changed",
            "message": {"type": "message", "user": "U0BOT", "bot_id": "B0LATCH", "text": "x"},
            "previous_message": {"type": "message", "user": "U0BOT", "text": "y"},
        },
        {"subtype": "message_deleted", "deleted_ts": "1.000001", "hidden": True},
    ],
    ids=["posted", "changed", "deleted"],
)
async def test_what_the_bot_writes_itself_comes_back_and_changes_nothing(world, event):
    """Slack tells of the bot's own direct messages as well; the stand-in does not by itself."""
    slack = world.slack
    said = len(slack.calls)
    payload = payloads.event(slack, {**OWN, **event})
    answer = await deliver_event(slack, payload)
    assert (answer.ok, answer.status) == (True, 200)
    # Remembered in memory alone: its key is still new to the database.
    assert await world.bot.store.run(deduplication.is_new, f"event:{payload['event_id']}")
    posts = [each.method for each in slack.calls[said:] if each.method.startswith("chat.")]
    assert posts == []
