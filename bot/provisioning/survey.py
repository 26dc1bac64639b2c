"""What the tenant has today of what the file describes."""

import asyncio
from dataclasses import dataclass, field

from bot.provisioning.model import Catalog, File, Package
from bot.provisioning.names import Names, is_new
from bot.provisioning.reading import Document, FileError
from bot.provisioning.record import Key
from bot.provisioning.words import Role, read_other, read_role, read_thing
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackage, AssignmentPolicy, Resource, ResourceRoleScope
from graph.models import Catalog as GraphCatalog
from graph.values import same_word


@dataclass(kw_only=True)
class FoundPackage:
    """
    A package that the file describes.

    Attributes:
        policies: The policies that the file names, whole.
        others: Names of the policies that it does not name.
        incompatible: Ids of the packages and groups it does not go with, if the file says any.
    """

    package: AccessPackage
    policies: dict[str, AssignmentPolicy] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    incompatible: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(kw_only=True)
class FoundCatalog:
    """A catalog that the file describes; its resources by origin id, in small letters."""

    catalog: GraphCatalog
    resources: dict[str, Resource] = field(default_factory=dict)
    packages: dict[str, FoundPackage] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Survey:
    """All of it, by the names that the file uses."""

    catalogs: dict[str, FoundCatalog] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    managers: dict[str, str | None] = field(default_factory=dict)

    @property
    def sites(self) -> list[tuple[str, str]]:
        """Name and address of every site in the catalogs."""
        return [
            (resource.display_name, resource.origin_id)
            for found in self.catalogs.values()
            for resource in found.resources.values()
            if resource.display_name
            and resource.origin_id
            and (resource.origin_system or "").casefold() == "sharepointonline"
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


async def survey(graph: Graph, document: Document, names: Names) -> Survey:
    """
    Look at everything that the file describes; afterwards *names* knows what the names mean.

    Raises:
        FileError: A name means nothing, or more than one thing.
    """
    file = document.file
    found = Survey()
    for described, catalog in zip(
        file.catalogs,
        await asyncio.gather(*(_catalog(graph, each) for each in file.catalogs)),
        strict=True,
    ):
        if catalog is not None:
            found.catalogs[described.name] = catalog
    await names.learn(sites=found.sites)
    await _people_and_groups(graph, file, names, found)
    for at, described in enumerate(file.catalogs):
        if described.name in found.catalogs:
            await _packages(graph, document, at, found.catalogs[described.name], names)
    return found


async def _catalog(graph: Graph, described: Catalog) -> FoundCatalog | None:
    catalog = await graph.catalogs.find(display_name=described.name)
    if catalog is None:
        return None
    resources = await graph.catalogs.resources(catalog.id)
    by_origin = {(each.origin_id or "").casefold(): each for each in resources}
    return FoundCatalog(catalog=catalog, resources=by_origin)


async def _people_and_groups(graph: Graph, file: File, names: Names, found: Survey) -> None:
    for group in file.groups:
        group_id = names.id_of("group", group.name)
        if group.members and not is_new(group_id):
            members = await graph.directory.members(group_id, transitive=False)
            found.members[group.name] = {each.id for each in members}
    for person in file.people:
        user_id = names.id_of("person", person.email)
        if person.manager and not is_new(user_id):
            manager = await graph.directory.manager(user_id)
            found.managers[person.email] = manager.id if manager else None


async def _packages(
    graph: Graph, document: Document, at: int, found: FoundCatalog, names: Names
) -> None:
    described = document.file.catalogs[at]
    catalog_id = found.catalog.id
    mine = {each.name.casefold(): (number, each) for number, each in enumerate(described.packages)}
    for package in await graph.packages.list():
        if package.catalog is None or package.catalog.id != catalog_id:
            continue
        name = (package.display_name or "").casefold()
        if name not in mine:
            found.others.append(package.display_name or package.id)
            continue
        number, wanted = mine[name]
        place = ("catalogs", at, "packages", number)
        found.packages[wanted.name] = await _package(graph, document, place, wanted, package)
        names.bind("package", wanted.name, package.id)


async def _package(
    graph: Graph,
    document: Document,
    place: tuple[str | int, ...],
    described: Package,
    package: AccessPackage,
) -> FoundPackage:
    found = FoundPackage(package=package)
    mine = {each.name.casefold(): each.name for each in described.policies}
    for policy in package.assignment_policies:
        name = mine.get((policy.display_name or "").casefold())
        if name is None:
            found.others.append(policy.display_name or policy.id)
        elif name in found.policies:
            raise FileError(
                [
                    document.problem(
                        (*place, "policies"),
                        f"{described.name} has several policies named “{name}”; rename one of them in Entra.",
                    )
                ]
            )
        else:
            found.policies[name] = await graph.policies.get(policy.id)
    if described.not_together_with is not None:
        found.incompatible = await incompatible_with(graph, package.id)
    return found


async def incompatible_with(graph: Graph, package_id: str) -> dict[tuple[str, str], str]:
    """Kind and id of what a package does not go together with, and its name."""
    packages = await graph.packages.incompatible_packages(package_id)
    groups = await graph.packages.incompatible_groups(package_id)
    return {
        **{("package", each.id): each.display_name or each.id for each in packages},
        **{("group", each.id): each.display_name or each.id for each in groups},
    }
