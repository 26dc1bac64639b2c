"""The tenant's settings for what people see of entitlement management in My Access."""

from typing import Final

from graph.beta.versions import EM
from graph.calls.objects import Objects
from graph.calls.session import Session
from graph.models import EndUserSettings

SETTINGS: Final = f"{EM}/controlConfigurations/endUserSettings"


class TenantSettings:
    """Read what the tenant has settled for all its packages."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)

    async def end_user(self) -> EndUserSettings:
        """
        The settings of the portal's "My Access settings for end users".

        Raises:
            NotFound: This tenant, or its cloud, has no such settings.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "Get endUserSettings", the same in both versions.
        """
        return await self._objects.one("endUserSettings", EndUserSettings, SETTINGS)
