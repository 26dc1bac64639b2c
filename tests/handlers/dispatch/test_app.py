"""The short way from a payload to its listener."""

import pytest

from handlers.dispatch.app import SlackApp

pytestmark = pytest.mark.usefixtures("simulated")

PAYLOADS = {
    "command": {"command": "thing"},
    "action": {"type": "block_actions", "actions": [{"action_id": "thing"}]},
    "view": {"type": "view_submission", "view": {"callback_id": "thing"}},
    "options": {"type": "block_suggestion", "action_id": "thing"},
    "shortcut": {"type": "shortcut", "callback_id": "thing"},
}
PARTS = {
    "command": {"command": "thing"},
    "action": {"action_id": "thing"},
    "view": {"callback_id": "thing"},
    "options": PAYLOADS["options"],
    "shortcut": PAYLOADS["shortcut"],
}


@pytest.fixture
def app():
    return SlackApp(name="latchkey", signing_secret="none", token="xoxb-none")


@pytest.mark.parametrize("kind", PAYLOADS)
async def test_a_listener_is_found_by_its_name(app, kind):
    """It gets its part of the payload, and answers."""
    heard = {}

    async def command(ack, command):
        heard["command"] = command
        await ack("here")

    async def action(ack, action):
        heard["action"] = action
        await ack("here")

    async def view(ack, view):
        heard["view"] = view
        await ack("here")

    async def options(ack, options):
        heard["options"] = options
        await ack("here")

    async def shortcut(ack, shortcut):
        heard["shortcut"] = shortcut
        await ack("here")

    for name, each in (
        ("command", command),
        ("action", action),
        ("view", view),
        ("options", options),
        ("shortcut", shortcut),
    ):
        app.listen(name, "thing", each)

    answer = await app.answer(PAYLOADS[kind])

    assert (answer.status, answer.body, heard) == (200, "here", {kind: PARTS[kind]})


async def test_a_check_comes_before_the_listener(app):
    """What it answers is the answer."""

    async def refuse(body, ack):
        return await ack("no")

    async def listener(ack):
        raise AssertionError("heard all the same")

    app.check_first(refuse)
    app.listen("command", "thing", listener)

    assert (await app.answer(PAYLOADS["command"])).body == "no"


async def test_a_payload_without_a_listener_is_left_to_bolt(app):
    """As are events and handshakes."""
    assert await app.answer(PAYLOADS["command"]) is None
    assert await app.answer({"type": "event_callback", "event": {"type": "thing"}}) is None


async def test_a_listener_that_breaks_is_an_error_to_slack(app):
    """Nothing gets past."""

    async def listener(ack):
        raise ValueError("broken")

    app.listen("command", "thing", listener)

    assert (await app.answer(PAYLOADS["command"])).status == 500
