"""Resource requests: what goes into a catalog, changes there, or comes out."""

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Final

from graph.beta.versions import EM
from graph.calls.objects import Objects
from graph.calls.paths import catalog_path, key
from graph.calls.session import Session
from graph.errors import (
    RESOURCE_ALREADY_ONBOARDED,
    RESOURCE_NOT_VISIBLE_YET,
    GraphError,
    GraphUnavailable,
    Rejected,
)
from graph.models import (
    AccessPackageResource,
    ResourceAttribute,
    ResourceEnvironment,
    ResourceRequest,
)

REQUESTS: Final = f"{EM}/resourceRequests"
ENVIRONMENTS: Final = "resourceEnvironments"
ORIGIN_SYSTEMS: Final = frozenset({"AadGroup", "AadApplication", "SharePointOnline"})
# Entra has been seen to need seconds to minutes before it shows a new group here.
PAUSE: Final = timedelta(seconds=5)


class Asked(Enum):
    """The outcome of asking for a resource: taken on, unclear, or Graph does not see the resource yet."""

    TAKEN = auto()
    UNCLEAR = auto()
    NOT_VISIBLE = auto()


class Resources:
    """
    Put groups, applications and sites into catalogs and take them out.

    All of it needs, beside EntitlementManagement.ReadWrite.All, the right to the thing itself:
    Group.ReadWrite.All, Application.ReadWrite.All or Sites.FullControl.All.
    """

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)
        self._sleep = session.sleep

    async def add(
        self,
        *,
        catalog_id: str,
        origin_id: str,
        origin_system: str,
        attributes: Iterable[ResourceAttribute] = (),
        environment_id: str | None = None,
        environment_origin_id: str | None = None,
    ) -> ResourceRequest:
        """
        Ask for a resource to be put into a catalog (adminAdd).

        Args:
            origin_id: Object id of the group, or of the application's service principal (not
                its app id), or the address of the SharePoint site.
            origin_system: AadGroup, AadApplication or SharePointOnline.
            attributes: What an application asks of whoever gets a role of it.
            environment_id: Of a multi-geo SharePoint tenant: the geography's id here,
            environment_origin_id: or its address, ``https://contoso-admin.sharepoint.com/``.

        Raises:
            Rejected: ``ResourceNotFoundInOriginSystem``: too new, try again in a while;
                ``ResourceAlreadyOnboarded``; ``CallerNotResourceOwner``.
            ValueError: Not an origin system, or two environments.

        Source: tutorial, "Add resources to the catalog"; Graph reference,
            "Create accessPackageResourceRequest".
        """
        if origin_system not in ORIGIN_SYSTEMS:
            known = ", ".join(sorted(ORIGIN_SYSTEMS))
            raise ValueError(f"{origin_system!r} is not one of {known}.")
        if environment_id and environment_origin_id:
            raise ValueError("Name the environment by its id or by its origin id, not by both.")
        resource: dict[str, Any] = {"originId": origin_id, "originSystem": origin_system}
        if environment_id:
            bind = self._objects.link(f"{EM}/{ENVIRONMENTS}/{key(environment_id)}")
            resource["environment@odata.bind"] = bind
        if environment_origin_id:
            resource["environment"] = {"originId": environment_origin_id}
        given = _to_graph(attributes)
        return await self._request(
            "adminAdd", catalog_id, {**resource, "attributes": given} if given else resource
        )

    async def update(
        self,
        *,
        catalog_id: str,
        origin_id: str,
        origin_system: str,
        attributes: Iterable[ResourceAttribute],
    ) -> ResourceRequest:
        """
        Replace what an application asks of whoever gets a role of it (adminUpdate).

        An empty list is sent as one: what it means to leave the property out is not documented.

        Source: Graph reference, "Create accessPackageResourceRequest", example 5.
        """
        resource = {
            "originId": origin_id,
            "originSystem": origin_system,
            "attributes": _to_graph(attributes),
        }
        return await self._request("adminUpdate", catalog_id, resource)

    async def remove(self, *, catalog_id: str, resource_id: str) -> ResourceRequest:
        """
        Take a resource out of a catalog (adminRemove).

        Args:
            resource_id: Its id in the catalog, not the group's.

        Raises:
            Rejected: ``InvalidDeleteResourceHasEntitlements``: a package still gives it; this
                lags a little behind the removal of the package's roles.

        Source: tutorial, "Clean up"; Graph reference, "Create accessPackageResourceRequest",
            example 4.
        """
        return await self._request("adminRemove", catalog_id, {"id": resource_id})

    async def ensure(
        self,
        *,
        catalog_id: str,
        origin_id: str,
        origin_system: str,
        patience: timedelta = timedelta(minutes=5),
    ) -> AccessPackageResource:
        """
        Have a resource in a catalog, whether or not it was there, and return it.

        Waits while Entra does not see a group just created, and until the catalog lists the
        resource: an answer to the request does not yet mean that it does.

        Args:
            patience: How long to wait in all.

        Raises:
            Rejected: It is still not visible when patience is over, or another refusal.
            GraphUnavailable: It was asked for and is still not listed.

        Source: tutorial, "Add resources to the catalog".
        """
        found = await self._find(catalog_id, origin_id)
        if found is not None:
            return found
        left = patience
        asked = Asked.NOT_VISIBLE
        while True:
            if asked is not Asked.TAKEN:
                asked = await self._ask(catalog_id, origin_id, origin_system, last=left < PAUSE)
            if asked is not Asked.NOT_VISIBLE:
                found = await self._find(catalog_id, origin_id)
                if found is not None:
                    return found
            if left < PAUSE:
                raise GraphUnavailable(
                    f"{origin_id} was put into the catalog, which does not list it yet.",
                    may_have_happened=True,
                )
            await self._sleep(PAUSE.total_seconds())
            left -= PAUSE

    async def requests(self) -> list[ResourceRequest]:
        """
        List the requests to put resources in, change them or take them out.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List resourceRequests".
        """
        return await self._objects.all("resourceRequest", ResourceRequest, REQUESTS)

    async def environments(self) -> list[ResourceEnvironment]:
        """
        The geographies of a multi-geo SharePoint tenant.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List accessPackageResourceEnvironments" (its filter is
            mandatory).
        """
        return await self._objects.all(
            "environment",
            ResourceEnvironment,
            f"{EM}/{ENVIRONMENTS}",
            where={"originSystem": "SharePointOnline"},
        )

    async def _request(
        self, request_type: str, catalog_id: str, resource: dict[str, Any]
    ) -> ResourceRequest:
        body = {"requestType": request_type, "catalog": {"id": catalog_id}, "resource": resource}
        return await self._objects.create("resourceRequest", ResourceRequest, REQUESTS, body)

    async def _ask(
        self, catalog_id: str, origin_id: str, origin_system: str, *, last: bool
    ) -> Asked:
        try:
            await self.add(catalog_id=catalog_id, origin_id=origin_id, origin_system=origin_system)
        except Rejected as error:
            if error.has_code(RESOURCE_ALREADY_ONBOARDED):
                return Asked.TAKEN
            if error.has_code(RESOURCE_NOT_VISIBLE_YET) and not last:
                return Asked.NOT_VISIBLE
            raise
        except GraphError as error:
            # It may be there all the same: then the catalog lists it.  If it does not, it is asked for again,
            # which harms nothing: Graph says that it is onboarded already.
            if not error.may_have_happened:
                raise
            return Asked.UNCLEAR
        return Asked.TAKEN

    async def _find(self, catalog_id: str, origin_id: str) -> AccessPackageResource | None:
        found = await self._objects.all(
            "resource",
            AccessPackageResource,
            f"{catalog_path(catalog_id)}/resources",
            where={"originId": origin_id},
            expand=("scopes",),
        )
        return found[0] if found else None


def _to_graph(attributes: Iterable[ResourceAttribute]) -> list[dict[str, Any]]:
    return [each.to_graph() for each in attributes]
