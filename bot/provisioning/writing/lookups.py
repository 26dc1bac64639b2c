"""Looks for what apply has just made: for many things in one call, and once for all who look at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from bot.provisioning.writing.diff import Change, Operation
from bot.provisioning.writing.retry import Retrier
from graph import Graph
from graph.models import AccessPackage

Result = TypeVar("Result")

# Who looks within this of the first goes along with it.
TOGETHER: Final = timedelta(milliseconds=20)
# Looks of one kind that are made one by one, since they share one batch; more of them read a whole list.
FEW: Final = 20
# The name of the task of each reading.
LOOKING: Final = "look for what was made"


class SharedRead(Generic[Result]):
    """A reading that is made once for all who ask before it begins; nobody is given one that began before."""

    def __init__(self, read: Callable[[], Awaitable[Result]], retrier: Retrier) -> None:
        self._read = read
        self._retrier = retrier
        self._next: asyncio.Task[Result] | None = None
        self._begun: set[asyncio.Task[Result]] = set()

    async def __call__(self) -> Result:
        if self._next is None:
            self._next = asyncio.create_task(self._soon(), name=LOOKING)
            self._begun.add(self._next)
            self._next.add_done_callback(self._begun.discard)
        # Whoever stops waiting must not stop it for the others.
        return await asyncio.shield(self._next)

    async def stop(self) -> None:
        """Give up what is being read; nobody waits for it any more."""
        begun = list(self._begun)
        for each in begun:
            each.cancel()
        await asyncio.gather(*begun, return_exceptions=True)

    async def _soon(self) -> Result:
        await self._retrier.sleep(TOGETHER.total_seconds())
        self._next = None
        return await self._read()


@dataclass(kw_only=True)
class Lookups:
    """Readings that the changes of one apply share."""

    graph: Graph
    retrier: Retrier
    changes: Sequence[Change]
    _shared: dict[str, SharedRead[Any]] = field(default_factory=dict)

    async def together(self, what: str, read: Callable[[], Awaitable[Result]]) -> Result:
        """
        Read, once for all who look for *what* at the same time.

        Raises:
            GraphError: The tenant cannot be read.
        """
        shared = self._shared.get(what)
        if shared is None:
            shared = self._shared[what] = SharedRead(read, self.retrier)
        found: Result = await shared()
        return found

    async def packages(self) -> dict[str, AccessPackage]:
        """Read every package of the tenant, by id; bare, without policies."""

        async def read() -> dict[str, AccessPackage]:
            return {each.id: each for each in await self.graph.packages.list(bare=True)}

        return await self.together("packages", read)

    async def stop(self) -> None:
        """Give up what is still being read, before the connection is closed under it."""
        for shared in self._shared.values():
            await shared.stop()

    def created(self, kind: str) -> list[Change]:
        """Return what the plan creates of a kind."""
        return [
            each
            for each in self.changes
            if each.kind == kind and each.operation is Operation.CREATE
        ]
