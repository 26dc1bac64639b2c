"""
Each message once: claim, look for an earlier try, send, record.

Slack has no idempotency key either, so a message carries its keys in its metadata.  After a try whose outcome is
not known, Slack is searched for them before the message is sent again.  Where the app may not read, it is sent
again without a look: late and perhaps twice beats never.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.messages import deciding
from bot.messages.parts import Message, shortened
from bot.models import Notice
from bot.pacing import AT_ONCE
from bot.slack import Slack, SlackBusy, SlackError, SlackRefused
from bot.store import Store, notices

log = structlog.get_logger(__name__)

# One call to Slack, from the first byte to the last.
CALL_TIMEOUT: Final = timedelta(seconds=10)
# A call, a server that acts after we gave up, a history that lags behind, and a margin.
CLAIM_LEASE: Final = CALL_TIMEOUT + timedelta(seconds=15 + 10 + 10)
# Slack's clock and ours need not agree to the second.
CLOCK_SKEW: Final = timedelta(minutes=1)
# The kind of the alarm that Slack does not take a message as it is made.
MISSHAPEN: Final = "misshapen"
# Slack's words for people and channels that a message will never reach.
UNREACHABLE: Final = frozenset(
    {
        "channel_not_found",
        "user_not_found",
        "account_inactive",
        "user_disabled",
        "cannot_dm_bot",
        "messages_tab_disabled",
        "is_archived",
        "restricted_action",
    }
)


class Sending:
    """Sends what is owed, once, from however many replicas."""

    def __init__(self, *, store: Store, slack: Slack, admin_channel: str) -> None:
        self._store = store
        self._slack = slack
        self._admin_channel = admin_channel
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def send(
        self, wanted: Sequence[Notice], content: Callable[[], Message] | Message
    ) -> bool:
        """Send one message that settles all of *wanted* that nobody has sent; True if one went out."""
        async with self._at_once:
            claimed = await self._store.run(notices.claim_together, wanted, lease=CLAIM_LEASE)
            if claimed:
                claimed = await self._not_there(claimed)
            if not claimed:
                return False
            if clock.real() + CALL_TIMEOUT >= _claimed_until(claimed):
                # Whoever takes the claim next must not meet a message of ours still on its way.
                await self._store.run(notices.retry_at, claimed, at=clock.real())
                return False
            made = content() if callable(content) else content
            try:
                return await self._post(claimed, made)
            except SlackRefused as refused:
                word = refused.error
                arrived = await self._post_shorter(claimed, shortened(made), refused)
        # Outside, where it waits for nobody who waits for it.
        await self.report_misshapen(claimed[0], word)
        return arrived

    async def report_misshapen(self, notice: Notice, word: str) -> None:
        """Tell the admins, once a day for each kind of message, that Slack refuses what we make of it."""
        if notice.kind == MISSHAPEN:
            return
        alarm = Notice(
            key=f"{MISSHAPEN}:{notice.kind}:{clock.now():%Y-%m-%d}",
            kind=MISSHAPEN,
            to=self._admin_channel,
        )
        await self.send([alarm], deciding.misshapen(notice.kind, word))

    async def find_left_over(self, notice: Notice) -> bool:
        """Look for a message that nobody will send any more; False if it is nowhere, and so overtaken."""
        async with self._at_once:
            missing = await self._not_there([notice])
        if missing:
            await self._store.run(notices.drop, [notice.key], why="overtaken")
        return not missing

    async def _not_there(self, claimed: list[Notice]) -> list[Notice]:
        """Those that no earlier try has brought to Slack; of the others their place is recorded."""
        tried = [notice.tried_at for notice in claimed if notice.tried_at is not None]
        if not tried:
            return claimed
        try:
            found = await self._slack.find(
                claimed[0].to,
                keys={notice.key for notice in claimed},
                since=min(tried) - CLOCK_SKEW,
            )
        except SlackRefused as refused:
            log.info("not-allowed-to-look", notice=claimed[0].key, slack=str(refused))
            return claimed
        except SlackError as error:
            log.warning("look-failed", notice=claimed[0].key, slack=str(error))
            pause = error.retry_after if isinstance(error, SlackBusy) else CALL_TIMEOUT
            await self._store.run(notices.look_at, claimed, at=clock.real() + pause)
            return []
        for key, posted in found.items():
            await self._store.run(notices.sent, [key], channel=posted.channel, ts=posted.ts)
            log.info("notice-found", notice=key)
        return [notice for notice in claimed if notice.key not in found]

    async def _post(self, claimed: Sequence[Notice], content: Message) -> bool:
        """
        Post it, and record where.

        Raises:
            SlackRefused: It is misshapen; nothing happened.
        """
        keys = [notice.key for notice in claimed]
        to = claimed[0].to
        try:
            posted = await self._slack.post(to, content, keys=keys)
        except SlackBusy as busy:
            at = clock.real() + busy.retry_after
            await self._store.run(notices.retry_at, claimed, at=at)
            return False
        except SlackRefused as refused:
            if refused.is_misshapen:
                raise
            await self._refused(claimed, refused)
            return False
        except SlackError as unsure:
            # The claim stays: whether it arrived is open, and the next look is a lease away.
            log.warning("notice-unsure", notice=keys[0], slack=str(unsure))
            return False
        await self._store.run(notices.sent, keys, channel=posted.channel, ts=posted.ts)
        log.info("notice-sent", notice=keys[0])
        return True

    async def _post_shorter(
        self, claimed: Sequence[Notice], content: Message, refused: SlackRefused
    ) -> bool:
        """Slack would refuse the same again, for ever: send less; what it still does not take is dropped."""
        keys = [notice.key for notice in claimed]
        log.error("notice-misshapen", notice=keys[0], slack=str(refused))
        if clock.real() + CALL_TIMEOUT >= _claimed_until(claimed):
            await self._store.run(notices.retry_at, claimed, at=clock.real())
            return False
        try:
            return await self._post(claimed, content)
        except SlackRefused as again:
            log.error("notice-dropped", notice=keys[0], slack=str(again))
            await self._store.run(notices.drop, keys, why=again.error)
            return False

    async def _refused(self, claimed: Sequence[Notice], refused: SlackRefused) -> None:
        keys = [notice.key for notice in claimed]
        log.error("notice-refused", notice=keys[0], slack=str(refused))
        if refused.error in UNREACHABLE and claimed[0].to != self._admin_channel:
            await self._store.run(notices.drop, keys, why=refused.error)
            return
        # The admin channel, the token or a scope can be put right; a person that is gone cannot.
        at = clock.real() + timedelta(minutes=1)
        await self._store.run(notices.retry_at, claimed, at=at)


def _claimed_until(claimed: Sequence[Notice]) -> datetime:
    return min(notice.claimed_until or clock.real() for notice in claimed)
