"""
Send each owner of packages their digest, once a week.

What is due is worked out from the package settings, the packages and what was sent already; no timer runs.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.database import Store, Transaction
from bot.messages.admins import digest
from bot.messages.blocks.parts import Message, with_plainer
from bot.notifications.model import Notice, is_channel
from bot.notifications.outbox import Sending
from bot.notifications.store import notices
from bot.packages.model import Package
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import WeeklyTime
from bot.packages.store import catalog
from bot.people.languages import Languages
from bot.reports import plots
from bot.reports.figures import figures
from bot.reports.model import ONE_WEEK, Period, ReportFigures
from bot.slack.api import Slack
from bot.slack.errors import SlackBusy, SlackError
from bot.slack.rate_limits import Urgency
from bot.slack.zones import Zones
from bot.words import speaking

log = structlog.get_logger(__name__)

KIND: Final = "digest"
PICTURE: Final = "digest-picture"
# Who reads it later than that has the next one before them.
LATE: Final = timedelta(days=1)
WEEKS_SHOWN: Final = 8
# Drawn and sent within that; a picture is a second's work, and an upload takes a minute at most.
PICTURE_LEASE: Final = timedelta(minutes=3)
# Why a picture is not sent: Slack does not take it, or nobody knows whether it has.
UNCLEAR: Final = "unclear"


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

    def last(self, weeks: int) -> Period:
        """
        Return the weeks that end with it, by its reader's clock.

        One in which that clock is changed has an hour less, or more: the digest before has ended just there.
        """
        return Period(since=self.at - weeks * ONE_WEEK, until=self.at)

    @property
    def notice(self) -> Notice:
        """Return its notice: one for each owner and week."""
        return Notice(key=f"{KIND}:{self._about}", kind=KIND, to=self.owner)

    @property
    def picture(self) -> Notice:
        """Return the notice of the picture below it."""
        return Notice(key=f"{PICTURE}:{self._about}", kind=PICTURE, to=self.owner)

    @property
    def _about(self) -> str:
        year, week, _ = self.at.isocalendar()
        return f"{self.owner}:{year}-W{week:02}"


class Digests:
    """Finds the digests that are due, and sends each once, from however many replicas."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        sending: Sending,
        zones: Zones,
        package_settings: PackageSettingsFile,
        languages: Languages,
        newer_blocks: bool,
        kept: timedelta | None,
    ) -> None:
        """
        Args:
            kept: For how long requests that have ended are kept; None: for ever.
        """
        self._store = store
        self._slack = slack
        self._sending = sending
        self._zones = zones
        self._package_settings = package_settings
        self._languages = languages
        self._newer_blocks = newer_blocks
        # A week of which requests are deleted already would look like one in which nobody got anything.
        self._weeks = WEEKS_SHOWN if kept is None else min(WEEKS_SHOWN, (kept - LATE) // ONE_WEEK)

    @property
    def are_wanted(self) -> bool:
        """Tell whether the package settings name an owner who gets one."""
        return self._package_settings.has_digests

    async def send_due(self) -> int:
        """Send the digests that are due now, and their pictures; return how many digests went out."""
        owners = (await self._owners()).items()
        due = [await self._find_due(owner, *facts) for owner, facts in owners]
        wanted = {each.notice.key: each for each in due if each is not None}
        pictures = {each.picture.key: each for each in wanted.values()}
        settled = await self._store.read(notices.settled_keys, [*wanted, *pictures])
        sent = 0
        for key in sorted(wanted.keys() - settled):
            sent += await self._send(wanted[key])
        if not self._newer_blocks and plots.can_draw():
            for key in sorted(pictures.keys() - settled):
                await self._send_picture(pictures[key])
        return sent

    async def _owners(self) -> dict[str, tuple[WeeklyTime, list[Package]]]:
        """Return the owners with their packages, and when in the week each gets the digest: at the earliest of these times."""
        times: dict[str, WeeklyTime] = {}
        owned: defaultdict[str, list[Package]] = defaultdict(list)
        for package in await self._store.read(catalog.list_all):
            settings = self._package_settings.settings_for(
                package.name, package_id=package.id, catalog=package.catalog
            )
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
        return due if now - at <= LATE else None

    async def _send(self, due: DueDigest) -> bool:
        found = await self._store.read(_figures, due, clock.now(), weeks=self._weeks)
        with speaking(await self._languages.of(due.owner)):
            content: Message = digest.digest(found, newer=False)
            if self._newer_blocks:
                table = digest.digest(found, newer=True, zone=due.at.tzinfo or UTC)
                content = with_plainer(table, content)
        return await self._sending.send([due.notice], content, urgency=Urgency.SOME_TIME)

    async def _send_picture(self, due: DueDigest) -> None:
        """
        Share the charts as a picture below a digest in plain blocks; at most once, for a file carries no key of ours.

        Whatever is unclear about it is left: the digest has its numbers.
        """
        root = await self._store.read(notices.find, due.notice.key)
        if root is None or root.channel is None or root.ts is None:
            return
        claimed = await self._store.run(notices.claim, [due.picture], lease=PICTURE_LEASE)
        if not claimed:
            return
        if claimed[0].tried_at is not None:
            await self._store.run(notices.drop, [due.picture.key], why=UNCLEAR)
            return
        found = await self._store.read(_figures, due, clock.now(), weeks=self._weeks)
        try:
            await self._slack.share_picture(
                root.channel,
                thread_ts=root.ts,
                name=f"access-{due.at:%Y-%m-%d}.png",
                content=await asyncio.to_thread(plots.picture, found),
                title=digest.TITLE,
                comment=digest.PICTURE,
                alt_text=plots.described(found),
            )
        except SlackBusy as busy:
            await self._store.run(notices.retry_at, claimed, at=clock.real() + busy.retry_after)
        except SlackError as error:
            log.warning("digest-picture-not-sent", slack=str(error))
            await self._store.run(notices.drop, [due.picture.key], why=UNCLEAR)
        else:
            key, place = due.picture.key, {"channel": root.channel, "ts": root.ts}
            await self._store.run(notices.sent, [key], **place)


def _figures(db: Transaction, due: DueDigest, now: datetime, *, weeks: int) -> ReportFigures:
    return figures(
        db,
        at=now,
        period=due.last(1),
        trend=due.last(weeks),
        ends_within=ONE_WEEK,
        package_ids=due.package_ids,
    )
