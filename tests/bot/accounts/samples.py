"""Accounts that people have connected."""

from datetime import datetime
from typing import Any

from bot import clock
from bot.accounts.model import ConnectedAccount


def connected(slack_user: str, at: datetime | None = None, **changes: Any) -> ConnectedAccount:
    """Return an account as somebody has connected it, now unless it is said when."""
    moment = at or clock.now()
    facts: dict[str, Any] = {
        "slack_user": slack_user,
        "entra_id": slack_user.lower(),
        "scopes": ("A.Read",),
        "is_public": False,
        "connected_at": moment,
        "used_at": moment,
    }
    return ConnectedAccount(**facts | changes)
