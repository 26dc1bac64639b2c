"""Access packages, and what they give."""

from typing import Any, Final

from graph.calls.objects import Objects, Readable
from graph.calls.package_resources import PackageResources, ResourcesByOrigin
from graph.calls.paths import PACKAGES, POLICIES, key, package_path
from graph.calls.session import Session
from graph.errors import BadAnswer, Forbidden
from graph.models import (
    AccessPackage,
    AssignmentPolicy,
    ResourceRole,
    ResourceRoleScope,
    ResourceScope,
)

# Packages none of which can be read, from this many on: then it is Graph, and not a package.
ALL_SEEM_TO_FAIL: Final = 3
# As deep as the reference shows it; a role's resource would be one level too many.
WHOLE: Final = (
    "catalog",
    "assignmentPolicies",
    "resourceRoleScopes/role",
    "resourceRoleScopes/scope",
)

# ``Packages.list`` takes the name inside the class.
AccessPackages = list[AccessPackage]
ResourceRoleScopes = list[ResourceRoleScope]


class Packages:
    """Read, make and change access packages."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)
        self._resources = PackageResources(self._objects)

    async def list(self, *, named: bool = True, bare: bool = False) -> AccessPackages:
        """
        Every package, with its catalog, policies and what it gives.

        One call a page, and one more for each catalog that gives something: the names of the
        groups, applications and sites are in the catalog, not in the package.  If a package has no
        policies, the list of policies is asked, too.

        Args:
            named: False leaves those names and their calls out.
            bare: Leave out all that takes another call, the second look for policies among it.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List accessPackages".
        """
        found = await self._objects.all("accessPackage", AccessPackage, PACKAGES, expand=WHOLE)
        if bare:
            return found
        found = await self._with_policies(found)
        return await self._resources.complete(found) if named else found

    async def list_readable(self) -> Readable[AccessPackage]:
        """
        The same as `list`, and the ids of packages that cannot be read; they hide no other.

        What a package gives, and its policies, are a part of it: it is read whole or not at all.

        Raises:
            BadAnswer: Of one that cannot be read Graph does not even say which it is; or none of several can be
                read, and then it is not about them.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List accessPackages".
        """
        listed = await self._objects.readable(
            "accessPackage", AccessPackage, PACKAGES, expand=WHOLE
        )
        if not listed.objects and len(listed.unreadable) >= ALL_SEEM_TO_FAIL:
            raise BadAnswer("Microsoft Graph sent no access package that can be read.")
        judged, unjudged = await self._with_readable_policies(listed.objects)
        whole, unnamed = await self._resources.complete_readable(judged)
        return Readable(objects=whole, unreadable=listed.unreadable | unjudged | unnamed)

    async def find(
        self, *, display_name: str, catalog_id: str | None = None, bare: bool = False
    ) -> AccessPackages:
        """
        The packages of that name; the name is unique within a catalog only.

        Args:
            bare: Leave out all that takes another call: the names of what they give, and the second look
                for policies.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List accessPackages".
        """
        found = await self._objects.all(
            "accessPackage",
            AccessPackage,
            PACKAGES,
            where={"displayName": display_name},
            expand=WHOLE,
        )
        within = [
            package
            for package in found
            if catalog_id is None or (package.catalog and package.catalog.id == catalog_id)
        ]
        if not bare:
            within = await self._with_policies(within)
        return await self._resources.complete(within) if not bare else within

    async def get(
        self, package_id: str, *, named: bool = True, bare: bool = False
    ) -> AccessPackage:
        """
        One package, read now, with its catalog, policies and what it gives.

        Args:
            named: False leaves the names of what it gives out, and the call for them.
            bare: Leave out all that takes another call, the second look for policies among it.

        Raises:
            NotFound: There is no such package.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "Get accessPackage".
        """
        found = await self._objects.one(
            "accessPackage", AccessPackage, package_path(package_id), expand=WHOLE
        )
        if bare:
            return found
        (whole,) = await self._with_policies([found])
        return (await self._resources.complete([whole]))[0] if named else whole

    async def create(
        self,
        *,
        catalog_id: str,
        display_name: str,
        description: str,
        is_hidden: bool | None = None,
    ) -> AccessPackage:
        """
        Create an empty package in a catalog.

        Raises:
            Rejected, Conflict: ``DuplicateAccessPackage``: the catalog has one of that name.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: tutorial, "Create an access package"; Graph reference, "Create accessPackage".
        """
        body: dict[str, Any] = {
            "displayName": display_name,
            "description": description,
            "catalog": {"id": catalog_id},
        }
        if is_hidden is not None:
            body["isHidden"] = is_hidden
        return await self._objects.create("accessPackage", AccessPackage, PACKAGES, body)

    async def update(
        self,
        package_id: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        is_hidden: bool | None = None,
    ) -> None:
        """
        Change what is given, and leave the rest.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Update accessPackage".
        """
        changes = {
            "displayName": display_name,
            "description": description,
            "isHidden": is_hidden,
        }
        body = {name: value for name, value in changes.items() if value is not None}
        await self._objects.change("accessPackage", package_path(package_id), body)

    async def delete(self, package_id: str) -> None:
        """
        Delete a package that nobody has any more.

        Raises:
            Rejected, Conflict: It still has assignments, or those of a person deleted within
                the last 30 days.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: tutorial, "Clean up"; Graph reference, "Delete accessPackage".
        """
        await self._objects.delete(package_path(package_id))

    async def add_role(
        self, package_id: str, *, role: ResourceRole, scope: ResourceScope
    ) -> ResourceRoleScope:
        """
        Let the package give one role of a resource of its catalog.

        Args:
            role: As listed by the catalog, with its ``resource``.
            scope: Where the role counts; for a group or an application, the thing itself.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: tutorial, "Add a resource role to an access package"; Graph reference,
            "Create resourceRoleScope".
        """
        body = {"role": _role_body(role), "scope": _written(scope)}
        return await self._objects.create(
            "roleScope", ResourceRoleScope, f"{package_path(package_id)}/resourceRoleScopes", body
        )

    async def roles(self, package_id: str) -> ResourceRoleScopes:
        """
        List the roles that a package gives, by ids: the names of groups, applications and sites are left out.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List resourceRoleScopes".
        """
        return (await self.get(package_id, bare=True)).resource_role_scopes

    async def remove_role(self, package_id: str, role_scope_id: str) -> None:
        """
        Stop giving a role; whoever has the package loses it.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Remove resourceRoleScope from an accessPackage".
        """
        await self._objects.delete(
            f"{package_path(package_id)}/resourceRoleScopes/{key(role_scope_id)}"
        )

    async def resources(self, catalog_id: str) -> ResourcesByOrigin:
        """
        List the resources of a catalog by origin id, for `graph.calls.package_resources.with_resources`.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List resources".
        """
        return await self._resources.of_catalog(catalog_id)

    async def _with_policies(self, packages: AccessPackages) -> AccessPackages:
        """
        The packages, those without policies with what the list of policies has for them.

        Graph has been seen to expand ``assignmentPolicies`` into nothing although there are some.
        """
        if all(package.assignment_policies for package in packages):
            return packages
        try:
            found = await self._objects.all(
                "policy", AssignmentPolicy, POLICIES, expand=("accessPackage",)
            )
        except Forbidden:
            # An app whose role covers one catalog only may not see the policies of all.
            return packages
        by_package: dict[str, list[AssignmentPolicy]] = {}
        for policy in found:
            if policy.access_package is not None:
                by_package.setdefault(policy.access_package.id, []).append(policy)
        return [
            package
            if package.assignment_policies
            else package.model_copy(update={"assignment_policies": by_package.get(package.id, [])})
            for package in packages
        ]

    async def _with_readable_policies(
        self, packages: AccessPackages
    ) -> tuple[AccessPackages, set[str]]:
        """The same as `_with_policies`, without the packages whose policies cannot all be read; and their ids."""
        try:
            return await self._with_policies(packages), set()
        except BadAnswer:
            # Whose policy it is cannot be told, so it may be any of these.
            unsure = {package.id for package in packages if not package.assignment_policies}
            return [package for package in packages if package.id not in unsure], unsure


def _role_body(role: ResourceRole) -> dict[str, Any]:
    body = _written(role.model_copy(update={"resource": None}))
    if role.resource is not None:
        resource = role.resource
        body["resource"] = {
            name: value
            for name, value in (
                ("id", resource.id),
                ("originId", resource.origin_id),
                ("originSystem", resource.origin_system),
            )
            if value is not None
        }
    return body


def _written(part: ResourceRole | ResourceScope) -> dict[str, Any]:
    # The id may be a placeholder of zeros; Graph goes by the origin id.
    return part.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"id", "resource"}
    )
