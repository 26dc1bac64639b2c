"""Tell several people of one row, each in their language, and note on the row when all of them are told."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from bot import clock
from bot.database import Store, Transaction
from bot.notifications.assignments.expiries import LOOK_AGAIN
from bot.notifications.model import Notice
from bot.notifications.outbox import Close, Sending
from bot.notifications.outcome_notices import OwedNotice
from bot.notifications.store import notices
from bot.people.languages import Languages
from bot.slack.rate_limits import Urgency


class Announcer:
    """Sends what is owed about one row to several people."""

    def __init__(self, *, store: Store, sending: Sending, languages: Languages) -> None:
        self._store = store
        self._sending = sending
        self._languages = languages

    async def announce(
        self,
        make: Callable[[], Sequence[OwedNotice]],
        close: Close,
        urgency: Urgency = Urgency.NOW,
    ) -> list[tuple[Notice, bool]]:
        """
        Send what is owed about one row to several people, and close the row when all of it is done.

        Args:
            make: Makes the same notices each time, in the language that is spoken.

        Returns each notice, and whether it went out.
        """
        wanted = [notice for notice, _ in make()]
        if not wanted:
            await self._store.run(close)
        made = await self._languages.said_to([notice.to for notice in wanted], make)
        owed = [(notice, dict(made[notice.to])[notice]) for notice in wanted]
        sends = (
            self._sending.send([notice], content, close=close, urgency=urgency)
            for notice, content in owed
        )
        return list(zip(wanted, await asyncio.gather(*sends), strict=True))


def count(sent: Sequence[tuple[Notice, bool]]) -> int:
    """Return how many of these went out."""
    return sum(is_sent for _, is_sent in sent)


def when_unfinished(db: Transaction, keys: Sequence[str]) -> datetime | None:
    """Return when to look at these messages again; None when each was sent or will never be."""
    done = notices.finished_keys(db, keys) == set(keys)
    return None if done else clock.real() + LOOK_AGAIN
