"""Say how long something took."""

from datetime import timedelta
from typing import Final

from bot.words import _

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def how_long(wait: timedelta) -> str:
    """Return a length of time in its nearest unit, at least a minute: "1 minute", "5 minutes", "3 hours", "2 days"."""
    if wait < 2 * HOUR:
        minutes = max(1, round(wait / MINUTE))
        return _("1 minute") if minutes == 1 else _("{minutes} minutes").format(minutes=minutes)
    if wait < 2 * DAY:
        return _("{round} hours").format(round=round(wait / HOUR))
    return _("{round} days").format(round=round(wait / DAY))
