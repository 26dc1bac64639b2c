"""
Look for drift: our rows, Entra's assignments, and who is in the groups that packages give.

Who is in which group is read first, and the assignments by a sync that begins afterwards: what changes in between has then
only just begun or ended, and is left to the next check.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.assignments.model import Assignment, TroubleKind
from bot.assignments.store import troubles
from bot.database import Transaction
from bot.drift import compare
from bot.drift.compare import Approved, GivenGroup
from bot.drift.model import OF_EVERYBODY, OF_GROUPS, CheckResult, DriftKind, Found, Mismatch
from bot.drift.store import approved as reading
from bot.drift.store import checks, mismatches
from bot.packages.bounds import EVERYWHERE, Bounds
from bot.requests.store import request_lists
from bot.sync.asked_in_entra import AskedInEntra, is_about_asking
from bot.sync.group_members import (
    Members,
    TooMany,
    members_of,
    only_within,
    read_members,
    too_large_within,
)
from bot.sync.turns import Transactions
from graph import Graph
from graph.errors import GraphError
from graph.models import AccessPackage

log = structlog.get_logger(__name__)

ROWS_TOGETHER: Final = 200
# What was ended in Entra longer ago is no news.
LOOK_BACK: Final = timedelta(days=30)
GROUPS: Final = "aadgroup"
MEMBER: Final = "member"


class DriftCheck:
    """Looks for drift, and keeps what is found."""

    def __init__(
        self,
        *,
        store: Transactions,
        graph: Graph,
        bounds: Bounds = EVERYWHERE,
        synced: Callable[[], Awaitable[Collection[str]]],
        asked_in_entra: AskedInEntra | None = None,
    ) -> None:
        """
        Args:
            asked_in_entra: Knows what people have asked Entra for; None: Latchkey decides about every package.
            synced: Waits for a sync that begins after the call, and returns the ids of packages whose assignments it
                could not read.
        """
        self._store = store
        self._graph = graph
        self._bounds = bounds
        self._synced = synced
        self._asked_in_entra = asked_in_entra

    async def run(self) -> dict[str, Any]:
        """
        Look once, and return what is to be known of the check, as JSON.

        Raises:
            GraphError: The packages cannot be read.
        """
        began_at = clock.real()
        listed = await self._graph.packages.list_readable()
        within = {each.id for each in self._bounds.within(listed.objects)}
        groups = [each for each in given_groups(listed.objects) if within & each.packages.keys()]
        members = await read_members(self._graph, groups)
        in_part = too_large_within(members, groups)
        not_read = await self._synced()
        found = await self._of_assignments(began_at)
        # Of some of them we have no row that would say so.
        unread = listed.unreadable | found.unreadable | frozenset(not_read)
        for group in groups:
            if group.id not in members.unread:
                # Of somebody who has a package that is not known, it is not known why they are in the group.
                is_whole = not listed.unreadable and group.packages.keys() <= within - unread
                await self._of_group(group, members.by_group[group.id], found, is_whole=is_whole)
        found.unsure_groups |= members.unread
        found.known_in_part |= in_part.keys()
        await self._let_pass(found, unread)
        told = await self._store.run(mismatches.announce)
        log.info("drift-checked", found=told, refused=len(members.refused))
        return checks.to_json(
            CheckResult(
                at=clock.now(),
                groups=len(groups) - len(members.unread),
                refused=tuple(sorted(members.refused)),
                too_large=tuple(sorted(members.too_large)),
                too_large_within=tuple(sorted(in_part.values())),
                unread=len(members.unread) - len(members.refused) - len(members.too_large),
            )
        )

    async def _of_assignments(self, began_at: datetime) -> "KnownAccess":
        """Look through what people have by our rows, and return it."""
        ours, after = KnownAccess(began_at=began_at), ""
        if self._asked_in_entra is not None:
            ours.entra_decides = await self._asked_in_entra.decided_there()
        automatic = await self._store.read(reading.automatic)
        while rows := await self._store.read(reading.live, after=after, limit=ROWS_TOGETHER):
            after = rows[-1].id
            known = await self._store.read(_approved, rows, automatic)
            readable = [row for row in rows if row.unreadable_since is None]
            ours.add(rows)
            found = list(compare.of_assignments(readable, known, now=clock.now()))
            await self._keep([each for each in found if not self._may_be_asked(each, ours)], ours)
        await self._keep(await self._unasked(ours), ours)
        since = clock.now() - LOOK_BACK
        ended = await self._store.read(reading.ended_outside, since=since)
        gave = await self._store.read(reading.that_gave, [row.id for row in ended])
        await self._keep(list(compare.ended_in_entra(ended, gave, has_now=ours.pairs)), ours)
        before = clock.now() - compare.STUCK_FOR
        stuck = [
            compare.of_request(each)
            for each in await self._store.read(reading.long_submitted, before=before)
            if (each.entra_id, each.package_id) not in ours.pairs and each.assignment_id is None
        ]
        await self._keep(stuck, ours)
        return ours

    @staticmethod
    def _may_be_asked(found: Found, ours: "KnownAccess") -> bool:
        """Put aside what somebody may have asked Entra for, which is looked up package by package; False for all else."""
        if not is_about_asking(found) or found.package_id not in ours.entra_decides:
            return False
        ours.may_be_asked.setdefault(found.package_id, []).append(found)
        return True

    async def _unasked(self, ours: "KnownAccess") -> list[Found]:
        """Return what nobody has asked Entra for, of what was put aside."""
        left: list[Found] = []
        if self._asked_in_entra is None:
            return left
        for package_id, found in ours.may_be_asked.items():
            unasked = await self._asked_in_entra.unasked(package_id, found)
            if unasked is None:
                ours.unreadable.add(package_id)
            left += unasked or []
        return left

    async def _of_group(
        self,
        group: GivenGroup,
        members: Members,
        ours: "KnownAccess",
        *,
        is_whole: bool,
    ) -> None:
        """
        Compare who is in a group with who has a package that gives it.

        Args:
            is_whole: It is known who has any of them.
        """
        rows = [row for each in group.packages for row in ours.by_package.get(each, ())]
        now = clock.now()
        missing: list[Found] = []
        if members.everybody is not None:
            missing += compare.missing_members(group, members.everybody, rows, now=now)
        nested = list(compare.nested_groups(group, members.groups))
        theirs = {row.entra_id for row in rows}
        others = {each: name for each, name in members.known.items() if each not in theirs}
        if not is_whole:
            ours.unsure_groups.add(group.id)
            others = {}
        accepted = await self._settled(group, members) if others else frozenset()
        ids = list(others)
        extra: list[Found] = []
        for first in range(0, len(ids), ROWS_TOGETHER):
            some = ids[first : first + ROWS_TOGETHER]
            read = await self._store.read(_of_users, some, group)
            asking = {user for user, package in read.under_way if package in group.packages}
            left = {each: others[each] for each in some if each not in asking}
            extra += compare.extra_members(
                group,
                left,
                direct=members.direct,
                accepted=accepted,
                past=read.past,
                told=read.told,
                now=now,
            )
            # Who asks for it now has not come into the group by that: what was found before is still so.
            extra += [read.told[each] for each in some if each in asking and each in read.told]
        if missing or extra or nested:
            # One answer may come from a copy that lags.
            try:
                again = await members_of(self._graph, group.id)
            except (GraphError, TooMany):
                ours.unsure_groups.add(group.id)
                return
            if again.everybody is None:
                ours.known_in_part.add(group.id)
                missing = []
            missing = [each for each in missing if each.entra_id not in again.known]
            nested = [each for each in nested if each.entra_id in again.groups]
            extra = [
                each
                for each in extra
                if each.entra_id in (again.direct if each.kind is DriftKind.MEMBER else again.known)
            ]
        await self._keep([*missing, *nested, *extra], ours)

    async def _settled(self, group: GivenGroup, members: Members) -> Collection[str]:
        """Return who is in a group only by groups within it that an admin has settled; in doubt, whoever may be."""
        if not members.groups:
            return ()
        settled = await self._store.read(mismatches.settled_nested, group.id)
        try:
            return await only_within(self._graph, members, settled)
        except GraphError as error:
            log.warning("members-not-read", status=error.status, code=error.code)
            return members.known.keys() - members.direct.keys()

    async def _keep(self, found: Sequence[Found], ours: "KnownAccess") -> None:
        for first in range(0, len(found), ROWS_TOGETHER):
            some = found[first : first + ROWS_TOGETHER]
            await self._store.run(mismatches.save, some, seen_at=ours.began_at)

    async def _let_pass(self, ours: "KnownAccess", unread_packages: Collection[str]) -> None:
        """Let what was not found any more pass, where it would have been found."""

        def is_known(mismatch: Mismatch) -> bool:
            if mismatch.package_id in unread_packages:
                return False
            has_it = (mismatch.entra_id, mismatch.package_id) in ours.pairs
            if mismatch.kind in OF_EVERYBODY and has_it is (
                mismatch.kind is DriftKind.STILL_MEMBER
            ):
                # Their access alone says that it is over, whoever is in the group.
                return True
            if mismatch.kind in OF_EVERYBODY and mismatch.about in ours.known_in_part:
                return False
            return mismatch.kind not in OF_GROUPS or mismatch.about not in ours.unsure_groups

        after = ""
        while some := await self._store.read(mismatches.current, after=after):
            after = some[-1].id
            await self._store.run(
                mismatches.pass_others, some, began_at=ours.began_at, is_known=is_known
            )


@dataclass(kw_only=True)
class KnownAccess:
    """
    Tell what people have by our rows.

    Attributes:
        began_at: When the check began (real time).
        unreadable: Packages of which some rows cannot be read in Entra.
        unsure_groups: Groups that could not be read, or not a second time, or are given by a package that could not be.
        known_in_part: Groups with too many people in the groups within them.
        entra_decides: Packages that Entra decides about.
        may_be_asked: What no request of ours gave in these, by package.
    """

    began_at: datetime
    by_package: dict[str, list[Assignment]] = field(default_factory=dict)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    unsure_groups: set[str] = field(default_factory=set)
    known_in_part: set[str] = field(default_factory=set)
    entra_decides: frozenset[str] = frozenset()
    may_be_asked: dict[str, list[Found]] = field(default_factory=dict)

    def add(self, rows: Sequence[Assignment]) -> None:
        for row in rows:
            self.by_package.setdefault(row.package_id, []).append(row)
            self.pairs.add((row.entra_id, row.package_id))
            if row.unreadable_since is not None:
                self.unreadable.add(row.package_id)


@dataclass(frozen=True, kw_only=True)
class _OfUsers:
    under_way: frozenset[tuple[str, str]]
    past: Mapping[str, Assignment]
    told: Mapping[str, Found]


def _of_users(db: Transaction, entra_ids: Sequence[str], group: GivenGroup) -> _OfUsers:
    return _OfUsers(
        under_way=reading.being_added(db, entra_ids),
        past=reading.past(db, entra_ids, sorted(group.packages)),
        told=mismatches.in_group(db, group.id, entra_ids),
    )


def _approved(db: Transaction, rows: Sequence[Assignment], automatic: frozenset[str]) -> Approved:
    ids, users = [row.id for row in rows], sorted({row.entra_id for row in rows})
    given: dict[tuple[str, str], list[datetime]] = {}
    longer: dict[tuple[str, str], datetime] = {}
    for each in reading.by_operators(db, users):
        whose = (each.entra_id, each.package_id)
        if each.is_grant:
            given.setdefault(whose, []).append(each.starts_at or each.at)
        else:
            longer[whose] = each.at
            if whose in given:
                given[whose].append(each.at)
    return Approved(
        gave=reading.that_gave(db, ids),
        under_way=reading.being_added(db, users),
        extending={
            each.assignment_id
            for each in request_lists.open_for_assignments(db, ids)
            if each.intent_at is not None and each.assignment_id is not None
        },
        given=given,
        made_longer=longer,
        automatic=automatic,
        told=troubles.open_among(db, ids, (TroubleKind.REVIVED, TroubleKind.REGIVEN)),
    )


def given_groups(packages: Sequence[AccessPackage]) -> list[GivenGroup]:
    """Return the groups that packages make people members of, by name; eligible roles do so only once activated."""
    names: dict[str, str] = {}
    givers: dict[str, dict[str, str]] = {}
    for package in packages:
        for each in package.resource_role_scopes:
            role, scope = each.role, each.scope
            if role is None or scope is None or scope.origin_id is None:
                continue
            system = (role.origin_system or scope.origin_system or "").casefold()
            is_member = (role.origin_id or "").casefold().startswith(f"{MEMBER}_")
            if system != GROUPS or not is_member:
                continue
            group_id = scope.origin_id
            resource = role.resource
            names[group_id] = (resource and resource.display_name) or group_id
            givers.setdefault(group_id, {})[package.id] = package.display_name or package.id
    made = [GivenGroup(id=each, name=names[each], packages=givers[each]) for each in givers]
    return sorted(made, key=lambda group: (group.name, group.id))
