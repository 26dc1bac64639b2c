"""Looks for what apply has just made: for many things in one call, and once for all who look at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from bot.provisioning.diff import Change, Deed
from bot.provisioning.refresh import by_kind
from bot.provisioning.retry import Waiting
from bot.provisioning.snapshot import FoundCatalog, Survey
from graph import Graph
from graph.models import AccessPackage, Group, Resource, ResourceRoleScope

Result = TypeVar("Result")

# Who looks within this of the first goes along with it.
TOGETHER: Final = timedelta(milliseconds=20)
# Looks of one kind that are made one by one, since they share one envelope; more of them read a whole list.
FEW: Final = 20


class Shared(Generic[Result]):
    """A reading that is made once for all who ask before it begins; nobody is given one that began before."""

    def __init__(self, read: Callable[[], Awaitable[Result]], waiting: Waiting) -> None:
        self._read = read
        self._waiting = waiting
        self._next: asyncio.Task[Result] | None = None

    async def __call__(self) -> Result:
        if self._next is None:
            self._next = asyncio.create_task(self._soon(), name="look for what was made")
        # Whoever stops waiting must not stop it for the others.
        return await asyncio.shield(self._next)

    async def _soon(self) -> Result:
        await self._waiting.sleep(TOGETHER.total_seconds())
        self._next = None
        return await self._read()


@dataclass(kw_only=True)
class Looking:
    """One method a kind of thing; what is few is looked for one by one, what is much in a list."""

    graph: Graph
    waiting: Waiting
    survey: Survey
    changes: Sequence[Change]
    _shared: dict[str, Shared[Any]] = field(default_factory=dict)

    async def group(self, name: str) -> Group | None:
        """A group of that name."""
        wanted = self._created("group")

        async def read() -> dict[str, list[Group]]:
            return await self.graph.directory.find_groups_each(each.want.name for each in wanted)

        found = (await self._together("groups", read))[name]
        return found[0] if found else None

    async def package(self, catalog_id: str, name: str) -> AccessPackage | None:
        """The package of that name in the catalog."""
        if len(self._created("package")) <= FEW:
            found = await self.graph.packages.find(
                display_name=name, catalog_id=catalog_id, bare=True
            )
        else:
            found = [
                each
                for each in (await self._packages()).values()
                if each.catalog is not None
                and each.catalog.id == catalog_id
                and (each.display_name or "").casefold() == name.casefold()
            ]
        return found[0] if found else None

    async def roles(self, package_id: str) -> list[ResourceRoleScope]:
        """What the package gives."""
        if len(self._created("role")) <= FEW:
            return await self.graph.packages.roles(package_id)
        found = (await self._packages()).get(package_id)
        return found.resource_role_scopes if found else []

    async def incompatible(self, package_id: str) -> dict[tuple[str, str], str]:
        """What the package does not go together with, as `by_kind` has it."""
        wanted = [self.survey.package_id(each.key) for each in self._created("incompatible")]

        async def read() -> dict[str, dict[tuple[str, str], str]]:
            found = await self.graph.packages.incompatible_with_each(wanted)
            return {each: by_kind(*both) for each, both in found.items()}

        return (await self._together("incompatible", read))[package_id]

    async def resource(self, there: FoundCatalog, origin_id: str) -> Resource | None:
        """A resource of the catalog, with its roles; afterwards the catalog knows all that it has."""

        async def read() -> None:
            found = await self.graph.catalogs.resources(there.catalog.id, with_roles=True)
            there.note(found)

        await self._together(f"resources of {there.catalog.id}", read)
        return there.resources.get(origin_id.casefold())

    async def _packages(self) -> dict[str, AccessPackage]:
        async def read() -> dict[str, AccessPackage]:
            return {each.id: each for each in await self.graph.packages.list(bare=True)}

        return await self._together("packages", read)

    async def _together(self, what: str, read: Callable[[], Awaitable[Result]]) -> Result:
        shared = self._shared.get(what)
        if shared is None:
            shared = self._shared[what] = Shared(read, self.waiting)
        found: Result = await shared()
        return found

    def _created(self, kind: str) -> list[Change]:
        return [each for each in self.changes if each.kind == kind and each.deed is Deed.CREATE]
