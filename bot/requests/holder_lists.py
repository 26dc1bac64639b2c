"""Read who has a package in one list, for the many who ask about it at the same time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.requests.shared_reads import FreshCache, RecentCounter
from graph import Graph
from graph.models import AccessPackageAssignment

# From so many looks at a package within a moment on, a list of its holders costs less than asking for each person.
CROWD: Final = 6
# For so many looks one page may be read: each of them would be a read by itself.
LOOKS_A_PAGE: Final = 2
# What takes longer to read holds everybody up.
PAGES_AT_MOST: Final = 4
# A package with more holders than that will not have fewer soon.
MANY_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Longer:
    """A list was found to be longer than so many pages, at a moment (real time)."""

    pages: int
    at: datetime


class HolderLists:
    """Lists a package's holders while many ask about it, and the list is short for so many."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._crowds: RecentCounter[str] = RecentCounter(up_to=LOOKS_A_PAGE * PAGES_AT_MOST)
        self._lists = FreshCache(self._read)
        self._longer: dict[str, Longer] = {}

    def note(self, package_id: str) -> None:
        """Count one more request that asks about a package; a list pays from `CROWD` on."""
        self._crowds.note(package_id)

    async def get(
        self, package_id: str, *, since: datetime | None = None
    ) -> list[AccessPackageAssignment] | None:
        """
        Return everybody who has a package, or is about to have it; None: ask for each person.

        Args:
            since: What began to be read before then (real time) does not count.
        """
        if self._crowds.count(package_id) < CROWD or self._is_known_long(package_id):
            return None
        return await self._lists.get(package_id, since=since)

    def _is_known_long(self, package_id: str) -> bool:
        known = self._longer.get(package_id)
        if known is None or clock.real() - known.at >= MANY_FOR:
            return False
        return self._pages_for(package_id) <= known.pages

    def _pages_for(self, package_id: str) -> int:
        return self._crowds.count(package_id) // LOOKS_A_PAGE

    async def _read(self, package_id: str) -> list[AccessPackageAssignment] | None:
        pages = self._pages_for(package_id)
        found = await self._graph.assignments.holders_if_few(package_id, pages=pages)
        if found is None:
            self._longer[package_id] = Longer(pages=pages, at=clock.real())
        return found
