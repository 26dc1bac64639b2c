"""Draw a page of any list that people see in an answer: for the command, for Next, and anew after a press in it."""

from bot.assignments.search import Listing
from bot.messages import asking, deciding, pending_rows, repairing
from bot.messages.parts import Message
from bot.messages.placed_lists import with_place
from bot.paging import ListName, Place
from bot.requests.overview import AccessOverview
from handlers.services import Services


class Lists:
    """The lists of what people have and wait for, each page with its rows marked."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def draw(self, user: str, place: Place, *, key: str | None = None) -> Message:
        """
        Draw the page at *place* for whoever asks for it.

        Raises:
            NotAllowed: It is an admins' list, and they are none.
            SeenBefore: What *key* tells from everything else has come in before.
        """
        if place.list in {ListName.MINE, ListName.ASKED}:
            return await self._own(user, place)
        if place.list is ListName.TO_DECIDE:
            waiting = await self._services.request_lists.to_decide(
                slack_user=user, start=place.start
            )
            return with_place(pending_rows.to_decide(waiting, reader=user), place)
        if place.list is ListName.PENDING:
            page = await self._services.request_lists.pending(
                slack_user=user, start=place.start, key=key
            )
            return with_place(deciding.pending(page, reader=user), place)
        if place.list is ListName.HELD:
            held = await self._services.request_lists.stuck(
                slack_user=user, start=place.start, key=key
            )
            return with_place(repairing.listed(held), place)
        listing = await self._services.assignment_lists.page(slack_user=user, place=place, key=key)
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
        drawn = deciding.assignments(
            listing.page,
            place=listing.place,
            package=listing.package.name if listing.package else None,
            whom=whom.shown if whom else None,
            notes=said,
            removing=removing,
        )
        return with_place(drawn, listing.place)

    async def _own(self, user: str, place: Place) -> Message:
        overview = await self._services.request_lists.access_overview(
            user, place if place.after or place.list is ListName.ASKED else None, skip=place.skip
        )
        return with_place(_shown(overview), place)


def _shown(overview: AccessOverview) -> Message:
    return asking.my_access(
        overview.held,
        overview.waiting,
        asked=overview.asked,
        extendable=overview.extendable,
    )
