"""Tell what the pause of all granting holds back."""

from collections.abc import Iterable

from bot.database import Transaction, flags
from bot.requests.model import Request


def waits_for_pause(db: Transaction, requests: Iterable[Request]) -> bool:
    """Tell whether any of these would be granted now, were it not that all granting is paused."""
    return any(each.is_to_be_granted for each in requests) and flags.pause_reason(db) is not None
