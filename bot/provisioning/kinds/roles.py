"""Provision roles: what a package gives, each a role of a resource in its catalog."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.packages.characters import is_plain
from bot.provisioning.file_format.grammar import (
    Role,
    Thing,
    kind_of_thing,
    read_role,
    read_thing,
    reads_back,
)
from bot.provisioning.file_format.model import File
from bot.provisioning.kinds.base import DeletableKind, PackageLevelKind
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    ImportContext,
    Inventory,
    PackageScope,
    RemovalContext,
)
from bot.provisioning.kinds.packages import PACKAGE_STAYS
from bot.provisioning.kinds.resources import look_up_resource, origin_of
from bot.provisioning.policy_translation.from_graph import Words
from bot.provisioning.tenant.live_access import LiveAccess, say_assignments
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import FoundCatalog, Located, Snapshot
from bot.provisioning.writing.diff import Change, Operation
from bot.provisioning.writing.lookups import FEW
from bot.provisioning.writing.state import Entry, Identity, Key
from bot.same_name import folded
from bot.suggestions import nearest
from graph import Graph
from graph.errors import GraphError, NotFound
from graph.models import (
    AccessPackage,
    AccessPackageResource,
    ResourceRole,
    ResourceRoleScope,
    ResourceScope,
)

# What an application without roles of its own offers, and what every group does.
DEFAULT_ACCESS: Final = "Default Access"
GROUP_ROLES: Final = ("Member", "Owner")
# What a group under Privileged Identity Management offers beside: access that the holder has to activate.
ELIGIBLE_ROLES: Final = ("Eligible Member", "Eligible Owner")
# Microsoft, "Create resourceRoleScope": "through any current and future access package assignments".
GOES_TO_HOLDERS: Final = (
    "whoever has the package already gets it, too, and nobody decides about that"
)
_ELIGIBLE: Final = frozenset(each.casefold() for each in ELIGIBLE_ROLES)


class RoleKind(PackageLevelKind, DeletableKind):
    """Roles that a package gives; the file lists them all, and what it does not list is taken away."""

    name = "role"
    stage = 2
    is_compared_with_list = True

    def title(self, *names: str) -> str:
        return f"{names[2]} in package {names[1]}"

    def keys(self, file: File) -> Iterable[Key]:
        for catalog in file.catalogs:
            for package in catalog.packages:
                for each in package.gives or ():
                    yield (self.name, catalog.name, package.name, str(read_role(each)))

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        found = snapshot.find_package(key)
        if found is None:
            return None
        role = read_role(key[3])
        for given in found.package.resource_role_scopes:
            if given.id and _is_role(given, role, origin_of(role.thing, names)):
                return given.id, {"package": found.package.id}
        return None

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        given = {
            (package.id, each.id)
            for package in inventory.packages
            for each in package.resource_role_scopes
        }
        return {each.identity for each in entries if (each.within["package"], each.id) in given}

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        roles = await graph.packages.roles(entry.within["package"])
        return any(each.id == entry.id for each in roles)

    async def plan(self, scope: PackageScope) -> Sequence[Change]:
        package, found = scope.package, scope.found_package
        if package.gives is None:
            return ()
        given = []
        for each in found.package.resource_role_scopes if found else ():
            if is_told(each):
                given.append(each)
            else:
                scope.notes.append(f"a role in package {package.name}: Graph does not say which")
        changes = []
        extras, seen = list(given), set[tuple[str, str]]()
        for at, text in enumerate(package.gives):
            role = read_role(text)
            origin_id = origin_of(role.thing, scope.names)
            if (origin_id, folded(role.role)) in seen:
                scope.refuse_double(str(role), "gives", at)
                continue
            seen.add((origin_id, folded(role.role)))
            same = [each for each in given if _is_role(each, role, origin_id)]
            extras = [each for each in extras if each not in same]
            if same:
                continue
            known = await _offered_names(scope, role)
            if known and folded(role.role) not in map(folded, known):
                hint = nearest(role.role, known)
                scope.refuse(f"{role.thing} has no role “{role.role}”.{hint}", "gives", at)
            changes.append(
                Change(
                    operation=Operation.CREATE,
                    key=self._key(scope, str(role)),
                    title=f"{role} in package {package.name}",
                    line=scope.line("gives", at),
                    want=role,
                    notes=(GOES_TO_HOLDERS,) if found else (),
                )
            )
        for extra in extras:
            title = say_role(extra)
            changes.append(
                Change(
                    operation=Operation.DELETE,
                    key=self._key(scope, title),
                    title=f"{title} in package {package.name}",
                    line=scope.line("gives"),
                    object_id=extra.id,
                    within={"package": found.package.id if found else ""},
                )
            )
        return changes

    def _key(self, scope: PackageScope, role: str) -> Key:
        return (self.name, scope.catalog.name, scope.package.name, role)

    async def import_from_package(self, package: AccessPackage, context: ImportContext) -> Words:
        """
        Return what the package gives; nothing where the file has no words for a part of it.

        A list that lacked something would read as an order to take it away.
        """
        gives: list[str] = []
        for given in package.resource_role_scopes:
            said = await _in_words(given, context)
            if said is None or said in gives:
                what = "Graph does not say which" if not is_told(given) else "the file has no words"
                title = say_role(given)
                context.leave_out(
                    f"what package {package.display_name} gives: of “{title}”, {what}"
                )
                return {}
            gives.append(said)
        return {"gives": sorted(gives)}

    def sequence_key(self, key: Key) -> Key:
        return ("package", *key[1:3])

    async def create(self, change: Change, context: ApplyContext) -> None:
        """Let a package give a role."""
        wanted: Role = change.want
        package_id = context.snapshot.package_id(change.key)
        catalog = context.snapshot.catalogs[change.key[1]]
        origin_id = context.names.id_of(wanted.thing.kind, wanted.thing.name)

        async def look() -> str | None:
            for given in await _look_up(context, package_id):
                if given.id and _is_role(given, wanted, origin_id.casefold()):
                    return given.id
            return None

        async def create() -> None:
            resource = catalog.resources.get(origin_id.casefold())
            if resource is None or resource.id is None:
                resource = await look_up_resource(context, catalog, origin_id)
            if resource is None:
                raise NotFound(f"Catalog {change.key[1]} does not list {wanted.thing}.")
            role = await _offered(context.graph, catalog, resource, wanted)
            await context.graph.packages.add_role(
                package_id, role=role, scope=_scope(resource, wanted.thing, origin_id)
            )

        await context.writer.create_once(
            change, look, create, accepts_existing=True, package=package_id
        )

    async def delete(self, graph: Graph, entry: Entry) -> None:
        await graph.packages.remove_role(entry.within["package"], entry.id or "")

    async def why_in_use(
        self, live_access: LiveAccess, object_id: str, within: Mapping[str, str]
    ) -> str | None:
        return say_assignments(await live_access.assignments("package", within["package"]))

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        if entry.within["package"] in removal.going:
            return None
        if entry.within["package"] in removal.blocked:
            return PACKAGE_STAYS
        return await self.why_in_use(removal.live_access, entry.id or "", entry.within)

    async def packages_needing(
        self, removal: RemovalContext, entry: Entry
    ) -> Sequence[AccessPackage]:
        return await removal.blocked_package(entry)

    def removed(self, removal: RemovalContext, entry: Entry) -> None:
        removal.roles.add((entry.within["package"], entry.id or ""))


def say_role(given: ResourceRoleScope) -> str:
    """Say a role that a package gives, by names, for people to read."""
    resource = given.role.resource if given.role else None
    scope_system = given.scope.origin_system if given.scope else None
    system = scope_system or (given.role.origin_system if given.role else None)
    kind = kind_of_thing(system) or system or "resource"
    name = (resource.display_name if resource else None) or (given.scope and given.scope.origin_id)
    return f"{(given.role and given.role.display_name) or '?'} of {kind} {name or '?'}"


def is_told(given: ResourceRoleScope) -> bool:
    """Tell whether Graph says which role of what it is; what it does not say is nobody's to take away."""
    role, scope = given.role, given.scope
    return bool(
        given.id
        and role is not None
        and (role.display_name or role.origin_id)
        and scope is not None
        and scope.origin_id
    )


async def _in_words(given: ResourceRoleScope, context: ImportContext) -> str | None:
    """Say one role in words that mean it and nothing else; None: the file has none."""
    role, scope = given.role, given.scope
    if not is_told(given) or role is None or scope is None:
        return None
    system = scope.origin_system or role.origin_system
    thing = await context.names.thing(system, scope.origin_id or "")
    if thing is None or not reads_back(thing):
        return None
    for word in filter(None, (role.display_name, role.origin_id)):
        said = f"{word} of {thing}"
        try:
            read = read_role(said)
        except ValueError:
            continue
        if is_plain(said) and read == Role(role=word, thing=read_thing(thing)):
            return said
    return None


def _is_role(given: ResourceRoleScope, role: Role, origin_id: str) -> bool:
    """Tell whether that is the role of that thing; a role goes by its name or its origin id."""
    if given.role is None or given.scope is None:
        return False
    wanted = folded(role.role)
    return (given.scope.origin_id or "").casefold() == origin_id and wanted in (
        folded(given.role.display_name),
        folded(given.role.origin_id),
    )


async def _offered_names(scope: PackageScope, role: Role) -> list[str]:
    """Return the roles that may be given, by name and id; empty when only apply can tell."""
    thing, catalog = role.thing, scope.found
    found = catalog.resources.get(origin_of(thing, scope.names)) if catalog else None
    if found and found.id and catalog:
        offered = await catalog.roles_of(scope.graph, found)
        return [word for each in offered for word in (each.display_name, each.origin_id) if word]
    if thing.kind == "group":
        # Only a catalog that holds the group tells whether it has roles to activate.
        is_eligible = role.role.casefold() in _ELIGIBLE
        return [*GROUP_ROLES, *ELIGIBLE_ROLES] if is_eligible else list(GROUP_ROLES)
    application = scope.names.applications.get(scope.names.id_of(thing.kind, thing.name))
    if application is not None:
        own = [
            word for each in application.app_roles for word in (each.display_name, each.id) if word
        ]
        return own or [DEFAULT_ACCESS]
    return []


async def _look_up(context: ApplyContext, package_id: str) -> list[ResourceRoleScope]:
    """Read what a package gives."""
    if len(context.lookups.created("role")) <= FEW:
        return await context.graph.packages.roles(package_id)
    found = (await context.lookups.packages()).get(package_id)
    return found.resource_role_scopes if found else []


async def _offered(
    graph: Graph, catalog: FoundCatalog, resource: AccessPackageResource, wanted: Role
) -> ResourceRole:
    """
    Find the role among those that the resource offers.

    Raises:
        NotFound: The catalog lists none yet.
        GraphError: It is not among them.
    """
    offered = await catalog.roles_of(graph, resource)
    if not offered:
        raise NotFound(f"Catalog {catalog.catalog.display_name} lists no roles of {wanted.thing}.")
    name = folded(wanted.role)
    for role in offered:
        if name in (folded(role.display_name), folded(role.origin_id)):
            return role.model_copy(update={"resource": resource})
    hint = nearest(wanted.role, [each.display_name or "?" for each in offered])
    raise GraphError(f"{wanted.thing} has no role “{wanted.role}”.{hint}")


def _scope(resource: AccessPackageResource, thing: Thing, origin_id: str) -> ResourceScope:
    if resource.scopes:
        return resource.scopes[0]
    return ResourceScope(origin_id=origin_id, origin_system=thing.origin_system, is_root_scope=True)
