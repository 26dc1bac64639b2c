"""Say what a notice is, a message that is owed or was sent; and why somebody is nudged."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

# The kind of what asks for a decision; the word is stored.
CARD: Final = "card"
# Why a notice is not sent: there was nothing left to say; the word is stored.
OVERTAKEN: Final = "overtaken"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """
    Describe a message that is owed, being sent, or sent.

    Attributes:
        key: Says what it is and about what; the same key is never sent twice.
        to: Slack channel or user id.
        channel, ts: Where Slack put it (a message to ``U…`` lands in a channel ``D…``).
        stale: What it shows has changed since; it is owed a redraw.
        tried_at: When a try left whose outcome is not known (real time): it may have arrived.
        claimed_until: Until when somebody sends or redraws it (real time).
        dropped_why: Why it is not sent, or why what was sent does not concern its reader any more.
    """

    key: str
    kind: str
    to: str
    request_id: str | None = None
    assignment_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    stale: bool = False
    attempts: int = 0
    sent_at: datetime | None = None
    tried_at: datetime | None = None
    claimed_until: datetime | None = None
    dropped_why: str | None = None

    @property
    def is_finished(self) -> bool:
        """True if it was sent, or will never be."""
        return self.sent_at is not None or self.dropped_why is not None


def is_channel(to: str) -> bool:
    """Tell a channel's id from a person's."""
    return to.startswith(("C", "G"))


class Occasion(StrEnum):
    """The reason why somebody is nudged; the last of several that are due together is what is said."""

    AFTER = "after"
    ESCALATION = "escalation"
    DEADLINE = "deadline"
    REMIND = "remind"
    NOBODY = "nobody"
    SOMEBODY = "somebody"
