"""Whether everything that was said to Slack and Graph was said as they want it."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any, Final

from tests.harness.world import World

CONFORMANCE = Path(__file__).resolve().parents[3] / "shared" / "conformance"
# Microsoft Teams, which the copy of Microsoft's metadata leaves out, see tests/conformance/excused.yml.
UNKNOWN: Final = "unknown-path"
OUTSIDE: Final = re.compile(r"(?:^|\s)/teams/[^/]+$")


def complaints(world: World) -> list[str]:
    """
    Return what Slack refused of what the bot sent, and Graph called malformed; empty when nothing.

    Where independent checkers lie beside the checkout they judge every message and every call, too.
    """
    refused = [
        f"{call.method}: {call.error}"
        for call in world.slack.calls
        # Whether the bot is in a channel it learns by trying; then it writes a direct message.
        if not call.ok
        and (call.method, call.error)
        not in {
            ("chat.postEphemeral", "not_in_channel"),
            ("chat.postEphemeral", "channel_not_found"),
        }
    ]
    refused += [f"{call.name}: {call.status}" for call in world.tenant.calls if call.status == 400]
    return refused + _against_slacks_own_data(world) + _against_microsofts_own_data(world)


def _checker(name: str) -> Any:
    file = CONFORMANCE / f"{name}.py"
    if not file.is_file():
        return None
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def _against_slacks_own_data(world: World) -> list[str]:
    checker = _checker("blockcheck")
    if checker is None:
        return []
    found: list[str] = []
    for call in world.slack.calls:
        if call.method.startswith("chat."):
            found += checker.check_message(call.args)
        elif call.method.startswith("views."):
            found += checker.check_view(call.args["view"])
    for channel in world.slack.channels.values():
        for message in channel.messages:
            if message.by_app:
                found += checker.check_message({"text": message.text, "blocks": message.blocks})
    return found


def _against_microsofts_own_data(world: World) -> list[str]:
    checker = _checker("graphcheck")
    if checker is None:
        return []
    found: list[Any] = []
    for call in world.tenant.calls:
        _, version, path = call.path.split("/", 2)
        found += checker.check_request(version, call.method, f"/{path}", call.query, call.body)
    return [each for each in found if each.code != UNKNOWN or not OUTSIDE.search(each.where)]
