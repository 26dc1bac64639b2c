"""Reads who has what right now, and whom policies name, so that nothing that somebody has or needs is taken away."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from bot.provisioning.policy_translation.from_graph import subject_of, subject_sets_of
from graph import Graph
from graph.models import AccessPackage, AccessPackageAssignment, AssignmentPolicy, SubjectSet


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
    _policies: list[AssignmentPolicy] | None = None
    _apart: dict[str, set[str]] | None = None

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

    async def say_named(
        self,
        kind: str,
        object_id: str,
        *,
        settled: Container[str] = frozenset(),
        apart: Container[str] = frozenset(),
    ) -> str | None:
        """
        Say which policy names a person or group, or which package does not go together with it; None if none does.

        Without it nobody could ask, or decide, or what was kept apart would go together.

        Args:
            settled: Ids of the policies and packages that do not count: the file describes them, or they go.
            apart: Ids of packages of which the file says what they do not go together with.
        """
        packages = {each.id: each for each in await self.packages()}
        for policy in await self._every_policy():
            package_id = policy.access_package.id if policy.access_package else ""
            is_settled = policy.id in settled or package_id in settled
            if is_settled or package_id not in packages:
                continue
            named = map(subject_of, [*subject_sets_of(policy), *_askers_for_others(policy)])
            if any(each.kind == kind and each.name.casefold() == object_id for each in named):
                name = packages[package_id].display_name or package_id
                return f"policy {policy.display_name or policy.id} of package {name} names it"
        if kind != "group":
            return None
        for package_id, groups in (await self._kept_apart()).items():
            if object_id in groups and package_id not in settled and package_id not in apart:
                name = packages[package_id].display_name or package_id
                return f"package {name} does not go together with it"
        return None

    async def _every_policy(self) -> list[AssignmentPolicy]:
        if self._policies is None:
            self._policies = await self.graph.policies.list()
        return self._policies

    async def _kept_apart(self) -> dict[str, set[str]]:
        """Return the groups that each package does not go together with, by ids."""
        if self._apart is None:
            ids = [each.id for each in await self.packages()]
            found = await self.graph.incompatibilities.of_each(ids)
            self._apart = {
                package_id: {each.id for each in groups}
                for package_id, (_, groups) in found.items()
            }
        return self._apart

    async def packages_held_through(self, person_id: str, group_id: str) -> list[AccessPackage]:
        """Return the packages that a person has and that give a group."""
        giving = await self.packages_giving(group_id)
        if not giving:
            return []
        assignments = await self.assignments("person", person_id)
        ids = {each.access_package.id for each in assignments if each.access_package}
        return [each for each in giving if each.id in ids]


def _askers_for_others(policy: AssignmentPolicy) -> Iterable[SubjectSet]:
    """Return who may ask for others, of whom the file has words for managers alone."""
    settings = policy.requestor_settings
    return settings.on_behalf_requestors if settings else ()


def others_policies(package: AccessPackage, made: Container[str]) -> list[str]:
    """
    Name the policies of a package that Latchkey does not know to have made, for people to read.

    Args:
        made: Ids of what Latchkey made.
    """
    others = (each for each in package.assignment_policies if each.id not in made)
    return sorted(f"policy {each.display_name or each.id}" for each in others)


def say_others_policies(package: AccessPackage, made: Container[str]) -> str | None:
    """Say which policies of a package would go with it that Latchkey does not know for its own; None if none would."""
    names = others_policies(package, made)
    if not names:
        return None
    is_or_are = "is" if len(names) == 1 else "are"
    # An apply that was cut short may have made it, and not learned so.
    return f"{', '.join(names)} of it {is_or_are} not known to be Latchkey's"


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
