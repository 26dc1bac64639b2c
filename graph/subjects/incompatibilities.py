"""Separation of duties: the packages and groups that do not go with an access package."""

from collections.abc import Iterable
from dataclasses import dataclass

from graph.calls.objects import Objects
from graph.calls.paths import group_path, key, package_path
from graph.calls.session import Session
from graph.models import AccessPackage, Group


@dataclass(frozen=True, kw_only=True)
class Exclusions:
    """
    The packages and groups that do not go with a package (separation of duties).

    Attributes:
        packages: Whoever has one of these may not have the package.
        groups: Whoever is in one of these may not have the package.
        excluded: Whoever has the package may not ask for one of these; Entra does not mind the other order.
    """

    packages: list[AccessPackage]
    groups: list[Group]
    excluded: list[AccessPackage]


@dataclass(frozen=True, kw_only=True)
class PackageExclusions:
    """
    The packages that do not go with a package, as in `Exclusions`.

    Attributes:
        packages: Whoever has one of these may not have the package.
        excluded: Whoever has the package may not ask for one of these.
    """

    packages: list[AccessPackage]
    excluded: list[AccessPackage]

    @property
    def ids(self) -> set[str]:
        """All of them."""
        return {each.id for each in (*self.packages, *self.excluded)}


class Incompatibilities:
    """Read, add and remove what does not go with a package."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)

    async def both_ways(self, package_id: str) -> Exclusions:
        """
        Return what does not go with the package, both ways, in one call.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleAccessPackages", "List incompatibleGroups",
            "List accessPackagesIncompatibleWith"; "Combine multiple HTTP requests using JSON batching".
        """
        path = package_path(package_id)
        packages, groups, excluded = await self._objects.lists(
            [
                f"{path}/incompatibleAccessPackages",
                f"{path}/incompatibleGroups",
                f"{path}/accessPackagesIncompatibleWith",
            ]
        )
        read = self._objects.read
        return Exclusions(
            packages=[read("accessPackage", AccessPackage, each) for each in packages],
            groups=[read("group", Group, each) for each in groups],
            excluded=[read("accessPackage", AccessPackage, each) for each in excluded],
        )

    async def packages_both_ways(self, package_id: str) -> PackageExclusions:
        """
        Return the packages that do not go with the package, both ways, in one call.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleAccessPackages", "List accessPackagesIncompatibleWith";
            "Combine multiple HTTP requests using JSON batching".
        """
        path = package_path(package_id)
        packages, excluded = await self._objects.lists(
            [f"{path}/incompatibleAccessPackages", f"{path}/accessPackagesIncompatibleWith"]
        )
        read = self._objects.read
        return PackageExclusions(
            packages=[read("accessPackage", AccessPackage, each) for each in packages],
            excluded=[read("accessPackage", AccessPackage, each) for each in excluded],
        )

    async def packages(self, package_id: str) -> list[AccessPackage]:
        """
        List the packages whose holders may not ask for this one.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleAccessPackages".
        """
        return await self._objects.all(
            "accessPackage", AccessPackage, f"{package_path(package_id)}/incompatibleAccessPackages"
        )

    async def of_each(
        self, package_ids: Iterable[str]
    ) -> dict[str, tuple[list[AccessPackage], list[Group]]]:
        """
        Return the incompatible packages and groups of each of many packages, twenty lists a call.

        Raises:
            GraphError: One of the lists could not be read.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleAccessPackages", "List incompatibleGroups"; Graph,
            "Combine multiple HTTP requests using JSON batching".
        """
        ids = list(dict.fromkeys(package_ids))
        paths = [
            f"{package_path(each)}/{which}"
            for each in ids
            for which in ("incompatibleAccessPackages", "incompatibleGroups")
        ]
        found = await self._objects.lists(paths)
        read = self._objects.read
        return {
            each: (
                [read("accessPackage", AccessPackage, item) for item in found[2 * at]],
                [read("group", Group, item) for item in found[2 * at + 1]],
            )
            for at, each in enumerate(ids)
        }

    async def packages_excluded_by(self, package_id: str) -> list[AccessPackage]:
        """
        List the packages that whoever holds this one may not ask for.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List accessPackagesIncompatibleWith".
        """
        return await self._objects.all(
            "accessPackage",
            AccessPackage,
            f"{package_path(package_id)}/accessPackagesIncompatibleWith",
        )

    async def groups(self, package_id: str) -> list[Group]:
        """
        List the groups whose members may not ask for this package.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleGroups".
        """
        return await self._objects.all(
            "group", Group, f"{package_path(package_id)}/incompatibleGroups"
        )

    async def add_package(self, package_id: str, *, other_id: str) -> None:
        """
        Keep holders of the other package from asking for this one.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Add accessPackage to incompatibleAccessPackages".
        """
        body = {"@odata.id": self._objects.link(package_path(other_id))}
        await self._objects.act(f"{package_path(package_id)}/incompatibleAccessPackages/$ref", body)

    async def add_group(self, package_id: str, *, group_id: str) -> None:
        """
        Keep members of the group from asking for this package.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Add group to incompatibleGroups".
        """
        body = {"@odata.id": self._objects.link(group_path(group_id))}
        await self._objects.act(f"{package_path(package_id)}/incompatibleGroups/$ref", body)

    async def remove_package(self, package_id: str, *, other_id: str) -> None:
        """
        Let holders of the other package ask for this one again.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Remove accessPackage from incompatibleAccessPackages".
        """
        other = key(other_id)
        await self._objects.delete(
            f"{package_path(package_id)}/incompatibleAccessPackages/{other}/$ref"
        )

    async def remove_group(self, package_id: str, *, group_id: str) -> None:
        """
        Let members of the group ask for this package again.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Remove group from incompatibleGroups".
        """
        group = key(group_id)
        await self._objects.delete(f"{package_path(package_id)}/incompatibleGroups/{group}/$ref")
