"""
Ask each kind of name the same questions.

To add a kind: write a module with a class of these, and enter it in ``NAME_KINDS``.
"""

from abc import ABC
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar, Final, TypeVar

from bot.provisioning.file_format.grammar import ENTRA_ROLE, GUID, kind_of_thing
from bot.provisioning.file_format.model import File
from bot.same_name import spellings
from bot.suggestions import nearest
from graph import Graph
from graph.errors import GraphError
from graph.models import AccessPackage, AccessPackageResource, Application, Group

# Letters of a name that are thought to be right when the nearest is looked for.
SAME_BEGINNING: Final = 3

Found = TypeVar("Found", Group, Application)


@dataclass(kw_only=True)
class LookupContext:
    """
    Looking up ids by names.

    Attributes:
        packages: Every package of the tenant.
        in_catalogs: Origin ids of sites and Entra roles, whose names only catalogs tell, by the file's word and the
            folded name.
        applications: The applications that were found, by id.
        renamed: Groups that the tenant has under the name that they had before: ids by the new name, folded.
    """

    graph: Graph
    file: File
    packages: Sequence[AccessPackage] = ()
    in_catalogs: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class NamingContext:
    """
    Looking up names by ids.

    Attributes:
        applications: Names of applications by id, as catalogs tell them.
        roles: Names of Entra roles by id, as catalogs tell them.
        packages: Every package of the tenant; None: not read yet.
    """

    graph: Graph
    applications: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    packages: Sequence[AccessPackage] | None = None

    def know(self, resources: Iterable[AccessPackageResource]) -> None:
        """Learn the names of applications and Entra roles, which only their catalogs tell."""
        for each in resources:
            if each.origin_id and each.display_name:
                is_role = kind_of_thing(each.origin_system) == ENTRA_ROLE
                known = self.roles if is_role else self.applications
                known[each.origin_id] = each.display_name

    async def all_packages(self) -> Sequence[AccessPackage]:
        """Return every package of the tenant, read once."""
        if self.packages is None:
            self.packages = await self.graph.packages.list(named=False)
        return self.packages


async def find_in_any_spelling(
    find_each: Callable[[Iterable[str]], Awaitable[Mapping[str, Sequence[Found]]]],
    names: Iterable[str],
) -> dict[str, list[Found]]:
    """
    Find what has these names, however the accents of them were typed into Entra.

    Args:
        find_each: Finds what has names that Graph compares character by character.
    """
    ways = {name: spellings(name) for name in names}
    found = await find_each(list(dict.fromkeys(chain.from_iterable(ways.values()))))
    return {
        name: list({each.id: each for spelled in known for each in found.get(spelled, ())}.values())
        for name, known in ways.items()
    }


class NameKind(ABC):
    """
    One kind of name.

    Attributes:
        words: The file's words before such a name.
    """

    words: ClassVar[tuple[str, ...]]

    def id_written(self, name: str) -> str | None:
        """Return the id where the name is one itself; None: it must be looked up."""
        return name.lower() if GUID.fullmatch(name) else None

    def described(self, file: File, name: str) -> list[str]:
        """Find what the file itself describes under that name, by what it is known by."""
        del file, name
        return []

    async def look_up(
        self, names: Mapping[str, str], context: LookupContext
    ) -> dict[str, list[str]]:
        """
        Look up many names in few calls.

        Args:
            names: By the folded name, as the file spells it.

        Returns:
            The ids that each has in the tenant, by the folded name.

        Raises:
            GraphError: The tenant cannot be read.
        """
        del names, context
        return {}

    async def say_missing(
        self, word: str, name: str, context: LookupContext, *, known: Iterable[str]
    ) -> str:
        """
        Say that the tenant has nothing of that name, and what is near.

        Args:
            known: Names of the kind that were understood.
        """
        near = [
            *known,
            *self.candidates(context),
            *await self.names_near(context.graph, name),
        ]
        return f"The tenant has no {word} “{name}”.{nearest(name, near)}"

    def candidates(self, context: LookupContext) -> list[str]:
        """Return names that are known without asking the tenant."""
        del context
        return []

    async def names_near(self, graph: Graph, name: str) -> list[str]:
        """
        List what the tenant has whose name begins as *name* does, to name the nearest.

        Nothing where it cannot be asked: a suggestion is worth no failure of its own.
        """
        try:
            return await self.names_like(graph, name[:SAME_BEGINNING])
        except GraphError:
            return []

    async def names_like(self, graph: Graph, beginning: str) -> list[str]:
        """
        List what the tenant has whose name begins so.

        Raises:
            GraphError: The tenant cannot be asked.
        """
        del graph, beginning
        return []

    async def names_of(self, ids: Iterable[str], context: NamingContext) -> dict[str, str]:
        """
        Find names by ids, in few calls; only names that lead back to the id and to nothing else.

        Raises:
            GraphError: The tenant cannot be read.
        """
        del ids, context
        return {}
