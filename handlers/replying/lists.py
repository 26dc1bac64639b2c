"""Draw a page of any list that people see in an answer: for the command, for Next, and anew after a press in it."""

from typing import Any

from bot.assignments.search import Listing
from bot.messages.admins import access_list, assignment_table, pending_list, repairing
from bot.messages.admins.assignment_table import MOST_ROWS
from bot.messages.approvals import decided_list, delegating, pending_rows
from bot.messages.blocks.parts import Message, with_plainer
from bot.messages.blocks.placed_lists import with_place
from bot.messages.overviews import my_access, past_requests
from bot.paging import ROWS_A_PAGE, ListName, Place
from bot.requests.overview import AccessOverview
from handlers.services import Services


class Lists:
    """The lists of what people have and wait for, each page with its rows marked."""

    def __init__(self, services: Services, *, newer_blocks: bool = False) -> None:
        """
        Args:
            newer_blocks: Who has what is listed in a table of Slack's; where that has no place, as ever.
        """
        self._services = services
        self._newer_blocks = newer_blocks

    @property
    def assignments_a_page(self) -> int:
        """Return how many assignments are read for a page: a table is worth sorting when it has some."""
        return MOST_ROWS if self._newer_blocks else ROWS_A_PAGE

    async def draw(self, user: str, place: Place, *, key: str | None = None) -> Message:
        """
        Draw the page at *place* for whoever asks for it.

        Raises:
            NotAllowed: It is an admins' list, and they are none.
            SeenBefore: What *key* tells from everything else has come in before.
        """
        if place.list in {ListName.MINE, ListName.ASKED}:
            return await self._own(user, place)
        if place.list in {ListName.DELEGATIONS, ListName.ALL_DELEGATIONS}:
            return with_place(await self._delegations(user, place, key=key), place)
        lists = self._services.request_lists
        if place.list is ListName.PAST:
            past = await lists.past(slack_user=user, after=place.after)
            return with_place(past_requests.past_requests(past), place)
        if place.list is ListName.DECIDED:
            decided, since = await lists.decided(slack_user=user, after=place.after)
            return with_place(decided_list.decided(decided, since=since), place)
        if place.list is ListName.TO_DECIDE:
            waiting = await lists.to_decide(slack_user=user, start=place.start)
            shown = pending_rows.to_decide(waiting, reader=user, is_whole=lists.are_whole)
            return with_place(shown, place)
        if place.list is ListName.PENDING:
            page = await lists.pending(slack_user=user, start=place.start, key=key)
            listed = pending_list.pending(
                page,
                reader=user,
                is_whole=lists.are_whole,
                may_admins_decide=lists.may_admins_decide,
            )
            return with_place(listed, place)
        if place.list is ListName.STUCK:
            held = await lists.stuck(slack_user=user, start=place.start, key=key)
            return with_place(repairing.listed(held), place)
        listing = await self._services.assignment_lists.page(
            slack_user=user, place=place, key=key, rows=self.assignments_a_page
        )
        return await self.listed(listing)

    async def listed(self, listing: Listing, *notes: str) -> Message:
        """
        Draw a page of who has what.

        Args:
            notes: What is to be said besides, a sentence each.
        """
        whom = listing.whom
        said = [each for each in (whom and whom.doubt, listing.note, *notes) if each]
        removing = await self._services.request_lists.being_removed(
            [row.id for row in listing.page.rows]
        )
        facts: dict[str, Any] = {
            "place": listing.place,
            "package": listing.package_name,
            "notes": said,
            "removing": removing,
        }
        drawn = access_list.assignments(listing.page, whom=whom.shown if whom else None, **facts)
        plain = with_place(drawn, listing.place)
        is_of_person = whom is not None or bool(listing.place.entra_ids)
        has_table = self._newer_blocks and not is_of_person
        if not has_table or not assignment_table.has_place(listing.page.rows):
            return plain
        return with_plainer(assignment_table.assignments(listing.page, **facts), plain)

    async def _delegations(self, user: str, place: Place, *, key: str | None) -> Message:
        delegations = self._services.delegations
        if place.list is ListName.DELEGATIONS:
            own = await delegations.list_own(user)
            return delegating.listed_own(own.given, own.received, limits=delegations.limits)
        found = await delegations.list_all(slack_user=user, key=key)
        return delegating.listed_all(found, limits=delegations.limits)

    async def _own(self, user: str, place: Place) -> Message:
        overview = await self._services.request_lists.access_overview(
            user, place if place.after or place.list is ListName.ASKED else None, skip=place.skip
        )
        return with_place(_shown(overview, reader=user), place)


def _shown(overview: AccessOverview, *, reader: str) -> Message:
    return my_access.my_access(
        overview.held,
        overview.waiting,
        reader=reader,
        asked=overview.asked,
        held_under=overview.held_under,
        opens=overview.opens,
        questions=overview.questions,
        is_connected_elsewhere=overview.is_connected_elsewhere,
        is_paused=overview.is_paused,
    )
