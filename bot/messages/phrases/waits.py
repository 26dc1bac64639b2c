"""Say how long something took."""

from datetime import timedelta
from typing import Final

from bot.words import ngettext

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def how_long(wait: timedelta) -> str:
    """Return a length of time in its nearest unit, at least a minute: "1 minute", "5 minutes", "3 hours", "2 days"."""
    if wait < 2 * HOUR:
        minutes = max(1, round(wait / MINUTE))
        return ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes)
    if wait < 2 * DAY:
        hours = round(wait / HOUR)
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    days = round(wait / DAY)
    return ngettext("{count} day", "{count} days", days).format(count=days)
