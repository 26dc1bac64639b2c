"""Read what a link to an application or a team takes: a few at a time, kept for a day, and never in the way of a sync."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import structlog

from bot import clock
from bot.packages.model import Package
from bot.packages.opening import LinkFacts, Opening, Openings
from graph import Graph
from graph.errors import Forbidden, GraphError, NotFound
from graph.models import AccessPackage

log = structlog.get_logger(__name__)

Read = TypeVar("Read")

# What has been read is believed for so long; and after a refusal nothing is asked for so long.
FRESH: Final = timedelta(days=1)
# Of each kind in one sync: five batches.
MOST_READ: Final = 100


class LinkFactReader:
    """Knows the application behind a service principal and the team of a group, as far as Graph says them."""

    def __init__(self, *, graph: Graph, openings: Openings) -> None:
        self._openings = openings
        self._apps = LinkFactCache(
            "application", graph.applications.each, lambda found: found.app_id
        )
        self._teams = LinkFactCache("team", graph.teams.each, lambda found: found.web_url)

    async def opened(
        self, packages: Sequence[AccessPackage], known: Mapping[str, Package]
    ) -> dict[str, tuple[Opening, ...]]:
        """
        Return what each package opens, by its id.

        Args:
            known: The packages of the last sync: what cannot be read now opens as it did then.
        """
        await self._apps.refresh(self._openings.applications(packages))
        await self._teams.refresh(self._openings.groups(packages))
        facts = LinkFacts(
            app_ids=self._apps.known,
            team_urls=self._teams.known,
            before={each.origin_id: each for package in known.values() for each in package.opens},
        )
        return {package.id: self._openings.of(package, facts) for package in packages}


class LinkFactCache(Generic[Read]):
    """Reads one fact of each thing of a kind, by the id of the thing; None where there is none."""

    def __init__(
        self,
        noun: str,
        read: Callable[[Iterable[str]], Awaitable[dict[str, Read | GraphError]]],
        fact: Callable[[Read], str | None],
    ) -> None:
        self._noun = noun
        self._read = read
        self._fact = fact
        self._read_at: dict[str, datetime] = {}
        self._refused_at: datetime | None = None
        self.known: dict[str, str | None] = {}

    async def refresh(self, wanted: Iterable[str]) -> None:
        """Read those of *wanted* that are not known, or not lately; nothing is raised."""
        now = clock.now()
        if self._refused_at is not None and now - self._refused_at < FRESH:
            return
        due = [
            each
            for each in wanted
            if each not in self._read_at or now - self._read_at[each] >= FRESH
        ]
        if not due:
            return
        # First what nobody has looked at yet, so that everything has its turn.
        due.sort(
            key=lambda each: (
                self._read_at.get(each, datetime.min.replace(tzinfo=now.tzinfo)),
                each,
            )
        )
        try:
            found = await self._read(due[:MOST_READ])
        except GraphError as error:
            self._not_read(error, now)
            return
        for each, outcome in found.items():
            if isinstance(outcome, Forbidden):
                self._not_read(outcome, now)
                return
            # What cannot be read has had its turn as well.
            self._read_at[each] = now
            if isinstance(outcome, NotFound):
                self.known[each] = None
            elif not isinstance(outcome, GraphError):
                self.known[each] = self._fact(outcome)

    def _not_read(self, error: GraphError, now: datetime) -> None:
        if isinstance(error, Forbidden):
            # A permission that few need: whoever gives it need not start anything anew.
            self._refused_at = now
        log.info("links-not-read", of=self._noun, status=error.status, code=error.code)
