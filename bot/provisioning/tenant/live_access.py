"""Reads who has what right now, so that nothing that somebody has is taken away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from graph import Graph
from graph.models import AccessPackage, AccessPackageAssignment


@dataclass(kw_only=True)
class LiveAccess:
    """
    Live access, read once for each package, policy and person.

    Attributes:
        known: The packages to look at; None: every package of the tenant, read when it is needed.
    """

    graph: Graph
    known: list[AccessPackage] | None = None
    _assignments: dict[tuple[str, str], list[AccessPackageAssignment]] = field(default_factory=dict)
    _open: dict[str, int] = field(default_factory=dict)

    async def packages(self) -> list[AccessPackage]:
        """Return the packages that are looked at."""
        if self.known is None:
            self.known = await self.graph.packages.list(named=False)
        return self.known

    async def assignments(self, kind: str, object_id: str) -> list[AccessPackageAssignment]:
        """Return live assignments of a package, under a policy, or of a person; none of anything else."""
        if kind not in ("package", "policy", "person"):
            return []
        key = (kind, object_id)
        if key not in self._assignments:
            found = await self.graph.assignments.list(
                package_id=object_id if kind == "package" else None,
                policy_id=object_id if kind == "policy" else None,
                user_id=object_id if kind == "person" else None,
            )
            self._assignments[key] = [each for each in found if not each.is_expired]
        return self._assignments[key]

    async def say_open_requests(self, package_id: str) -> str | None:
        """Say how many requests for a package are still under way; None if none is."""
        if package_id not in self._open:
            found = await self.graph.assignment_requests.list(package_id=package_id)
            self._open[package_id] = sum(not each.is_over for each in found)
        count = self._open[package_id]
        if not count:
            return None
        return f"{count} {'request is' if count == 1 else 'requests are'} under way"

    async def packages_in(self, catalog_id: str) -> list[AccessPackage]:
        """Return the packages in a catalog."""
        return [
            each for each in await self.packages() if each.catalog and each.catalog.id == catalog_id
        ]

    async def packages_giving(
        self, origin_id: str, *, without: Iterable[tuple[str, str]] = ()
    ) -> list[AccessPackage]:
        """
        Return the packages that give a role of a group, application or site.

        Args:
            without: Roles that are about to be taken away: ids of package and role.
        """
        going = set(without)
        return [
            package
            for package in await self.packages()
            if any(
                each.scope is not None
                and (each.scope.origin_id or "").casefold() == origin_id.casefold()
                and (package.id, each.id) not in going
                for each in package.resource_role_scopes
            )
        ]

    async def packages_held_through(self, person_id: str, group_id: str) -> list[AccessPackage]:
        """Return the packages that a person has and that give a group."""
        giving = await self.packages_giving(group_id)
        if not giving:
            return []
        assignments = await self.assignments("person", person_id)
        ids = {each.access_package.id for each in assignments if each.access_package}
        return [each for each in giving if each.id in ids]


def say_assignments(live: list[AccessPackageAssignment]) -> str | None:
    """Say how many assignments are live; None if none is."""
    if not live:
        return None
    return (
        "1 assignment is live; end it first"
        if len(live) == 1
        else f"{len(live)} assignments are live; end them first"
    )


def say_giving(packages: Sequence[AccessPackage]) -> str | None:
    """Say which packages give something; None if none does."""
    return (
        f"{say_packages(packages)} {'gives' if len(packages) == 1 else 'give'} it"
        if packages
        else None
    )


def say_packages(packages: Iterable[AccessPackage]) -> str:
    """Name the packages, for people to read."""
    return ", ".join(sorted(f"package {each.display_name or each.id}" for each in packages))
