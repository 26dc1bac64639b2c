"""
Show lists of requests: a person's own, with what they have, and the admins'.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from bot.approvals.store import deciders
from bot.database import Store
from bot.messages.overviews.past_requests import PastRequests
from bot.packages.catalog import OfferedPackages
from bot.paging import FIRST, Mark, Page, Place, Start
from bot.people.guard import Guard
from bot.people.interaction_audit import ListRead, read_list
from bot.requests.decided import Decided, find_decided
from bot.requests.model import Hold, Kind, Request
from bot.requests.overview import AccessOverview, access_overview
from bot.requests.past import find_past, kept_since, may_ask_again
from bot.requests.store import holds, request_lists


class RequestLists:
    """The lists of requests that are shown in Slack, a page at a time."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        offering: OfferedPackages,
        are_whole: bool = True,
        kept: timedelta | None = None,
    ) -> None:
        """
        Args:
            kept: How long requests are kept that are over; None: for ever.
            are_whole: All that waits is in them; what Entra decides, and shows no app whose it is, is not.
        """
        self.are_whole = are_whole
        self._kept = kept
        self._store = store
        self._guard = guard
        self._offering = offering

    def may_admins_decide(self, request: Request) -> bool:
        """Tell whether the admins' list offers an admin who is not asked to decide a request."""
        return self._guard.may_admins_decide(request)

    async def find_open_request(
        self, entra_ids: Collection[str], package_id: str
    ) -> Request | None:
        """Return an open request for access of one of these Entra users to a package; for admins who were judged already."""
        for entra_id in entra_ids:
            found = await self._store.read(
                request_lists.open_of_user, entra_id, package_id, Kind.ADD
            )
            if found is not None:
                return found
        return None

    async def access_overview(
        self, slack_user: str, place: Place | None = None, *, skip: int = 0
    ) -> AccessOverview:
        """
        Return a page of what somebody has, until when, and what they wait for.

        Args:
            place: Where in that list; the beginning, if that is not said.
            skip: After so many rows.
        """
        offered, found = await self._offering.beside(access_overview, slack_user, place, skip=skip)
        opens = offered.opened_by(row.package_id for row in found.held.rows)
        return replace(found, held_under=offered.held_under, opens=opens)

    async def past(self, *, slack_user: str, after: Mark | None = None) -> PastRequests:
        """Return a page of what somebody has asked for, or others for them, and is over; the newest first."""
        offered, found = await self._offering.beside(find_past, slack_user, after)
        askable = {each.id for each in offered.askable.packages}
        return PastRequests(
            reader=slack_user,
            page=found.page,
            again=may_ask_again(found, slack_user, askable),
            since=kept_since(self._kept),
        )

    async def decided(
        self, *, slack_user: str, after: Mark | None = None
    ) -> tuple[Page[Decided], datetime | None]:
        """
        Return a page of somebody's own decisions and reviews and those in their name, the newest first.

        And since when requests are kept; None: for ever.
        """
        found = await self._store.read(find_decided, slack_user, after)
        return found, kept_since(self._kept)

    async def being_removed(self, assignment_ids: Collection[str]) -> frozenset[str]:
        """Return which of these assignments somebody has asked to remove, and which are not yet removed."""
        if not assignment_ids:
            return frozenset()
        return await self._store.read(request_lists.being_removed, assignment_ids)

    async def to_decide(self, *, slack_user: str, start: Start = FIRST) -> Page[Request]:
        """Return a page of what somebody is asked to decide."""
        return await self._store.read(deciders.waiting_for, slack_user, start=start)

    async def pending(
        self, *, slack_user: str, start: Start = FIRST, key: str | None = None
    ) -> Page[Request]:
        """
        Return a page of what waits for a decision, for an admin's list.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self._guard.check_admin(slack_user, key=key)
        seen = ListRead(slack_user=slack_user, of="pending", key=key)
        return await self._store.run(read_list, seen, request_lists.pending, start=start)

    async def stuck(
        self, *, slack_user: str, start: Start = FIRST, key: str | None = None
    ) -> Page[tuple[Hold, Request]]:
        """
        Return a page of the requests on hold, for an admin's list.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self._guard.check_admin(slack_user, key=key)
        seen = ListRead(slack_user=slack_user, of="held", key=key)
        return await self._store.run(read_list, seen, holds.page, start=start)
