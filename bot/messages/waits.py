"""Say how long something took."""

from datetime import timedelta
from typing import Final

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def how_long(wait: timedelta) -> str:
    """Return a length of time in its nearest unit, at least a minute: "1 minute", "5 minutes", "3 hours", "2 days"."""
    if wait < 2 * HOUR:
        minutes = max(1, round(wait / MINUTE))
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    if wait < 2 * DAY:
        return f"{round(wait / HOUR)} hours"
    return f"{round(wait / DAY)} days"
