"""Access packages, and what they give."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from graph.errors import BadAnswer, NotAllowed
from graph.models import (
    AccessPackage,
    AssignmentPolicy,
    Group,
    Resource,
    ResourceRole,
    ResourceRoleScope,
    ResourceScope,
)
from graph.objects import Objects, Readable
from graph.session import Session
from graph.versions import EM

PACKAGES: Final = f"{EM}/accessPackages"
POLICIES: Final = f"{EM}/assignmentPolicies"
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
Groups = list[Group]
Resources = dict[str, Resource]


@dataclass(frozen=True, kw_only=True)
class Exclusions:
    """
    What does not go with a package (separation of duties).

    Attributes:
        packages: Whoever has one of these may not have the package.
        groups: Whoever is in one of these may not have the package.
        excluded: Whoever has the package may not ask for one of these; Entra does not mind the other order.
    """

    packages: list[AccessPackage]
    groups: list[Group]
    excluded: list[AccessPackage]


@dataclass(frozen=True, kw_only=True)
class PackageExclusions:
    """
    The packages that do not go with a package, as in `Exclusions`.

    Attributes:
        packages: Whoever has one of these may not have the package.
        excluded: Whoever has the package may not ask for one of these.
    """

    packages: list[AccessPackage]
    excluded: list[AccessPackage]

    @property
    def ids(self) -> set[str]:
        """All of them."""
        return {each.id for each in (*self.packages, *self.excluded)}


class Packages:
    """Read, make and change access packages."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)

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
        return await self._with_resources(found) if named else found

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
        whole, unnamed = await self._with_readable_resources(judged)
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
        return await self._with_resources(within) if not bare else within

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
            "accessPackage", AccessPackage, _package(package_id), expand=WHOLE
        )
        if bare:
            return found
        (whole,) = await self._with_policies([found])
        return (await self._with_resources([whole]))[0] if named else whole

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
        await self._objects.change("accessPackage", _package(package_id), body)

    async def delete(self, package_id: str) -> None:
        """
        Delete a package that nobody has any more.

        Raises:
            Rejected, Conflict: It still has assignments, or those of a person deleted within
                the last 30 days.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: tutorial, "Clean up"; Graph reference, "Delete accessPackage".
        """
        await self._objects.delete(_package(package_id))

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
            "roleScope", ResourceRoleScope, f"{_package(package_id)}/resourceRoleScopes", body
        )

    async def roles(self, package_id: str) -> ResourceRoleScopes:
        """
        What the package gives, by ids: the names of groups, applications and sites are left out.

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
            f"{_package(package_id)}/resourceRoleScopes/{quote(role_scope_id, safe='')}"
        )

    async def exclusions(self, package_id: str) -> Exclusions:
        """
        What does not go with the package, both ways, in one call.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleAccessPackages", "List incompatibleGroups",
            "List accessPackagesIncompatibleWith"; "Combine multiple HTTP requests using JSON batching".
        """
        path = _package(package_id)
        packages, groups, excluded = await self._objects.lists(
            [
                f"{path}/incompatibleAccessPackages",
                f"{path}/incompatibleGroups",
                f"{path}/accessPackagesIncompatibleWith",
            ]
        )
        read = self._objects.read
        return Exclusions(
            packages=[read("accessPackage", AccessPackage, each) for each in packages],
            groups=[read("group", Group, each) for each in groups],
            excluded=[read("accessPackage", AccessPackage, each) for each in excluded],
        )

    async def incompatible_both_ways(self, package_id: str) -> PackageExclusions:
        """
        The packages that do not go with the package, both ways, in one call.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleAccessPackages", "List accessPackagesIncompatibleWith";
            "Combine multiple HTTP requests using JSON batching".
        """
        path = _package(package_id)
        packages, excluded = await self._objects.lists(
            [f"{path}/incompatibleAccessPackages", f"{path}/accessPackagesIncompatibleWith"]
        )
        read = self._objects.read
        return PackageExclusions(
            packages=[read("accessPackage", AccessPackage, each) for each in packages],
            excluded=[read("accessPackage", AccessPackage, each) for each in excluded],
        )

    async def incompatible_packages(self, package_id: str) -> AccessPackages:
        """
        The packages whose holders may not ask for this one.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleAccessPackages".
        """
        return await self._objects.all(
            "accessPackage", AccessPackage, f"{_package(package_id)}/incompatibleAccessPackages"
        )

    async def incompatible_with_each(
        self, package_ids: Iterable[str]
    ) -> dict[str, tuple[AccessPackages, Groups]]:
        """
        What does not go together with each of many packages, twenty lists a call.

        Raises:
            GraphError: One of the lists could not be read.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleAccessPackages", "List incompatibleGroups"; Graph,
            "Combine multiple HTTP requests using JSON batching".
        """
        ids = list(dict.fromkeys(package_ids))
        paths = [
            f"{_package(each)}/{which}"
            for each in ids
            for which in ("incompatibleAccessPackages", "incompatibleGroups")
        ]
        found = await self._objects.lists(paths)
        read = self._objects.read
        return {
            each: (
                [read("accessPackage", AccessPackage, item) for item in found[2 * at]],
                [read("group", Group, item) for item in found[2 * at + 1]],
            )
            for at, each in enumerate(ids)
        }

    async def packages_incompatible_with(self, package_id: str) -> AccessPackages:
        """
        The packages that whoever holds this one may not ask for.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List accessPackagesIncompatibleWith".
        """
        return await self._objects.all(
            "accessPackage", AccessPackage, f"{_package(package_id)}/accessPackagesIncompatibleWith"
        )

    async def incompatible_groups(self, package_id: str) -> Groups:
        """
        The groups whose members may not ask for this package.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List incompatibleGroups".
        """
        return await self._objects.all("group", Group, f"{_package(package_id)}/incompatibleGroups")

    async def add_incompatible_package(self, package_id: str, *, other_id: str) -> None:
        """
        Keep holders of the other package from asking for this one.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Add accessPackage to incompatibleAccessPackages".
        """
        body = {"@odata.id": self._objects.link(_package(other_id))}
        await self._objects.act(f"{_package(package_id)}/incompatibleAccessPackages/$ref", body)

    async def add_incompatible_group(self, package_id: str, *, group_id: str) -> None:
        """
        Keep members of the group from asking for this package.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Add group to incompatibleGroups".
        """
        body = {"@odata.id": self._objects.link(f"/groups/{quote(group_id, safe='')}")}
        await self._objects.act(f"{_package(package_id)}/incompatibleGroups/$ref", body)

    async def remove_incompatible_package(self, package_id: str, *, other_id: str) -> None:
        """
        Let holders of the other package ask for this one again.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Remove accessPackage from incompatibleAccessPackages".
        """
        other = quote(other_id, safe="")
        await self._objects.delete(
            f"{_package(package_id)}/incompatibleAccessPackages/{other}/$ref"
        )

    async def remove_incompatible_group(self, package_id: str, *, group_id: str) -> None:
        """
        Let members of the group ask for this package again.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Remove group from incompatibleGroups".
        """
        group = quote(group_id, safe="")
        await self._objects.delete(f"{_package(package_id)}/incompatibleGroups/{group}/$ref")

    async def resources(self, catalog_id: str) -> Resources:
        """
        The resources of a catalog, by origin id, for `with_resources`.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List resources".
        """
        found = await self._objects.all("resource", Resource, _resources_of(catalog_id))
        return {resource.origin_id: resource for resource in found if resource.origin_id}

    @staticmethod
    def lacks_resources(package: AccessPackage) -> bool:
        """Tell whether a package gives something of a resource that only its catalog describes."""
        return any(_lacks_resource(each) for each in package.resource_role_scopes)

    @staticmethod
    def with_resources(package: AccessPackage, resources: Resources) -> AccessPackage:
        """The package, each role with its resource, where the catalog knows it."""
        given = [_named(each, resources) for each in package.resource_role_scopes]
        return package.model_copy(update={"resource_role_scopes": given})

    async def _with_resources(self, packages: AccessPackages) -> AccessPackages:
        """The packages, each role with its resource, where the catalog knows it."""
        named = []
        known: dict[str, Resources] = {}
        for package in packages:
            catalog_id = package.catalog.id if package.catalog else None
            if catalog_id and self.lacks_resources(package):
                if catalog_id not in known:
                    known[catalog_id] = await self.resources(catalog_id)
                package = self.with_resources(package, known[catalog_id])
            named.append(package)
        return named

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
        except NotAllowed:
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
            doubtful = {package.id for package in packages if not package.assignment_policies}
            return [package for package in packages if package.id not in doubtful], doubtful

    async def _with_readable_resources(
        self, packages: AccessPackages
    ) -> tuple[AccessPackages, set[str]]:
        """The same as `_with_resources`, without the packages that give what cannot be read; and their ids."""
        named: AccessPackages = []
        doubtful: set[str] = set()
        known: dict[str, Readable[Resource]] = {}
        for package in packages:
            catalog_id = package.catalog.id if package.catalog else None
            if not catalog_id or not self.lacks_resources(package):
                named.append(package)
                continue
            if catalog_id not in known:
                known[catalog_id] = await self._objects.readable(
                    "resource", Resource, _resources_of(catalog_id)
                )
            found = known[catalog_id]
            by_origin = {each.origin_id: each for each in found.objects if each.origin_id}
            given = [_named(each, by_origin) for each in package.resource_role_scopes]
            if found.unreadable and any(map(_lacks_resource, given)):
                doubtful.add(package.id)
            else:
                named.append(package.model_copy(update={"resource_role_scopes": given}))
        return named, doubtful


def _package(package_id: str) -> str:
    return f"{PACKAGES}/{quote(package_id, safe='')}"


def _resources_of(catalog_id: str) -> str:
    return f"{EM}/catalogs/{quote(catalog_id, safe='')}/resources"


def _lacks_resource(given: ResourceRoleScope) -> bool:
    return given.role is not None and given.role.resource is None


def _named(given: ResourceRoleScope, resources: dict[str, Resource]) -> ResourceRoleScope:
    # A role and the thing it belongs to share the scope's origin id: the group, the
    # application or the site itself.
    resource = resources.get((given.scope and given.scope.origin_id) or "")
    if given.role is None or given.role.resource is not None or resource is None:
        return given
    return given.model_copy(update={"role": given.role.model_copy(update={"resource": resource})})


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
