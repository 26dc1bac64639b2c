"""
Keep the addresses at which Slack takes answers to one click or command: in memory, for as long as Slack takes them.

Such an address is a secret that needs no token: whoever has it may answer in the app's name.  So it is taken from
Slack's own hosts only, is never logged and never stored; nothing durable may depend on it.

Source: docs.slack.dev, "Handling user interaction", "Message responses": five uses within 30 minutes.
"""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from bot import clock

USES: Final = 5
GOOD_FOR: Final = timedelta(minutes=30)
# Slack's own, and those of its workspaces for governments.
SLACKS: Final = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")
# Nothing in it that two readers of an address may understand in two ways.
REST: Final = re.compile(r"[A-Za-z0-9/_.~%+=-]{1,500}")


class ResponseUrl:
    """One address; it does not show itself in a log or an error."""

    __slots__ = ("_left", "_until", "_url")

    def __init__(self, url: str) -> None:
        self._url = url
        self._left = USES
        self._until = clock.real() + GOOD_FOR

    def __repr__(self) -> str:
        return "ResponseUrl(…)"

    @property
    def is_good(self) -> bool:
        """Tell whether Slack would take another answer there."""
        return self._left > 0 and clock.real() < self._until

    def use(self) -> str | None:
        """Count one use and return the address; None if Slack takes no more there."""
        if not self.is_good:
            return None
        self._left -= 1
        return self._url


def hosts_of(api_url: str) -> tuple[str, ...]:
    """Return how an address may begin: Slack's own hosts, and the host that the Web API is at."""
    api = urlsplit(api_url)
    return tuple(dict.fromkeys((*SLACKS, f"{api.scheme}://{api.netloc}/")))


def read_response_url(given: object, *, hosts: Collection[str]) -> ResponseUrl | None:
    """Read the address in a payload; None if there is none, or it is not Slack's."""
    if not isinstance(given, str):
        return None
    for host in hosts:
        if given.startswith(host) and REST.fullmatch(given, len(host)):
            return ResponseUrl(given)
    return None
