"""Shortcuts: what the manifest declares, who may use them, and what the app is told."""

import pytest

from tests.sandbox.slack.blocks import modal, section

MANIFEST = {
    "features": {
        "shortcuts": [
            {"name": "Ask", "type": "global", "callback_id": "ask", "description": "Open a form"},
            {"name": "Why", "type": "message", "callback_id": "why", "description": "Explain it"},
        ]
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}},
}


@pytest.fixture
def heard(workspace, listening):
    """An app with a global and a message shortcut, and the payloads that it saw."""
    seen = []

    async def shortcut(ack, body, client):
        seen.append(body)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(section("Hi")))

    for callback_id in ("ask", "why", "other"):
        listening.shortcut(callback_id)(shortcut)
    workspace.install(MANIFEST)
    return seen


async def test_the_manifest_says_which_there_are(workspace, heard):
    """Name, kind and description are what the menus show."""
    found = {each.callback_id: (each.name, each.kind) for each in workspace.shortcuts.values()}
    assert found == {"ask": ("Ask", "global"), "why": ("Why", "message")}


async def test_a_global_shortcut_knows_no_place(workspace, heard):
    """It carries a trigger id, and neither channel nor response URL."""
    outcome = await workspace.shortcut(user="U0ANN", callback_id="ask")
    assert outcome.ok
    assert heard[0]["type"] == "shortcut"
    assert {"channel", "message", "response_url"} & set(heard[0]) == set()
    assert len(workspace.people["U0ANN"].modals) == 1


async def test_a_message_shortcut_brings_the_message(workspace, heard):
    """Anybody's message, in any channel that the person is in, whether the bot is or not."""
    said = await workspace.say(user="U0CY", channel="C0GENERAL", text="Who can see the ledger?")
    here = {"user": "U0ANN", "channel": "C0GENERAL", "ts": said.message.ts}
    outcome = await workspace.shortcut(**here, callback_id="why")
    assert outcome.ok
    assert heard[0]["type"] == "message_action"
    assert heard[0]["message"]["text"] == "Who can see the ledger?"
    assert heard[0]["channel"] == {"id": "C0GENERAL", "name": "general"}
    assert heard[0]["response_url"].startswith(workspace.base_url)


@pytest.mark.parametrize(
    ("callback_id", "on_message"), [("other", False), ("why", False), ("ask", True)]
)
async def test_undeclared_shortcuts_are_not_there(workspace, heard, callback_id, on_message):
    """Neither unknown ones, nor those of the other kind."""
    said = await workspace.say(user="U0ANN", channel="C0GENERAL", text="Hello")
    where = {"channel": "C0GENERAL", "ts": said.message.ts} if on_message else {}
    outcome = await workspace.shortcut(user="U0ANN", callback_id=callback_id, **where)
    assert (outcome.error, heard) == ("unknown_shortcut", [])


async def test_shortcuts_need_the_scope_of_commands(workspace, heard):
    """Slack documents one scope for both."""
    workspace.scopes.remove("commands")
    outcome = await workspace.shortcut(user="U0ANN", callback_id="ask")
    assert (outcome.error, heard) == ("unknown_shortcut", [])


async def test_people_of_other_workspaces_have_none(workspace, heard):
    """Slack Connect shares buttons and no shortcuts."""
    said = await workspace.say(user="U0EVE", channel="C0PARTNERS", text="Hello")
    here = {"user": "U0EVE", "channel": "C0PARTNERS", "ts": said.message.ts}
    outcome = await workspace.shortcut(**here, callback_id="why")
    assert (outcome.error, heard) == ("app_not_installed", [])


async def test_what_one_person_sees_alone_has_none(workspace, heard, client):
    """An ephemeral message has no menu."""
    posted = await client.chat_postEphemeral(channel="C0APPROVALS", user="U0BO", text="Psst")
    here = {"user": "U0BO", "channel": "C0APPROVALS", "ts": posted["message_ts"]}
    outcome = await workspace.shortcut(**here, callback_id="why")
    assert (outcome.error, heard) == ("message_not_found", [])
