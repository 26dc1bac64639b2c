"""Sync assignments from Graph row by row: what ended, what revived, what cannot be read."""

import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.assignments.model import (
    Assignment,
    AssignmentState,
    DeliveryProgress,
    EndReason,
    TroubleKind,
)
from bot.assignments.sightings import Sighting, row_of, sight
from bot.assignments.store import assignments, listed, troubles, unsure
from bot.database import Transaction
from bot.packages.eligibility import automatic_policies
from bot.packages.model import Package
from bot.requests import state_machine
from bot.requests.model import Kind, State
from bot.requests.store import request_lists
from bot.sync.turns import Transactions
from bot.timing import WAITS, Waits, a_few_at_once
from graph import Graph
from graph.errors import (
    AuthError,
    BadAnswer,
    Forbidden,
    GraphError,
    GraphUnavailable,
    NotFound,
    Throttled,
)
from graph.models import AccessPackage, AccessPackageAssignment
from graph.subjects.assignments import ACCESS_STATES

log = structlog.get_logger(__name__)

# Rows a transaction, and rows in memory: few enough that a command hardly waits for them.
SEEN_TOGETHER: Final = 200
# From this many on, one batch is cheaper than a read for each.
WORTH_A_BATCH: Final = 3
# Syncs in a row that could not read a row, before the admins hear of it.
MISSES_BEFORE_ALARM: Final = 3
# Packages whose lists are read at the same time: each has a page in memory, and half of Graph's calls stay free.
LISTS_AT_ONCE: Final = 8
# Packages in a row, from the first on: then it is Graph that is down, and not a package that is shut.
ALL_SEEM_TO_FAIL: Final = 3


@dataclass(kw_only=True)
class SyncedPackages:
    """
    Packages of one sync, as far as it needs to know them while it reads who has them.

    Attributes:
        names: By id.
        automatic: Ids of the policies under which Entra gives by itself.
        unread: Ids of those whose assignments this sync may not read.
        outside: Ids of those that Latchkey may not touch, see `bot.packages.bounds`.
    """

    names: Mapping[str, str | None]
    automatic: frozenset[str] = frozenset()
    unread: set[str] = field(default_factory=set)
    outside: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        packages: Sequence[AccessPackage],
        *,
        kept: Sequence[Package] = (),
        outside: frozenset[str] = frozenset(),
    ) -> "SyncedPackages":
        """
        Args:
            kept: Those that cannot be read, as they were when they could.
        """
        return cls(
            names={each.id: each.name for each in kept}
            | {each.id: each.display_name for each in packages},
            automatic=frozenset(
                under
                for found in (
                    *(each.automatic for each in kept),
                    *(automatic_policies(each) for each in packages),
                )
                for under in found
            ),
            outside=outside,
        )

    def is_automatic(self, row: Assignment) -> bool:
        return row.policy_id in self.automatic


class AssignmentSync:
    """Reads Graph's assignments, and writes down what has become of each."""

    def __init__(self, *, store: Transactions, graph: Graph, waits: Waits = WAITS) -> None:
        self._store = store
        self._graph = graph
        self._waits = waits

    async def run(
        self,
        packages: Sequence[AccessPackage],
        *,
        kept: Sequence[Package] = (),
        outside: frozenset[str] = frozenset(),
    ) -> frozenset[str]:
        """
        Write down what Graph shows of everybody's access; one row that cannot be read keeps no other from it.

        Returns the ids of packages whose assignments could not be read: who has them is not known, not even if we have
        no row of them.

        Args:
            kept: Packages that cannot be read, as they were when they could; who has them is another matter.
            outside: Ids of packages that Latchkey may not touch.

        Raises:
            GraphError: Graph could not be read at all, or not to the end.
        """
        started = clock.real()
        reading = SyncedPackages.of(packages, kept=kept, outside=outside)
        await self._read_lists(reading)
        # Only now: what has not been seen yet in a list that is still being read, is not missing.
        async for unseen in self._some_ids(unsure.live_ids, not_seen_since=started):
            await self._check(unseen, reading)
        await self._store.run(_tell_troubles)
        return frozenset(reading.unread)

    async def _some_ids(
        self, find: Callable[..., list[str]], *args: Any, **kwargs: Any
    ) -> AsyncIterator[list[str]]:
        """Yield all ids that *find* finds, so many at a time."""
        after = ""
        while True:
            found = await self._store.read(find, *args, **kwargs, after=after, limit=SEEN_TOGETHER)
            if not found:
                return
            yield found
            after = found[-1]

    async def _read_lists(self, packages: SyncedPackages) -> None:
        try:
            for state in ACCESS_STATES:
                await self._read_list(packages, state=state)
        except (Forbidden, GraphUnavailable, BadAnswer) as error:
            # With a role for some catalogs only, Graph wants every list filtered by package.  And if one page
            # cannot be had, it is one package's.
            log.warning("lists-by-package", error=type(error).__name__)
            await self._read_by_package(packages)

    async def _read_by_package(self, packages: SyncedPackages) -> None:
        """
        Read the list of each package by itself, several at once: one that we may not read hides no other.

        Raises:
            GraphError: Graph seems to be down for all of them.
        """
        failed: dict[str, GraphError] = {}
        read = 0

        async def read_one(package_id: str) -> None:
            nonlocal read
            try:
                for state in ACCESS_STATES:
                    await self._read_list(packages, state=state, package_id=package_id)
                read += 1
            except (Forbidden, GraphUnavailable, BadAnswer) as error:
                failed[package_id] = error

        left = iter(packages.names)
        for package_id in left:
            # One after the other until one could be read: then Graph is there.
            await read_one(package_id)
            if read:
                break
            down = [each for each in failed.values() if not isinstance(each, Forbidden)]
            if len(down) >= ALL_SEEM_TO_FAIL:
                raise down[-1]
        # So many and then the next: when Graph wants us to wait, no more are begun.
        while some := list(itertools.islice(left, LISTS_AT_ONCE)):
            await a_few_at_once(read_one, some, limit=LISTS_AT_ONCE)
        for package_id, why in failed.items():
            if not read and not isinstance(why, Forbidden):
                raise why
            log.warning("package-not-read", error=type(why).__name__, status=why.status)
            packages.unread.add(package_id)
            async for ids in self._some_ids(unsure.ids_of_package, package_id):
                await self._store.run(unsure.count_unreadable, ids)

    async def _read_list(
        self, packages: SyncedPackages, *, state: str, package_id: str | None = None
    ) -> None:
        """Write a list down page by page, however long it is."""
        rows: list[Assignment] = []
        unread: list[str] = []
        async for item in self._graph.assignments.stream(state=state, package_id=package_id):
            row = None if isinstance(item.read, GraphError) else row_of(item.read, packages.names)
            if row is not None and row.package_id in packages.outside:
                continue
            if row is not None:
                rows.append(row)
            elif item.id is not None:
                unread.append(item.id)
            if len(rows) >= SEEN_TOGETHER:
                await self._save(rows, packages)
                rows = []
        await self._save(rows, packages)
        if unread:
            log.warning("assignments-not-read", assignment=unread[0])

    async def _save(self, rows: Sequence[Assignment], packages: SyncedPackages) -> None:
        if not rows:
            return
        saved = await self._store.run(_save_listed, rows, is_automatic=packages.is_automatic)
        for row in saved.busy:
            await self._store.run(_save_busy, row, is_automatic=packages.is_automatic)
        if saved.ended:
            # Lists lag: whether what has ended lives again, only itself can tell.
            await self._check(saved.ended, packages)

    async def _check(self, ids: Sequence[str], packages: SyncedPackages) -> None:
        """Ask by id for each row that the lists did not have, or should not have."""
        known = await self._store.read(assignments.by_ids, ids)
        asked = [row for row in known if row.package_id not in packages.unread]
        read_at = clock.real()
        found = await self._by_id([row.id for row in asked])
        unread = []
        for row in asked:
            got = found[row.id]
            if isinstance(got, AuthError | Throttled):
                # Nothing is wrong with this one, and it is looked at again with the next sync.
                continue
            try:
                is_read = await self._judge(row, got, packages, read_at=read_at)
            except (Forbidden, GraphUnavailable, BadAnswer):
                is_read = False
            if not is_read:
                unread.append(row.id)
        if unread:
            log.warning("assignments-not-read", assignment=unread[0])
            await self._store.run(unsure.count_unreadable, unread)

    async def _by_id(
        self, ids: Sequence[str]
    ) -> Mapping[str, AccessPackageAssignment | GraphError]:
        if len(ids) >= WORTH_A_BATCH:
            return await self._graph.assignments.get_many(ids)
        found: dict[str, AccessPackageAssignment | GraphError] = {}
        for each in ids:
            try:
                found[each] = await self._graph.assignments.get(each)
            except GraphError as error:
                found[each] = error
        return found

    async def _judge(
        self,
        known: Assignment,
        got: AccessPackageAssignment | GraphError,
        packages: SyncedPackages,
        *,
        read_at: datetime,
    ) -> bool:
        """Return what Graph says of one row; False if it does not let us read it."""
        if isinstance(got, NotFound):
            seen, held = await sight(
                self._graph,
                assignment_id=known.id,
                package_id=known.package_id,
                entra_id=known.entra_id,
            )
            if seen is Sighting.MISSING:
                await self._store.run(_missing, known.id, settle=self._waits.settle)
                return True
            got = held or got
        if isinstance(got, GraphError):
            return False
        if got.is_expired:
            await self._store.run(_over, known.id, ends_at=got.ends_at())
            return True
        row = row_of(got, packages.names)
        if row is None:
            return False
        await self._store.run(_save_by_id, row, read_at=read_at)
        return True


def _save_listed(
    db: Transaction, rows: Sequence[Assignment], *, is_automatic: Callable[[Assignment], bool]
) -> listed.Saved:
    saved = listed.save(db, rows)
    for row in (*saved.new, *saved.changed):
        if row.progress in {DeliveryProgress.PARTIAL, DeliveryProgress.FAILED}:
            state_machine.tell_if_partial(db, row.id)
    for row in listed.removed_once(db, saved.new):
        state_machine.tell_if_given_again(db, row, automatic=is_automatic(row))
    return saved


def _save_busy(
    db: Transaction, row: Assignment, *, is_automatic: Callable[[Assignment], bool]
) -> None:
    """Save one row that somebody else was at work on."""
    is_new = assignments.find(db, row.id) is None
    if assignments.save_live(db, row):
        state_machine.tell_if_partial(db, row.id)
    if is_new:
        state_machine.tell_if_given_again(db, row, automatic=is_automatic(row))


def _save_by_id(db: Transaction, row: Assignment, *, read_at: datetime) -> None:
    known = assignments.find(db, row.id)
    if row.progress is DeliveryProgress.FAILED:
        if known is None or known.state is AssignmentState.ENDED:
            return
        if known.progress is DeliveryProgress.DELIVERING and known.state is AssignmentState.LIVE:
            # It never came to be; the request for it tells the story, if it was ours.
            assignments.end(db, row.id, why=EndReason.NEVER_DELIVERED, at=clock.now())
            return
    state_machine.revive(db, row, read_at=read_at)
    state_machine.tell_if_partial(db, row.id)


def _missing(db: Transaction, assignment_id: str, *, settle: timedelta) -> None:
    """Note that Graph does not show it any more: once may be a mistake, twice is its end."""
    known = assignments.find(db, assignment_id)
    if known is None or known.state is AssignmentState.ENDED:
        return
    if known.gone_at is None:
        unsure.set_gone(db, assignment_id)
    elif clock.real() >= known.gone_at + settle:
        _over(db, assignment_id)


def _over(db: Transaction, assignment_id: str, *, ends_at: datetime | None = None) -> None:
    """
    Note that access is over, by itself or by somebody in Entra.

    Args:
        ends_at: The end that Graph shows now, for what it had none for while it was being delivered.
    """
    known = assignments.find(db, assignment_id)
    if known is None:
        return
    state_machine.go_on_with_held_removal(db, known)
    if known.state is not AssignmentState.LIVE or _may_be_removed_by_us(db, assignment_id):
        # Our own removal: the request about it tells the story.
        return
    if known.ends_at is not None or known.progress is not DeliveryProgress.DELIVERING:
        ends_at = known.ends_at
    ran_out = ends_at is not None and ends_at <= clock.now()
    why = EndReason.RAN_OUT if ran_out else EndReason.OUTSIDE
    at = ends_at if ran_out and ends_at else clock.now()
    if assignments.end(db, assignment_id, why=why, at=at):
        for request in request_lists.open_for_assignment(db, assignment_id):
            if request.kind is Kind.EXTEND and request.state is State.PENDING:
                state_machine.ask_anew(db, request)


def _tell_troubles(db: Transaction) -> None:
    """Open a trouble for what sync after sync cannot be read, and for what has been there in part for too long."""
    unreadable = unsure.unreadable(db, misses=MISSES_BEFORE_ALARM - 1)
    known = troubles.open_among(db, unreadable, (TroubleKind.UNREADABLE,))
    for package_id in unreadable.keys() - set(known):
        troubles.open_one(
            db,
            TroubleKind.UNREADABLE,
            package_id,
            why=_name_of_unreadable(db, package_id),
            package_id=package_id,
        )
    troubles.close_all_but(db, TroubleKind.UNREADABLE, unreadable)
    for assignment_id in unsure.not_whole_since(db, clock.now() - state_machine.PARTIAL_FOR):
        state_machine.tell_if_partial(db, assignment_id)


def _name_of_unreadable(db: Transaction, package_id: str) -> str | None:
    """Return what whoever has a package calls it: Entra may not show the package itself, and nobody will have it when that is over."""
    (first,) = unsure.ids_of_package(db, package_id, after="", limit=1) or (None,)
    row = assignments.find(db, first) if first is not None else None
    return row.package_name if row is not None else None


def _may_be_removed_by_us(db: Transaction, assignment_id: str) -> bool:
    """Tell whether a removal of ours has been posted, and its answer is still open."""
    return any(
        each.kind is Kind.REMOVE and each.intent_at is not None
        for each in request_lists.open_for_assignment(db, assignment_id)
    )
