"""Read what those who decide should know about whoever asks; nothing is decided by it, and nothing waits long for it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from bot.approvals.store import grants
from bot.assignments.store import assignments
from bot.database import Store, Transaction
from bot.requests.model import Evidence, Kind, Request
from bot.requests.shared_reads import FreshCache
from bot.requests.store import evidence as stored
from graph import Graph
from graph.errors import GraphError
from graph.models import User

log = structlog.get_logger(__name__)

# A card without a manager's name is better than none.
PATIENCE: Final = timedelta(seconds=5)


class EvidenceReader:
    """Reads the directory and our own tables about one person and one package."""

    def __init__(self, *, graph: Graph, store: Store) -> None:
        self._graph = graph
        self._store = store
        self._departments = FreshCache(graph.users.ids_in_department)

    async def read(self, request: Request, user: User) -> Evidence:
        """Return what is known about *user*, who was read for *request* just now; what cannot be read is left out."""
        manager, department = await asyncio.gather(self._manager(user), self._department(user))
        known = Evidence(
            title=_said(user.job_title),
            department=_said(user.department),
            manager=_said(manager.display_name) if manager else None,
            is_guest=user.is_guest,
            account=_said(user.user_principal_name),
        )
        known = await self._store.read(
            stored.add_history,
            known,
            entra_id=user.id,
            package_id=request.package_id,
            department=department,
        )
        if request.kind is not Kind.EXTEND or request.assignment_id is None:
            return known
        return await self._store.read(_add_present, known, request.assignment_id)

    async def _manager(self, user: User) -> User | None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await self._graph.users.manager(user.id)
        except (GraphError, TimeoutError) as error:
            log.info("evidence-not-read", where="manager", error=type(error).__name__)
            return None

    async def _department(self, user: User) -> set[str] | None:
        if not _said(user.department):
            return None
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await self._departments.get(str(user.department))
        except (GraphError, TimeoutError) as error:
            log.info("evidence-not-read", where="department", error=type(error).__name__)
            return None


def _add_present(db: Transaction, known: Evidence, assignment_id: str) -> Evidence:
    """Add what somebody has now who asks to extend it, and why it was given."""
    row = assignments.find(db, assignment_id)
    first = grants.request_that_gave(db, assignment_id)
    return replace(
        known,
        has_from=row.starts_at if row else None,
        has_until=row.ends_at if row else None,
        first_why=first.justification if first else None,
    )


def _said(text: str | None) -> str | None:
    """Return what Entra has in a field, on one line; None for an empty one."""
    return " ".join((text or "").split()) or None
