"""Know whether the tenant shows approvers to those who ask, where a policy leaves that to it."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import structlog

from bot.packages.approver_visibility import any_leaves_it_to_the_tenant, is_member
from bot.requests.shared_reads import FreshCache
from graph import Graph
from graph.errors import AuthError, GraphError, NotFound, Throttled
from graph.models import AssignmentPolicy, User

log = structlog.get_logger(__name__)

# It gives nobody access, and is changed about once.
GOOD_FOR: Final = timedelta(minutes=1)
ONLY: Final = "endUserSettings"


class ApproverDefaults:
    """Reads the tenant's setting, once for all who ask within a minute."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._shown = FreshCache(self._read, within=GOOD_FOR)

    async def hides(
        self, policies: Iterable[AssignmentPolicy], *, readers: Sequence[User] = ()
    ) -> bool:
        """
        Tell whether whoever asks does not see who decides, where one of *policies* leaves that to the tenant.

        Args:
            readers: Who asks and who gets it: the setting is about members, and guests see nobody.

        Raises:
            Throttled, AuthError: Graph takes no more questions for now.
        """
        if not any_leaves_it_to_the_tenant(policies):
            return False
        return not all(map(is_member, readers)) or await self._shown.get(ONLY) is not True

    async def is_known_to_hide(self, policies: Iterable[AssignmentPolicy]) -> bool:
        """
        Tell whether the tenant has been read to show approvers to nobody, where one of *policies* leaves that to it.

        What is hidden stays hidden: a failure to read it is no reason for that where names have been shown already.

        Raises:
            Throttled, AuthError: As `hides`.
        """
        return any_leaves_it_to_the_tenant(policies) and await self._shown.get(ONLY) is False

    async def _read(self, _: str) -> bool | None:
        """Return whether the tenant shows them; None if that could not be read."""
        try:
            settings = await self._graph.tenant_settings.end_user()
        except NotFound:
            # Nothing is hidden where Entra cannot hide it.
            return True
        except (Throttled, AuthError):
            raise
        except GraphError as error:
            # What may be hidden is: no request waits for the sake of a name.
            log.warning("end-user-settings-not-read", status=error.status, code=error.code)
            return None
        return settings.show_approver_details_to_members is True
