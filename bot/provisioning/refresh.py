"""Reads from the tenant what it has today of what the file describes, in few calls."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TypeVar

from bot.provisioning.file import Document, FileError, Place
from bot.provisioning.model import Catalog, File, Package, Person
from bot.provisioning.model import Group as GroupOfFile
from bot.provisioning.resolve import Names, is_new
from bot.provisioning.snapshot import FoundCatalog, FoundPackage, Survey
from graph import Graph
from graph.errors import GraphError
from graph.models import AccessPackage, AssignmentPolicy, Group
from graph.models import Catalog as GraphCatalog


async def survey(graph: Graph, document: Document, names: Names) -> Survey:
    """
    Look at everything that the file describes; afterwards *names* knows what the names mean.

    Raises:
        FileError: A name means nothing, or more than one thing.
    """
    file = document.file
    found = Survey()
    if file.catalogs:
        every, found.packages = await asyncio.gather(
            graph.catalogs.list(), graph.packages.list(named=False)
        )
        here = [
            (each, _catalog(document, at, each, every)) for at, each in enumerate(file.catalogs)
        ]
        there = [(each, catalog) for each, catalog in here if catalog is not None]
        read = await asyncio.gather(*(_with_resources(graph, catalog) for _, catalog in there))
        for (described, _), catalog in zip(there, read, strict=True):
            found.catalogs[described.name] = catalog
    await names.learn(things=found.things, packages=found.packages)
    await _people_and_groups(graph, file, names, found)
    for at, described in enumerate(file.catalogs):
        if described.name in found.catalogs:
            _packages(document, at, found.catalogs[described.name], found.packages, names)
    await _policies(graph, document, found)
    await _incompatible(graph, file, found)
    return found


def _catalog(
    document: Document, at: int, described: Catalog, every: Iterable[GraphCatalog]
) -> GraphCatalog | None:
    """The one catalog that is meant: by its name, or else by the name that it had before."""
    for name in filter(None, (described.name, described.was)):
        same = [each for each in every if (each.display_name or "").casefold() == name.casefold()]
        if len(same) > 1:
            ids = ", ".join(sorted(each.id for each in same))
            sentence = f"There are {len(same)} catalogs named “{name}” ({ids}); rename one of them in Entra."
            raise FileError([document.problem(("catalogs", at), sentence)])
        if same:
            return same[0]
    return None


async def _with_resources(graph: Graph, catalog: GraphCatalog) -> FoundCatalog:
    resources = await graph.catalogs.resources(catalog.id)
    by_origin = {(each.origin_id or "").casefold(): each for each in resources}
    return FoundCatalog(catalog=catalog, resources=by_origin)


async def _people_and_groups(graph: Graph, file: File, names: Names, found: Survey) -> None:
    async def members(group: GroupOfFile) -> None:
        group_id = names.id_of("group", group.name)
        if group.members and not is_new(group_id):
            members = await graph.directory.members(group_id, transitive=False)
            found.members[group.name] = {each.id for each in members}

    async def manager(person: Person) -> None:
        user_id = names.id_of("person", person.email)
        if person.manager and not is_new(user_id):
            manager = await graph.directory.manager(user_id)
            found.managers[person.email] = manager.id if manager else None

    await asyncio.gather(*map(members, file.groups), *map(manager, file.people))


def _packages(
    document: Document,
    at: int,
    found: FoundCatalog,
    every: Iterable[AccessPackage],
    names: Names,
) -> None:
    described = document.file.catalogs[at]
    within = [each for each in every if each.catalog and each.catalog.id == found.catalog.id]
    by_name = {(each.display_name or "").casefold(): each for each in within}
    for wanted in described.packages:
        package = _of_name(by_name, wanted.name, wanted.was)
        if package is not None:
            found.packages[wanted.name] = FoundPackage(package=_named(package, found))
            names.bind("package", wanted.name, package.id)
    mine = {each.package.id for each in found.packages.values()}
    found.others = {each.id: each.display_name or each.id for each in within if each.id not in mine}


Anything = TypeVar("Anything")


def _of_name(by_name: Mapping[str, Anything], name: str, was: str | None) -> Anything | None:
    """What has the name, or else the name that it had before."""
    found = by_name.get(name.casefold())
    return by_name.get(was.casefold()) if found is None and was else found


def _named(package: AccessPackage, found: FoundCatalog) -> AccessPackage:
    """The package, each role with the resource that the catalog knows."""
    given = []
    for each in package.resource_role_scopes:
        resource = found.resources.get(((each.scope and each.scope.origin_id) or "").casefold())
        if each.role is not None and each.role.resource is None and resource is not None:
            role = each.role.model_copy(update={"resource": resource})
            each = each.model_copy(update={"role": role})
        given.append(each)
    return package.model_copy(update={"resource_role_scopes": given})


async def _policies(graph: Graph, document: Document, found: Survey) -> None:
    """Read whole the policies that the file names, and note the names of the others."""
    places: dict[str, tuple[FoundPackage, str]] = {}
    for at, catalog in enumerate(document.file.catalogs):
        there = found.catalogs.get(catalog.name)
        for number, described in enumerate(catalog.packages):
            package = there.packages.get(described.name) if there else None
            if package is None:
                continue
            place: Place = ("catalogs", at, "packages", number, "policies")
            for policy_id, name in _meant(document, place, described, package).items():
                places[policy_id] = (package, name)
    ids = list(places)
    for policy_id, policy in zip(ids, await graph.policies.each(ids), strict=True):
        if isinstance(policy, GraphError):
            raise policy
        package, name = places[policy_id]
        package.policies[name] = policy


def _meant(
    document: Document, place: Place, described: Package, found: FoundPackage
) -> dict[str, str]:
    """The ids of the policies that the file names, and their names there."""
    by_name: dict[str, list[AssignmentPolicy]] = {}
    for policy in found.package.assignment_policies:
        by_name.setdefault((policy.display_name or "").casefold(), []).append(policy)
    meant: dict[str, str] = {}
    for wanted in described.policies:
        same = _of_name(by_name, wanted.name, wanted.was) or []
        if len(same) > 1:
            sentence = (
                f"{described.name} has several policies named “{same[0].display_name}”; "
                "rename one of them in Entra."
            )
            raise FileError([document.problem(place, sentence)])
        meant |= {each.id: wanted.name for each in same}
    found.others = {
        each.id: each.display_name or each.id
        for each in found.package.assignment_policies
        if each.id not in meant
    }
    return meant


async def _incompatible(graph: Graph, file: File, found: Survey) -> None:
    """What each package does not go together with, where the file says anything of it."""
    asked = {}
    for catalog in file.catalogs:
        there = found.catalogs.get(catalog.name)
        for described in catalog.packages:
            package = there.packages.get(described.name) if there else None
            if package is not None and described.not_together_with is not None:
                asked[package.package.id] = package
    known = await graph.packages.incompatible_with_each(asked)
    for package_id, (packages, groups) in known.items():
        asked[package_id].incompatible = by_kind(packages, groups)


def by_kind(
    packages: Iterable[AccessPackage], groups: Iterable[Group]
) -> dict[tuple[str, str], str]:
    """Kind and id of what a package does not go together with, and its name."""
    return {
        **{("package", each.id): each.display_name or each.id for each in packages},
        **{("group", each.id): each.display_name or each.id for each in groups},
    }


async def incompatible_with(graph: Graph, package_id: str) -> dict[tuple[str, str], str]:
    """The same of one package, read now."""
    found = await graph.packages.incompatible_with_each([package_id])
    return by_kind(*found[package_id])
