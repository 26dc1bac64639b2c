"""A request that failed too often and waits for an admin."""

from dataclasses import dataclass
from datetime import datetime

from bot.people.model import Verb


@dataclass(frozen=True, kw_only=True)
class Hold:
    """
    A request that failed too often in a row and waited, or waits, for an admin.

    Attributes:
        error: The class of the last error.
        why: What it said, for people.
        verb: What an admin did about it; None while nobody has.
    """

    id: str
    request_id: str
    at: datetime
    error: str
    why: str
    verb: Verb | None = None
    done_by: str | None = None
    done_at: datetime | None = None
