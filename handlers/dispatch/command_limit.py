"""
Limit how many commands and direct messages one person sends in an hour: a loop is answered, and costs no database.

Counted in memory, by each replica.  That somebody was refused is written down in the audit log after the answer, and
no more often than other refusals are.  Buttons and forms are not limited: nobody is kept from deciding or returning.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse

from bot import clock
from bot.database import Busy
from bot.database.replicas.limits import HOUR
from bot.errors import TooOften
from bot.messages.blocks.parts import message
from bot.messages.blocks.sentences import escape_sentence
from bot.people.guard import Guard
from bot.words import N_, translate
from handlers.dispatch.app import SlackApp
from handlers.replying.background import Background

log = structlog.get_logger(__name__)

TOO_MANY: Final = N_("You have sent me more commands in this hour than one person may")
# Of people; who has been quiet for an hour is forgotten.
MOST_KEPT: Final = 10_000


class CommandLimit:
    """So many an hour for each person; one more becomes free after each part of it."""

    def __init__(self, an_hour: int) -> None:
        self._each: Final = HOUR.total_seconds() / an_hour
        # When all of it is free again, in seconds; the last one who sent something comes last.
        self._full_at: Final[dict[str, float]] = {}

    def take(self, person: str) -> timedelta | None:
        """Use one; None if there was one, else how long until there is one again."""
        now = clock.real().timestamp()
        full_at = max(self._full_at.pop(person, now), now)
        wait = full_at + self._each - now - HOUR.total_seconds()
        self._full_at[person] = full_at if wait > 0 else full_at + self._each
        self._forget(now)
        return timedelta(seconds=wait) if wait > 0 else None

    def _forget(self, now: float) -> None:
        while self._full_at:
            oldest = next(iter(self._full_at))
            if len(self._full_at) <= MOST_KEPT and self._full_at[oldest] > now:
                return
            del self._full_at[oldest]


def register(app: SlackApp, *, guard: Guard, background: Background, limit: CommandLimit) -> None:
    """Have *app* check the limit before every command."""

    async def refuse_too_many(body: Mapping[str, Any], ack: AsyncAck) -> BoltResponse | None:
        if "command" not in body or not body.get("user_id"):
            return None
        again_in = limit.take(body["user_id"])
        if again_in is None:
            return None
        why = str(TooOften(TOO_MANY, again_in=again_in))
        background.start(partial(write_down, guard, body["user_id"], why))
        return await ack(**message(escape_sentence(translate(why))))

    app.check_first(refuse_too_many)


async def write_down(guard: Guard, person: str, why: str) -> None:
    """Write down that somebody was refused; as well as may be."""
    try:
        await guard.refused(person, why)
    except Busy:
        log.warning("refusal-not-noted")
