"""Tell of a second Slack account of one person."""

from collections.abc import Sequence
from functools import partial

from bot.database import Store, Transaction
from bot.notifications.announcing import Announcer, count, when_unfinished
from bot.notifications.outcome_notices import notices_for_second_account
from bot.people.model import Person
from bot.people.store import people


class SecondAccountNews:
    """Tells the first Slack account of somebody, and the admins, that there is another."""

    def __init__(self, *, store: Store, announcer: Announcer, admin_channel: str) -> None:
        self._store = store
        self._announcer = announcer
        self._admin_channel = admin_channel

    async def send(self, accounts: tuple[Person, Person]) -> int:
        """Tell the first Slack account of somebody, and the admins, once that there is another."""
        second, _ = accounts
        make = partial(
            notices_for_second_account,
            *accounts,
            admin_channel=self._admin_channel,
        )
        keys = [notice.key for notice, _ in make()]
        return count(
            await self._announcer.announce(make, lambda db: _close_second_account(db, second, keys))
        )


def _close_second_account(db: Transaction, second: Person, keys: Sequence[str]) -> None:
    people.schedule_announcement(db, second, news=when_unfinished(db, keys))
