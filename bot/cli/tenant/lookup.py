"""Find the one thing in the tenant that was meant by what was typed on the command line."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from bot.errors import LatchkeyError
from bot.packages.names import clean, possible_slugs, slug_of
from bot.provisioning.names import name_kind
from bot.provisioning.names.base import find_in_any_spelling
from bot.same_name import folded
from graph import Graph
from graph.errors import NotFound
from graph.models import (
    AccessPackage,
    AccessPackageCatalog,
    AccessPackageResource,
    AssignmentPolicy,
    Group,
    User,
)
from graph.values import folded_id

GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class NotOneInTenant(LatchkeyError):
    """The text that was typed means nothing in the tenant, or several things."""


async def find_package(graph: Graph, typed: str) -> AccessPackage:
    """
    Find the package with that id, name or slug.

    A slug that several may have in Slack names none of them: which of them came first is not known here.

    Raises:
        NotOneInTenant: There is none, or there are several.
    """
    if GUID.fullmatch(typed):
        try:
            return await graph.packages.get(folded_id(typed))
        except NotFound:
            raise NotOneInTenant(f"There is no access package with the id {typed}.") from None
    packages = await graph.packages.list()
    slugs = possible_slugs([(each.id, each.display_name or "") for each in packages])
    found = [
        each
        for each in packages
        if _means(typed, each.display_name) or slugs[each.id].fullmatch(typed)
    ]
    if len(found) > 1:
        places = ", ".join(
            f"{each.id} ({_name(each)}, catalog {_name(each.catalog)})"
            for each in sorted(found, key=lambda one: one.id)
        )
        raise NotOneInTenant(
            f"Several access packages may be meant by “{clean(typed)}”; give an id: {places}."
        )
    if not found:
        raise NotOneInTenant(
            _none("access package", typed, (each.display_name for each in packages))
        )
    return found[0]


def find_policy(package: AccessPackage, typed: str) -> AssignmentPolicy:
    """
    Find the policy of *package* with that id or name.

    Raises:
        NotOneInTenant: There is none, or there are several.
    """
    policies = package.assignment_policies
    found = [each for each in policies if _is_or_means(typed, each.id, each.display_name)]
    if len(found) > 1:
        raise NotOneInTenant(
            f"{_name(package)} has several policies called “{clean(typed)}”; give an id: {_ids(found)}."
        )
    if not found:
        raise NotOneInTenant(
            _none(f"policy of {_name(package)}", typed, (each.display_name for each in policies))
        )
    return found[0]


async def find_catalogs(graph: Graph, typed: str | None) -> list[AccessPackageCatalog]:
    """
    List every catalog, or the one with that id or name.

    Raises:
        NotOneInTenant: There is none, or there are several.
    """
    catalogs = await graph.catalogs.list()
    if typed is None:
        return catalogs
    found = [each for each in catalogs if _is_or_means(typed, each.id, each.display_name)]
    if len(found) > 1:
        raise NotOneInTenant(
            f"Several catalogs are called “{clean(typed)}”; give an id: {_ids(found)}."
        )
    if not found:
        raise NotOneInTenant(_none("catalog", typed, (each.display_name for each in catalogs)))
    return found


def check_resource(known: Iterable[AccessPackageResource], typed: str) -> None:
    """
    Make sure that one of the resources has that id, origin id or name.

    Raises:
        NotOneInTenant: None has.
    """
    resources = list(known)
    if not any(is_resource(each, typed) for each in resources):
        raise NotOneInTenant(_none("resource", typed, (each.display_name for each in resources)))


def is_resource(resource: AccessPackageResource, typed: str) -> bool:
    """Tell whether that is the id, the origin id or the name of a resource."""
    named = (resource.id, resource.origin_id, resource.display_name)
    return any(folded(typed) == folded(each) for each in named if each)


async def find_group(graph: Graph, typed: str) -> Group:
    """
    Find the group with that id or whole name.

    Raises:
        NotOneInTenant: There is none, or there are several.
    """
    if GUID.fullmatch(typed):
        try:
            return await graph.groups.get(folded_id(typed))
        except NotFound:
            raise NotOneInTenant(f"There is no group with the id {typed}.") from None
    found = (await find_in_any_spelling(graph.groups.find_each, [typed]))[typed]
    if len(found) > 1:
        raise NotOneInTenant(
            f"Several groups are called “{clean(typed)}”; give an id: {_ids(found)}."
        )
    if not found:
        near = await name_kind("group").names_near(graph, typed)
        raise NotOneInTenant(_none("group", typed, near) + " Give its whole name, or its id.")
    return found[0]


async def find_person(graph: Graph, typed: str) -> User:
    """
    Find the one person with that e-mail address, user principal name or object id.

    Raises:
        NotOneInTenant: There is none, or there are several.
    """
    if GUID.fullmatch(typed):
        try:
            return await graph.users.get(folded_id(typed))
        except NotFound:
            raise NotOneInTenant(f"There is no person with the object id {typed}.") from None
    found = await graph.users.find(email=typed)
    if len(found) > 1:
        raise NotOneInTenant(
            f"Several people have the address {clean(typed)}; give an id: {_ids(found)}."
        )
    if not found:
        raise NotOneInTenant(
            f"Nobody in the tenant has the address {clean(typed)}: give an e-mail address, a user "
            f"principal name or an object id.{await _near_address(graph, typed)}"
        )
    return found[0]


async def _near_address(graph: Graph, typed: str) -> str:
    known = await name_kind("person").names_near(graph, typed)
    near = difflib.get_close_matches(typed.casefold(), [each.casefold() for each in known], n=3)
    return f" Did you mean {' or '.join(map(clean, near))}?" if near else ""


def _is_or_means(typed: str, its_id: str, name: str | None) -> bool:
    return typed.casefold() == its_id.casefold() or _means(typed, name)


def _means(typed: str, name: str | None) -> bool:
    """Tell whether it is the name itself in any capitals, or what its slug would be; never a mere likeness."""
    if name is None:
        return False
    return folded(typed) == folded(name) or (slug_of(name) != "" and typed == slug_of(name))


def _none(noun: str, typed: str, names: Iterable[str | None]) -> str:
    by_slug = {slug_of(name): clean(name) for name in names if name}
    near = difflib.get_close_matches(slug_of(typed), by_slug, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(by_slug[slug] for slug in near)}?" if near else ""
    return f"There is no {noun} called “{clean(typed)}”.{hint}"


def _name(thing: AccessPackage | AccessPackageCatalog | None) -> str:
    return clean((thing and (thing.display_name or thing.id)) or "?")


def _ids(things: Sequence[AccessPackageCatalog | Group | User | AssignmentPolicy]) -> str:
    return ", ".join(sorted(thing.id for thing in things))
