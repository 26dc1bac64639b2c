"""Read in which time zone people are, as their Slack profiles say."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot import clock
from bot.slack.api import Slack
from bot.slack.errors import SlackRefused

# People move seldom, and whoever does may be nudged once by their old clock.
KNOWN_FOR: Final = timedelta(days=1)
MOST_KNOWN: Final = 10_000


class Zones:
    """Looks up zones, and keeps each for a day: for when to write to somebody, never for rights."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._known: dict[str, tuple[datetime, tzinfo]] = {}

    async def find(self, slack_user: str) -> tzinfo:
        """
        Return somebody's zone; UTC where Slack does not say.

        Raises:
            SlackError: It could not be read now.
        """
        kept = self._known.get(slack_user)
        if kept is not None and clock.real() - kept[0] < KNOWN_FOR:
            return kept[1]
        try:
            name = (await self._slack.users.get(slack_user)).zone
        except SlackRefused:
            name = None
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[slack_user] = clock.real(), read_zone(name)
        return self._known[slack_user][1]

    def known(self, slack_user: str) -> tzinfo:
        """Return somebody's zone if it was read lately, and otherwise UTC; nothing remote."""
        kept = self._known.get(slack_user)
        return kept[1] if kept is not None else UTC


def read_zone(name: str | None) -> tzinfo:
    """Return the zone of that name, as in "Europe/Berlin"; UTC for one that is not known here."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
