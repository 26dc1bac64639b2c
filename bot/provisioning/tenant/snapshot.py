"""Remember what the file describes and the tenant has, by the names that the file uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bot.provisioning.file_format.grammar import (
    ENTRA_ROLE,
    Thing,
    kind_of_thing,
)
from bot.provisioning.writing.state import Key
from bot.same_name import folded
from graph import Graph
from graph.errors import NotFound
from graph.models import (
    AccessPackage,
    AccessPackageCatalog,
    AccessPackageResource,
    AssignmentPolicy,
    ResourceRole,
)

# Id of something in the tenant, and the ids that deleting it takes.
Located = tuple[str, dict[str, str]]

Anything = TypeVar("Anything")


@dataclass(kw_only=True)
class FoundPackage:
    """
    A package that the file describes.

    Attributes:
        policies: The policies that the file names, whole.
        others: The policies that it does not name: what they are called, by id.
        incompatible: Ids of the packages and groups it does not go with, if the file says any.
    """

    package: AccessPackage
    policies: dict[str, AssignmentPolicy] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    incompatible: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(kw_only=True)
class FoundCatalog:
    """
    A catalog that the file describes.

    Attributes:
        resources: By origin id, in small letters.
        roles: What a resource offers, by the resource's id; only what was asked for so far.
        others: The packages that the file does not name: what they are called, by id.
    """

    catalog: AccessPackageCatalog
    resources: dict[str, AccessPackageResource] = field(default_factory=dict)
    roles: dict[str, list[ResourceRole]] = field(default_factory=dict)
    packages: dict[str, FoundPackage] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    def note(self, resources: Iterable[AccessPackageResource]) -> None:
        """Remember what the catalog has now, and the roles that came with it."""
        for each in resources:
            self.resources[(each.origin_id or "").casefold()] = each
            if each.id and each.roles:
                self.roles[each.id] = each.roles

    async def roles_of(self, graph: Graph, resource: AccessPackageResource) -> list[ResourceRole]:
        """
        Return what a resource of the catalog offers; an empty answer is asked for again the next time.

        Raises:
            GraphError: The catalog cannot be read.
        """
        resource_id = resource.id or ""
        if not self.roles.get(resource_id):
            self.roles[resource_id] = await graph.catalogs.roles(
                self.catalog.id,
                resource_id=resource_id,
                origin_system=resource.origin_system or "",
            )
        return self.roles[resource_id]


@dataclass(kw_only=True)
class Snapshot:
    """
    Things in the tenant when it was read, by the names that the file uses.

    Attributes:
        packages: Every package of the tenant, whatever the file says.
        catalog_names: What its catalogs are called, by id.
    """

    catalogs: dict[str, FoundCatalog] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    managers: dict[str, str | None] = field(default_factory=dict)
    packages: list[AccessPackage] = field(default_factory=list)
    catalog_names: dict[str, str] = field(default_factory=dict)

    @property
    def things(self) -> list[tuple[Thing, str]]:
        """Return sites and Entra roles in the catalogs, with their origin ids."""
        return [
            (Thing(kind=kind, name=resource.display_name), resource.origin_id)
            for found in self.catalogs.values()
            for resource in found.resources.values()
            if resource.display_name
            and resource.origin_id
            and (kind := kind_of_thing(resource.origin_system)) in ("site", ENTRA_ROLE)
        ]

    def note_catalog(self, name: str, catalog: AccessPackageCatalog) -> None:
        """Remember a catalog that was just created."""
        self.catalogs.setdefault(name, FoundCatalog(catalog=catalog))

    def note_package(self, catalog: str, name: str, package_id: str) -> None:
        """Remember a package that was just created."""
        package = AccessPackage(id=package_id, display_name=name)
        self.catalogs[catalog].packages[name] = FoundPackage(package=package)

    def package_id(self, key: Key) -> str:
        """
        Return the id of the package that a key of anything in a package names.

        Raises:
            NotFound: There is none, although there should be by now.
        """
        found = self.find_package(key)
        if found is None:
            raise NotFound(f"There is no package {key[2]} in catalog {key[1]} any more.")
        return found.package.id

    def find_package(self, key: Key) -> FoundPackage | None:
        """Find the package that a key of anything in a package names."""
        catalog = self.catalogs.get(key[1])
        return catalog.packages.get(key[2]) if catalog else None


def by_name_or_former_name(
    by_name: Mapping[str, Anything], name: str, was: str | None
) -> Anything | None:
    """Find what has the name, or else the name that it had before; *by_name* has them folded."""
    found = by_name.get(folded(name))
    return by_name.get(folded(was)) if found is None and was else found
