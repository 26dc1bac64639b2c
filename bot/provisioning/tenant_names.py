"""What the tenant's objects are called, in names that lead back to them and to nothing else."""

from collections.abc import Iterable

from bot.provisioning.words import THINGS, Subject
from graph import Graph
from graph.errors import NotFound
from graph.models import Resource


class TenantNames:
    """Looks each name up once; where a name is missing or not unique, the id stands for it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._names: dict[tuple[str, str], str] = {}
        self._applications: dict[str, str] = {}

    def know(self, resources: Iterable[Resource]) -> None:
        """Learn the applications' names, which only their catalogs tell."""
        for each in resources:
            if each.origin_id and each.display_name:
                self._applications[each.origin_id] = each.display_name

    async def label(self, subject: Subject) -> str:
        """A subject whose name is an id, in the file's words."""
        name = await self.name(subject.kind, subject.name) if subject.name else ""
        return str(Subject(kind=subject.kind, name=name, level=subject.level))

    async def thing(self, origin_system: str | None, origin_id: str) -> str:
        """What a catalog holds, in the file's words."""
        folded = (origin_system or "").casefold()
        kind = next(
            (word for word, system in THINGS.items() if system.casefold() == folded), "site"
        )
        return f"{kind} {await self.name(kind, origin_id)}"

    async def other(self, kind: str, object_id: str, name: str) -> str:
        """A package or group that another does not go together with."""
        if kind == "group":
            return f"group {await self.name('group', object_id)}"
        same = await self._graph.packages.find(display_name=name)
        return f"package {name if len(same) == 1 and _is_plain(name) else object_id}"

    async def name(self, kind: str, object_id: str) -> str:
        """The name of a person, group or application, or its id."""
        key = (kind, object_id)
        if key not in self._names:
            try:
                self._names[key] = await self._look(kind, object_id) or object_id
            except NotFound:
                self._names[key] = object_id
        return self._names[key]

    async def _look(self, kind: str, object_id: str) -> str | None:
        directory = self._graph.directory
        if kind == "person":
            user = await directory.user(object_id)
            for email in filter(None, (user.mail, user.user_principal_name)):
                if [each.id for each in await directory.find_users(email=email)] == [user.id]:
                    return email
        if kind == "group":
            name = (await directory.group(object_id)).display_name or ""
            groups = await directory.find_groups(display_name=name) if _is_plain(name) else []
            return name if [each.id for each in groups] == [object_id] else None
        if kind in ("application", "service principal"):
            name = self._applications.get(object_id, "")
            found = await directory.find_applications(display_name=name) if _is_plain(name) else []
            return name if [each.id for each in found] == [object_id] else None
        return None


def _is_plain(name: str) -> bool:
    return bool(name) and " ".join(name.split()) == name
