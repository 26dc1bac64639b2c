"""Confirm that known people are still who they were in Slack, page by page, in few calls."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.assignments.store import links
from bot.people.identity import People
from bot.slack.profiles import SlackUser
from bot.sync.members import PAGES_A_SYNC
from bot.sync.turns import Transactions

# A link that has stopped being true is dropped within this time, if there are no more people than that allows.
LOOK_AGAIN_AFTER: Final = timedelta(days=1)


class Rechecks:
    """
    Confirms many links at once, where nothing has changed.

    Whoever has several Slack accounts, is not listed, or is not who they were, is left to be looked for by themselves.
    """

    def __init__(self, *, store: Transactions, people: People) -> None:
        self._store = store
        self._people = people
        self._began_at: datetime | None = None
        # Where the next page begins; None: no scan is under way.
        self._cursor: str | None = None
        self.is_scanning = False

    @property
    def may_begin(self) -> bool:
        """Return True if the last scan began so long ago that another may find more than it left over."""
        return self._began_at is None or clock.real() - self._began_at >= LOOK_AGAIN_AFTER

    async def scan(self) -> None:
        """
        Go on for some pages, or begin.

        Raises:
            SlackError, GraphError: It could not be read; the next call goes on from the same page.
        """
        if not self.is_scanning:
            self.is_scanning, self._cursor, self._began_at = True, None, clock.real()
        for _ in range(PAGES_A_SYNC):
            profiles, cursor = await self._people.members_page(self._cursor)
            await self._confirm(profiles)
            self._cursor = cursor
            if not cursor:
                self.is_scanning = False
                return

    def restart(self) -> None:
        """Begin anew when it is time; what was confirmed stays."""
        self.is_scanning = False

    async def _confirm(self, profiles: Sequence[SlackUser]) -> None:
        by_id = {each.id: each for each in profiles}
        known = await self._store.read(
            links.to_confirm, list(by_id), looked_up_before=clock.real() - LOOK_AGAIN_AFTER
        )
        if not known:
            return
        owners = await self._people.identify_owners([by_id[each] for each in known])
        same = {known[each]: each for each in known if owners.get(each) == known[each]}
        await self._store.run(links.confirm, same)
