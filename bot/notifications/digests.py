"""
Send each owner of packages their digest, once a week.

What is due is worked out from the package settings, the packages and what was sent already; no timer runs.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.database import Store, Transaction
from bot.messages import digest
from bot.messages.parts import Message, with_plainer
from bot.notifications.model import Notice, is_channel
from bot.notifications.outbox import Sending
from bot.notifications.store import notices
from bot.packages.model import Package
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import WeeklyTime
from bot.packages.store import catalog
from bot.reports.figures import figures
from bot.reports.model import ONE_WEEK, Figures, Period
from bot.slack.errors import SlackError
from bot.slack.rate_limits import Urgency
from bot.slack.zones import Zones

log = structlog.get_logger(__name__)

KIND: Final = "digest"
# Who reads it later than that has the next one before them.
LATE: Final = timedelta(days=1)
WEEKS_SHOWN: Final = 8


@dataclass(frozen=True, kw_only=True)
class DueDigest:
    """
    A digest that is to be sent now.

    Attributes:
        at: When it was due; its week ends then.
    """

    owner: str
    at: datetime
    package_ids: frozenset[str]

    @property
    def notice(self) -> Notice:
        """Return its notice: one for each owner and week."""
        year, week, _ = self.at.isocalendar()
        return Notice(key=f"{KIND}:{self.owner}:{year}-W{week:02}", kind=KIND, to=self.owner)


class Digests:
    """Finds the digests that are due, and sends each once, from however many replicas."""

    def __init__(
        self,
        *,
        store: Store,
        sending: Sending,
        zones: Zones,
        package_settings: PackageSettingsFile,
        newer_blocks: bool,
    ) -> None:
        self._store = store
        self._sending = sending
        self._zones = zones
        self._package_settings = package_settings
        self._newer_blocks = newer_blocks

    @property
    def are_wanted(self) -> bool:
        """Tell whether the package settings name an owner who gets one."""
        return self._package_settings.has_digests

    async def send_due(self) -> int:
        """Send the digests that are due now; return how many went out."""
        sent = 0
        for owner, (weekly, packages) in (await self._owners()).items():
            due = await self._find_due(owner, weekly, packages)
            if due is not None:
                sent += await self._send(due)
        return sent

    async def _owners(self) -> dict[str, tuple[WeeklyTime, list[Package]]]:
        """Return the owners with their packages, and when in the week each gets the digest: at the earliest of these times."""
        times: dict[str, WeeklyTime] = {}
        owned: defaultdict[str, list[Package]] = defaultdict(list)
        for package in await self._store.read(catalog.list_all):
            settings = self._package_settings.settings_for(package.name, catalog=package.catalog)
            if settings.owner is None or settings.digest is None:
                continue
            owned[settings.owner].append(package)
            known = times.get(settings.owner, settings.digest)
            times[settings.owner] = min(known, settings.digest)
        return {owner: (times[owner], owned[owner]) for owner in owned}

    async def _find_due(
        self, owner: str, weekly: WeeklyTime, packages: list[Package]
    ) -> DueDigest | None:
        now = clock.now()
        try:
            zone = UTC if is_channel(owner) else await self._zones.find(owner)
        except SlackError as error:
            log.warning("digest-postponed", slack=str(error))
            return None
        at = weekly.latest(now.astimezone(zone))
        due = DueDigest(owner=owner, at=at, package_ids=frozenset(each.id for each in packages))
        if now - at > LATE:
            return None
        is_settled = await self._store.read(notices.settled_keys, [due.notice.key])
        return None if is_settled else due

    async def _send(self, due: DueDigest) -> bool:
        found = await self._store.read(_figures, due, clock.now())
        content: Message = digest.digest(found, newer=False)
        if self._newer_blocks:
            content = with_plainer(digest.digest(found, newer=True), content)
        return await self._sending.send([due.notice], content, urgency=Urgency.SOME_TIME)


def _figures(db: Transaction, due: DueDigest, now: datetime) -> Figures:
    until = due.at.astimezone(UTC)
    return figures(
        db,
        at=now,
        period=Period(since=until - ONE_WEEK, until=until),
        trend=Period(since=until - WEEKS_SHOWN * ONE_WEEK, until=until),
        ends_within=ONE_WEEK,
        package_ids=due.package_ids,
    )
