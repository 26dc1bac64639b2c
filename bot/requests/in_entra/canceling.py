"""Cancel in Entra what Entra decides, in the name of whoever asked; look before it is said once more."""

from typing import Final

import structlog

from bot.accounts.model import NotConnected
from bot.accounts.tokens import AccountTokens
from bot.database import Store
from bot.requests import state_machine
from bot.requests.in_entra.following import EntraFollower
from bot.requests.model import Request
from bot.words import N_
from graph import Graph
from graph.errors import Forbidden, Rejected
from graph.models import AssignmentRequest
from graph.values import PENDING_APPROVAL, same_word

log = structlog.get_logger(__name__)

# Source: Graph reference, "accessPackageAssignmentRequest: cancel": not decided yet, or not begun with.
CANCELABLE: Final = ("submitted", PENDING_APPROVAL, "scheduled")


class EntraCanceler:
    """Cancels requests in Entra, which alone says whether they are."""

    def __init__(
        self, *, store: Store, graph: Graph, tokens: AccountTokens, follower: EntraFollower
    ) -> None:
        self._store = store
        self._graph = graph
        self._tokens = tokens
        self._follower = follower

    async def cancel(self, request: Request) -> None:
        """
        Say to Entra, at most once, that a request is to be canceled that waits there; what comes of it is seen by who follows it.

        Raises:
            GraphError, NotClear: It could not be read, or may have been canceled; it is looked at again later.
        """
        if not _may_be_canceled(await self._follower.read(request)):
            return
        token = self._tokens.of(request.asked_by)
        try:
            await self._graph.self_service.cancel(request.graph_request_id or "", token=token)
        except NotConnected:
            await self._store.run(state_machine.need_account_to_cancel, request)
        except (Forbidden, Rejected) as error:
            if error.may_have_happened:
                raise
            log.info("not-canceled-in-entra", request=request.id, code=error.code)
            # If somebody has decided it since we looked, that is what there is to say.
            if _may_be_canceled(await self._follower.read(request)):
                why = N_("Microsoft Entra refused it: {error}").format(error=error)
                await self._store.run(state_machine.not_canceled, request, why)


def _may_be_canceled(reported: AssignmentRequest) -> bool:
    """Tell whether Entra has neither decided it nor begun with it."""
    return any(same_word(reported.state, each) for each in CANCELABLE)
