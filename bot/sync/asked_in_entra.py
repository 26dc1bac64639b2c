"""
Find out which access that we know no request for people have asked for in Entra themselves, at My Access.

Where Entra decides about a package and asks nobody, or has been answered before anybody looked, nothing ever waits there
that could be found: only the finished request says who asked.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.assignments.store import asked_there, assignments
from bot.assignments.store.asked_there import AskedThere
from bot.database import Transaction
from bot.drift.model import DriftKind, Found
from bot.drift.store import approved, mismatches
from bot.drift.store.approved import EndMoved
from bot.packages.entra_decides import entras_own
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog
from bot.people.store import people
from bot.sync.extended_in_entra import (
    has_asked,
    is_end_given,
    is_end_named,
    is_end_seen,
    is_extension,
)
from bot.sync.turns import Transactions
from graph import Graph
from graph.errors import AuthError, GraphError, NotFound, Throttled
from graph.models import AssignmentRequest
from graph.values import Expiration

log = structlog.get_logger(__name__)

# Source: Graph reference, "accessPackageRequestState values": what has given access.
DONE: Final = ("delivered", "partiallyDelivered")
ADDED: Final = "userAdd"
# Graph forgets requests three months after they are over; earlier than that, one that is not there was never made.
REMEMBERED_FOR: Final = timedelta(days=80)


class AskedInEntra:
    """
    Leaves out of what was found what people have asked Entra for; one list is read of each package with such access.

    Whoever asks need not be whoever has it: a policy may let managers ask, and Entra is who judges that.
    """

    def __init__(
        self, *, store: Transactions, graph: Graph, package_settings: PackageSettingsFile
    ) -> None:
        self._store = store
        self._graph = graph
        self._package_settings = package_settings

    async def decided_there(self) -> frozenset[str]:
        """Return the ids of the packages that Entra decides about."""
        if not self._package_settings.entra_decides():
            return frozenset()
        offered = await self._store.read(catalog.list_all)
        return frozenset(each.id for each in entras_own(offered, self._package_settings))

    async def unasked(self, package_id: str, found: Sequence[Found]) -> list[Found] | None:
        """
        Return those of a package's assignments that nobody asked Entra for, or for so long; None if that cannot be read.

        Of what began so long ago that Graph has forgotten the request, only what is known of already.

        Raises:
            AuthError, Throttled: As everywhere; the check is made again.
        """
        try:
            asked = await self._asked(package_id, found)
        except (AuthError, Throttled):
            raise
        except GraphError as error:
            log.warning("requests-not-read", package=package_id, error=type(error).__name__)
            return None
        given = [each for each in found if each.kind is DriftKind.UNASKED]
        await self._store.run(_note, {each: asked.get(each.assignment_id) for each in given})
        left = [each for each in found if each.assignment_id not in asked]
        return await self._store.read(_known_or_new, left)

    async def _asked(
        self, package_id: str, found: Sequence[Found]
    ) -> dict[str | None, AssignmentRequest]:
        """Return what has given assignments, or made them longer, because somebody asked for that, by the assignment's id."""
        wanted = {each.assignment_id: each for each in found}
        moved = await self._store.read(_ends_moved, found)
        gives = _PolicyEnds(self._store, self._graph)
        asked: dict[str | None, AssignmentRequest] = {}
        for state in DONE:
            done = self._graph.assignment_requests.stream(package_id=package_id, state=state)
            async with aclosing(done):
                async for each in done:
                    gave = each.assignment.id if each.assignment else None
                    about = wanted.get(gave)
                    if gave is None or about is None or gave in asked:
                        continue
                    if about.kind is DriftKind.UNASKED:
                        is_explained = has_asked(each) and each.is_type(ADDED)
                    else:
                        is_explained = is_extension(each) and (
                            is_end_named(each, about)
                            or is_end_seen(each, about, moved.get(gave, ()))
                            or is_end_given(each, about, await gives.of(gave))
                        )
                    if is_explained:
                        asked[gave] = each
                    if len(asked) == len(wanted):
                        return asked
        return asked


class _PolicyEnds:
    """Reads how long the policies of assignments give access, each once."""

    def __init__(self, store: Transactions, graph: Graph) -> None:
        self._store = store
        self._graph = graph
        self._read: dict[str, Expiration | None] = {}

    async def of(self, assignment_id: str) -> Expiration | None:
        """Return what the policy of an assignment says of the end; None if there is no such policy any more."""
        row = await self._store.read(assignments.find, assignment_id)
        policy_id = row.policy_id if row else None
        if policy_id is None:
            return None
        if policy_id not in self._read:
            try:
                policy = await self._graph.policies.get(policy_id)
            except NotFound:
                self._read[policy_id] = None
            else:
                self._read[policy_id] = policy.expiration
        return self._read[policy_id]


def is_about_asking(found: Found) -> bool:
    """Tell whether a request in Entra would say that it is right."""
    return found.kind in {DriftKind.UNASKED, DriftKind.LATER_END}


def _note(db: Transaction, given: Mapping[Found, AssignmentRequest | None]) -> None:
    """Note who has asked for what was given; Graph forgets it."""
    asked_there.note(db, [_who(db, found, by) for found, by in given.items() if by is not None])


def _who(db: Transaction, found: Found, asked: AssignmentRequest) -> AskedThere:
    asker = (asked.requestor.object_id if asked.requestor else None) or ""
    bound = people.for_entra_id(db, asker)
    return AskedThere(
        assignment_id=found.assignment_id or "",
        package_id=found.package_id,
        holder_entra_id=found.entra_id,
        asker_entra_id=asker,
        graph_request_id=asked.id,
        slack_user=bound[0].slack_user if bound else None,
        at=asked.created_date_time,
    )


def _ends_moved(db: Transaction, found: Sequence[Found]) -> Mapping[str, Sequence[EndMoved]]:
    longer = {each.entra_id for each in found if each.kind is DriftKind.LATER_END}
    return approved.ends_moved(db, sorted(longer))


def _known_or_new(db: Transaction, found: Sequence[Found]) -> list[Found]:
    forgotten = clock.now() - REMEMBERED_FOR
    moved = _ends_moved(db, found)

    def since(each: Found) -> datetime | None:
        if each.kind is not DriftKind.LATER_END or each.assignment_id is None:
            return each.since
        seen = moved.get(each.assignment_id)
        return seen[-1].at if seen else None

    return [
        each
        for each in found
        if (at := since(each)) is None or at > forgotten or mismatches.is_current(db, each)
    ]
