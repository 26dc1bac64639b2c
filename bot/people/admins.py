"""Read who the admins are: the configured people and user groups, as Slack has them."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.slack.api import Slack
from bot.slack.errors import SlackError, SlackRefused
from bot.timing import a_few_at_once

log = structlog.get_logger(__name__)

# For answers that must come at once; what changes anything is checked afresh.
GOOD_FOR_LISTS: Final = timedelta(minutes=5)
# For saying no to somebody; for a yes, Slack is always asked.
GOOD_FOR_A_NO: Final = timedelta(minutes=1)
# Whether somebody is a full member of the workspace changes seldom; users.info takes 100 calls a minute.
MEMBER_FOR: Final = timedelta(minutes=10)
# Of a name for what the settings name.
LETTERS: Final = 16


@dataclass(frozen=True, kw_only=True)
class _AdminList:
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
    _last: _AdminList | None = None
    # The newest that we know of, whichever replica has read it: for lists and for a no.
    _known: _AdminList | None = None
    # Whether somebody is a full member, and when that was read.
    _checked: dict[str, tuple[bool, datetime]] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def name(self) -> str:
        """Tells what we read from what replicas with other settings read."""
        said = hashlib.sha256(" ".join(sorted(self.admins)).encode()).hexdigest()
        return f"roster {said[:LETTERS]}"

    async def refresh(self) -> Mapping[str, Any]:
        """
        Read everything again, for answers that cannot wait; returns what other replicas `learn`.

        Guests and people of other workspaces in an admins' user group are no admins.
        """
        began_at = clock.real()
        named = await self._read_since(began_at)
        full = await a_few_at_once(self._is_member, sorted(named))
        members = sorted(user for user, is_full in zip(sorted(named), full, strict=True) if is_full)
        found = {
            "began_at": began_at.isoformat(),
            "read_at": clock.real().isoformat(),
            "named": sorted(named),
            "members": members,
            "checked": {
                user: [is_full, at.isoformat()] for user, (is_full, at) in self._checked.items()
            },
        }
        await self.learn(found)
        return found

    async def refresh_for_all(self) -> Mapping[str, Any]:
        """
        Do the same for all replicas, once in each interval; at least one call sees whether Slack accepts our token.

        Raises:
            SlackError: It does not, or does not answer.
        """
        found = await self.refresh()
        if not any(admin.startswith("S") for admin in self.admins):
            await self.slack.test_token()
        return found

    async def learn(self, found: Mapping[str, Any]) -> None:
        """Take over what was read, by us or by another replica, unless we know of something newer."""
        read = _AdminList(
            named=frozenset(found["named"]), began_at=datetime.fromisoformat(found["began_at"])
        )
        if self._known is not None and self._known.began_at > read.began_at:
            return
        self._known = read
        for user, (is_full, at) in found["checked"].items():
            self._checked[user] = (is_full, datetime.fromisoformat(at))
        self.members = frozenset(found["members"])
        self.members_read_at = datetime.fromisoformat(found["read_at"])
        await self.slack.users.learn_ids(self.members)

    async def is_admin_now(self, ids: Collection[str]) -> bool:
        """
        Tell whether somebody is among the admins, as Slack says now; *ids* are all that Slack has for them.

        A no may be a minute old, so that those who press buttons in vain cost no calls; a yes never is.

        Raises:
            SlackError: It could not be read.
        """
        if not set(self.admins).isdisjoint(ids):
            return True
        now, known = clock.real(), self._newest
        if (
            known is not None
            and known.named.isdisjoint(ids)
            and now - known.began_at <= GOOD_FOR_A_NO
        ):
            return False
        return not (await self._read_since(now)).isdisjoint(ids)

    def was_admin(self, slack_user: str) -> bool:
        """Tell whether somebody was an admin, and a full member, when that was last read; nothing remote."""
        return not self.members.isdisjoint(self.slack.users.ids_of(slack_user))

    @property
    def named(self) -> frozenset[str]:
        """Everybody whom the setting names, by the last read, whoever they are."""
        return self._newest.named if self._newest else frozenset()

    @property
    def _newest(self) -> _AdminList | None:
        reads = [each for each in (self._last, self._known) if each is not None]
        return max(reads, key=lambda read: read.began_at, default=None)

    def is_fresh_for_lists(self) -> bool:
        read_at = self.members_read_at
        return read_at is not None and clock.real() - read_at <= GOOD_FOR_LISTS

    async def _read_since(self, moment: datetime) -> frozenset[str]:
        """Return the admins by a read that began no earlier than *moment*; whoever waits shares it."""
        async with self._reading:
            if self._last is None or self._last.began_at < moment:
                began_at = clock.real()
                self._last = _AdminList(named=await self._named(), began_at=began_at)
            return self._last.named

    async def _named(self) -> frozenset[str]:
        users = {admin for admin in self.admins if not admin.startswith("S")}
        groups = [admin for admin in self.admins if admin.startswith("S")]
        for members in await asyncio.gather(*map(self.slack.users.in_group, groups)):
            users |= members
        return frozenset(users)

    async def _is_member(self, slack_user: str) -> bool:
        now = clock.real()
        known = self._checked.get(slack_user)
        if known is not None and now - known[1] <= MEMBER_FOR:
            return known[0]
        try:
            is_full = (await self.slack.users.get(slack_user)).not_a_member is None
        except SlackRefused as refused:
            log.warning("admin-unknown-to-slack", slack=str(refused))
            is_full = False
        except SlackError as error:
            # What was known stands; of whom nothing is known, nothing is shown to.
            log.warning("admin-not-looked-up", slack=str(error))
            return known is not None and known[0]
        self._checked[slack_user] = (is_full, now)
        return is_full
