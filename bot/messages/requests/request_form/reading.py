"""Read a form that came back: what was chosen and typed, and where something is wrong."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot.messages.requests.request_form.subject import FOR_WHOM

# What the blocks of the form are called, in Slack's state and in its complaints.
POLICY, REASON, START, END = "policy", "reason", "start", "end"
SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{1,31}")


def policy_in(view: Mapping[str, Any]) -> str | None:
    """Return the policy that was chosen in a form; None if none was, or there was nothing to choose."""
    option = field_in(view, POLICY, "latchkey_policy").get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    return value if isinstance(value, str) else None


def reason_in(view: Mapping[str, Any]) -> str:
    """Return what was typed into the reason field; empty if nothing."""
    return str(field_in(view, REASON, REASON).get("value") or "").strip()


def moment_in(view: Mapping[str, Any], name: str) -> datetime | None:
    """Return the moment that was picked in one of the two date fields."""
    picked = field_in(view, name, name).get("selected_date_time")
    if not isinstance(picked, int) or isinstance(picked, bool) or not 0 < picked < 10**10:
        return None
    return datetime.fromtimestamp(picked, UTC)


def wanted_for_in(view: Mapping[str, Any]) -> str | None:
    """Return the Slack id of whom somebody has chosen; None: nobody, so it is for themselves."""
    chosen = field_in(view, FOR_WHOM, "latchkey_for_whom").get("selected_user")
    return chosen if isinstance(chosen, str) and SLACK_USER.fullmatch(chosen) else None


def field_in(view: Mapping[str, Any], block: str, action: str) -> Mapping[str, Any]:
    """Return a field of a form that came back; empty if it has none of that name, or no such shape."""
    found: Any = view
    for name in ("state", "values", block, action):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
