"""Access packages, what they hand out, and what they do not go together with."""

from sandbox.tenant.applicable import applicable
from sandbox.tenant.body_types import BOOLEAN, Properties, check_body
from sandbox.tenant.call import EM, NO_CONTENT, Answer, Ask
from sandbox.tenant.errors import Refusal, bad_request, not_found
from sandbox.tenant.lifecycle import grant, withdraw
from sandbox.tenant.model import Json, Package, Resource, ResourceRoleScope
from sandbox.tenant.routes import Route
from sandbox.tenant.shapes import group_entity
from sandbox.tenant.world import World

CONTEXT = f"{EM}/accessPackages"
_SWITCHES: Properties = {"isHidden": BOOLEAN}
_FILTERABLE = (
    "id",
    "displayName",
    "catalog/id",
    "accessPackageCatalog/id",
    "catalogId",
    "isHidden",
)


def find_package(ask: Ask, package_id: str) -> Package:
    """Raises Refusal when there is no such package."""
    found = ask.world.packages.get(package_id)
    if found is None:
        raise not_found("The access package was not found.", code="AccessPackageNotFound")
    return found


def list_packages(ask: Ask) -> Answer:
    packages = ask.world.packages.values()
    return ask.many(packages, CONTEXT, shape=ask.shapes.package, filterable=_FILTERABLE)


def my_packages(ask: Ask) -> Answer:
    """
    List what the signed-in person may ask for; whether a hidden package is among it is not documented, and here it is not.

    Source: Graph reference, "accessPackage: filterByCurrentUser".
    """
    user = ask.user
    if ask.ids.get("on") != "allowedRequestor" or user is None:
        raise bad_request(f"The value '{ask.ids.get('on')}' is not valid for the parameter 'on'.")
    found = [
        package
        for package in ask.world.packages.values()
        if not package.is_hidden and applicable(ask.world, ask.world.policies_of(package.id), user)
    ]
    return ask.many(found, "Collection(accessPackage)", shape=ask.shapes.package)


def get_package(ask: Ask) -> Answer:
    return ask.one(ask.shapes.package(find_package(ask, ask.ids["package"])), CONTEXT)


def create_package(ask: Ask) -> Answer:
    check_body(ask.body, _SWITCHES)
    catalog_id = ask.text("catalogId") if ask.is_beta else ask.part("catalog").get("id")
    if catalog_id not in ask.world.catalogs:
        raise not_found("The catalog was not found.", code="CatalogNotFound")
    name = ask.need("displayName")
    _check_name(ask, name, catalog_id=str(catalog_id), package_id=None)
    package = Package(
        id=ask.world.new_id(),
        catalog_id=str(catalog_id),
        display_name=name,
        created_at=ask.world.now(),
        description=ask.text("description"),
        is_hidden=bool(ask.body.get("isHidden")),
    )
    ask.refuse_unknown(ask.shapes.package(package))
    ask.world.packages[package.id] = package
    ask.world.touch()
    return ask.one(ask.shapes.package(package), CONTEXT, status=201)


def _check_name(ask: Ask, name: str, *, catalog_id: str, package_id: str | None) -> None:
    for other in ask.world.packages.values():
        if other.id != package_id and (other.catalog_id, other.display_name.lower()) == (
            catalog_id,
            name.lower(),
        ):
            raise bad_request(
                "An access package with this name already exists in the catalog.",
                code="DuplicateAccessPackage",
            )


def update_package(ask: Ask) -> Answer:
    package = find_package(ask, ask.ids["package"])
    ask.refuse_unknown(ask.shapes.package(package), also=("catalog",))
    check_body(ask.body, _SWITCHES)
    if "displayName" in ask.body:
        name = ask.need("displayName")
        _check_name(ask, name, catalog_id=package.catalog_id, package_id=package.id)
        package.display_name = name
    if "description" in ask.body:
        package.description = ask.text("description")
    if isinstance(ask.body.get("isHidden"), bool):
        package.is_hidden = ask.body["isHidden"]
    package.modified_at = ask.world.now()
    ask.world.touch()
    return NO_CONTENT


def delete_package(ask: Ask) -> Answer:
    package = find_package(ask, ask.ids["package"])
    if any(each.is_live for each in ask.world.assignments_of(package.id)):
        raise bad_request("The access package cannot be deleted while it has assignments.")
    remove_package(ask.world, package)
    return NO_CONTENT


def remove_package(world: World, package: Package) -> None:
    """Delete a package with its policies."""
    del world.packages[package.id]
    for policy in world.policies_of(package.id):
        del world.policies[policy.id]
    for other in world.packages.values():
        if package.id in other.incompatible_packages:
            other.incompatible_packages.remove(package.id)
    world.touch()


def add_role_scope(ask: Ask) -> Answer:
    package = find_package(ask, ask.ids["package"])
    _refuse_words(ask)
    role = ask.part("accessPackageResourceRole") or ask.part("role")
    resource = _resource_of(ask, package, role)
    origin_id = str(role.get("originId"))
    known = {each.origin_id for each in ask.world.roles_of(resource)}
    if origin_id not in known:
        raise not_found("The role was not found.", code="RoleNotFound")
    scope = ask.part("accessPackageResourceScope") or ask.part("scope")
    if (scope.get("originId"), scope.get("originSystem")) != (
        resource.origin_id,
        resource.origin_system,
    ):
        # "Create resourceRoleScopes", all examples: the scope is the group, application or site itself.
        raise bad_request("The scope is not the resource that the role is of.")
    for other in package.role_scopes:
        if (other.resource_id, other.role_origin_id) == (resource.id, origin_id):
            raise Refusal(409, "DuplicateKey", "There is already a duplicated entity")
    # From its first use on, the role has an id of its own.
    role_id = resource.role_ids.setdefault(origin_id, ask.world.new_id())
    added = ResourceRoleScope(
        id=f"{role_id}_{resource.scope_id}",
        resource_id=resource.id,
        role_origin_id=origin_id,
        created_at=ask.world.now(),
    )
    package.role_scopes.append(added)
    grant(ask.world, package, added)
    ask.world.touch()
    segment = "accessPackageResourceRoleScopes" if ask.is_beta else "resourceRoleScopes"
    context = f"{CONTEXT}('{package.id}')/{segment}"
    return ask.one(ask.shapes.role_scope(added), context, status=201)


def _refuse_words(ask: Ask) -> None:
    """Raises Refusal for words of v1.0 in beta; not for those of beta in v1.0, where Microsoft's tutorial has them."""
    blank = ResourceRoleScope(id="", resource_id="", role_origin_id="", created_at=ask.world.now())
    of_beta = () if ask.is_beta else ("accessPackageResourceRole", "accessPackageResourceScope")
    ask.refuse_unknown(ask.shapes.role_scope(blank), also=of_beta)


def _resource_of(ask: Ask, package: Package, role: Json) -> Resource:
    described = role.get("accessPackageResource") or {}
    if not ask.is_beta:
        described = described or role.get("resource") or {}
    for resource in ask.world.resources.values():
        if resource.catalog_id == package.catalog_id and (
            resource.id == described.get("id")
            or (resource.origin_id, resource.origin_system)
            == (described.get("originId"), described.get("originSystem"))
        ):
            return resource
    raise not_found("The resource was not found in the catalog.", code="ResourceNotFound")


def remove_role_scope(ask: Ask) -> Answer:
    package = find_package(ask, ask.ids["package"])
    gone = [each for each in package.role_scopes if each.id == ask.ids["scope"]]
    if not gone:
        raise not_found("The resource role scope was not found.")
    package.role_scopes = [each for each in package.role_scopes if each not in gone]
    # "Change resource roles for an access package": whoever has the package loses the role that is removed.
    for role_scope in gone:
        withdraw(ask.world, package, role_scope)
    ask.world.touch()
    return NO_CONTENT


def list_incompatible_packages(ask: Ask) -> Answer:
    package = find_package(ask, ask.ids["package"])
    found = [ask.world.packages[other] for other in package.incompatible_packages]
    context = f"{CONTEXT}('{package.id}')/incompatibleAccessPackages"
    return ask.many(found, context, shape=ask.shapes.package)


def list_incompatible_with(ask: Ask) -> Answer:
    package = find_package(ask, ask.ids["package"])
    found = [p for p in ask.world.packages.values() if package.id in p.incompatible_packages]
    context = f"{CONTEXT}('{package.id}')/accessPackagesIncompatibleWith"
    return ask.many(found, context, shape=ask.shapes.package)


def list_incompatible_groups(ask: Ask) -> Answer:
    package = find_package(ask, ask.ids["package"])
    groups = ask.world.groups
    return ask.many(
        [groups[each] for each in package.incompatible_groups if each in groups],
        f"{CONTEXT}('{package.id}')/incompatibleGroups",
        shape=lambda group: group_entity(ask.world, group, ask.version),
    )


def _referenced(ask: Ask) -> str:
    return str(ask.body.get("@odata.id", "")).rstrip("/").rsplit("/", 1)[-1]


def add_incompatible_package(ask: Ask) -> Answer:
    package, other = find_package(ask, ask.ids["package"]), find_package(ask, _referenced(ask))
    if other.id == package.id:
        raise bad_request("An access package cannot be incompatible with itself.")
    _add_once(package.incompatible_packages, other.id)
    ask.world.touch()
    return NO_CONTENT


def add_incompatible_group(ask: Ask) -> Answer:
    package = find_package(ask, ask.ids["package"])
    group = ask.world.find_group(_referenced(ask))
    if group is None:
        raise not_found("The group was not found.")
    _add_once(package.incompatible_groups, group.id)
    ask.world.touch()
    return NO_CONTENT


def _add_once(ids: list[str], new: str) -> None:
    if new in ids:
        raise Refusal(409, "DuplicateKey", "There is already a duplicated entity")
    ids.append(new)


def remove_incompatible_package(ask: Ask) -> Answer:
    _remove(ask, find_package(ask, ask.ids["package"]).incompatible_packages)
    return NO_CONTENT


def remove_incompatible_group(ask: Ask) -> Answer:
    _remove(ask, find_package(ask, ask.ids["package"]).incompatible_groups)
    return NO_CONTENT


def _remove(ask: Ask, ids: list[str]) -> None:
    if ask.ids["other"] not in ids:
        raise not_found("The reference was not found.")
    ids.remove(ask.ids["other"])
    ask.world.touch()


def routes() -> list[Route]:
    """The paths of access packages."""
    packages = f"{EM}/accessPackages"
    one = f"{packages}/{{package}}"
    mine = f"{packages}/filterByCurrentUser()"
    scopes, beta_scopes = f"{one}/resourceRoleScopes", f"{one}/accessPackageResourceRoleScopes"
    found = [
        Route("GET", packages, packages, list_packages, "read"),
        Route("POST", packages, packages, create_package, "write"),
        Route("GET", mine, mine, my_packages, "own"),
        Route("GET", one, one, get_package, "read"),
        Route("PATCH", one, one, update_package, "write"),
        Route("DELETE", one, one, delete_package, "write"),
        Route("POST", scopes, beta_scopes, add_role_scope, "write"),
        # Microsoft's tutorial prints beta's segment below v1.0.
        Route("POST", beta_scopes, None, add_role_scope, "write"),
        Route(
            "DELETE", f"{scopes}/{{scope}}", f"{beta_scopes}/{{scope}}", remove_role_scope, "write"
        ),
    ]
    for method, path, operation in (
        ("GET", "incompatibleAccessPackages", list_incompatible_packages),
        ("GET", "incompatibleGroups", list_incompatible_groups),
        ("GET", "accessPackagesIncompatibleWith", list_incompatible_with),
        ("POST", "incompatibleAccessPackages/$ref", add_incompatible_package),
        ("POST", "incompatibleGroups/$ref", add_incompatible_group),
        ("DELETE", "incompatibleAccessPackages/{other}/$ref", remove_incompatible_package),
        ("DELETE", "incompatibleGroups/{other}/$ref", remove_incompatible_group),
    ):
        needs = "read" if method == "GET" else "write"
        found.append(Route(method, f"{one}/{path}", f"{one}/{path}", operation, needs))
    return found
