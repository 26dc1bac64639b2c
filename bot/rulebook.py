"""Reads from Graph what decides whether somebody may have a package, whole and as it is now."""

from collections.abc import Collection, Iterable
from typing import Final

from bot.eligibility import Case, Fit, Requester, fit, groups_named
from bot.models import Named
from graph import Graph
from graph.errors import GraphError, NotAllowed, NotFound
from graph.models import AccessPackage, Assignment, AssignmentPolicy, AssignmentRequest, User

# An assignment in any other state is access, or is about to be.
OVER: Final = frozenset({"expired", "deliveryfailed"})


async def read_case(
    graph: Graph,
    package: AccessPackage,
    user: User,
    *,
    also: Collection[str] = (),
    known: Collection[str] = (),
) -> Case:
    """
    All that decides whether *user* may have *package*, which was read just now.

    A package in a list has its policies without their questions and extensions; those that may apply are
    read once more, each by itself.

    Args:
        also: Ids of policies to read whether or not they let the user ask.
        known: Ids of packages that the user is known to have or to be given just now: Graph's lists lag.

    Raises:
        GraphError: It could not be read; nothing is known then.
    """
    exclusions = await graph.packages.exclusions(package.id)
    asked = groups_named(package.assignment_policies) | {each.id for each in exclusions.groups}
    groups = await graph.directory.member_of(user.id, asked) if asked else set()
    requester = Requester(entra_id=user.id, is_guest=user.is_guest, groups=frozenset(groups))
    wanted = [
        each.id
        for each in package.assignment_policies
        if each.id in also or fit(each, requester) is not Fit.OUT
    ]
    held = await held_among(
        graph, user.id, {each.id for each in (*exclusions.packages, *exclusions.excluded)}
    ) | set(known)
    return Case(
        package=package,
        policies=tuple(await _whole(graph, wanted)),
        requester=requester,
        excluded_by=(
            *_named(each for each in exclusions.packages if each.id in held),
            *(
                Named(id=each.id, name=f"the group {each.display_name or each.id}")
                for each in exclusions.groups
                if each.id in groups
            ),
        ),
        excluded=_named(each for each in exclusions.excluded if each.id in held),
    )


async def read_own_case(
    graph: Graph, package: AccessPackage, user: User, held: Assignment
) -> tuple[Case, AssignmentPolicy | None]:
    """
    What decides whether *user* may keep *held* longer: its own policy, and no other; None if that is gone.

    Raises:
        GraphError: It could not be read.
    """
    package_id = held.access_package.id if held.access_package else None
    under = await policy_of(graph, held) if package_id == package.id else None
    asked = groups_named([under]) if under else set()
    groups = await graph.directory.member_of(user.id, asked) if asked else set()
    requester = Requester(entra_id=user.id, is_guest=user.is_guest, groups=frozenset(groups))
    return Case(package=package, policies=(), requester=requester), under


async def policy_of(graph: Graph, held: Assignment) -> AssignmentPolicy | None:
    """
    The policy under which an assignment was given, whole and as it is now; None if it is gone or another package's.

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


def lets_ask_for_others(package: AccessPackage) -> bool:
    """Whether a policy lets somebody, such as managers, ask for others; so it is if Graph does not say."""
    return any(
        each.requestor_settings is None
        or each.requestor_settings.enable_on_behalf_requestors_to_add_access is not False
        for each in package.assignment_policies
    )


def asks_for(asked: AssignmentRequest, entra_id: str, *, on_behalf: bool) -> bool:
    """
    Whether a request in Entra that is not over is about new access for *entra_id*.

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


async def _whole(graph: Graph, policy_ids: list[str]) -> list[AssignmentPolicy]:
    if len(policy_ids) == 1:
        found: list[AssignmentPolicy | GraphError] = [await _one(graph, policy_ids[0])]
    else:
        found = await graph.policies.each(policy_ids) if policy_ids else []
    policies = []
    for each in found:
        if isinstance(each, NotFound):
            # Deleted since the package was read.
            continue
        if isinstance(each, GraphError):
            raise each
        policies.append(each)
    return policies


async def _one(graph: Graph, policy_id: str) -> AssignmentPolicy | GraphError:
    try:
        return await graph.policies.get(policy_id)
    except NotFound as gone:
        return gone


async def held_among(graph: Graph, user_id: str, package_ids: Collection[str]) -> set[str]:
    """
    Which of the packages somebody has, or is about to have.

    Raises:
        GraphError: It could not be read.
    """
    if not package_ids:
        return set()
    try:
        found = await graph.assignments.list(user_id=user_id)
    except NotAllowed:
        # With only a catalog-scoped role, Graph wants every list filtered by package.
        found = [
            held
            for each in sorted(package_ids)
            for held in await graph.assignments.list(package_id=each, user_id=user_id)
        ]
    return {
        each.access_package.id
        for each in found
        if each.access_package is not None
        and each.access_package.id in package_ids
        and (each.state or "").casefold() not in OVER
    }


def _named(packages: Iterable[AccessPackage]) -> tuple[Named, ...]:
    return tuple(
        Named(id=each.id, name=each.display_name or each.id)
        for each in sorted(packages, key=lambda one: one.id)
    )
