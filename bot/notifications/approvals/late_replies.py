"""
Remember where clicks are answered whose answer comes later: by this process, in memory, for half an hour.

Nothing durable depends on it: after a restart, or at another replica, the answer goes out by the Web API.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot import clock
from bot.slack.response_urls import GOOD_FOR

MOST_KEPT: Final = 2_000
# Answers; False if it cannot, and nothing was said.
Answer = Callable[[Mapping[str, Any]], Awaitable[bool]]


@dataclass(frozen=True, kw_only=True)
class LateReply:
    """
    Answer one click, later.

    Attributes:
        say: Tells the clicker something where they clicked.
        replace: Puts something in the place of the message that they clicked.
        ts: Of that message, in `channel`; None if it is nobody else's to see.
    """

    say: Answer
    replace: Answer
    channel: str | None = None
    ts: str | None = None


class LateReplies:
    """The replies that are still owed, by what was clicked."""

    def __init__(self) -> None:
        self._kept: Final[dict[str, tuple[datetime, LateReply]]] = {}

    def keep(self, about: str, reply: LateReply | None) -> None:
        """Remember how to answer what *about* identifies; forget what is too old, or too many."""
        if reply is None:
            return
        now = clock.real()
        self._kept[about] = now + GOOD_FOR, reply
        while len(self._kept) > MOST_KEPT or next(iter(self._kept.values()))[0] <= now:
            del self._kept[next(iter(self._kept))]

    def find(self, about: str) -> LateReply | None:
        """Return how to answer it; None if that is not known, or not any more."""
        until, reply = self._kept.get(about, (None, None))
        return reply if until is not None and until > clock.real() else None
