"""Catalogs: what is in them."""

from typing import Any

from graph.calls.objects import Objects
from graph.calls.paths import CATALOGS, catalog_path
from graph.calls.session import Session
from graph.errors import GraphError
from graph.models import (
    AccessPackageCatalog,
    AccessPackageResource,
    ResourceRole,
)

# ``Catalogs.list`` takes the name inside the class.
CatalogList = list[AccessPackageCatalog]
Resources = list[AccessPackageResource]
ResourceRoles = list[ResourceRole]


class Catalogs:
    """Read, make and delete catalogs; list what they may hand out."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)

    async def list(self) -> CatalogList:
        """
        Every catalog.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List catalogs".
        """
        return await self._objects.all("catalog", AccessPackageCatalog, CATALOGS)

    async def find(self, *, display_name: str) -> AccessPackageCatalog | None:
        """
        Find the catalog of that name; None if there is none.

        Raises:
            GraphError: There are several: names are not unique, and guessing is worse.

        Permission: EntitlementManagement.Read.All (application).
        Source: tutorial, "Get the catalog"; Graph reference, "List catalogs".
        """
        found = await self._objects.all(
            "catalog", AccessPackageCatalog, CATALOGS, where={"displayName": display_name}
        )
        if len(found) > 1:
            ids = ", ".join(catalog.id for catalog in found)
            raise GraphError(f"There are {len(found)} catalogs named {display_name!r}: {ids}.")
        return found[0] if found else None

    async def get(self, catalog_id: str) -> AccessPackageCatalog:
        """
        One catalog.

        Raises:
            NotFound: There is no such catalog.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "Get accessPackageCatalog".
        """
        return await self._objects.one("catalog", AccessPackageCatalog, catalog_path(catalog_id))

    async def create(
        self,
        *,
        display_name: str,
        description: str,
        is_published: bool = True,
        is_externally_visible: bool = False,
    ) -> AccessPackageCatalog:
        """
        Create a catalog.

        Args:
            is_published: Whether its packages may be asked for.
            is_externally_visible: Whether people of other organizations may see them.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Create accessPackageCatalog".
        """
        body = {
            "displayName": display_name,
            "description": description,
            "state": "published" if is_published else "unpublished",
            "isExternallyVisible": is_externally_visible,
        }
        return await self._objects.create("catalog", AccessPackageCatalog, CATALOGS, body)

    async def update(
        self,
        catalog_id: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        is_published: bool | None = None,
        is_externally_visible: bool | None = None,
    ) -> None:
        """
        Change what is given, and leave the rest.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Update accessPackageCatalog".
        """
        changes: dict[str, Any] = {
            "displayName": display_name,
            "description": description,
            "state": None
            if is_published is None
            else "published"
            if is_published
            else "unpublished",
            "isExternallyVisible": is_externally_visible,
        }
        body = {name: value for name, value in changes.items() if value is not None}
        await self._objects.change("catalog", catalog_path(catalog_id), body)

    async def delete(self, catalog_id: str) -> None:
        """
        Delete a catalog without packages.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Delete accessPackageCatalog".
        """
        await self._objects.delete(catalog_path(catalog_id))

    async def resources(
        self, catalog_id: str, *, origin_id: str | None = None, with_roles: bool = False
    ) -> Resources:
        """
        List the resources of a catalog, with their scopes; all of them, or those with that origin id.

        Args:
            origin_id: The group's or service principal's object id, or the site's address.
            with_roles: Read the roles of each, too.

        Permission: EntitlementManagement.Read.All (application).
        Source: tutorial, "Get catalog resources"; Graph reference, "List resources".
        """
        return await self._objects.all(
            "resource",
            AccessPackageResource,
            f"{catalog_path(catalog_id)}/resources",
            where={"originId": origin_id},
            expand=("scopes", "roles") if with_roles else ("scopes",),
        )

    async def roles(
        self, catalog_id: str, *, resource_id: str, origin_system: str
    ) -> ResourceRoles:
        """
        The roles of one resource of the catalog.

        Tell them apart by ``origin_id``: until a role is first used its id is all zeros.

        Args:
            resource_id: The resource's id in the catalog, not the group's.
            origin_system: AadGroup, AadApplication or SharePointOnline; Graph insists on it.

        Permission: EntitlementManagement.Read.All (application).
        Source: tutorial, "Get resource roles"; Graph reference, "List resourceRoles".
        """
        return await self._objects.all(
            "role",
            ResourceRole,
            f"{catalog_path(catalog_id)}/resourceRoles",
            where={"originSystem": origin_system, "resource/id": resource_id},
            expand=("resource",),
        )
