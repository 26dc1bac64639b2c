"""Keeps the App Homes that people have opened fresh."""

from datetime import timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.authority import Authority
from bot.messages.home import home, short_home
from bot.models import Request
from bot.pacing import a_few_at_once
from bot.slack import Slack, SlackBusy, SlackError, SlackRefused
from bot.store import Store, Transaction, assignments, catalog, homes, request_lists

log = structlog.get_logger(__name__)

PUBLISH_LEASE: Final = timedelta(seconds=30)
MOST_AT_ONCE: Final = 20


class Homes:
    """Publishes the Home of everybody whose Home is owed a page."""

    def __init__(self, *, store: Store, slack: Slack, authority: Authority) -> None:
        self._store = store
        self._slack = slack
        self._authority = authority

    async def opened(self, slack_user: str) -> None:
        """Somebody has opened their Home."""
        await self._store.run(homes.opened, slack_user)

    async def publish_stale(self) -> int:
        """Publish what is owed; return how many pages."""
        people = await self._store.run(homes.claim_stale, lease=PUBLISH_LEASE, limit=MOST_AT_ONCE)
        await a_few_at_once(self._publish, people)
        return len(people)

    async def new_day(self) -> None:
        """Days left change by themselves: pages of yesterday are owed anew."""
        midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        await self._store.run(homes.touch_all, published_before=midnight)

    async def _publish(self, slack_user: str) -> None:
        # Before the page is made: one that straddles midnight is yesterday's.
        drawn_at = clock.now()
        is_admin = self._authority.is_known_admin(slack_user)
        view = await self._store.run(_view, slack_user, is_admin)
        try:
            await self._publish_as_slack_takes_it(slack_user, view)
        except SlackError as error:
            log.warning("home-not-published", slack=str(error))
            pause = error.retry_after if isinstance(error, SlackBusy) else timedelta(minutes=1)
            await self._store.run(homes.not_published, slack_user, retry_at=clock.real() + pause)
            return
        await self._store.run(homes.published, slack_user, admin=is_admin, at=drawn_at)

    async def _publish_as_slack_takes_it(self, slack_user: str, view: dict[str, Any]) -> None:
        try:
            await self._slack.publish_home(slack_user, view)
        except SlackRefused as refused:
            if not refused.is_misshapen:
                raise
            log.error("home-misshapen", slack=str(refused))
            await self._slack.publish_home(slack_user, short_home())


def _view(db: Transaction, slack_user: str, is_admin: bool) -> dict[str, Any]:
    packages = catalog.everything(db)
    return home(
        reader=slack_user,
        held=assignments.held_by(db, slack_user),
        waiting=request_lists.open_for(db, slack_user),
        to_decide=_to_decide(db, slack_user, is_admin=is_admin),
        offer=[each for each in packages if each.can_be_asked_for and not each.is_hidden],
        extendable=frozenset(policy for each in packages for policy in each.can_extend),
    )


def _to_decide(db: Transaction, slack_user: str, *, is_admin: bool) -> list[Request]:
    """What waits for this person: for an admin everything, for others what names them."""
    return [
        request
        for request in request_lists.pending(db)
        if request.holder != slack_user and (is_admin or slack_user in request.deciders)
    ]
