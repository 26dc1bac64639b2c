"""Who holds what right now, and what of the tenant that access rests on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.provisioning.diff import Change
from graph import Graph
from graph.models import AccessPackage, Assignment


@dataclass(kw_only=True)
class Held:
    """
    Live access, looked up once for each package, policy and person.

    Attributes:
        packages: Every package of the tenant.
    """

    graph: Graph
    packages: list[AccessPackage]
    _found: dict[tuple[str, str], list[Assignment]] = field(default_factory=dict)
    _open: dict[str, int] = field(default_factory=dict)

    async def by(self, kind: str, object_id: str) -> list[Assignment]:
        """Live assignments of a package, under a policy, or of a person; none of anything else."""
        if kind not in ("package", "policy", "person"):
            return []
        key = (kind, object_id)
        if key not in self._found:
            found = await self.graph.assignments.list(
                package_id=object_id if kind == "package" else None,
                policy_id=object_id if kind == "policy" else None,
                user_id=object_id if kind == "person" else None,
            )
            self._found[key] = [each for each in found if not each.is_expired]
        return self._found[key]

    async def waiting_for(self, package_id: str) -> str | None:
        """How many requests for a package are still under way, in words; None if none is."""
        if package_id not in self._open:
            found = await self.graph.assignments.list_requests(package_id=package_id)
            self._open[package_id] = sum(not each.is_over for each in found)
        waiting = self._open[package_id]
        if not waiting:
            return None
        return f"{waiting} {'request is' if waiting == 1 else 'requests are'} under way"

    def giving(
        self, origin_id: str, *, without: Iterable[tuple[str, str]] = ()
    ) -> list[AccessPackage]:
        """
        The packages that give a role of a group, application or site.

        Args:
            without: Roles that are about to be taken away: ids of package and role.
        """
        going = set(without)
        return [
            package
            for package in self.packages
            if any(
                each.scope is not None
                and (each.scope.origin_id or "").casefold() == origin_id.casefold()
                and (package.id, each.id) not in going
                for each in package.resource_role_scopes
            )
        ]

    async def through(self, person_id: str, group_id: str) -> list[AccessPackage]:
        """The packages that a person holds and that give a group."""
        giving = self.giving(group_id)
        if not giving:
            return []
        held = await self.by("person", person_id)
        ids = {each.access_package.id for each in held if each.access_package}
        return [each for each in giving if each.id in ids]

    async def why(self, kind: str, object_id: str, within: Mapping[str, str]) -> str | None:
        """Why deleting this would take away what somebody holds, or loses who waits; None if it would not."""
        if kind in ("package", "policy", "person"):
            live = counted(await self.by(kind, object_id))
            return live or (await self.waiting_for(object_id) if kind == "package" else None)
        if kind == "role":
            return counted(await self.by("package", within["package"]))
        if kind == "member":
            return given_by(await self.through(object_id, within["group"]))
        if kind == "group":
            return given_by(self.giving(object_id))
        return None


async def holdings(graph: Graph) -> Held:
    """Who holds what, beginning from every package that the tenant has now."""
    return Held(graph=graph, packages=await graph.packages.list(named=False))


def counted(live: list[Assignment]) -> str | None:
    """How many assignments are live, in words; None if none is."""
    if not live:
        return None
    return (
        "1 assignment is live; end it first"
        if len(live) == 1
        else f"{len(live)} assignments are live; end them first"
    )


def given_by(packages: Sequence[AccessPackage]) -> str | None:
    """Which packages give something, in words; None if none does."""
    return (
        f"{names_of(packages)} {'gives' if len(packages) == 1 else 'give'} it" if packages else None
    )


def names_of(packages: Iterable[AccessPackage]) -> str:
    """The packages, by name, for people to read."""
    return ", ".join(sorted(f"package {each.display_name or each.id}" for each in packages))


def roles_to_go(changes: Iterable[Change]) -> set[tuple[str, str]]:
    """Ids of package and role for every role that the changes take away."""
    return {
        (each.within["package"], each.object_id)
        for each in changes
        if each.kind == "role" and each.object_id and each.within.get("package")
    }
