"""Plans what catalogs hold and packages give: resources, roles, and what does not go together."""

from collections.abc import Iterable
from typing import Any

from bot.provisioning.diff import Change, Deed, differing
from bot.provisioning.file import Document, Place
from bot.provisioning.grammar import (
    ENTRA_ROLE,
    Thing,
    kind_of_thing,
    nearest,
    read_other,
    read_role,
    read_thing,
)
from bot.provisioning.model import Attribute, Catalog, Package, Resource
from bot.provisioning.resolve import Names, is_new
from bot.provisioning.snapshot import FoundCatalog, gives_role
from graph import Graph
from graph.models import Resource as GraphResource
from graph.models import ResourceAttribute, ResourceRoleScope

Owner = tuple[Catalog, Package]

# What an application without roles of its own offers, and what every group does.
DEFAULT_ACCESS = "Default Access"
GROUP_ROLES = ("Member", "Owner")
# What a group under Privileged Identity Management offers beside: access that the holder has to activate.
ELIGIBLE_ROLES = ("Eligible Member", "Eligible Owner")
ELIGIBLE = frozenset(each.casefold() for each in ELIGIBLE_ROLES)


def things(catalog: Catalog) -> dict[str, Resource]:
    """What the catalog must hold: what the file lists, and what its packages give."""
    wanted = {str(read_thing(each.thing)).casefold(): each for each in catalog.resources}
    for package in catalog.packages:
        for text in package.gives or ():
            thing = read_role(text).thing
            wanted.setdefault(str(thing).casefold(), Resource(thing=str(thing)))
    return wanted


def origin(thing: Thing, names: Names) -> str:
    """Graph's origin id of a thing, in small letters; a placeholder while it does not exist."""
    return names.id_of(thing.kind, thing.name).casefold()


def attributes_in_words(attributes: Iterable[ResourceAttribute]) -> list[dict[str, Any]]:
    """What an application asks, as the file says it."""
    said = []
    for attribute in attributes:
        question = (attribute.source or {}).get("question") or {}
        block: dict[str, Any] = {
            "attribute": attribute.name or "?",
            "question": question.get("text") or "?",
        }
        if question.get("isRequired"):
            block["required"] = True
        said.append(block)
    return sorted(said, key=lambda each: str(each["attribute"]))


def asked_in_words(attributes: Iterable[Attribute]) -> list[dict[str, Any]]:
    said = [
        {"attribute": each.attribute, "question": each.question}
        | ({"required": True} if each.required else {})
        for each in attributes
    ]
    return sorted(said, key=lambda each: str(each["attribute"]))


def resources(
    document: Document,
    place: Place,
    catalog: Catalog,
    there: FoundCatalog | None,
    names: Names,
    problems: list[str],
) -> list[Change]:
    """Resources to put into the catalog, and applications that ask other questions."""
    changes = []
    listed = [str(read_thing(each.thing)).casefold() for each in catalog.resources]
    for folded, wanted in things(catalog).items():
        thing = read_thing(wanted.thing)
        found = there.resources.get(origin(thing, names)) if there else None
        differences = differing(
            {"asks": attributes_in_words(found.attributes or ())}
            if found and wanted.asks is not None
            else {},
            {"asks": asked_in_words(wanted.asks)} if wanted.asks is not None else {},
        )
        if found and not differences:
            continue
        at = (*place, "resources", listed.index(folded)) if folded in listed else place
        if thing.kind == ENTRA_ROLE and found is None:
            # Only a Privileged Role Administrator may, and an app of that power is not what Latchkey asks for.
            sentence = f"Latchkey puts no Entra role into a catalog; add “{thing.name}” to {catalog.name} in Entra."
            problems.append(document.problem(at, sentence))
            continue
        changes.append(
            Change(
                deed=Deed.CHANGE if found else Deed.CREATE,
                key=("resource", catalog.name, str(thing)),
                title=f"{thing} in catalog {catalog.name}",
                line=document.line(at),
                differences=differences,
                want=wanted,
                object_id=found.id if found else None,
            )
        )
    return changes


async def roles(
    graph: Graph,
    document: Document,
    place: Place,
    owner: Owner,
    there: FoundCatalog | None,
    names: Names,
    problems: list[str],
    notes: list[str],
) -> list[Change]:
    """Roles that the package does not give yet, and roles that it gives and should not."""
    catalog, package = owner
    if package.gives is None:
        return []
    found = there.packages.get(package.name) if there else None
    given = []
    for each in found.package.resource_role_scopes if found else ():
        if is_told(each):
            given.append(each)
        else:
            notes.append(f"a role in package {package.name}: Graph does not say which")
    changes = []
    for at, text in enumerate(package.gives):
        role, line = read_role(text), (*place, "gives", at)
        origin_id = origin(role.thing, names)
        same = [each for each in given if gives_role(each, role, origin_id)]
        given = [each for each in given if each not in same]
        if same:
            continue
        known = await _roles_of(graph, there, role.thing, role.role, names)
        if known and role.role.casefold() not in {each.casefold() for each in known}:
            problems.append(
                document.problem(
                    line, f"{role.thing} has no role “{role.role}”.{nearest(role.role, known)}"
                )
            )
        changes.append(
            Change(
                deed=Deed.CREATE,
                key=("role", catalog.name, package.name, str(role)),
                title=f"{role} in package {package.name}",
                line=document.line(line),
                want=role,
            )
        )
    package_id = found.package.id if found else ""
    for extra in given:
        title = say_role(extra)
        changes.append(
            Change(
                deed=Deed.DELETE,
                key=("role", catalog.name, package.name, title),
                title=f"{title} in package {package.name}",
                line=document.line((*place, "gives")),
                object_id=extra.id,
                within={"package": package_id},
            )
        )
    return changes


def say_role(given: ResourceRoleScope) -> str:
    """A role that a package gives, by names, for people to read."""
    resource = given.role.resource if given.role else None
    scope_system = given.scope.origin_system if given.scope else None
    system = scope_system or (given.role.origin_system if given.role else None)
    kind = kind_of_thing(system) or system or "resource"
    name = (resource.display_name if resource else None) or (given.scope and given.scope.origin_id)
    return f"{(given.role and given.role.display_name) or '?'} of {kind} {name or '?'}"


def is_told(given: ResourceRoleScope) -> bool:
    """Whether Graph says which role of what it is; what it does not say is nobody's to take away."""
    role, scope = given.role, given.scope
    return bool(
        given.id
        and role is not None
        and (role.display_name or role.origin_id)
        and scope is not None
        and scope.origin_id
    )


async def _roles_of(
    graph: Graph, there: FoundCatalog | None, thing: Thing, role: str, names: Names
) -> list[str]:
    """The roles that may be given, by name and id; empty when only apply can tell."""
    found: GraphResource | None = None
    if there:
        found = there.resources.get(origin(thing, names))
    if found and found.id and there:
        offered = await there.roles_of(graph, found)
        return [word for each in offered for word in (each.display_name, each.origin_id) if word]
    if thing.kind == "group":
        # Only a catalog that holds the group tells whether it has roles to activate.
        return [*GROUP_ROLES, *ELIGIBLE_ROLES] if role.casefold() in ELIGIBLE else list(GROUP_ROLES)
    application = names.applications.get(names.id_of(thing.kind, thing.name))
    if application is not None:
        own = [
            word for each in application.app_roles for word in (each.display_name, each.id) if word
        ]
        return own or [DEFAULT_ACCESS]
    return []


def incompatibles(
    document: Document, place: Place, owner: Owner, there: FoundCatalog | None, names: Names
) -> list[Change]:
    """What the package does not go together with, to add and to take away."""
    catalog, package = owner
    if package.not_together_with is None:
        return []
    found = there.packages.get(package.name) if there else None
    extra = dict(found.incompatible) if found else {}
    changes = []
    for at, text in enumerate(package.not_together_with):
        wanted = read_other(text)
        other = (wanted.kind, names.id_of(wanted.kind, wanted.name))
        if not is_new(other[1]) and extra.pop(other, None) is not None:
            continue
        changes.append(
            Change(
                deed=Deed.CREATE,
                key=("incompatible", catalog.name, package.name, str(wanted)),
                title=f"package {package.name} not together with {wanted}",
                line=document.line((*place, "not together with", at)),
                want=wanted,
            )
        )
    for (kind, other_id), name in extra.items():
        changes.append(
            Change(
                deed=Deed.DELETE,
                key=("incompatible", catalog.name, package.name, f"{kind} {name}"),
                title=f"package {package.name} not together with {kind} {name}",
                line=document.line((*place, "not together with")),
                object_id=other_id,
                within={"package": found.package.id if found else "", "kind": kind},
            )
        )
    return changes
