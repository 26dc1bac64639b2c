"""
Compares this machine's clock with the database server's.

Leases and settle times are compared by each replica with its own clock: one whose clock is far ahead takes over what
another is still at, and believes too early that a POST has left no trace.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from bot import clock
from bot.database import Store, Transaction
from bot.errors import LatchkeyError
from bot.messages.admins.alarms import clock_is_wrong
from bot.notifications.model import Notice
from bot.notifications.owed import Notices

MOST: Final = timedelta(seconds=5)
DatabaseTime = Callable[[Transaction], datetime | None]


class SkewedClock(LatchkeyError):
    """This machine's clock and the database server's are too far apart."""


def difference(db: Transaction, database_time: DatabaseTime) -> timedelta:
    """
    Return how far this machine's clock is certainly ahead of the database server's; negative: behind.

    The way there and back may have taken all of the time in between, so that much is not counted.
    """
    before = clock.real()
    there = database_time(db)
    after = clock.real()
    if there is None or before <= there <= after:
        return timedelta(0)
    return before - there if there < before else after - there


def check(db: Transaction, database_time: DatabaseTime) -> None:
    """
    Insist that the two clocks agree.

    Raises:
        SkewedClock: They do not; the sentence says by how much.
    """
    apart = difference(db, database_time)
    if abs(apart) <= MOST:
        return
    side = "ahead of" if apart > timedelta(0) else "behind"
    raise SkewedClock(
        f"This machine's clock is {abs(apart).total_seconds():.0f} s {side} the database server's; "
        f"{MOST.total_seconds():.0f} s are too much already. Set both by NTP."
    )


class Clockwork:
    """Looks now and then whether the clocks still agree, and raises the alarm if not."""

    def __init__(
        self, *, store: Store, notices: Notices, admin_channel: str, database_time: DatabaseTime
    ) -> None:
        self._store = store
        self._notices = notices
        self._admin_channel = admin_channel
        self._database_time = database_time

    async def look(self) -> None:
        """
        Compare them now.

        Raises:
            SkewedClock: They do not agree; the admins have been told, once a day.
        """
        try:
            await self._store.read(check, self._database_time)
        except SkewedClock as skewed:
            today: date = clock.real().date()
            notice = Notice(key=f"clock:{today}", kind="alarm", to=self._admin_channel)
            await self._notices.send_once(notice, clock_is_wrong(str(skewed)))
            raise
