"""Delete tokens that must not be kept: nobody has used them for long, or whoever has connected them is no member any more."""

from datetime import timedelta
from typing import Final

import structlog

from bot import clock
from bot.accounts.store import accounts, sign_ins
from bot.database import Store
from bot.database.audit_log import audit
from bot.slack.api import Slack
from bot.slack.errors import SlackError, SlackRefused
from bot.words import N_

log = structlog.get_logger(__name__)

NAME: Final = "accounts"
EVERY: Final = timedelta(minutes=10)
# So long may tokens of somebody be kept who was deactivated in Slack meanwhile; they are of no use to anybody there.
LOOK_AGAIN: Final = timedelta(hours=6)
UNKNOWN: Final = frozenset({"user_not_found", "user_not_visible"})
WHY_UNUSED: Final = N_("Nobody has used it for 90 days.")
WHY_GONE: Final = N_("Whoever has connected it is no member of the Slack workspace any more.")


class AccountCleaning:
    """Looks from time to time at the accounts that are connected."""

    def __init__(self, *, store: Store, slack: Slack) -> None:
        self._store = store
        self._slack = slack

    async def look(self) -> None:
        """Delete what must not be kept any longer."""
        await self._store.run(sign_ins.forget_old)
        for account in await self._store.read(accounts.unused):
            await self._delete(account.slack_user, WHY_UNUSED)
        since = clock.now() - LOOK_AGAIN
        for account in await self._store.read(accounts.unchecked, since=since):
            try:
                is_gone = await self._is_gone(account.slack_user)
            except SlackError as error:
                log.warning("account-not-checked", slack=str(error))
                return
            if is_gone:
                await self._delete(account.slack_user, WHY_GONE)
            else:
                await self._store.run(accounts.checked, account.slack_user)

    async def _is_gone(self, slack_user: str) -> bool:
        try:
            return (await self._slack.users.get(slack_user)).not_a_member is not None
        except SlackRefused as refused:
            if refused.error in UNKNOWN:
                return True
            raise

    async def _delete(self, slack_user: str, why: str) -> None:
        await self._store.run(accounts.disconnect, slack_user, by=audit.LATCHKEY, why=why)
        log.info("account-disconnected", reason=why)
