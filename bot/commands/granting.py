"""Whether an administrator's grant, extension or removal is within what the policies allow."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot import policy
from bot.commands import lookup
from bot.commands.tables import when
from bot.errors import NotAllowed
from bot.naming import clean
from graph import Graph
from graph.models import AccessPackage, Assignment, AssignmentPolicy, User

# The scope of a policy under which nobody asks and administrators assign.
ADMINISTRATORS_ONLY: Final = "notSpecified"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """
    What may be posted.

    Attributes:
        ends_at: The end to ask for (aware UTC); None: whatever the policy gives.
        stages: How many approval stages the policy has, which an administrator's grant skips.
    """

    person: User
    package: AccessPackage
    policy: AssignmentPolicy
    held: Assignment | None = None
    ends_at: datetime | None = None
    stages: int = 0


async def judge_grant(
    graph: Graph,
    *,
    person: User,
    package: AccessPackage,
    policy_name: str | None,
    because: str | None,
    ends_at: datetime | None,
    now: datetime,
) -> Grant:
    """
    Under which policy *person* may be given *package*.

    A policy for administrators alone admits everybody; any other only whom it would let ask.

    Raises:
        NotAllowed: No policy admits it, or they have it or asked for it already.
    """
    _enabled(person)
    await _nothing_under_way(graph, person=person, package=package)
    chosen = await _policy(graph, person=person, package=package, policy_name=policy_name)
    if policy.needs_reason(chosen) and not because:
        raise NotAllowed(f"{_name(package)} is only given with a reason: add --because.")
    _within(chosen, ends_at=ends_at, now=now)
    stages = policy.stages_for(chosen, extending=False, always=False)
    return Grant(person=person, package=package, policy=chosen, ends_at=ends_at, stages=len(stages))


async def judge_extension(
    graph: Graph,
    *,
    person: User,
    package: AccessPackage,
    ends_at: datetime | None,
    now: datetime,
) -> Grant:
    """
    Until when what *person* holds may last.

    Raises:
        NotAllowed: They do not have it, or its policy gives no such end.
    """
    _enabled(person)
    held = await held_by(graph, person_id=person.id, package=package)
    under = next(
        (
            each
            for each in package.assignment_policies
            if held.assignment_policy and each.id == held.assignment_policy.id
        ),
        None,
    )
    if under is None:
        raise NotAllowed(f"The policy that {_who(person)} has it under no longer exists.")
    if not under.has_scope(ADMINISTRATORS_ONLY):
        await _admits(graph, [under], person=person, package=package)
        if not policy.may_extend(under):
            raise NotAllowed(f"The policy “{_name(under)}” lets nobody extend it.")
    current = held.ends_at()
    wanted = ends_at or policy.extended_end(under.expiration, now=now, current=current)
    if wanted is None or current is None or wanted <= current:
        raise NotAllowed(
            f"It cannot be made any longer: it ends {when(current)} UTC."
            if current
            else "It has no end, so there is nothing to extend."
        )
    _within(under, ends_at=wanted, now=now)
    stages = policy.stages_for(under, extending=True, always=False)
    return Grant(
        person=person,
        package=package,
        policy=under,
        held=held,
        ends_at=wanted,
        stages=len(stages),
    )


async def held_by(graph: Graph, *, person_id: str, package: AccessPackage) -> Assignment:
    """
    The assignment that a person has now.

    Raises:
        NotAllowed: They have none.
    """
    found = await graph.assignments.list(
        package_id=package.id, user_id=person_id, state="delivered"
    )
    held = [each for each in found if each.is_delivered]
    if not held:
        raise NotAllowed(f"There is no live access to {_name(package)} of theirs.")
    return held[0]


async def _nothing_under_way(graph: Graph, *, person: User, package: AccessPackage) -> None:
    for held in await graph.assignments.list(
        package_id=package.id, user_id=person.id, state="delivered"
    ):
        if held.is_delivered:
            end = held.ends_at()
            until = f", until {when(end)} UTC" if end else ""
            raise NotAllowed(f"{_who(person)} has {_name(package)} already{until}.")
    for asked in await graph.assignments.list_requests(package_id=package.id):
        target = asked.assignment.target if asked.assignment else None
        if target is None or target.object_id != person.id:
            continue
        if not asked.is_over and (asked.is_type("userAdd") or asked.is_type("adminAdd")):
            raise NotAllowed(
                f"A request for it is under way already: {asked.id}, {clean(asked.state or '?')}."
            )


async def _policy(
    graph: Graph, *, person: User, package: AccessPackage, policy_name: str | None
) -> AssignmentPolicy:
    if policy_name is not None:
        named = lookup.find_policy(package, policy_name)
        if named.has_scope(ADMINISTRATORS_ONLY):
            return named
        return await _admits(graph, [named], person=person, package=package)
    try:
        return await _admits(graph, package.assignment_policies, person=person, package=package)
    except NotAllowed:
        direct = [
            each for each in package.assignment_policies if each.has_scope(ADMINISTRATORS_ONLY)
        ]
        if len(direct) != 1:
            raise
        return direct[0]


async def _admits(
    graph: Graph,
    policies: Iterable[AssignmentPolicy],
    *,
    person: User,
    package: AccessPackage,
) -> AssignmentPolicy:
    candidates = list(policies)
    groups = policy.groups_named(candidates)
    member_of = await graph.directory.member_of(person.id, groups) if groups else set()
    choice = policy.choose(
        candidates,
        policy.Requester(
            entra_id=person.id,
            is_guest=person.is_guest,
            groups=frozenset(member_of),
        ),
    )
    if choice.policy is not None:
        return choice.policy
    if choice.not_understood is not None:
        raise NotAllowed(
            f"The policy “{_name(choice.not_understood)}” has rules that Latchkey cannot judge, so "
            "it does not guess; grant it in the Entra admin center."
        )
    raise NotAllowed(f"No policy of {_name(package)} lets {_who(person)} ask for it.")


def _within(under: AssignmentPolicy, *, ends_at: datetime | None, now: datetime) -> None:
    if ends_at is None:
        return
    if ends_at <= now:
        raise NotAllowed(f"{when(ends_at)} UTC is not in the future.")
    longest = under.expiration.end_from(now) if under.expiration else None
    if longest is not None and ends_at > longest:
        raise NotAllowed(
            f"The policy “{_name(under)}” gives {policy.lasts(under.expiration)}, so until "
            f"{when(longest)} UTC at most."
        )


def _enabled(person: User) -> None:
    if not person.account_enabled:
        raise NotAllowed(f"The account of {_who(person)} is not enabled.")


def _who(person: User) -> str:
    return clean(person.display_name or person.id)


def _name(thing: AccessPackage | AssignmentPolicy) -> str:
    return clean(thing.display_name or thing.id)
