"""Keeps the App Homes that people have opened fresh."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.approvals.store import deciders
from bot.database import Store, Transaction, homes
from bot.database.replicas import slack_waits
from bot.database.schema.installation import Installation
from bot.messages.overviews.home import short_home
from bot.notifications.home_view import drawn
from bot.packages.catalog import OfferedPackages
from bot.packages.settings.model import NO_LIMITS, DelegationLimits
from bot.people.actors import Permissions
from bot.people.languages import Languages
from bot.slack.api import Slack
from bot.slack.errors import SlackBusy, SlackError, SlackRefused
from bot.timing import a_few_at_once
from bot.words import speaking

log = structlog.get_logger(__name__)

PUBLISH: Final = "views.publish"
PUBLISH_LEASE: Final = timedelta(seconds=30)
MOST_AT_ONCE: Final = 20
# What a page of ours carries for machines: whose it is, and since when.
MARK: Final = "latchkey {installation} {at}"
WHOSE: Final = re.compile(r"latchkey (?P<installation>[\w-]{1,64}) (?P<at>[0-9]{1,12})")


@dataclass(frozen=True, kw_only=True)
class HomeShown:
    """
    Record a page that has been published, or not.

    Attributes:
        pause: How long to wait before the next try; None: it is out.
    """

    slack_user: str
    is_admin: bool
    drawn_at: datetime
    pause: timedelta | None


class Homes:
    """
    Publishes the Home of everybody whose Home is owed a page.

    Attributes:
        another_seen_at: When a page of another Latchkey's was last seen (real time): one with a database of its own
            that uses the same Slack app, and so takes half of what people do.
    """

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        permissions: Permissions,
        offering: OfferedPackages,
        installation: Installation,
        languages: Languages,
        offers_accounts: bool = False,
        limits: DelegationLimits = NO_LIMITS,
    ) -> None:
        """
        Args:
            offers_accounts: People can connect their Microsoft account.
            limits: What the package settings take from delegates.
        """
        self._offers_accounts = offers_accounts
        self._limits = limits
        self._store = store
        self._slack = slack
        self._permissions = permissions
        self._offering = offering
        self._installation = installation
        self._languages = languages
        self.another_seen_at: datetime | None = None

    async def opened(self, slack_user: str) -> None:
        """Somebody has opened their Home."""
        await self._store.run(homes.mark_opened, slack_user)

    def look_at(self, shown: object) -> None:
        """
        See whether a page that Slack shows was published by another Latchkey.

        Args:
            shown: The view, as Slack has it.
        """
        mark = shown.get("private_metadata") if isinstance(shown, Mapping) else None
        found = WHOSE.fullmatch(mark) if isinstance(mark, str) else None
        if found is None or found["installation"] == self._installation.id:
            return
        # Pages that are older than this database may be of the one that was in its place before.
        if int(found["at"]) > self._installation.since.timestamp():
            log.warning("another-latchkey")
            self.another_seen_at = clock.real()

    async def publish_stale(self) -> int:
        """Publish what is owed; return how many pages."""
        if self._slack.limits.left(PUBLISH) or not await self._store.read(homes.has_stale):
            return 0
        people = await self._store.run(_claim_stale)
        shown = await a_few_at_once(self._publish, people)
        await self._store.run(_published, shown, wait=self._slack.limits.left(PUBLISH))
        return len(people)

    async def new_day(self) -> None:
        """Days left change by themselves: pages of yesterday are owed anew."""
        midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        await self._store.run(homes.touch_all, published_before=midnight)

    async def fill_in_deciders(self) -> None:
        """Let those be found who are asked about requests that are older than the list of them."""
        while await self._store.run(deciders.fill_in):
            log.info("deciders-filled-in")

    async def _publish(self, slack_user: str) -> HomeShown:
        # Before the page is made: one that straddles midnight is yesterday's.
        drawn_at = clock.now()
        is_admin = self._permissions.is_known_admin(slack_user)
        pause = None
        try:
            mark = MARK.format(installation=self._installation.id, at=int(clock.real().timestamp()))
            with speaking(await self._languages.of(slack_user)):
                view = await drawn(
                    self._offering,
                    slack_user,
                    is_admin=is_admin,
                    offers_accounts=self._offers_accounts,
                    limits=self._limits,
                )
                await self._publish_as_slack_takes_it(slack_user, view, mark=mark)
        except SlackError as error:
            log.warning("home-not-published", slack=str(error))
            pause = error.retry_after if isinstance(error, SlackBusy) else timedelta(minutes=1)
        return HomeShown(slack_user=slack_user, is_admin=is_admin, drawn_at=drawn_at, pause=pause)

    async def _publish_as_slack_takes_it(
        self, slack_user: str, view: dict[str, Any], *, mark: str
    ) -> None:
        try:
            await self._slack.views.publish_home(slack_user, {**view, "private_metadata": mark})
        except SlackRefused as refused:
            if not refused.is_misshapen:
                raise
            log.error("home-misshapen", slack=str(refused))
            await self._slack.views.publish_home(
                slack_user, {**short_home(), "private_metadata": mark}
            )


def _claim_stale(db: Transaction) -> list[str]:
    if slack_waits.stopped_until(db, PUBLISH) is not None:
        return []
    return homes.claim_stale(db, lease=PUBLISH_LEASE, limit=MOST_AT_ONCE)


def _published(db: Transaction, shown: Sequence[HomeShown], *, wait: timedelta) -> None:
    """Record which pages are out, and when the others are tried again; *wait*: Slack takes none for so long."""
    for each in shown:
        if each.pause is None:
            homes.mark_published(db, each.slack_user, admin=each.is_admin, at=each.drawn_at)
        else:
            homes.not_published(db, each.slack_user, retry_at=clock.real() + each.pause)
    if wait:
        slack_waits.stop(db, PUBLISH, until=clock.real() + wait)
