"""Redraw sent messages whose rows have changed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from bot import clock
from bot.database import Store, Transaction
from bot.database.replicas import slack_waits
from bot.messages.blocks.parts import Message, shortened
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.contents import content_of
from bot.notifications.model import Notice
from bot.notifications.outbox import CLAIM_LEASE, Sending
from bot.notifications.store import notices
from bot.people.languages import Languages
from bot.requests.retry import pause_after
from bot.slack.api import Slack
from bot.slack.errors import SlackError, SlackRefused
from bot.timing import a_few_at_once
from bot.words import speaking

log = structlog.get_logger(__name__)

# By which messages are redrawn: with a limit of its own.
UPDATE: Final = "chat.update"
# Few enough that all are redrawn before their claims run out.
REDRAWN_TOGETHER: Final = 16


class Redrawing:
    """Redraws cards and reminders that show what is no longer so."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        sending: Sending,
        languages: Languages,
        plan: ReminderPlan,
        admin_channel: str,
    ) -> None:
        self._store = store
        self._slack = slack
        self._sending = sending
        self._languages = languages
        self._plan = plan
        self._admin_channel = admin_channel

    async def redraw(self) -> int:
        """Redraw sent cards and reminders whose rows have changed; return how many."""
        if self._slack.limits.left(UPDATE) or not await self._store.read(notices.has_stale):
            return 0
        stale = await self._store.run(_claim_stale)
        # Several notices may share one message.
        messages = {(notice.channel, notice.ts): notice for notice in stale}
        pauses = dict(
            zip(messages, await a_few_at_once(self._redraw, messages.values()), strict=True)
        )
        drawn = [(each.key, pauses[each.channel, each.ts]) for each in stale]
        await self._store.run(_redrawn, drawn, wait=self._slack.limits.left(UPDATE))
        return len(messages)

    async def _redraw(self, notice: Notice) -> timedelta | None:
        """Redraw one message; return how long to wait before the next try, if there must be one."""
        with speaking(await self._languages.of(notice.to)):
            content = await self._store.read(content_of, notice, self._plan, self._admin_channel)
        if content is None or notice.channel is None or notice.ts is None:
            return None
        try:
            await self._update(notice, channel=notice.channel, ts=notice.ts, content=content)
        except SlackRefused as refused:
            # Deleted by somebody, or too old to edit: the row is the truth, the card was a copy.
            log.warning("redraw-refused", notice=notice.key, slack=str(refused))
        except SlackError as error:
            log.warning("redraw-failed", notice=notice.key, slack=str(error))
            return pause_after(error, attempts=2)
        return None

    async def _update(self, notice: Notice, *, channel: str, ts: str, content: Message) -> None:
        try:
            await self._slack.update(channel=channel, ts=ts, message=content)
        except SlackRefused as refused:
            if not refused.is_misshapen:
                raise
            log.error("redraw-misshapen", notice=notice.key, slack=str(refused))
            with speaking(await self._languages.of(notice.to)):
                shorter = shortened(content)
            await self._slack.update(channel=channel, ts=ts, message=shorter)
            await self._sending.report_misshapen(notice, refused.error)


def _claim_stale(db: Transaction) -> list[Notice]:
    if slack_waits.stopped_until(db, UPDATE) is not None:
        return []
    return notices.claim_stale(db, lease=CLAIM_LEASE, limit=REDRAWN_TOGETHER)


def _redrawn(
    db: Transaction, drawn: Sequence[tuple[str, timedelta | None]], *, wait: timedelta
) -> None:
    """Record what has been redrawn, and when what has not is tried again; *wait*: Slack takes none for so long."""
    done = [key for key, pause in drawn if pause is None]
    left = [pause for _, pause in drawn if pause is not None]
    if done:
        notices.redrawn(db, done)
    if left:
        keys = [key for key, pause in drawn if pause is not None]
        notices.not_redrawn(db, keys, retry_at=clock.real() + max(left))
    if wait:
        slack_waits.stop(db, UPDATE, until=clock.real() + wait)
