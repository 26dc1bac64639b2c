"""Ask Graph to reprocess assignments where an admin has asked for it."""

from datetime import timedelta
from typing import Final

import structlog

from bot import clock
from bot.assignments.model import Assignment, DeliveryProgress, Trouble
from bot.assignments.store import assignments, troubles
from bot.database import Store, Transaction
from bot.database.audit_log import audit
from bot.packages.bounds import EVERYWHERE, Bounds, find_refusal
from bot.people.actors import Permissions
from bot.people.model import Verb
from bot.people.permissions import may
from bot.requests.retry import pause_after
from bot.slack.errors import SlackError
from bot.words import N_
from graph import Graph
from graph.errors import Conflict, Forbidden, GraphError, NotFound, Rejected

log = structlog.get_logger(__name__)

CLAIM_LEASE: Final = timedelta(minutes=2)
MOST_TRIES: Final = 12
# Graph's words for requests that it takes for reprocessing.
REPROCESSABLE: Final = ("partiallyDelivered", "deliveryFailed")
NO_REQUEST: Final = N_(
    "Microsoft Entra shows no request of it that can be processed again: that is so 14 "
    "days after it was completed. Take the access back, and give it anew."
)


class Reprocessing:
    """Carries out the admins' wish that Graph processes access again."""

    def __init__(
        self, *, store: Store, graph: Graph, permissions: Permissions, bounds: Bounds = EVERYWHERE
    ) -> None:
        self._store = store
        self._graph = graph
        self._permissions = permissions
        self._bounds = bounds

    async def work(self) -> None:
        """Ask Graph for all that is wanted; what cannot be asked for now is tried again, and not for ever."""
        for trouble, tries in await self._store.run(troubles.claim_reprocessing, lease=CLAIM_LEASE):
            try:
                answer = await self._reprocess(trouble)
            except (Conflict, Forbidden, NotFound, Rejected) as refused:
                answer = N_("Microsoft Entra refused to process it again: {refused}").format(
                    refused=refused
                )
            except (GraphError, SlackError) as error:
                log.warning("not-reprocessed", assignment=trouble.about, error=type(error).__name__)
                if tries < MOST_TRIES:
                    at = clock.real() + pause_after(error, attempts=tries)
                    await self._store.run(troubles.reschedule_reprocessing, trouble, at=at)
                    continue
                answer = N_(
                    "Microsoft Entra could not be asked to process it again: {error}"
                ).format(error=error)
            await self._store.run(_answered, trouble, answer)

    async def _reprocess(self, trouble: Trouble) -> str:
        row = await self._store.read(assignments.find, trouble.about)
        if row is None or trouble.wanted_by is None:
            return N_("That access is not there any more.")
        actor = await self._permissions.actor(trouble.wanted_by)
        why = may(actor, Verb.REPROCESS, holder=row.holder, holder_entra_id=row.entra_id)
        why = why or await find_refusal(self._bounds, self._graph, row.package_id)
        if why:
            return why
        if row.progress in {DeliveryProgress.DELIVERED, DeliveryProgress.REPROCESSING}:
            await self._graph.assignments.reprocess(row.id)
        else:
            request_id = await self._request_of(row)
            if request_id is None:
                return NO_REQUEST
            await self._graph.assignment_requests.reprocess(request_id)
        return N_("Microsoft Entra processes it again; what comes of that shows here.")

    async def _request_of(self, row: Assignment) -> str | None:
        """Find Graph's request through which it was delivered in part, or not at all."""
        for found in await self._graph.assignment_requests.list_in(
            package_id=row.package_id, states=REPROCESSABLE
        ):
            if found.assignment is not None and found.assignment.id == row.id:
                return found.id
        return None


def _answered(db: Transaction, trouble: Trouble, answer: str) -> None:
    troubles.finish_reprocessing(db, trouble, answer)
    row = assignments.find(db, trouble.about)
    if row is not None:
        audit.record(
            db,
            at=clock.now(),
            actor=trouble.wanted_by or audit.LATCHKEY,
            verb=Verb.REPROCESS,
            why=answer,
            **assignments.audit_ids(row),
        )
