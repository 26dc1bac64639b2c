"""Test who may do what, and what the app's installation changes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.blocks import modal, section

MANIFEST = {
    "display_information": {"name": "Keys"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "keys"},
        "slash_commands": [
            {"command": "/request-access", "description": "Ask", "usage_hint": "[package]"}
        ],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
}


async def test_manifest_decides_commands_scopes_and_names(workspace, client):
    """The workspace takes what the app declares, and nothing more is granted."""
    workspace.install(MANIFEST)
    assert workspace.commands["/request-access"].usage_hint == "[package]"
    assert (await client.auth_test())["user"] == "keys"
    with pytest.raises(SlackApiError, match="missing_scope"):
        await client.users_info(user="U0ANN")


async def test_home_event_needs_a_subscription(workspace):
    """An app that did not ask for app_home_opened does not hear of it."""
    workspace.install(MANIFEST | {"settings": {}})
    assert (await workspace.open_home(user="U0ANN")).ok
    assert workspace.deliveries == []


async def test_stranger_has_no_app_home_and_no_shortcuts(workspace):
    """The app is installed in one workspace only."""
    home = await workspace.open_home(user="U0EVE")
    shortcut = await workspace.shortcut(user="U0EVE", callback_id="ask")
    assert (home.error, shortcut.error) == ("app_not_installed", "app_not_installed")
    assert workspace.deliveries == []


async def test_deactivated_person_can_do_nothing(workspace, client):
    """Whatever was open before stays dead."""
    trigger_id = workspace.triggers.issue(user="U0ANN")
    answer = await client.views_open(trigger_id=trigger_id, view=modal(section("Hi")))
    workspace.people["U0ANN"].deleted = True
    deeds = [
        await workspace.command(user="U0ANN", channel="C0GENERAL", command="/ask", text=""),
        await workspace.submit(user="U0ANN", view_id=answer["view"]["id"], values={}),
        await workspace.open_home(user="U0ANN"),
        await workspace.say(user="U0ANN", channel="C0GENERAL", text="Hi"),
    ]
    assert {outcome.error for outcome in deeds} == {"account_inactive"}
    assert workspace.deliveries == []


async def test_view_belongs_to_one_person(workspace, client):
    """Nobody else can press what is in it."""
    trigger_id = workspace.triggers.issue(user="U0ANN")
    answer = await client.views_open(trigger_id=trigger_id, view=modal(section("Hi")))
    with pytest.raises(LookupError):
        await workspace.submit(user="U0BO", view_id=answer["view"]["id"], values={})


async def test_direct_message_to_the_app_is_an_event_if_subscribed(workspace, listening):
    """`message.im` brings what people type."""
    heard = []

    @listening.event("message")
    async def handle(event):
        heard.append((event["user"], event["text"], event["channel_type"]))

    channel = workspace.dm("U0ANN").id
    await workspace.say(user="U0ANN", channel=channel, text="Unheard")
    workspace.bot_events.add("message.im")
    await workspace.say(user="U0ANN", channel=channel, text="Hello")
    assert heard == [("U0ANN", "Hello", "im")]


async def test_timestamps_never_repeat(workspace):
    """Even when many messages are posted in one microsecond."""
    stamps = [workspace.next_ts() for _ in range(1000)]
    assert len(set(stamps)) == 1000
    assert stamps == sorted(stamps)


@pytest.mark.parametrize(
    ("hour", "start", "end"), [(12, 22, 31), (23, 22, 31), (3, -2, 7), (6, -2, 7), (7, 22, 31)]
)
async def test_quiet_hours_are_those_that_run_or_come_next(workspace, client, hour, start, end):
    """By the person's own clock, whatever the zone of the machine is; *start* and *end* are hours of that day."""
    mia = workspace.people["U0MIA"]  # India has no summer time.
    mia.quiet_hours = (22, 7)
    local = workspace.now().astimezone(ZoneInfo(mia.tz))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    workspace.clock.shift(midnight + timedelta(hours=hour) - local)
    answer = await client.dnd_info(user="U0MIA")
    assert answer["dnd_enabled"] is True
    assert answer["next_dnd_start_ts"] == int((midnight + timedelta(hours=start)).timestamp())
    assert answer["next_dnd_end_ts"] == int((midnight + timedelta(hours=end)).timestamp())


async def test_without_quiet_hours_there_are_none(client):
    """Slack then says when it would start, which means nothing."""
    assert (await client.dnd_info(user="U0ANN"))["dnd_enabled"] is False
