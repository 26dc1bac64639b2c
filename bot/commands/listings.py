"""What `latchkey show` shows: for each subject its columns, and its rows read from Graph."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot import naming, policy
from bot.commands import lookup
from bot.commands.tables import Column, Row
from graph import Graph
from graph.models import AccessPackage, Assignment, AssignmentRequest, Catalog, Subject, User

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
REQUEST_COLUMNS: Final = (
    Column("asked", "Asked (UTC)"),
    Column("type", "Type"),
    Column("person", "Person"),
    Column("email", "E-mail", is_wide=True),
    Column("package", "Package"),
    Column("state", "State"),
    Column("status", "Status"),
    Column("done", "Done (UTC)", is_wide=True),
    Column("justification", "Justification", is_wide=True),
    ID,
)
ASSIGNMENT_COLUMNS: Final = (
    Column("person", "Person"),
    Column("email", "E-mail"),
    Column("package", "Package"),
    Column("policy", "Policy"),
    Column("state", "State"),
    Column("starts", "Starts (UTC)"),
    Column("ends", "Ends (UTC)"),
    Column("ended", "Ended (UTC)", is_wide=True),
    Column("person_id", "Person's object id", is_wide=True),
    ID,
)
MEMBER_COLUMNS: Final = (
    Column("name", "Name"),
    Column("email", "E-mail"),
    Column("type", "Type"),
    Column("enabled", "Enabled"),
    ID,
)
PERSON_COLUMNS: Final = (
    Column("name", "Name"),
    Column("email", "E-mail"),
    Column("user_principal_name", "User principal name", is_wide=True),
    Column("type", "Type"),
    Column("enabled", "Enabled"),
    Column("manager", "Manager"),
    Column("holds", "Holds"),
    ID,
)
KINDS: Final[Mapping[str, str]] = {
    "aadgroup": "group",
    "aadapplication": "app",
    "sharepointonline": "site",
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
    """Every catalog, by name."""
    return [
        {
            "name": each.display_name,
            "description": each.description,
            "type": _word(each.catalog_type),
            "state": _word(each.state),
            "external": bool(each.is_externally_visible),
            "id": each.id,
        }
        for each in sorted(await graph.catalogs.list(), key=_by_name)
    ]


async def resources(graph: Graph, *, catalog: str | None) -> list[Row]:
    """What the catalogs may hand out."""
    rows: list[Row] = []
    for found in sorted(await lookup.find_catalogs(graph, catalog), key=_by_name):
        rows += [
            {
                "catalog": found.display_name,
                "name": each.display_name,
                "kind": _kind(each.origin_system),
                "description": each.description,
                "origin_id": each.origin_id,
                "id": each.id,
            }
            for each in sorted(await graph.catalogs.resources(found.id), key=_by_name)
        ]
    return rows


async def roles(graph: Graph, *, catalog: str | None, resource: str | None) -> list[Row]:
    """The roles of each resource; without ids, which are placeholders until a role is used."""
    rows: list[Row] = []
    for found in sorted(await lookup.find_catalogs(graph, catalog), key=_by_name):
        for offered in sorted(await graph.catalogs.resources(found.id), key=_by_name):
            named = (offered.display_name or "", offered.origin_id or "", offered.id or "")
            if resource is not None and resource.casefold() not in map(str.casefold, named):
                continue
            rows += [
                {
                    "catalog": found.display_name,
                    "resource": offered.display_name,
                    "kind": _kind(offered.origin_system),
                    "role": role.display_name,
                    "origin_id": role.origin_id,
                }
                for role in await graph.catalogs.roles(
                    found.id,
                    resource_id=offered.id or "",
                    origin_system=offered.origin_system or "",
                )
            ]
    return rows


async def environments(graph: Graph) -> list[Row]:
    """The geographies of a multi-geo SharePoint tenant."""
    return [
        {
            "name": each.display_name,
            "origin_id": each.origin_id,
            "default": bool(each.is_default_environment),
            "id": each.id,
        }
        for each in sorted(await graph.resources.environments(), key=_by_name)
    ]


async def packages(graph: Graph, *, catalog: str | None) -> list[Row]:
    """The packages, with the slug that people type."""
    found = await graph.packages.list()
    slugs = naming.slugs_for([(each.id, each.display_name or "") for each in found])
    wanted = {each.id for each in await lookup.find_catalogs(graph, catalog)} if catalog else None
    return [
        {
            "slug": slugs[each.id],
            "name": each.display_name,
            "catalog": each.catalog.display_name if each.catalog else None,
            "gives": policy.contents(each),
            "policies": tuple(
                f"{one.display_name}: {policy.lasts(one.expiration)}"
                for one in sorted(each.assignment_policies, key=_by_name)
            ),
            "hidden": bool(each.is_hidden),
            "description": each.description,
            "id": each.id,
        }
        for each in sorted(found, key=_by_name)
        if wanted is None or (each.catalog and each.catalog.id in wanted)
    ]


async def policies(graph: Graph, *, package: str | None) -> list[Row]:
    """The policies of all packages, or of one."""
    chosen = await _packages(graph, package)
    return [
        {
            "package": one.display_name,
            "name": each.display_name,
            "who_may_ask": SCOPES.get(
                (each.allowed_target_scope or "").lower(), each.allowed_target_scope
            )
            if policy.is_for_asking(each)
            else SCOPES["notspecified"],
            "lasts": policy.lasts(each.expiration),
            "approval_stages": len(policy.stages_for(each, extending=False, always=False)),
            "reason_needed": policy.needs_reason(each),
            "may_extend": policy.may_extend(each),
            "description": each.description,
            "id": each.id,
        }
        for one in chosen
        for each in sorted(one.assignment_policies, key=_by_name)
    ]


async def requests(
    graph: Graph, *, package: str | None, person: str | None, state: str | None, only_open: bool
) -> list[Row]:
    """Requests, newest first."""
    package_id = (await lookup.find_package(graph, package)).id if package else None
    user = await lookup.find_person(graph, person) if person else None
    found = await graph.assignments.list_requests(package_id=package_id, state=state)
    return [
        _request(each)
        for each in sorted(found, key=_newest_first, reverse=True)
        if (user is None or _object_id(_about(each)) == user.id)
        and not (only_open and each.is_over)
    ]


async def assignments(
    graph: Graph,
    *,
    package: str | None,
    policy_name: str | None,
    person: str | None,
    state: str | None,
) -> list[Row]:
    """Who has what, until when; *state* None for every state."""
    chosen = await lookup.find_package(graph, package) if package else None
    policy_id = lookup.find_policy(chosen, policy_name).id if chosen and policy_name else None
    user = await lookup.find_person(graph, person) if person else None
    found = await graph.assignments.list(
        package_id=chosen.id if chosen else None,
        policy_id=policy_id,
        user_id=user.id if user else None,
        state=state,
    )
    return sorted((_assignment(each) for each in found), key=_by_holder)


async def members(graph: Graph, *, group: str, direct: bool) -> list[Row]:
    """The people in a group."""
    found = await lookup.find_group(graph, group)
    people = await graph.directory.members(found.id, transitive=not direct)
    return [
        {
            "name": each.display_name,
            "email": each.mail or each.user_principal_name,
            "type": each.user_type,
            "enabled": each.account_enabled,
            "id": each.id,
        }
        for each in sorted(people, key=_by_name)
    ]


async def people(graph: Graph, *, who: Iterable[str]) -> list[Row]:
    """What Entra knows of certain people, and which packages they hold."""
    return [await _person(graph, await lookup.find_person(graph, typed)) for typed in who]


async def _person(graph: Graph, user: User) -> Row:
    manager = await graph.directory.manager(user.id)
    held = await graph.assignments.list(user_id=user.id, state="delivered")
    return {
        "name": user.display_name,
        "email": user.mail,
        "user_principal_name": user.user_principal_name,
        "type": user.user_type,
        "enabled": user.account_enabled,
        "manager": manager.display_name if manager else None,
        "holds": tuple(sorted(_text(_package(each.access_package)) for each in held)),
        "id": user.id,
    }


async def _packages(graph: Graph, typed: str | None) -> list[AccessPackage]:
    if typed is not None:
        return [await lookup.find_package(graph, typed)]
    return sorted(await graph.packages.list(), key=_by_name)


def _request(request: AssignmentRequest) -> Row:
    about = _about(request)
    return {
        "asked": request.created_date_time,
        "type": _word(request.request_type),
        "person": about.display_name if about else None,
        "email": about.email if about else None,
        "package": _package(request.access_package),
        "state": _word(request.state),
        "status": request.status,
        "done": request.completed_date_time,
        "justification": request.justification,
        "id": request.id,
    }


def _assignment(held: Assignment) -> Row:
    target = held.target
    return {
        "person": target.display_name if target else None,
        "email": target.email if target else None,
        "package": _package(held.access_package),
        "policy": held.assignment_policy.display_name if held.assignment_policy else None,
        "state": _word(held.state),
        "starts": held.schedule.start_date_time if held.schedule else None,
        "ends": held.ends_at(),
        "ended": held.expired_date_time,
        "person_id": _object_id(target),
        "id": held.id,
    }


def _about(request: AssignmentRequest) -> Subject | None:
    """Who gets it: the assignment's target, and only failing that whoever asked."""
    target = request.assignment.target if request.assignment else None
    return target or request.requestor


def _object_id(subject: Subject | None) -> str | None:
    return subject.object_id if subject else None


def _package(package: AccessPackage | Catalog | None) -> str | None:
    return (package.display_name or package.id) if package else None


def _kind(origin_system: str | None) -> str | None:
    return KINDS.get((origin_system or "").lower(), origin_system)


def _newest_first(request: AssignmentRequest) -> tuple[bool, float, str]:
    # One that Graph has not dated yet is the newest of all.
    asked = request.created_date_time
    return (asked is None, asked.timestamp() if asked else 0.0, request.id)


def _word(word: str | None) -> str | None:
    """A word of Graph's as v1.0 spells it: beta begins with a capital."""
    return word[:1].lower() + word[1:] if word else word


def _text(value: Any) -> str:
    return str(value or "")


def _by_name(thing: Any) -> tuple[str, str]:
    return _text(thing.display_name).casefold(), _text(thing.id)


def _by_holder(row: Row) -> tuple[str, ...]:
    return tuple(_text(row[key]).casefold() for key in ("person", "package", "id"))
