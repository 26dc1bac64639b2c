"""
Limit how often a minute a method is taken, while the limits are switched on.

Source: docs.slack.dev, "Rate limits" and the tier on each method's page.  Limits hold per method, app and
workspace.  Slack promises at least so many calls and "occasional bursts"; this stand-in takes no burst.
Of the special tier, chat.postMessage takes "1 message per second per channel", and "several hundred messages per
minute per workspace", of which the stand-in makes a number; auth.test has none.
"""

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

from sandbox.slack.errors import SlackRefusal

A_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls of a tier that pass in any sixty seconds."""
WINDOW = 60.0
POST = "chat.postMessage"
MESSAGES_A_MINUTE = 500
"""Ours: Slack says "several hundred"."""
CHANNEL_SECONDS = 1.0
"""Between two messages in one channel."""

TIERS = {
    "apps.connections.open": 1,
    "files.delete": 3,
    "bots.info": 3,
    "chat.delete": 3,
    "chat.postEphemeral": 4,
    "chat.update": 3,
    "chat.scheduleMessage": 3,
    "chat.deleteScheduledMessage": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.members": 4,
    "conversations.open": 3,
    "conversations.replies": 3,
    "dnd.info": 3,
    "files.completeUploadExternal": 4,
    "files.getUploadURLExternal": 4,
    "team.info": 3,
    "usergroups.list": 2,
    "usergroups.users.list": 2,
    "users.info": 4,
    "users.list": 2,
    "users.lookupByEmail": 3,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}


class Tiers:
    """Counts the calls of the last minute; off until `enforce` is called."""

    def __init__(self, *, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._passed: dict[str, deque[float]] = {}
        self.is_enforced = False
        self.refused: dict[str, int] = {}
        """How many calls of each method were refused."""

    def enforce(self) -> None:
        """Hold every method to its tier from now on."""
        self.is_enforced = True

    def check(self, method: str, *, place: str = "") -> None:
        """Let a call pass and count it, or raise the 429 that says how long to wait.

        Args:
            place: the channel that it is about; counts for messages.
        """
        tier = TIERS.get(method)
        if not self.is_enforced or (tier is None and method != POST):
            return
        now = self._seconds()
        most = MESSAGES_A_MINUTE if tier is None else A_MINUTE[tier]
        passed = self._within(method, now - WINDOW)
        if len(passed) >= most:
            self._refuse(method, passed[0] + WINDOW - now)
        if method == POST:
            there = self._within(f"{POST} {place}", now - CHANNEL_SECONDS)
            if there:
                self._refuse(method, there[0] + CHANNEL_SECONDS - now)
            there.append(now)
        passed.append(now)

    def _within(self, what: str, since: float) -> deque[float]:
        """Return when those calls passed that count still."""
        passed = self._passed.setdefault(what, deque())
        while passed and passed[0] <= since:
            passed.popleft()
        return passed

    def _refuse(self, method: str, seconds: float) -> NoReturn:
        self.refused[method] = self.refused.get(method, 0) + 1
        wait = timedelta(seconds=int(seconds) + 1)
        raise SlackRefusal("ratelimited", status=429, retry_after=wait)
