"""Read what a page of the admins' console shows, and draw it; every page checks anew who looks."""

from typing import Any, Final

from bot.assignments.lists import AssignmentLists
from bot.assignments.search import Listing, WhichPerson
from bot.console.model import OF_PEOPLE, ConsolePage, Tab
from bot.database import Busy, Store
from bot.errors import LatchkeyError, NotAllowed, UnknownPackage, WhichPackage
from bot.messages import console
from bot.messages.parts import Block, escape, section
from bot.people.guard import Guard
from bot.requests.lists import RequestLists
from bot.requests.model import Kind
from bot.requests.store import request_lists

NOT_READ: Final = "I can't look that up right now. Please try again in a minute."


class ConsoleViews:
    """Draws the console for admins, and the reason for everybody else."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        requests: RequestLists,
        assignments: AssignmentLists,
    ) -> None:
        self._store = store
        self._guard = guard
        self._requests = requests
        self._assignments = assignments

    async def drawn(
        self, slack_user: str, page: ConsolePage, *, note: str | None = None
    ) -> dict[str, Any]:
        """
        Draw a page of the console as of now; for a search, Slack and Entra may be asked.

        Args:
            note: What has just happened, a sentence fit for Slack.
        """
        try:
            await self._guard.check_admin(slack_user)
            content, page = await self._content(slack_user, page)
        except NotAllowed as refusal:
            return console.refused(str(refusal))
        except WhichPerson as several:
            content = console.which_person(
                page, several.name, several.people, package_id=several.package_id
            )
        except UnknownPackage as unknown:
            content = console.which_package(page, str(unknown), unknown.near)
        except WhichPackage as which:
            content = console.which_package(
                page, f"“{which.asked}” may be several packages.", which.choices
            )
        except LatchkeyError as error:
            content = [section(escape(str(error)))]
        except Busy:
            content = [section(NOT_READ)]
        return console.view(page, content, note=note)

    async def _content(self, slack_user: str, page: ConsolePage) -> tuple[list[Block], ConsolePage]:
        """
        Return what a page shows, and the page itself, with the list that its search has found.

        Raises:
            NotAllowed: Not an admin.
            LatchkeyError: It is not known who or what is meant.
        """
        if page.tab is Tab.PENDING:
            found = await self._requests.pending(slack_user=slack_user, start=page.start)
            return console.pending(page, found), page
        if page.tab is Tab.STUCK:
            held = await self._requests.stuck(slack_user=slack_user, start=page.start)
            return console.stuck(page, held), page
        if page.place is None and not page.sought and page.tab in OF_PEOPLE:
            return console.nobody_chosen(), page
        listing = await self._listing(slack_user, page)
        page = page.at(listing.place)
        return await self._listed(page, listing), page

    async def _listing(self, slack_user: str, page: ConsolePage) -> Listing:
        if page.place is not None:
            return await self._assignments.page(slack_user=slack_user, place=page.place)
        return await self._assignments.look_up(slack_user=slack_user, text=page.sought)

    async def _listed(self, page: ConsolePage, listing: Listing) -> list[Block]:
        rows, whom = listing.page.rows, listing.whom
        asked = await self._store.read(request_lists.open_for_assignments, [row.id for row in rows])
        removing = {each.assignment_id or "" for each in asked if each.kind is Kind.REMOVE}
        shown = whom.shown if whom else None
        if shown is None and listing.place.entra_ids:
            shown = page.sought if page.sought.startswith("<@") else escape(page.sought)
        return console.assignments(
            page,
            listing.page,
            place=listing.place,
            package=listing.package.name if listing.package else None,
            whom=shown,
            notes=[each for each in (whom and whom.doubt, listing.note) if each],
            removing=removing,
        )
