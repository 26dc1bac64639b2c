"""Show how much is left of a time: a bar beside the words that say it."""

from datetime import datetime
from typing import Final

from bot import clock

PARTS: Final = 10
FULL: Final = "\N{BLACK PARALLELOGRAM}"
EMPTY: Final = "\N{WHITE PARALLELOGRAM}"


def bar(starts_at: datetime | None, ends_at: datetime | None) -> str:
    """Return ten signs, as many of them full as tenths are left; empty where that is not known, or it is over."""
    now = clock.now()
    if starts_at is None or ends_at is None or not starts_at < ends_at or now >= ends_at:
        return ""
    left = (ends_at - max(now, starts_at)) / (ends_at - starts_at)
    # The last tenth is shown until the end.
    full = min(PARTS, max(1, round(left * PARTS)))
    return FULL * full + EMPTY * (PARTS - full)
