"""Read what a link to an application or a team takes: a few at a time, kept for a day, when all else of a sync is done."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import structlog

from bot import clock
from bot.packages.model import Package
from bot.packages.opening import LinkFacts, Opening, Openings
from graph import Graph
from graph.errors import Forbidden, GraphError, GraphUnavailable, NotFound, Throttled
from graph.models import AccessPackage

log = structlog.get_logger(__name__)

Read = TypeVar("Read")

# What has been read is believed for so long; and after a refusal nothing is asked for so long.
FRESH: Final = timedelta(days=1)
# Of each kind in one sync: five batches.
MOST_READ: Final = 100
# Before it is known that we may read a kind at all, so that a missing permission costs one small call a day.
FIRST_READ: Final = 3


class LinkFactReader:
    """Knows the application behind a service principal and the team of a group, as far as Graph says them."""

    def __init__(self, *, graph: Graph, openings: Openings) -> None:
        self._openings = openings
        self._apps = LinkFactCache(
            "application", graph.applications.each, lambda found: found.app_id
        )
        self._teams = LinkFactCache("team", graph.teams.each, lambda found: found.web_url)

    async def refresh(self, packages: Sequence[AccessPackage]) -> None:
        """Read what is due for links of *packages*; nothing is raised, and nothing throttled is waited for."""
        await self._apps.refresh(self._openings.applications(packages))
        await self._teams.refresh(self._openings.groups(packages))

    def opened(
        self, packages: Sequence[AccessPackage], known: Mapping[str, Package]
    ) -> dict[str, tuple[Opening, ...]]:
        """
        Return what each package opens, by its id, as far as that was read; nothing remote.

        Args:
            known: The packages as they are kept: what was not read opens as it did then.
        """
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
        # When each had its turn last, and when it was answered last.
        self._tried_at: dict[str, datetime] = {}
        self._read_at: dict[str, datetime] = {}
        self._is_permitted = False
        self._resumes_at: datetime | None = None
        self.known: dict[str, str | None] = {}

    async def refresh(self, wanted: Iterable[str]) -> None:
        """Read those of *wanted* that are not known, or not lately; nothing is raised."""
        now = clock.now()
        due = [
            each
            for each in wanted
            if each not in self._read_at or now - self._read_at[each] >= FRESH
        ]
        # First what nobody has looked at yet, so that everything has its turn.
        never = datetime.min.replace(tzinfo=now.tzinfo)
        due.sort(key=lambda each: (self._tried_at.get(each, never), each))
        due = due[:MOST_READ]
        if not self._is_permitted:
            await self._read_some(due[:FIRST_READ], now)
            due = due[FIRST_READ:]
        if self._is_permitted:
            await self._read_some(due, now)

    async def _read_some(self, ids: Sequence[str], now: datetime) -> None:
        """Read these, unless it is to wait, and note what was answered."""
        if not ids or (self._resumes_at is not None and now < self._resumes_at):
            return
        self._tried_at.update(dict.fromkeys(ids, now))
        try:
            found = await self._read(ids)
        except GraphError as error:
            found = dict.fromkeys(ids, error)
        for each, outcome in found.items():
            self._note(each, outcome, now)
        errors = [each for each in found.values() if isinstance(each, GraphError)]
        refused = [each for each in errors if isinstance(each, Forbidden)]
        waits = [each.retry_after for each in errors if each.retry_after is not None]
        if len(refused) == len(found):
            # Of one thing it says nothing of the others: the permission is missing if a first look is refused, too.
            if not self._is_permitted:
                self._resumes_at = now + FRESH
            self._is_permitted = False
        elif any(
            not isinstance(each, GraphError) or isinstance(each, NotFound)
            for each in found.values()
        ):
            self._is_permitted = True
        if waits:
            self._resumes_at = now + min(max(waits), FRESH)
        told = next((each for each in errors if not isinstance(each, NotFound)), None)
        if told is not None:
            log.info("links-not-read", where=self._noun, status=told.status, code=told.code)

    def _note(self, each: str, outcome: Read | GraphError, now: datetime) -> None:
        # What had no answer for now is due again, behind what nobody has looked at.
        if isinstance(outcome, Throttled | GraphUnavailable):
            return
        self._read_at[each] = now
        if isinstance(outcome, NotFound):
            self.known[each] = None
        elif not isinstance(outcome, GraphError):
            self.known[each] = self._fact(outcome)
