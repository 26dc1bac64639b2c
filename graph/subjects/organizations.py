"""Connected organizations: where somebody comes from, and who answers for those who come from there."""

from typing import Final

from graph.beta.versions import EM
from graph.calls.objects import Objects, to_model
from graph.calls.paths import key
from graph.calls.session import Session
from graph.errors import BadAnswer
from graph.models import AccessPackageSubject, DirectoryObject

ORGANIZATIONS: Final = f"{EM}/connectedOrganizations"


class Organizations:
    """Look up somebody's connected organization, and its sponsors."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._objects = Objects(session)

    async def of(self, object_id: str) -> str | None:
        """
        The id of the connected organization that somebody (a directory id) belongs to; None if to none.

        Raises:
            NotFound: Entitlement management does not know the person: somebody of this directory, or
                somebody from outside who has never come through it.
            BadAnswer: Graph did not say, which is not the same as none.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "Get accessPackageSubject".
        """
        quoted = key(object_id.replace("'", "''"))
        path = f"{EM}/subjects(objectId='{quoted}')"
        subject = await self._objects.one(
            "subject", AccessPackageSubject, path, expand=("connectedOrganization",)
        )
        if "connected_organization" not in subject.model_fields_set:
            raise BadAnswer("Microsoft Graph did not say to which organization somebody belongs.")
        organization = subject.connected_organization
        return organization.id if organization else None

    async def internal_sponsors(self, organization_id: str) -> list[DirectoryObject]:
        """
        The people and groups of this directory that answer for an organization's people.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List internalSponsors".
        """
        return await self._sponsors(organization_id, "internalSponsors")

    async def external_sponsors(self, organization_id: str) -> list[DirectoryObject]:
        """
        The organization's own people (guests here), and their groups, that answer for its people.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List externalSponsors".
        """
        return await self._sponsors(organization_id, "externalSponsors")

    async def _sponsors(self, organization_id: str, which: str) -> list[DirectoryObject]:
        path = f"{ORGANIZATIONS}/{key(organization_id)}/{which}"
        return [to_model(DirectoryObject, item) async for item in self._session.pages(path)]
