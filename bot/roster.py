"""Who the admins are: the configured people and user groups, as Slack has them."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.pacing import a_few_at_once
from bot.slack import Slack, SlackError, SlackRefused

log = structlog.get_logger(__name__)

# For answers that must come at once; what changes anything is checked afresh.
GOOD_FOR_LISTS: Final = timedelta(minutes=5)
# For saying no to somebody; for a yes, Slack is always asked.
GOOD_FOR_A_NO: Final = timedelta(minutes=1)
# Whether somebody is a full member of the workspace changes seldom; users.info takes 100 calls a minute.
MEMBER_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The admins as they were between two moments (real time)."""

    named: frozenset[str]
    began_at: datetime


@dataclass
class Roster:
    """Reads the admins from Slack, once for everybody who wants to know at the same time."""

    slack: Slack
    admins: Collection[str]
    # Full members of this workspace among the admins, for lists.
    members: frozenset[str] = frozenset()
    members_read_at: datetime | None = None
    _last: _Read | None = None
    # Whether somebody is a full member, and when that was read.
    _checked: dict[str, tuple[bool, datetime]] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        """
        Read everything again, for answers that cannot wait.

        Guests and people of other workspaces in an admins' user group are no admins.
        """
        began_at = clock.real()
        named = await self._read_since(began_at)
        full = await a_few_at_once(self._is_member, sorted(named))
        self.members = frozenset(
            user for user, is_full in zip(sorted(named), full, strict=True) if is_full
        )
        await self.slack.learn_ids(self.members)
        self.members_read_at = clock.real()

    async def has_now(self, ids: Collection[str]) -> bool:
        """
        Whether somebody is among the admins, as Slack says now; *ids* are all that Slack has for them.

        A no may be a minute old, so that those who press buttons in vain cost no calls; a yes never is.

        Raises:
            SlackError: It could not be read.
        """
        if not set(self.admins).isdisjoint(ids):
            return True
        now = clock.real()
        if (
            self._last is not None
            and self._last.named.isdisjoint(ids)
            and now - self._last.began_at <= GOOD_FOR_A_NO
        ):
            return False
        return not (await self._read_since(now)).isdisjoint(ids)

    def knows(self, slack_user: str) -> bool:
        """Whether somebody was an admin, and a full member, when that was last read; nothing remote."""
        return not self.members.isdisjoint(self.slack.ids_of(slack_user))

    @property
    def named(self) -> frozenset[str]:
        """Everybody whom the setting names, by the last read, whoever they are."""
        return self._last.named if self._last else frozenset()

    def is_fresh_for_lists(self) -> bool:
        read_at = self.members_read_at
        return read_at is not None and clock.real() - read_at <= GOOD_FOR_LISTS

    async def _read_since(self, moment: datetime) -> frozenset[str]:
        """The admins by a read that began no earlier than *moment*; whoever waits shares it."""
        async with self._reading:
            if self._last is None or self._last.began_at < moment:
                began_at = clock.real()
                self._last = _Read(named=await self._named(), began_at=began_at)
            return self._last.named

    async def _named(self) -> frozenset[str]:
        users = {admin for admin in self.admins if not admin.startswith("S")}
        groups = [admin for admin in self.admins if admin.startswith("S")]
        for members in await asyncio.gather(*map(self.slack.group_members, groups)):
            users |= members
        return frozenset(users)

    async def _is_member(self, slack_user: str) -> bool:
        now = clock.real()
        known = self._checked.get(slack_user)
        if known is not None and now - known[1] <= MEMBER_FOR:
            return known[0]
        try:
            is_full = (await self.slack.user(slack_user)).not_a_member is None
        except SlackRefused as refused:
            log.warning("admin-unknown-to-slack", slack=str(refused))
            is_full = False
        except SlackError as error:
            # What was known stands; of whom nothing is known, nothing is shown to.
            log.warning("admin-not-looked-up", slack=str(error))
            return known is not None and known[0]
        self._checked[slack_user] = (is_full, now)
        return is_full
