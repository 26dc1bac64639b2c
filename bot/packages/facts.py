"""Reads from Graph what decides whether somebody may have a package, whole and as it is now."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Final

from bot import clock
from bot.packages.eligibility import Case, Fit, Requester, fit, groups_named, is_requestable
from bot.packages.model import NamedObject
from graph import Graph
from graph.calls.hidden_members import Memberships
from graph.errors import BadAnswer, Forbidden, GraphError, NotFound
from graph.models import (
    AccessPackage,
    AccessPackageAssignment,
    AssignmentPolicy,
    Group,
    RequestOutline,
    User,
)
from graph.subjects.incompatibilities import PackageExclusions

# An assignment in any other state is access, or is about to be.
OVER: Final = frozenset({"expired", "deliveryfailed"})


class FactReader:
    """
    Reads what decides about one person and one package, from Graph as it is now.

    `bot.requests.evaluation.facts` has one that shares what is no person's own among requests of the same moment.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def groups_excluding(self, package_id: str) -> list[Group]:
        """Return the groups whose members may not have a package."""
        return await self._graph.incompatibilities.groups(package_id)

    async def packages_excluding(self, package_id: str) -> PackageExclusions:
        """Return the packages that do not go with a package, both ways."""
        return await self._graph.incompatibilities.packages_both_ways(package_id)

    async def policy(self, policy_id: str) -> AssignmentPolicy | None:
        """Return a policy, whole; None if it is gone."""
        with suppress(NotFound):
            return await self._graph.policies.get(policy_id)
        return None

    async def policies(self, policy_ids: Sequence[str]) -> list[AssignmentPolicy]:
        """
        Return several policies that a package lists, each whole.

        Raises:
            BadAnswer: One of them is not there.  It was deleted since the package was read, or Graph does not show it yet:
                then it may be the one that applies, and no other may stand in for it.
            GraphError: One of them could not be read.
        """
        if len(policy_ids) == 1:
            return all_shown([await self.policy(policy_ids[0])])
        return all_shown(await self._graph.policies.each(policy_ids))

    async def groups_of(self, user_id: str, group_ids: Collection[str]) -> Memberships:
        """Return in which of *group_ids* the person is, and of which that cannot be told."""
        return await self._graph.users.memberships(user_id, group_ids)

    async def holdings(self, user_id: str) -> list[AccessPackageAssignment] | None:
        """
        Return everything that the person has, is about to have, or had.

        None: with only a catalog-scoped role, Graph wants every list filtered by package.
        """
        with suppress(Forbidden):
            return await self._graph.assignments.list(user_id=user_id)
        return None

    async def beside(
        self, package_id: str, user_id: str, known: Collection[str]
    ) -> tuple[tuple[NamedObject, ...], tuple[NamedObject, ...]]:
        """
        Return what the person has that does not go with the package: what excludes it, and what it excludes.

        Args:
            known: Ids of packages that they are known to have or to be given just now.
        """
        holdings = await self.holdings(user_id)
        if holdings is None:
            exclusions = await self.packages_excluding(package_id)
            has = await packages_held(self._graph, user_id, exclusions.ids) | set(known)
        else:
            has = packages_in(holdings) | set(known)
            if not has - {package_id}:
                # Whoever has nothing else has nothing that excludes anything.
                return (), ()
            exclusions = await self.packages_excluding(package_id)
        return (
            _named(each for each in exclusions.packages if each.id in has),
            _named(each for each in exclusions.excluded if each.id in has),
        )


async def read_case(
    reads: FactReader,
    package: AccessPackage,
    user: User,
    *,
    also: Collection[str] = (),
    known: Collection[str] = (),
    is_asked_for: bool = False,
) -> Case:
    """
    Return all that decides whether *user* may have *package*, which was read just now.

    A package in a list has its policies without their questions and extensions; those that may apply are
    read once more, each by itself.

    Args:
        also: Ids of policies to read whether or not they let the user ask.
        known: Ids of packages that the user is known to have or to be given just now: Graph's lists lag.
        is_asked_for: Somebody else asks for the user.

    Raises:
        GraphError: It could not be read; nothing is known then.
    """
    excluding = await reads.groups_excluding(package.id)
    asked = groups_named(package.assignment_policies) | {each.id for each in excluding}
    groups = await reads.groups_of(user.id, asked)
    requester = requester_of(user, groups, is_asked_for=is_asked_for)
    wanted = [
        each.id
        for each in package.assignment_policies
        if each.id in also or fit(each, requester) is not Fit.OUT or _names_nobody(each)
    ]
    (excluded_by, excluded), policies = await asyncio.gather(
        reads.beside(package.id, user.id, known), reads.policies(wanted)
    )
    named = groups_named(policies)
    if not named <= asked:
        # The package has shown them as they were before.
        groups = await reads.groups_of(user.id, asked | named)
        requester = requester_of(user, groups, is_asked_for=is_asked_for)
    return Case(
        at=clock.now(),
        package=package,
        policies=tuple(policies),
        requester=requester,
        excluded_by=excluded_by,
        excluding_groups=_groups_in(excluding, groups.found),
        hidden_groups=_groups_in(excluding, groups.hidden),
        excluded=excluded,
    )


def _names_nobody(policy: AssignmentPolicy) -> bool:
    """Tell whether a package shows a policy for certain people, and nobody of them: the policy itself may."""
    return (
        is_requestable(policy)
        and policy.has_scope("specificDirectoryUsers")
        and not policy.specific_allowed_targets
    )


def requester_of(user: User, groups: Memberships, *, is_asked_for: bool = False) -> Requester:
    """Return *user* as the policies need to know them."""
    return Requester(
        entra_id=user.id,
        is_guest=user.is_guest,
        is_asked_for=is_asked_for,
        groups=groups.found,
        unknown_groups=groups.hidden,
    )


def _groups_in(groups: Iterable[Group], ids: Collection[str]) -> tuple[NamedObject, ...]:
    return tuple(
        NamedObject(id=each.id, name=each.display_name or each.id)
        for each in groups
        if each.id in ids
    )


async def read_extension_case(
    graph: Graph, package: AccessPackage, user: User, held: AccessPackageAssignment
) -> tuple[Case, AssignmentPolicy | None]:
    """
    Return what decides whether *user* may keep *held* longer: its own policy, and no other; None if that is gone.

    Raises:
        GraphError: It could not be read.
    """
    reads = FactReader(graph)
    package_id = held.access_package.id if held.access_package else None
    under = await policy_of(graph, held) if package_id == package.id else None
    excluding = await reads.groups_excluding(package.id)
    asked = (groups_named([under]) if under else set()) | {each.id for each in excluding}
    groups = await reads.groups_of(user.id, asked)
    excluded_by, _ = await reads.beside(package.id, user.id, ())
    case = Case(
        at=clock.now(),
        package=package,
        policies=(),
        requester=requester_of(user, groups),
        excluded_by=excluded_by,
        excluding_groups=_groups_in(excluding, groups.found),
        hidden_groups=_groups_in(excluding, groups.hidden),
    )
    return case, under


async def policy_of(graph: Graph, held: AccessPackageAssignment) -> AssignmentPolicy | None:
    """
    Return the policy under which an assignment was given, whole and as it is now; None if it is gone or another package's.

    Raises:
        GraphError: It could not be read.
    """
    if held.assignment_policy is None:
        return None
    try:
        under = await graph.policies.get(held.assignment_policy.id)
    except NotFound:
        return None
    package_id = held.access_package.id if held.access_package else None
    if under.access_package is None or under.access_package.id != package_id:
        return None
    return under


def allows_requests_for_others(package: AccessPackage) -> bool:
    """Tell whether a policy lets somebody, such as managers, ask for others; so it is if Graph does not say."""
    return any(
        each.requestor_settings is None
        or each.requestor_settings.enable_on_behalf_requestors_to_add_access is not False
        for each in package.assignment_policies
    )


def is_request_for(asked: RequestOutline, entra_id: str, *, on_behalf: bool) -> bool:
    """
    Tell whether a request in Entra that is not over is about new access for *entra_id*.

    Args:
        on_behalf: Whoever asks may have asked for somebody else, so that asking does not tell who gets it.
    """
    if asked.is_over or not (asked.is_type("userAdd") or asked.is_type("adminAdd")):
        return False
    target = asked.assignment.target if asked.assignment else None
    if target is None and asked.is_type("userAdd") and not on_behalf:
        # There is no assignment before it is given; who asks is who gets it.
        target = asked.requestor
    return target is not None and target.object_id == entra_id


def all_shown(found: Iterable[AssignmentPolicy | GraphError | None]) -> list[AssignmentPolicy]:
    """
    Return the policies of a package, all of which Graph has shown.

    Raises:
        GraphError: One of them could not be read, or is not there (None).
    """
    policies = []
    for each in found:
        if each is None or isinstance(each, NotFound):
            raise BadAnswer("Microsoft Graph lists a policy that it does not show.")
        if isinstance(each, GraphError):
            raise each
        policies.append(each)
    return policies


async def packages_held(graph: Graph, user_id: str, package_ids: Collection[str]) -> set[str]:
    """
    Return which of the packages somebody has, or is about to have.

    Raises:
        GraphError: It could not be read.
    """
    if not package_ids:
        return set()
    try:
        found = await graph.assignments.list(user_id=user_id)
    except Forbidden:
        # With only a catalog-scoped role, Graph wants every list filtered by package.
        found = [
            held
            for each in sorted(package_ids)
            for held in await graph.assignments.list(package_id=each, user_id=user_id)
        ]
    return packages_in(found) & set(package_ids)


def packages_in(found: Iterable[AccessPackageAssignment]) -> set[str]:
    """
    Return the packages that somebody has, or is about to have, by their assignments.

    Raises:
        BadAnswer: Graph shows an assignment, and not of what: it may be of any.
    """
    held = [each for each in found if not is_over(each)]
    packages = {each.access_package.id for each in held if each.access_package is not None}
    if any(each.access_package is None for each in held):
        raise BadAnswer("Microsoft Graph shows an assignment, and not of what.")
    return packages


def is_over(assignment: AccessPackageAssignment) -> bool:
    """Tell whether an assignment is access no longer; in a state that is not known it may be."""
    return (assignment.state or "").casefold() in OVER


def _named(packages: Iterable[AccessPackage]) -> tuple[NamedObject, ...]:
    return tuple(
        NamedObject(id=each.id, name=each.display_name or each.id)
        for each in sorted(packages, key=lambda one: one.id)
    )
