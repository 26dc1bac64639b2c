"""The Slack app's manifest, filled in for this installation."""

from pathlib import Path
from typing import Any, Final

import yaml

EVENTS: Final = "/slack/events"


def over_socket_mode(shipped: str) -> str:
    """Return the manifest as it is: it is written for Socket Mode."""
    return shipped


def over_http(shipped: str, public_url: str) -> str:
    """
    Return the manifest for HTTP; Slack takes it only when Latchkey answers at *public_url*.

    Args:
        public_url: ``https://`` and a host.

    Source: Slack, "App manifest reference".
    """
    address = public_url.rstrip("/") + EVENTS
    manifest: dict[str, Any] = yaml.safe_load(shipped)
    for command in manifest["features"]["slash_commands"]:
        command["url"] = address
    settings = manifest["settings"]
    settings["event_subscriptions"]["request_url"] = address
    settings["interactivity"]["request_url"] = address
    settings["interactivity"]["message_menu_options_url"] = address
    settings["socket_mode_enabled"] = False
    head = f"# The Slack app over HTTP: save it (App Manifest) once Latchkey answers at {address}\n"
    return head + yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=1000)


def shipped_file(name: str, in_checkout: str) -> str:
    """
    Return a file that comes with Latchkey.

    Args:
        name: Its name in the installed package.
        in_checkout: Its path in a checkout.
    """
    installed = Path(__file__).parent / "shipped" / name
    checkout = Path(__file__).resolve().parents[3] / in_checkout
    return (installed if installed.is_file() else checkout).read_text(encoding="utf-8")
