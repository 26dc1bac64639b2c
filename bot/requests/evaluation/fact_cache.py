"""Keep what has been read for a request for the moment in which it serves once more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot import clock
from bot.people.identity import People
from bot.requests.evaluation.facts import RequestFacts, SharedFacts
from bot.requests.holder_lists import HolderLists
from bot.requests.model import Kind, Request, State
from graph import Graph

# From so many people on, one question about all of them is cheaper than one for each.
WORTH_ONE_QUESTION: Final = 2


class FactCache:
    """Hands out the facts of a request: those read a moment ago, or new ones."""

    def __init__(self, *, graph: Graph, people: People, holders: HolderLists) -> None:
        self._graph = graph
        self._people = people
        self._shared = SharedFacts(graph, holders)
        self._kept: dict[str, RequestFacts] = {}

    async def read_accounts(self, requests: Sequence[Request]) -> None:
        """
        Read the accounts of many who ask together, for their evaluations, which follow at once.

        Raises:
            GraphError: Nobody's could be read; each is read by itself then.
        """
        asking = {
            each.id: (each, each.holder)
            for each in requests
            if each.kind is not Kind.REMOVE and each.holder and each.id not in self._kept
        }
        if len(asking) < WORTH_ONE_QUESTION:
            return
        at = clock.real()
        seen = await self._people.read_accounts(sorted({holder for _, holder in asking.values()}))
        for request, holder in asking.values():
            if holder in seen:
                since = _decided_at(request)
                facts = RequestFacts(
                    self._graph, self._shared, at=at, seen=seen[holder], since=since
                )
                self.keep(request, facts)

    def take(self, request: Request) -> RequestFacts:
        """Return the facts that were read for it a moment ago, which serve once more; or new ones."""
        begun = self._kept.pop(request.id, None)
        if begun is not None and begun.is_fresh:
            return begun
        since = _decided_at(request)
        return RequestFacts(self._graph, self._shared, at=clock.real(), seen=None, since=since)

    def keep(self, request: Request, facts: RequestFacts) -> None:
        """Keep *facts* for the next evaluation of the request, if that follows at once."""
        for old in [each for each, kept in self._kept.items() if not kept.is_fresh]:
            del self._kept[old]
        self._kept[request.id] = facts


def _decided_at(request: Request) -> datetime | None:
    """Return after what moment its facts must be read (real time), because somebody has decided; None: nobody has."""
    was_decided = request.state is State.APPROVED and request.terms and request.terms.stages
    return request.due_at if was_decided else None
