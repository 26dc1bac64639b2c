"""Finds out which of many things that Latchkey made are still in the tenant, in few calls."""

from collections.abc import Iterable, Sequence

from bot.provisioning.refresh import by_kind
from bot.provisioning.state import Entry, Identity
from graph import Graph
from graph.errors import NotAllowed, NotFound
from graph.models import AccessPackage, Resource


async def present(
    graph: Graph, packages: Sequence[AccessPackage], entries: Iterable[Entry]
) -> set[Identity]:
    """
    Those of *entries* that are there.

    Args:
        packages: Every package of the tenant.

    Raises:
        GraphError: The tenant cannot be read.
    """
    by_kinds: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.id is not None:
            by_kinds.setdefault(entry.key[0], []).append(entry)
    found = _in_packages(packages, by_kinds)
    found |= await _in_directory(graph, by_kinds)
    found |= await _in_catalogs(graph, by_kinds)
    return found | await _apart(graph, packages, by_kinds.get("incompatible", []))


def _in_packages(
    packages: Sequence[AccessPackage], wanted: dict[str, list[Entry]]
) -> set[Identity]:
    """Packages, policies and roles: the list of packages tells."""
    known = {("package", each.id) for each in packages}
    known |= {("policy", each.id) for package in packages for each in package.assignment_policies}
    given = {(package.id, each.id) for package in packages for each in package.resource_role_scopes}
    here = {
        entry.identity
        for kind in ("package", "policy")
        for entry in wanted.get(kind, ())
        if (kind, entry.id) in known
    }
    roles = wanted.get("role", ())
    return here | {each.identity for each in roles if (each.within["package"], each.id) in given}


async def _in_directory(graph: Graph, wanted: dict[str, list[Entry]]) -> set[Identity]:
    """People, groups, and who is in them."""
    directory = graph.directory
    people = await directory.users_each([each.id or "" for each in wanted.get("person", ())])
    groups = await directory.groups_each([each.id or "" for each in wanted.get("group", ())])
    found = {each.identity for each in wanted.get("person", ()) if people.get(each.id or "")}
    found |= {each.identity for each in wanted.get("group", ()) if groups.get(each.id or "")}
    members: dict[str, set[str]] = {}
    for entry in wanted.get("member", ()):
        group_id = entry.within["group"]
        if group_id not in members:
            try:
                inside = await directory.members(group_id, transitive=False)
                members[group_id] = {each.id for each in inside}
            except NotFound:
                members[group_id] = set()
        if entry.id in members[group_id]:
            found.add(entry.identity)
    return found


async def _in_catalogs(graph: Graph, wanted: dict[str, list[Entry]]) -> set[Identity]:
    """Catalogs, and what is in them; what was in a catalog that is gone is gone with it."""
    catalogs, resources = wanted.get("catalog", ()), wanted.get("resource", ())
    if not (catalogs or resources):
        return set()
    there = {each.id for each in await graph.catalogs.list()}
    found = {each.identity for each in catalogs if each.id in there}
    known: dict[str, list[Resource]] = {}
    for entry in resources:
        catalog_id = entry.within["catalog"]
        if catalog_id not in known:
            known[catalog_id] = (
                await graph.catalogs.resources(catalog_id) if catalog_id in there else []
            )
        if any(each.id == entry.id for each in known[catalog_id]):
            found.add(entry.identity)
    return found


async def _apart(
    graph: Graph, packages: Sequence[AccessPackage], wanted: Sequence[Entry]
) -> set[Identity]:
    there = {each.id for each in packages}
    asked = [each for each in wanted if each.within["package"] in there]
    known = await graph.packages.incompatible_with_each(each.within["package"] for each in asked)
    return {
        each.identity
        for each in asked
        if (each.within["kind"], each.id) in by_kind(*known[each.within["package"]])
    }


async def is_there(graph: Graph, entry: Entry) -> bool:
    """
    Whether one thing is still in the tenant, read now.

    Raises:
        NotAllowed: We may not see it; what we asked Graph to delete counts as gone then.
    """
    kind, object_id, within = entry.key[0], entry.id or "", entry.within
    try:
        if kind == "policy":
            await graph.policies.get(object_id)
        elif kind == "package":
            await graph.packages.get(object_id, bare=True)
        elif kind == "role":
            roles = await graph.packages.roles(within["package"])
            return any(each.id == object_id for each in roles)
        elif kind == "incompatible":
            package_id = within["package"]
            found = await graph.packages.incompatible_with_each([package_id])
            return (within["kind"], object_id) in by_kind(*found[package_id])
        elif kind == "resource":
            resources = await graph.catalogs.resources(within["catalog"])
            return any(each.id == object_id for each in resources)
        elif kind == "catalog":
            await graph.catalogs.get(object_id)
        elif kind == "member":
            members = await graph.directory.members(within["group"], transitive=False)
            return any(each.id == object_id for each in members)
        elif kind == "group":
            await graph.directory.group(object_id)
        elif kind == "person":
            await graph.directory.user(object_id)
        else:
            return False
    except NotFound:
        return False
    except NotAllowed:
        if not entry.is_ending:
            raise
        return False
    return True
