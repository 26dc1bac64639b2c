"""Delete tokens that must not be kept: nobody has used them for long, or whoever has connected them is no member any more."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import structlog

from bot import clock
from bot.accounts.model import ConnectedAccount
from bot.accounts.store import accounts, sign_ins
from bot.database import Store
from bot.database.audit_log import audit
from bot.slack.api import Slack
from bot.slack.errors import SlackError, SlackRefused
from bot.words import N_

log = structlog.get_logger(__name__)

NAME: Final = "accounts"
EVERY: Final = timedelta(minutes=10)
# Tokens of somebody who was deactivated in Slack are kept for six hours at most; they are of no use to anybody there.
LOOK_AGAIN: Final = timedelta(hours=5)
# `users.info` takes a hundred calls a minute of all replicas together, and people who wait for something need most of them.
A_TURN: Final = 20
NEXT_TURN: Final = timedelta(minutes=1)
# Of somebody of whom Slack would not say it.
AFTER_REFUSAL: Final = timedelta(minutes=30)
UNKNOWN: Final = frozenset({"user_not_found", "user_not_visible"})
WHY_UNUSED: Final = N_("Nobody has used it for 90 days.")
WHY_GONE: Final = N_("Whoever has connected it is no member of the Slack workspace any more.")


class AccountCleaning:
    """Looks from time to time at the accounts that are connected."""

    def __init__(
        self, *, store: Store, slack: Slack, again_in: Callable[[timedelta], None]
    ) -> None:
        """
        Args:
            again_in: Has `look` called once more, after that pause.
        """
        self._store = store
        self._slack = slack
        self._again_in = again_in

    async def look(self) -> None:
        """Delete what must not be kept any longer; of many members, some a minute are looked at until none is left."""
        await self._store.run(sign_ins.forget_old)
        for account in await self._store.read(accounts.unused):
            await self._delete(account, WHY_UNUSED)
        since = clock.now() - LOOK_AGAIN
        if not await self._store.read(accounts.any_unchecked, since=since):
            return
        some = await self._store.run(
            accounts.claim_unchecked, since=since, lease=AFTER_REFUSAL, limit=A_TURN
        )
        if await self._check(some) and len(some) == A_TURN:
            self._again_in(NEXT_TURN)

    async def _check(self, some: Sequence[ConnectedAccount]) -> bool:
        """Look who is still a member; False if Slack says it of nobody."""
        refused = Counter[str]()
        for account in some:
            try:
                is_gone = await self._is_gone(account.slack_user)
            except SlackRefused as error:
                # That may be about them alone: whoever stands behind them is not to wait for ever.
                refused[str(error)] += 1
                continue
            except SlackError as error:
                log.warning("account-not-checked", slack=str(error))
                return False
            if is_gone:
                await self._delete(account, WHY_GONE)
            else:
                await self._store.run(accounts.checked, account.slack_user)
        for code, count in refused.items():
            log.warning("account-not-checked", slack=code, refused=count)
        return refused.total() < len(some)

    async def _is_gone(self, slack_user: str) -> bool:
        try:
            return (await self._slack.users.get(slack_user)).not_a_member is not None
        except SlackRefused as refused:
            if refused.error in UNKNOWN:
                return True
            raise

    async def _delete(self, account: ConnectedAccount, why: str) -> None:
        done = await self._store.run(
            accounts.disconnect_untouched, account, by=audit.LATCHKEY, why=why
        )
        if done is not None:
            log.info("account-disconnected", reason=why)
