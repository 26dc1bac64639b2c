"""Test what the bot answers to what people write to it in their direct messages."""

import asyncio

import pytest

from sandbox.slack import payloads
from sandbox.slack.delivery import deliver_event
from tests.harness.world import ANN, APPROVALS, BO, DANA, GUS, eventually, labels, living, said


async def write(world, user, text):
    """Write to the bot; what it answers."""
    count = len(world.direct(user))
    await world.slack.say(user=user, channel=world.slack.dm(user).id, text=text)
    await eventually(lambda: len(world.direct(user)) > count, about=f"an answer to {text!r}")
    return world.direct(user)[-1]


@pytest.mark.parametrize("text", ["Hello, what can you do?", "help", "?", "👋", "<@U0BO> hi"])
async def test_nobody_is_met_with_silence(world, text):
    """Buttons for what one can do, and the commands."""
    shown = await write(world, ANN, text)

    assert labels(shown) == ["Request access", "My access"]
    assert "/request-access" in said(shown)


async def test_an_admin_reads_of_the_console(world):
    """And nobody else."""
    assert "/access-admin" in said(await write(world, DANA, "help"))
    assert "/access-admin" not in said(await write(world, ANN, "help"))


async def test_a_package_is_asked_for_by_one_press(world):
    """With the reason of the sentence; nothing is asked for before."""
    shown = await write(world, ANN, "finance reports for the audit")
    assert labels(shown) == ["Ask for Finance Reports", "My access"]
    assert "for the audit" in said(shown)
    assert await world.states() == []

    await world.press(ANN, shown, "Ask for Finance Reports")

    await eventually(
        lambda: "Asked for *Finance Reports*" in said(shown), about="the answer in place"
    )
    card = await world.card(APPROVALS, "Finance Reports")
    assert "for the audit" in said(card)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")


async def test_a_slip_is_asked_about(world):
    """As in a command."""
    assert labels(await write(world, ANN, "marketing")) == ["Ask for Marketing Campaign"]


async def test_a_guest_reads_why_not(world):
    """Once Slack has called them one."""
    await world.type(GUS, "/request-access marketing-campaign")
    await world.told(GUS, "guest|member")

    shown = await write(world, GUS, "marketing-campaign")

    assert labels(shown) == []
    assert "member" in said(shown)


@pytest.mark.parametrize(
    "event",
    [
        {"user": "U0BOT", "bot_id": "B0LATCH", "text": "Approved", "ts": "1.000001"},
        {"user": ANN, "bot_id": "B0OTHER", "text": "marketing-campaign", "ts": "1.000001"},
        {"user": ANN, "subtype": "bot_message", "text": "marketing-campaign", "ts": "1.1"},
        {"user": ANN, "subtype": "message_changed", "message": {"user": ANN, "text": "x"}},
        {"user": ANN, "subtype": "message_deleted", "deleted_ts": "1.000001", "hidden": True},
        {"user": "USLACKBOT", "text": "marketing-campaign", "ts": "1.1"},
        {"user": ANN, "channel_type": "channel", "text": "marketing-campaign", "ts": "1.1"},
    ],
)
async def test_no_bot_no_change_and_no_other_place_is_answered(world, event):
    """So that no two bots talk to each other for ever."""
    count = len(world.slack.calls)
    inner = {"type": "message", "channel_type": "im", "channel": world.slack.dm(ANN).id} | event

    answer = await deliver_event(world.slack, payloads.event(world.slack, inner))
    await asyncio.sleep(30)

    assert answer.ok
    assert not [each for each in world.slack.calls[count:] if each.method == "chat.postMessage"]


async def test_a_loop_is_answered_limited_and_written_down(database):
    """10,000 commands and messages of one person: each command is answered, and the audit log stays small."""
    async with living(database, LATCHKEY_COMMANDS_AN_HOUR="20") as world:
        said_to_ann = [(await world.type(ANN, "/my-access")).text or "" for _ in range(200)]
        refused = [each for each in said_to_ann if "more commands in this hour" in each]
        assert len(refused) >= 175
        assert all("Please try again in" in each for each in refused)
        # Somebody else goes on.
        assert "more commands" not in ((await world.type(BO, "/my-access")).text or "")
        count = len(world.direct(ANN))
        for _ in range(50):
            await world.slack.say(user=ANN, channel=world.slack.dm(ANN).id, text="hello")
        await asyncio.sleep(5)
        assert len(world.direct(ANN)) == count + 1

        rows = [each for each in await world.deeds() if each[1] == "refused"]
        assert 1 <= len(rows) <= 21

        await asyncio.sleep(3_700)
        assert "more commands" not in ((await world.type(ANN, "/my-access")).text or "")
