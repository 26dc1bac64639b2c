"""Tell of a second Slack account of one person."""

from collections.abc import Sequence
from functools import partial

from bot.database import Store, Transaction
from bot.messages.accounts import second_accounts as words
from bot.notifications.announcing import Announcer, count, when_unfinished
from bot.notifications.model import Notice
from bot.notifications.outcome_notices import OwedNotice
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
            _notices,
            *accounts,
            admin_channel=self._admin_channel,
        )
        keys = [notice.key for notice, _ in make()]
        return count(
            await self._announcer.announce(make, lambda db: _close_second_account(db, second, keys))
        )


def _close_second_account(db: Transaction, second: Person, keys: Sequence[str]) -> None:
    people.schedule_announcement(db, second, news=when_unfinished(db, keys))


def _notices(second: Person, first: Person, *, admin_channel: str) -> list[OwedNotice]:
    """Tell the admins and the first Slack account of an Entra user of another one."""
    key = f"second:{second.slack_user}"
    return [
        (
            Notice(key=f"{key}:{admin_channel}", kind="alarm", to=admin_channel),
            words.told_admins(second, first),
        ),
        (
            Notice(key=f"{key}:{first.slack_user}", kind="news", to=first.slack_user),
            words.told_first(second),
        ),
    ]
