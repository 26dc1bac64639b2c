"""Read what `latchkey show` shows of what there is to give: columns, and rows from Graph."""

from collections.abc import Mapping
from typing import Any, Final

from bot.cli.tables import Column, Row
from bot.cli.tenant import lookup
from bot.packages import eligibility, policy_terms
from bot.packages import names as package_names
from graph import Graph
from graph.models import AccessPackage, AssignmentPolicy

ID: Final = Column("id", "Id", is_wide=True)
CATALOG_COLUMNS: Final = (
    Column("name", "Catalog"),
    Column("description", "Description"),
    Column("type", "Type"),
    Column("state", "State"),
    Column("external", "For outsiders"),
    ID,
)
RESOURCE_COLUMNS: Final = (
    Column("catalog", "Catalog"),
    Column("name", "Resource"),
    Column("kind", "Kind"),
    Column("description", "Description"),
    Column("origin_id", "Origin id", is_wide=True),
    ID,
)
ROLE_COLUMNS: Final = (
    Column("catalog", "Catalog"),
    Column("resource", "Resource"),
    Column("kind", "Kind"),
    Column("role", "Role"),
    Column("origin_id", "Origin id", is_wide=True),
)
ENVIRONMENT_COLUMNS: Final = (
    Column("name", "Environment"),
    Column("origin_id", "Origin id"),
    Column("default", "Default"),
    ID,
)
PACKAGE_COLUMNS: Final = (
    Column("slug", "Asked for as"),
    Column("name", "Package"),
    Column("catalog", "Catalog"),
    Column("gives", "Gives"),
    Column("policies", "Policies"),
    Column("hidden", "Hidden", is_wide=True),
    Column("description", "Description", is_wide=True),
    ID,
)
POLICY_COLUMNS: Final = (
    Column("package", "Package"),
    Column("name", "Policy"),
    Column("who_may_ask", "Who may ask"),
    Column("lasts", "Lasts"),
    Column("approval_stages", "Approval stages"),
    Column("reason_needed", "Reason needed"),
    Column("may_extend", "May extend"),
    Column("description", "Description", is_wide=True),
    ID,
)
KINDS: Final[Mapping[str, str]] = {
    "aadgroup": "group",
    "aadapplication": "app",
    "sharepointonline": "site",
    "directoryrole": "Entra role",
}
SCOPES: Final[Mapping[str, str]] = {
    "notspecified": "nobody: administrators assign",
    "specificdirectoryusers": "certain people and groups",
    "allmemberusers": "all members",
    "alldirectoryusers": "everybody, guests too",
    "specificconnectedorganizationusers": "certain connected organizations",
    "allconfiguredconnectedorganizationusers": "all connected organizations",
    "allexternalusers": "everybody outside",
}


async def catalogs(graph: Graph) -> list[Row]:
    """List every catalog, by name."""
    return [
        {
            "name": each.display_name,
            "description": each.description,
            "type": word(each.catalog_type),
            "state": word(each.state),
            "external": bool(each.is_externally_visible),
            "id": each.id,
        }
        for each in sorted(await graph.catalogs.list(), key=by_name)
    ]


async def resources(graph: Graph, *, catalog: str | None) -> list[Row]:
    """List the resources of catalogs."""
    rows: list[Row] = []
    for found in sorted(await lookup.find_catalogs(graph, catalog), key=by_name):
        rows += [
            {
                "catalog": found.display_name,
                "name": each.display_name,
                "kind": _kind(each.origin_system),
                "description": each.description,
                "origin_id": each.origin_id,
                "id": each.id,
            }
            for each in sorted(await graph.catalogs.resources(found.id), key=by_name)
        ]
    return rows


async def roles(graph: Graph, *, catalog: str | None, resource: str | None) -> list[Row]:
    """
    List the roles of each resource; without ids, which are placeholders until a role is used.

    Raises:
        NotOneInTenant: There is no such catalog, or no such resource in it.
    """
    offers = [
        (found, offered)
        for found in sorted(await lookup.find_catalogs(graph, catalog), key=by_name)
        for offered in sorted(await graph.catalogs.resources(found.id), key=by_name)
    ]
    if resource is not None:
        lookup.check_resource((offered for _, offered in offers), resource)
    return [
        {
            "catalog": found.display_name,
            "resource": offered.display_name,
            "kind": _kind(offered.origin_system),
            "role": role.display_name,
            "origin_id": role.origin_id,
        }
        for found, offered in offers
        if resource is None or lookup.is_resource(offered, resource)
        for role in await graph.catalogs.roles(
            found.id,
            resource_id=offered.id or "",
            origin_system=offered.origin_system or "",
        )
    ]


async def environments(graph: Graph) -> list[Row]:
    """List the geographies of a multi-geo SharePoint tenant."""
    return [
        {
            "name": each.display_name,
            "origin_id": each.origin_id,
            "default": bool(each.is_default_environment),
            "id": each.id,
        }
        for each in sorted(await graph.resources.environments(), key=by_name)
    ]


async def packages(graph: Graph, *, catalog: str | None) -> list[Row]:
    """List packages, with the slug that people type; without, where another may have it in Slack."""
    found = await graph.packages.list()
    slugs = package_names.certain_slugs([(each.id, each.display_name or "") for each in found])
    wanted = {each.id for each in await lookup.find_catalogs(graph, catalog)} if catalog else None
    return [
        {
            "slug": slugs.get(each.id),
            "name": each.display_name,
            "catalog": each.catalog.display_name if each.catalog else None,
            "gives": policy_terms.contents(each),
            "policies": tuple(
                f"{one.display_name}: {policy_terms.lasts(one.expiration)}"
                for one in sorted(each.assignment_policies, key=by_name)
            ),
            "hidden": bool(each.is_hidden),
            "description": each.description,
            "id": each.id,
        }
        for each in sorted(found, key=by_name)
        if wanted is None or (each.catalog and each.catalog.id in wanted)
    ]


async def policies(graph: Graph, *, package: str | None) -> list[Row]:
    """List the policies of all packages, or of one."""
    chosen = await _packages(graph, package)
    return [
        {
            "package": one.display_name,
            "name": each.display_name,
            "who_may_ask": _who_may_ask(each),
            "lasts": policy_terms.lasts(each.expiration),
            "approval_stages": len(policy_terms.stages_for(each, extending=False, always=False)),
            "reason_needed": policy_terms.needs_reason(each),
            "may_extend": policy_terms.may_extend(each),
            "description": each.description,
            "id": each.id,
        }
        for one in chosen
        for each in sorted(one.assignment_policies, key=by_name)
    ]


def _who_may_ask(policy: AssignmentPolicy) -> str | None:
    if not eligibility.is_requestable(policy):
        return SCOPES["notspecified"]
    scope = policy.allowed_target_scope
    whom = SCOPES.get((scope or "").lower(), scope)
    return whom if eligibility.lets_ask_for_oneself(policy) else f"managers, for {whom}"


async def _packages(graph: Graph, typed: str | None) -> list[AccessPackage]:
    if typed is not None:
        return [await lookup.find_package(graph, typed)]
    return sorted(await graph.packages.list(), key=by_name)


def _kind(origin_system: str | None) -> str | None:
    return KINDS.get((origin_system or "").lower(), origin_system)


def word(spelled: str | None) -> str | None:
    """Return a word of Graph's as v1.0 spells it: beta begins with a capital."""
    return spelled[:1].lower() + spelled[1:] if spelled else spelled


def text(value: Any) -> str:
    """Return something to sort by, even where there is nothing."""
    return str(value or "")


def by_name(thing: Any) -> tuple[str, str]:
    """Return the key that sorts by name, in any capitals."""
    return text(thing.display_name).casefold(), text(thing.id)
