"""What was found in the tenant of what the file describes, by the names that the file uses."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.provisioning.grammar import (
    ENTRA_ROLE,
    Role,
    Thing,
    kind_of_thing,
    read_other,
    read_role,
    read_thing,
)
from bot.provisioning.resolve import Names
from bot.provisioning.state import Key
from graph import Graph
from graph.errors import NotFound
from graph.models import (
    AccessPackage,
    AssignmentPolicy,
    Resource,
    ResourceRole,
    ResourceRoleScope,
)
from graph.models import Catalog as GraphCatalog
from graph.values import same_word


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

    catalog: GraphCatalog
    resources: dict[str, Resource] = field(default_factory=dict)
    roles: dict[str, list[ResourceRole]] = field(default_factory=dict)
    packages: dict[str, FoundPackage] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    def note(self, resources: Iterable[Resource]) -> None:
        """Remember what the catalog has now, and the roles that came with it."""
        for each in resources:
            self.resources[(each.origin_id or "").casefold()] = each
            if each.id and each.roles:
                self.roles[each.id] = each.roles

    async def roles_of(self, graph: Graph, resource: Resource) -> list[ResourceRole]:
        """
        What a resource of the catalog offers; an empty answer is asked for again the next time.

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
class Survey:
    """
    All of it, by the names that the file uses.

    Attributes:
        packages: Every package of the tenant, whatever the file says.
    """

    catalogs: dict[str, FoundCatalog] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    managers: dict[str, str | None] = field(default_factory=dict)
    packages: list[AccessPackage] = field(default_factory=list)

    @property
    def things(self) -> list[tuple[Thing, str]]:
        """The sites and Entra roles in the catalogs, with their origin ids."""
        return [
            (Thing(kind=kind, name=resource.display_name), resource.origin_id)
            for found in self.catalogs.values()
            for resource in found.resources.values()
            if resource.display_name
            and resource.origin_id
            and (kind := kind_of_thing(resource.origin_system)) in ("site", ENTRA_ROLE)
        ]

    def note_catalog(self, name: str, catalog: GraphCatalog) -> None:
        """Remember a catalog that was just created."""
        self.catalogs.setdefault(name, FoundCatalog(catalog=catalog))

    def note_package(self, catalog: str, name: str, package_id: str) -> None:
        """Remember a package that was just created."""
        package = AccessPackage(id=package_id, display_name=name)
        self.catalogs[catalog].packages[name] = FoundPackage(package=package)

    def package_id(self, key: Key) -> str:
        """
        Id of the package that a key of anything in a package names.

        Raises:
            NotFound: There is none, although there should be by now.
        """
        found = self.catalogs[key[1]].packages.get(key[2])
        if found is None:
            raise NotFound(f"There is no package {key[2]} in catalog {key[1]} any more.")
        return found.package.id

    def locate(self, key: Key, names: Names) -> tuple[str, dict[str, str]] | None:
        """
        Id of something in a catalog that the tenant has, and the ids that deleting it takes.

        Entra's own catalog is nobody's to delete, and not found here.
        """
        kind, catalog_name, *where = key
        found = self.catalogs.get(catalog_name)
        if found is None:
            return None
        if kind == "catalog":
            is_entras = not same_word(found.catalog.catalog_type, "userManaged")
            return None if is_entras else (found.catalog.id, {})
        if kind == "resource":
            thing = read_thing(where[0])
            resource = found.resources.get(names.id_of(thing.kind, thing.name).casefold())
            return (
                (resource.id, {"catalog": found.catalog.id}) if resource and resource.id else None
            )
        package = found.packages.get(where[0])
        if package is None:
            return None
        package_id = package.package.id
        if kind == "package":
            return package_id, {}
        if kind == "policy":
            policy = package.policies.get(where[1])
            return (policy.id, {}) if policy else None
        if kind == "incompatible":
            other = read_other(where[1])
            within = {"package": package_id, "kind": other.kind}
            return names.id_of(other.kind, other.name), within
        role = read_role(where[1])
        origin_id = names.id_of(role.thing.kind, role.thing.name).casefold()
        for given in package.package.resource_role_scopes:
            if given.id and gives_role(given, role, origin_id):
                return given.id, {"package": package_id}
        return None


def gives_role(given: ResourceRoleScope, role: Role, origin_id: str) -> bool:
    """Whether that is the role of that thing; a role goes by its name or its origin id."""
    if given.role is None or given.scope is None:
        return False
    wanted = role.role.casefold()
    return (given.scope.origin_id or "").casefold() == origin_id and wanted in (
        (given.role.display_name or "").casefold(),
        (given.role.origin_id or "").casefold(),
    )
