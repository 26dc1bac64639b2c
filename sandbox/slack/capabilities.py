"""The short-lived secrets that Slack hands to an app: trigger ids and response URLs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import chance
from sandbox.slack.errors import SlackRefusal

TRIGGER_LIFETIME = timedelta(seconds=3)
RESPONSE_URL_LIFETIME = timedelta(minutes=30)
RESPONSE_URL_USES = 5
KEPT = 1000
"""How many of each are remembered, so that a long evening in the sandbox does not fill the memory."""


@dataclass(kw_only=True)
class Trigger:
    """The right to open one modal for one person."""

    user: str
    issued: float
    from_modal: bool
    spent: bool = False


class Triggers:
    """Issues trigger ids; each is good for one view within three seconds of real time."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._issued: dict[str, Trigger] = {}

    def issue(self, *, user: str, from_modal: bool = False) -> str:
        """Make a new trigger id for this person."""
        trigger_id = f"{chance.below(10**12)}.{chance.below(10**12)}.{chance.token_hex(16)}"
        self._issued[trigger_id] = Trigger(user=user, issued=self.seconds(), from_modal=from_modal)
        if len(self._issued) > KEPT:
            del self._issued[next(iter(self._issued))]
        return trigger_id

    def spend(self, trigger_id: str) -> Trigger:
        """Use a trigger id up.

        Raises:
            SlackRefusal: `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
        """
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackRefusal("invalid_trigger_id")
        if trigger.spent:
            raise SlackRefusal("exchanged_trigger_id")
        if self.seconds() - trigger.issued > TRIGGER_LIFETIME.total_seconds():
            raise SlackRefusal("expired_trigger_id")
        trigger.spent = True
        return trigger


@dataclass(kw_only=True)
class ResponseUrl:
    """The right to answer one command or one click, without a token."""

    user: str
    channel: str
    ts: str | None
    """The message that was clicked; None for a slash command."""
    issued: datetime
    uses: int = 0


class ResponseUrls:
    """Issues response URLs; each is good for five answers within thirty minutes."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._issued: dict[str, ResponseUrl] = {}

    def issue(self, *, user: str, channel: str, ts: str | None) -> str:
        """Make the last part of a new response URL."""
        opaque = chance.token_urlsafe(24)
        self._issued[opaque] = ResponseUrl(user=user, channel=channel, ts=ts, issued=self._now())
        if len(self._issued) > KEPT:
            del self._issued[next(iter(self._issued))]
        return opaque

    def use(self, opaque: str) -> ResponseUrl:
        """Count one use.

        Raises:
            SlackRefusal: with status 404, `used_url` or `expired_url`.
        """
        url = self._issued.get(opaque)
        if url is None or self._now() - url.issued > RESPONSE_URL_LIFETIME:
            raise SlackRefusal("expired_url", status=404)
        if url.uses >= RESPONSE_URL_USES:
            raise SlackRefusal("used_url", status=404)
        url.uses += 1
        return url
