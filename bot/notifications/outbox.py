"""
Each message once: claim, look for an earlier try, send, record.

Slack has no idempotency key either, so a message carries its keys in its metadata.  After a try whose outcome is
not known, Slack is searched for them before the message is sent again.  Where the app may not read, it is sent
again without a look: late and perhaps twice beats never.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.database import Store, Transaction
from bot.database.replicas import slack_waits
from bot.messages.admins import alarms
from bot.messages.blocks.parts import Message, shortened, without_plainer
from bot.notifications.model import CARD, OVERTAKEN, Notice, is_channel
from bot.notifications.store import notices
from bot.people.languages import Languages
from bot.priority import give_way
from bot.slack.api import Posted, Slack
from bot.slack.errors import TOKEN_REFUSED, SlackBusy, SlackError, SlackRefused
from bot.slack.rate_limits import POST, Urgency
from bot.words import speaking

log = structlog.get_logger(__name__)

# One call to Slack, from the first byte to the last.
CALL_TIMEOUT: Final = timedelta(seconds=10)
# A call, a server that acts after we gave up, a history that lags behind, and a margin.
CLAIM_LEASE: Final = CALL_TIMEOUT + timedelta(seconds=15 + 10 + 10)
# Slack's clock and ours need not agree to the second.
CLOCK_SKEW: Final = timedelta(minutes=1)
# The kind of the alarm that Slack does not take a message as it is made.
MISSHAPEN: Final = "misshapen"
# Why a message will not be sent that was owed for a while.
# Messages under way to Slack, of those that somebody waits for: one that hangs holds up no other.
AT_ONCE: Final = 16
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

# Slack's words for a card below which nothing can be said: somebody has deleted it.
NO_THREAD: Final = frozenset(
    {"thread_not_found", "cannot_reply_to_message", "restricted_action_non_threadable_channel"}
)
# Slack's word for a channel that the app must be invited to.
NOT_INVITED: Final = frozenset({"not_in_channel"})
# What the admins' channel refuses is tried again each minute, by any replica, and an alarm that is of no use any more is not.
REFUSAL_SHOWN: Final = timedelta(hours=1)
# The kind of the alarm that a package's own channel takes no cards.
CHANNEL: Final = "channel"

Alarm = tuple[Notice, Message]
Content = Message | Callable[[Transaction], Message | None]
Close = Callable[[Transaction], None]


def nothing(db: Transaction) -> None:
    """There is no row that says whether the message is owed."""


class ChannelRefused(Exception):
    """A package's own channel takes nothing of ours; *word* is Slack's."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True)
class ChannelRefusal:
    """Slack's word for why the admins' channel took nothing of ours, and when (real time)."""

    word: str
    at: datetime


class Sending:
    """Sends what is owed, once, from however many replicas."""

    def __init__(
        self, *, store: Store, slack: Slack, admin_channel: str, languages: Languages
    ) -> None:
        self._store = store
        self._slack = slack
        self._admin_channel = admin_channel
        self._languages = languages
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._admins_refused: ChannelRefusal | None = None

    @property
    def admins_refused(self) -> str | None:
        """Return Slack's word for why the admins' channel takes nothing of this replica's; None if it does, as far as is known."""
        refused = self._admins_refused
        is_fresh = refused is not None and clock.real() - refused.at < REFUSAL_SHOWN
        return refused.word if refused is not None and is_fresh else None

    async def send(
        self,
        wanted: Sequence[Notice],
        content: Content,
        *,
        close: Close = nothing,
        urgency: Urgency = Urgency.NOW,
    ) -> bool:
        """
        Send one message that settles all of *wanted* that nobody has sent, as soon as Slack takes one there.

        Args:
            content: Or a function that reads it once it is certain that we send it; None: it is not owed any more.
            close: Notes on the row about which it is owed how far that is, whatever the outcome.

        Returns whether one went out.
        """
        alarm = None
        limits = self._slack.limits
        language = self._languages.default
        if callable(content):
            # Before it is made, in a transaction.
            language = await self._languages.of(wanted[0].to)
        async with limits.turn_in(wanted[0].to) as may_go:
            if not may_go or not await limits.turn(urgency):
                return False
            async with self._at_once:
                # Before the claim, which is for so long and no longer.
                await give_way()
                claimed, made = await self._claimed(wanted, content, close, language)
                if made is None:
                    limits.give_back()
                    return False
                arrived, alarm = await self._deliver(claimed, made, close)
        # Outside, where it waits for nobody who waits for it.
        await self._raise_alarm(alarm)
        return arrived

    async def send_claimed(
        self, claimed: Sequence[Notice], content: Message, *, close: Close = nothing
    ) -> bool:
        """
        Send what is claimed already, and whose turn it is by `Limits.turn`; True if it went out.

        What Slack takes from nobody just now is given back, to be claimed again when it does.
        """
        async with self._slack.limits.turn_in(claimed[0].to) as may_go:
            if not may_go:
                await self._store.run(notices.put_back, claimed, at=clock.real())
                return False
            arrived, alarm = await self._deliver(claimed, content, close)
        await self._raise_alarm(alarm)
        return arrived

    async def _claimed(
        self, wanted: Sequence[Notice], content: Content, close: Close, language: str
    ) -> tuple[Sequence[Notice], Message | None]:
        """Return what of *wanted* is ours to send, and in which words; None if there is nothing."""
        while True:
            with speaking(language):
                until, claimed, made = await self._store.run(_claim, wanted, content, close)
            if until is None:
                return claimed, made
            # Another replica has heard that Slack takes nothing for now.
            self._slack.limits.stop(POST, until=until)
            if not await self._slack.limits.is_open(POST):
                return [], None

    async def _deliver(
        self, claimed: Sequence[Notice], content: Message, close: Close
    ) -> tuple[bool, Alarm | None]:
        """
        Look for an earlier try, post it, and record where it is.

        Returns whether it went out, and what the admins must be told of it.
        """
        left = await self._not_there(claimed, close, thread_ts=content.get("thread_ts"))
        if not left:
            return False, None
        if _is_late(left):
            # Whoever takes the claim next must not meet a message of ours still on its way.
            await self._store.run(notices.retry_at, left, at=clock.real())
            return False, None
        content, plainer = without_plainer(content)
        try:
            return await self._post(left, content, close), None
        except ChannelRefused as refused:
            return False, self._channel_alarm(left[0].to, refused.word)
        except SlackRefused as refused:
            if plainer is not None:
                # Not every workspace has the newer blocks; nothing is lost.
                log.warning("notice-plainer", notice=left[0].key, slack=str(refused))
                return await self._deliver_plainer(left, plainer, close)
            with speaking(await self._languages.of(left[0].to)):
                shorter = shortened(content)
            arrived = await self._post_shorter(left, shorter, refused, close)
            return arrived, self._misshapen_alarm(left[0], refused.error)

    async def _deliver_plainer(
        self, claimed: Sequence[Notice], content: Message, close: Close
    ) -> tuple[bool, Alarm | None]:
        """Send what says the same in plain blocks, of a message that Slack has certainly refused."""
        if _is_late(claimed):
            await self._store.run(notices.retry_at, claimed, at=clock.real())
            return False, None
        # It has just been refused: there is no earlier try to look for.
        untried = [replace(notice, tried_at=None) for notice in claimed]
        return await self._deliver(untried, content, close)

    async def report_misshapen(self, notice: Notice, word: str) -> None:
        """Tell the admins, once a day for each kind of message, that Slack refuses what we make of it."""
        await self._raise_alarm(self._misshapen_alarm(notice, word))

    def _misshapen_alarm(self, notice: Notice, word: str) -> Alarm | None:
        if notice.kind == MISSHAPEN:
            return None
        with speaking(self._languages.default):
            content = alarms.misshapen(notice.kind, word)
        return self._alarm(MISSHAPEN, about=notice.kind, content=content)

    def _channel_alarm(self, channel: str, word: str) -> Alarm:
        with speaking(self._languages.default):
            content = alarms.channel_not_reached(channel, word)
        return self._alarm(CHANNEL, about=channel, content=content)

    def _alarm(self, kind: str, *, about: str, content: Message) -> Alarm:
        """Make an alarm for the admins' channel that is sent once a day for what it is about."""
        key = f"{kind}:{about}:{clock.now():%Y-%m-%d}"
        return Notice(key=key, kind=kind, to=self._admin_channel), content

    async def _raise_alarm(self, alarm: Alarm | None) -> None:
        if alarm is not None:
            notice, content = alarm
            await self.send([notice], content)

    async def find_left_over(self, notice: Notice) -> bool:
        """Look for a message that nobody will send any more; False if it is nowhere, and so overtaken."""
        async with self._at_once:
            missing = await self._not_there([notice], nothing)
        if missing:
            await self._store.run(_overtaken, notice)
        return not missing

    async def _not_there(
        self, claimed: Sequence[Notice], close: Close, *, thread_ts: str | None = None
    ) -> Sequence[Notice]:
        """Return those that no earlier try has brought to Slack; of the others their place is recorded."""
        tried = [notice.tried_at for notice in claimed if notice.tried_at is not None]
        if not tried:
            return claimed
        try:
            found = await self._slack.find(
                claimed[0].to,
                keys={notice.key for notice in claimed},
                since=min(tried) - CLOCK_SKEW,
                thread_ts=thread_ts,
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
            await self._store.run(_sent, [key], posted, close)
            log.info("notice-found", notice=key)
        return [notice for notice in claimed if notice.key not in found]

    async def _post(self, claimed: Sequence[Notice], content: Message, close: Close) -> bool:
        """
        Post it, and record where.

        Raises:
            SlackRefused: It is misshapen; nothing happened.
            ChannelRefused: It is for a package's own channel, which takes nothing of ours; it is tried again.
        """
        keys = [notice.key for notice in claimed]
        to = claimed[0].to
        try:
            posted = await self._slack.post(to, content, keys=keys, had_turn=True)
        except SlackBusy as busy:
            # By the same moment as everybody else's who waits for Slack.
            at = clock.real() + (self._slack.limits.left(POST) or busy.retry_after)
            await self._store.run(_not_taken, claimed, close, at=at, is_limit=busy.is_limit)
            return False
        except SlackRefused as refused:
            if refused.is_misshapen:
                raise
            await self._refused(claimed, refused, close)
            return False
        except SlackError as unsure:
            # The claim stays: whether it arrived is open, and the next look is a lease away.
            log.warning("notice-unsure", notice=keys[0], slack=str(unsure))
            await self._store.run(close)
            return False
        if to == self._admin_channel:
            self._admins_refused = None
        await self._store.run(_sent, keys, posted, close)
        log.info("notice-sent", notice=keys[0])
        return True

    async def _post_shorter(
        self, claimed: Sequence[Notice], content: Message, refused: SlackRefused, close: Close
    ) -> bool:
        """Slack would refuse the same again, for ever: send less; what it still does not take is dropped."""
        log.error("notice-misshapen", notice=claimed[0].key, slack=str(refused))
        if _is_late(claimed):
            await self._store.run(notices.retry_at, claimed, at=clock.real())
            return False
        try:
            return await self._post(claimed, content, close)
        except SlackRefused as again:
            log.error("notice-dropped", notice=claimed[0].key, slack=str(again))
            await self._store.run(_dropped, claimed, again.error, close)
            return False

    async def _refused(
        self, claimed: Sequence[Notice], refused: SlackRefused, close: Close
    ) -> None:
        log.error("notice-refused", notice=claimed[0].key, slack=str(refused))
        to = claimed[0].to
        is_nowhere = refused.error in UNREACHABLE and not is_channel(to)
        if is_nowhere or refused.error in NO_THREAD:
            await self._store.run(_dropped, claimed, refused.error, close)
            return
        # A channel, the token or a scope can be put right; a person that is gone cannot.
        at = clock.real() + timedelta(minutes=1)
        await self._store.run(notices.retry_at, claimed, at=at)
        if to == self._admin_channel:
            if refused.error not in TOKEN_REFUSED:
                # Of a token every call shows it.
                self._admins_refused = ChannelRefusal(refused.error, clock.real())
        elif refused.error in UNREACHABLE | NOT_INVITED:
            raise ChannelRefused(refused.error)


def _is_late(claimed: Sequence[Notice]) -> bool:
    """Tell whether a call that begins now may outlast the claim."""
    until = min(notice.claimed_until or clock.real() for notice in claimed)
    return clock.real() + CALL_TIMEOUT >= until


def _claim(
    db: Transaction, wanted: Sequence[Notice], content: Content, close: Close
) -> tuple[datetime | None, Sequence[Notice], Message | None]:
    """Return until when Slack takes no message; or what is ours to send, and in which words."""
    until = slack_waits.stopped_until(db, POST)
    if until is not None:
        return until, [], None
    claimed = notices.claim(db, wanted, lease=CLAIM_LEASE)
    made = content if isinstance(content, dict) else content(db) if claimed else None
    if claimed and made is not None:
        return None, claimed, made
    # Somebody else has it, or there is nothing left to say.
    for notice in claimed:
        if notice.tried_at is None:
            _overtaken(db, notice)
        else:
            # It may be in Slack since an earlier try: it is found as a left-over, and redrawn.
            notices.look_at(db, [notice], at=clock.real())
    close(db)
    return None, [], None


def _overtaken(db: Transaction, notice: Notice) -> None:
    """Note that there is nothing left to say; a channel's one card may be owed again, in another round of its request."""
    if notice.kind == CARD and is_channel(notice.to):
        notices.forget(db, notice)
    else:
        notices.drop(db, [notice.key], why=OVERTAKEN)


def _sent(db: Transaction, keys: Sequence[str], posted: Posted, close: Close) -> None:
    notices.sent(db, keys, channel=posted.channel, ts=posted.ts)
    close(db)


def _dropped(db: Transaction, claimed: Sequence[Notice], why: str, close: Close) -> None:
    notices.drop(db, [notice.key for notice in claimed], why=why)
    close(db)


def _not_taken(
    db: Transaction, claimed: Sequence[Notice], close: Close, *, at: datetime, is_limit: bool
) -> None:
    """Slack certainly has not taken it: try again at *at* (real time); of a limit every replica is to know."""
    notices.retry_at(db, claimed, at=at)
    if is_limit:
        slack_waits.stop(db, POST, until=at)
    close(db)
