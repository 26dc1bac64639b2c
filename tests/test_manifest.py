"""manifest.yml asks Slack for exactly what the code uses: commands, events, scopes, and nothing more."""

import ast
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import handlers
from bot.accounts.connecting import APPROVER_SCOPES
from bot.doctor.entra import NEEDED
from bot.doctor.slack import SCOPES
from bot.slack.rate_limits import POST
from graph.sign_in.signin import SUBJECT_ACCESS
from handlers.dispatch.app import SlackApp
from tests.handlers.no_services import no_services
from tests.harness.world import ANN, living
from tests.syntax import says_any

ROOT = Path(__file__).resolve().parent.parent

# Which bot scope each method needs, by docs.slack.dev's method reference; "" for none.
METHOD_SCOPES = {
    # With the app-level token, which has a scope of its own.
    "apps_connections_open": "",
    "auth_test": "",
    "bots_info": "users:read",
    "users_info": "users:read",
    "users_list": "users:read",
    "users_lookupByEmail": "users:read.email",
    "usergroups_users_list": "usergroups:read",
    "chat_postMessage": "chat:write",
    "chat_postEphemeral": "chat:write",
    "chat_update": "chat:write",
    "chat_scheduleMessage": "chat:write",
    "chat_deleteScheduledMessage": "chat:write",
    "conversations_open": "im:write",
    "conversations_history": "im:history",
    "files_completeUploadExternal": "files:write",
    "files_getUploadURLExternal": "files:write",
    "views_open": "",
    "views_push": "",
    "views_publish": "",
    "views_update": "",
}


@pytest.fixture(scope="module")
def manifest():
    """The manifest, as Slack would read it."""
    return yaml.safe_load((ROOT / "manifest.yml").read_text())


@pytest.fixture
async def world(database):
    """A running bot whose Slack app has exactly what the manifest asks for."""
    async with living(database) as made:
        yield made


class Registering(SlackApp):
    """An app that notes what is registered on it, and runs nothing."""

    def __init__(self):
        super().__init__(signing_secret="none", token="xoxb-none")
        self.commands = []
        self.events = []
        self.shortcuts = []

    def listen(self, kind, name, listener):
        noted = {"command": self.commands, "event": self.events, "shortcut": self.shortcuts}
        noted.get(kind, []).append(name)
        super().listen(kind, name, listener)


@pytest.fixture(scope="module")
def registered():
    """The app with every handler on it."""
    app = Registering()
    nothing: Any = None
    handlers.register(
        app,
        services=no_services(),
        homes=nothing,
        background=nothing,
        languages=nothing,
        pulse=nothing,
        publish=nothing,
    )
    return app


# A method that has a name in the code.
NAMED_METHODS = {"POST": POST}


def methods_called():
    """Every Web API method that bot/ and handlers/ call, found in their source."""
    named = (
        _method(node.args[0])
        for file in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]
        for source in [file.read_text("utf-8")]
        if says_any(source, ("api_call", "calls"))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.args
        and (
            node.func.attr == "api_call"
            or (
                node.func.attr in {"call", "read"}
                and ast.unparse(node.func.value) in {"self._calls", "calls"}
            )
        )
    )
    return {method.replace(".", "_") for method in named if method is not None}


def _method(argument: ast.expr) -> str | None:
    if isinstance(argument, ast.Name):
        return NAMED_METHODS.get(argument.id)
    said = argument.value if isinstance(argument, ast.Constant) else None
    return said if isinstance(said, str) else None


def test_the_commands_are_those_with_a_handler(manifest, registered):
    """A command without a handler would fail, a handler without a command would never run."""
    declared = [each["command"] for each in manifest["features"]["slash_commands"]]

    assert sorted(declared) == sorted(registered.commands)


def test_the_shortcuts_are_those_with_a_handler(manifest, registered):
    """As for the commands."""
    declared = [each["callback_id"] for each in manifest["features"]["shortcuts"]]

    assert sorted(declared) == sorted(registered.shortcuts)


def test_the_events_are_those_with_a_handler(manifest, registered):
    """Slack sends the events that are listened to, and no others."""
    declared = manifest["settings"]["event_subscriptions"]["bot_events"]

    # A subscription names the kind of conversation (message.im), and the event that comes does not.
    assert sorted(each.partition(".")[0] for each in declared) == sorted(registered.events)


def test_every_method_the_code_calls_is_known():
    """A new method must be looked at here: it may need another scope."""
    assert methods_called() == set(METHOD_SCOPES)


def test_the_scopes_are_what_the_methods_need(manifest):
    """The least scopes: one for each thing that the code does, and none beside."""
    needed = {scope for scope in METHOD_SCOPES.values() if scope} | {"commands"}

    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed


def test_the_doctor_looks_for_the_same_scopes(manifest):
    """`latchkey doctor` and the manifest say the same."""
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES


def test_no_user_scope_is_asked_for(manifest):
    """Latchkey never acts as a person."""
    assert set(manifest["oauth_config"]["scopes"]) == {"bot"}


def test_mentions_are_ids_where_they_name_somebody(manifest):
    """Where a command takes people, @name must arrive as an id; elsewhere text stays text."""
    escaping = {
        each["command"] for each in manifest["features"]["slash_commands"] if each["should_escape"]
    }

    assert escaping == {"/access-admin", "/my-access"}


def test_home_and_messages_can_be_opened(manifest):
    """Without these tabs neither App Home nor a direct message from the bot would exist."""
    home = manifest["features"]["app_home"]

    assert (home["home_tab_enabled"], home["messages_tab_enabled"]) == (True, True)


def test_interactivity_is_on(manifest):
    """Without it no button works."""
    assert manifest["settings"]["interactivity"]["is_enabled"] is True


async def test_the_bot_works_with_these_scopes_alone(world, manifest):
    """The stand-in grants what the manifest asks for and no more, and nothing is refused for want of a scope."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")

    assert set(world.slack.scopes) == set(manifest["oauth_config"]["scopes"]["bot"])
    assert not [call for call in world.slack.calls if call.error == "missing_scope"]


def test_the_manifest_is_valid(manifest, shared_conformance):
    """Slack's own schema, and the rules that it cannot express, have nothing against it."""
    spec = importlib.util.spec_from_file_location(
        "manifestcheck", shared_conformance / "manifestcheck.py"
    )
    assert spec is not None
    assert spec.loader is not None
    checker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checker)

    assert checker.check_manifest(manifest) == []


def test_what_latchkey_may_do_is_said_whole(manifest):
    """SECURITY.md names each scope of Slack's and each permission of Graph's, and no other."""
    page = (ROOT / "SECURITY.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")]
    said = {row[1].strip(): set(re.findall(r"`([-\w:.]+)`", row[2])) for row in rows}

    assert said["Slack"] == set(manifest["oauth_config"]["scopes"]["bot"])
    assert said["Graph (application)"] == set(NEEDED)
    assert said["Graph (delegated), for connected accounts only"] == {
        SUBJECT_ACCESS,
        *APPROVER_SCOPES,
    }
