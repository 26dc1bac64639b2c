"""Finds names of the tenant's objects that lead back to them and to nothing else."""

from collections.abc import Iterable
from typing import Final

from bot.packages.characters import is_plain
from bot.provisioning.grammar import ENTRA_ROLE, Subject, kind_of_thing
from graph import Graph
from graph.errors import GraphError, NotFound
from graph.models import AccessPackage, AccessPackageResource

# Letters of a name that are thought to be right when the nearest is looked for.
SAME_BEGINNING: Final = 3


class TenantNames:
    """Looks each name up once; where a name is missing or not unique, the id stands for it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._names: dict[tuple[str, str], str] = {}
        self._applications: dict[str, str] = {}
        self._roles: dict[str, set[str]] = {}
        self._role_names: dict[str, str] = {}
        self._packages: list[AccessPackage] | None = None

    def know(self, resources: Iterable[AccessPackageResource]) -> None:
        """Learn the names of applications and Entra roles, which only their catalogs tell."""
        for each in resources:
            if not (each.origin_id and each.display_name):
                continue
            if kind_of_thing(each.origin_system) == ENTRA_ROLE:
                self._roles.setdefault(each.display_name.casefold(), set()).add(each.origin_id)
                self._role_names[each.origin_id] = each.display_name
            else:
                self._applications[each.origin_id] = each.display_name

    async def learn(
        self,
        *,
        people: Iterable[str] = (),
        groups: Iterable[str] = (),
        applications: Iterable[str] = (),
        packages: Iterable[AccessPackage] = (),
    ) -> None:
        """
        Look up many names by their ids, in few calls.

        Raises:
            GraphError: The directory cannot be read.
        """
        self._packages = list(packages)
        graph = self._graph
        users = await graph.users.get_many(people)
        emails = {
            email
            for user in users.values()
            if user is not None
            for email in (user.mail, user.user_principal_name)
            if email
        }
        of_email = await graph.users.find_each(sorted(emails))
        for user_id, user in users.items():
            known = [
                email
                for email in ((user.mail, user.user_principal_name) if user else ())
                if email and [each.id for each in of_email[email]] == [user_id]
            ]
            self._names["person", user_id] = known[0] if known else user_id
        there = await graph.groups.get_many(groups)
        names = {group.display_name for group in there.values() if group and group.display_name}
        of_name = await graph.groups.find_each(sorted(filter(is_plain, names)))
        for group_id, group in there.items():
            name = (group.display_name if group else None) or ""
            same = [each.id for each in of_name.get(name, [])]
            self._names["group", group_id] = name if same == [group_id] else group_id
        wanted = {each: self._applications.get(each, "") for each in applications}
        of_app = await graph.applications.find_each(sorted(set(filter(is_plain, wanted.values()))))
        for application_id, name in wanted.items():
            same = [each.id for each in of_app.get(name, [])]
            leads_back = same == [application_id]
            self._names["application", application_id] = name if leads_back else application_id

    async def label(self, subject: Subject) -> str:
        """Say a subject whose name is an id in the file's words."""
        name = await self.name(subject.kind, subject.name) if subject.name else ""
        return str(Subject(kind=subject.kind, name=name, level=subject.level))

    async def thing(self, origin_system: str | None, origin_id: str) -> str | None:
        """Say a resource of a catalog in the file's words; None: the file has none."""
        kind = kind_of_thing(origin_system)
        return None if kind is None else f"{kind} {await self.name(kind, origin_id)}"

    async def other(self, kind: str, object_id: str, name: str) -> str:
        """Say a package or group that another does not go together with."""
        if kind == "group":
            return f"group {await self.name('group', object_id)}"
        if self._packages is None:
            self._packages = await self._graph.packages.list(named=False)
        folded = name.casefold()
        same = [each for each in self._packages if (each.display_name or "").casefold() == folded]
        return f"package {name if len(same) == 1 and is_plain(name) else object_id}"

    async def name(self, kind: str, object_id: str) -> str:
        """Return the name of a person, group or application, or its id."""
        key = (kind, object_id)
        if key not in self._names:
            try:
                self._names[key] = await self._look(kind, object_id) or object_id
            except NotFound:
                self._names[key] = object_id
        return self._names[key]

    async def _look(self, kind: str, object_id: str) -> str | None:
        graph = self._graph
        if kind == "person":
            user = await graph.users.get(object_id)
            for email in filter(None, (user.mail, user.user_principal_name)):
                if [each.id for each in await graph.users.find(email=email)] == [user.id]:
                    return email
        if kind == "group":
            name = (await graph.groups.get(object_id)).display_name or ""
            groups = await graph.groups.find(display_name=name) if is_plain(name) else []
            return name if [each.id for each in groups] == [object_id] else None
        if kind in ("application", "service principal"):
            name = self._applications.get(object_id, "")
            found = await graph.applications.find(display_name=name) if is_plain(name) else []
            return name if [each.id for each in found] == [object_id] else None
        if kind == ENTRA_ROLE:
            name = self._role_names.get(object_id, "")
            is_one = self._roles.get(name.casefold()) == {object_id}
            return name if is_plain(name) and is_one else None
        return None


async def names_like(graph: Graph, kind: str, name: str) -> list[str]:
    """
    List what the tenant has of that kind whose name begins as *name* does, to name the nearest.

    Nothing where it cannot be asked: a suggestion is worth no failure of its own.
    """
    beginning = name[:SAME_BEGINNING]
    try:
        if kind == "group":
            return [each.display_name or "" for each in await graph.groups.starting_with(beginning)]
        if kind in ("application", "service principal"):
            found = await graph.applications.starting_with(beginning)
            return [each.display_name or "" for each in found]
        if kind == "person":
            users = await graph.users.starting_with(beginning)
            return [each.mail or each.user_principal_name or "" for each in users]
    except GraphError:
        return []
    return []
