"""Threads: what hangs below a message, where it shows, and what the app hears of it."""

import pytest
from slack_sdk.errors import SlackApiError


@pytest.fixture
async def root(client):
    """A message in the approvals channel."""
    posted = await client.chat_postMessage(channel="C0APPROVALS", text="Card")
    return posted["ts"]


async def replied(client, root, text="Why?", **more):
    """Let the bot reply; return the timestamp."""
    posted = await client.chat_postMessage(channel="C0APPROVALS", text=text, thread_ts=root, **more)
    return posted["ts"]


async def test_a_message_counts_its_replies(workspace, client, root):
    """The message says who replied, how often, and when last."""
    await replied(client, root)
    await workspace.say(user="U0BO", channel="C0APPROVALS", text="Because", thread_ts=root)
    last = await replied(client, root, "Thanks")
    history = await client.conversations_history(channel="C0APPROVALS")
    shown = history["messages"][0]
    assert len(history["messages"]) == 1
    assert (shown["reply_count"], shown["reply_users_count"]) == (3, 2)
    assert shown["reply_users"] == [workspace.bot_user_id, "U0BO"]
    assert (shown["thread_ts"], shown["latest_reply"]) == (root, last)
    thread = await client.conversations_replies(channel="C0APPROVALS", ts=root)
    assert [each["text"] for each in thread["messages"]] == ["Card", "Why?", "Because", "Thanks"]
    assert thread["messages"][1]["parent_user_id"] == workspace.bot_user_id


async def test_a_broadcast_reply_is_in_the_channel_too(client, root):
    """`reply_broadcast`."""
    await replied(client, root, reply_broadcast=True)
    history = await client.conversations_history(channel="C0APPROVALS")
    assert [each.get("subtype") for each in history["messages"]] == ["thread_broadcast", None]


@pytest.mark.parametrize("target", ["reply", "ephemeral", "nothing"])
async def test_threads_hang_below_messages_only(client, root, target):
    """Neither below a reply, nor below what one person sees alone."""
    if target == "reply":
        ts = await replied(client, root)
    elif target == "ephemeral":
        hidden = await client.chat_postEphemeral(channel="C0APPROVALS", user="U0BO", text="x")
        ts = hidden["message_ts"]
    else:
        ts = "1503435956.000247"
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await replied(client, ts)


@pytest.fixture
def heard(workspace, listening):
    """Return what the app hears of messages."""
    events = []

    @listening.event("message")
    async def message(event):
        events.append(event)

    workspace.bot_events |= {"message.im", "message.channels"}
    return events


async def test_the_app_hears_replies_where_it_is_a_member(workspace, client, heard, root):
    """With the event, its scope, and a seat in the channel."""
    await workspace.say(user="U0BO", channel="C0APPROVALS", text="No", thread_ts=root)
    assert (heard[0]["channel_type"], heard[0]["thread_ts"]) == ("channel", root)
    assert heard[0]["parent_user_id"] == workspace.bot_user_id
    await workspace.say(user="U0ANN", channel="C0GENERAL", text="Hello")
    workspace.scopes.remove("channels:history")
    await workspace.say(user="U0BO", channel="C0APPROVALS", text="No", thread_ts=root)
    assert len(heard) == 1


async def test_what_people_write_is_escaped(workspace, heard):
    """As Slack sends it: three characters escaped, people by id."""
    channel = workspace.dm("U0ANN").id
    await workspace.say(user="U0ANN", channel=channel, text="<!channel> & @bo")
    assert heard[0]["text"] == "&lt;!channel&gt; &amp; <@U0BO>"
    assert heard[0]["channel_type"] == "im"


@pytest.mark.parametrize(
    ("home", "can_write"),
    [
        ({"messages_tab_enabled": True}, True),
        ({"messages_tab_enabled": True, "messages_tab_read_only_enabled": True}, False),
        ({"messages_tab_enabled": False}, False),
    ],
)
async def test_the_manifest_says_whether_people_can_write_to_the_app(workspace, home, can_write):
    """Where there is no composer, commands cannot be typed either."""
    workspace.install({"features": {"app_home": home}})
    channel = workspace.dm("U0ANN").id
    said = await workspace.say(user="U0ANN", channel=channel, text="Hello")
    asked = await workspace.command(user="U0ANN", channel=channel, command="/x", text="")
    assert said.ok is can_write
    assert (asked.error == "messages_tab_disabled") is not can_write
