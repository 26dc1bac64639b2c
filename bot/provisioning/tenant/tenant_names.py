"""Find names of the tenant's objects that lead back to them and to nothing else."""

from collections.abc import Iterable, Mapping, Sequence

from bot.provisioning.file_format.grammar import Subject, kind_of_thing
from bot.provisioning.names import find_name_kind, name_kind
from bot.provisioning.names.base import NamingContext
from graph import Graph
from graph.models import AccessPackage, AccessPackageResource


class TenantNames:
    """Looks each name up once; where a name is missing or not unique, the id stands for it."""

    def __init__(self, graph: Graph) -> None:
        self._context = NamingContext(graph=graph)
        self._names: dict[tuple[str, str], str] = {}

    def know(self, resources: Iterable[AccessPackageResource]) -> None:
        """Learn the names of applications and Entra roles, which only their catalogs tell."""
        self._context.know(resources)

    async def learn(
        self, wanted: Mapping[str, Iterable[str]], *, packages: Sequence[AccessPackage]
    ) -> None:
        """
        Look up many names by their ids, in few calls.

        Args:
            wanted: Ids by the file's word for their kind.
            packages: Every package of the tenant.

        Raises:
            GraphError: The directory cannot be read.
        """
        self._context.packages = packages
        for kind, ids in wanted.items():
            every = list(dict.fromkeys(ids))
            found = await name_kind(kind).names_of(every, self._context)
            self._names |= {(kind, each): found.get(each, each) for each in every}

    async def label(self, subject: Subject) -> str:
        """Say a subject whose name is an id in the file's words."""
        name = await self.name(subject.kind, subject.name) if subject.name else ""
        return str(Subject(kind=subject.kind, name=name, level=subject.level))

    async def thing(self, origin_system: str | None, origin_id: str) -> str | None:
        """Say a resource of a catalog in the file's words; None: the file has none."""
        kind = kind_of_thing(origin_system)
        return None if kind is None else f"{kind} {await self.name(kind, origin_id)}"

    async def name(self, kind: str, object_id: str) -> str:
        """
        Return the name of an object that leads back to it, or its id.

        Args:
            kind: The file's word for it, such as "group".

        Raises:
            GraphError: The tenant cannot be read.
        """
        key = (kind, object_id)
        if key not in self._names:
            names = find_name_kind(kind)
            found = await names.names_of([object_id], self._context) if names else {}
            self._names[key] = found.get(object_id, object_id)
        return self._names[key]
