"""Check an administrator's grant, extension or removal against what the policies allow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.cli.tables import when
from bot.cli.tenant import lookup
from bot.errors import NotAllowed
from bot.packages import eligibility, policy_terms, refusals
from bot.packages.eligibility import Admitted, Case, Refusal
from bot.packages.facts import (
    FactReader,
    allows_requests_for_others,
    is_over,
    is_request_for,
    read_case,
    read_extension_case,
)
from bot.packages.names import clean
from bot.packages.questions import Answered, Answers, Question, answered
from graph import Graph
from graph.models import AccessPackage, AccessPackageAssignment, AssignmentPolicy, User
from graph.subjects.assignment_requests import OPEN_STATES

# The scope of a policy under which nobody asks and administrators assign.
ADMINISTRATORS_ONLY: Final = "notSpecified"
# Gives the answers to the questions of the policy that was found.
Answering = Callable[[Sequence[Question]], Answers]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """
    A grant or extension that may be posted.

    Attributes:
        starts_at: From when on (aware UTC); None: at once.
        ends_at: The end to ask for (aware UTC); None: whatever the policy gives.
        stages: How many approval stages the policy has, which an administrator's grant skips.
    """

    person: User
    package: AccessPackage
    policy: AssignmentPolicy
    held: AccessPackageAssignment | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    answers: Sequence[Answered] = ()
    stages: int = 0


async def check_grant(
    graph: Graph,
    *,
    person: User,
    package: AccessPackage,
    policy_name: str | None,
    because: str | None,
    ends_at: datetime | None,
    now: datetime,
    answering: Answering,
    starts_at: datetime | None = None,
) -> Grant:
    """
    Find the policy under which *person* may be granted *package*.

    A policy for administrators alone admits everybody; any other only whom it would let ask.

    Raises:
        NotAllowed: No policy admits it, or they have it or asked for it already.
    """
    _check_enabled(person)
    await _check_no_existing_access(graph, person=person, package=package)
    admitted = await _evaluate(graph, person=person, package=package, policy_name=policy_name)
    if isinstance(admitted, Refusal):
        raise _not_allowed(admitted, person=person, package=package)
    answers = answering(admitted.questions)
    lacking = eligibility.find_missing_details(admitted, justification=because, answers=answers)
    if lacking is not None:
        raise _not_allowed(lacking, person=person, package=package)
    if starts_at is not None:
        if starts_at <= now:
            raise NotAllowed(f"{when(starts_at)} UTC is not in the future.")
        expiration = admitted.policy.expiration
        ends_at = ends_at or (expiration.end_from(starts_at) if expiration else None)
        if ends_at is not None and ends_at <= starts_at:
            raise NotAllowed(f"It would end {when(ends_at)} UTC, before it begins.")
    _check_end(admitted.policy, ends_at=ends_at, now=starts_at or now)
    stages = policy_terms.stages_for(admitted.policy, extending=False, always=False)
    return Grant(
        person=person,
        package=package,
        policy=admitted.policy,
        starts_at=starts_at,
        ends_at=ends_at,
        answers=answered(admitted.questions, answers),
        stages=len(stages),
    )


async def check_extension(
    graph: Graph,
    *,
    person: User,
    package: AccessPackage,
    ends_at: datetime | None,
    now: datetime,
) -> Grant:
    """
    Find until when the access that *person* has may be extended.

    Raises:
        NotAllowed: They do not have it, or its policy gives no such end.
    """
    _check_enabled(person)
    held = await find_assignment(graph, person_id=person.id, package=package)
    case, under = await read_extension_case(graph, package, person, held)
    admitted = eligibility.evaluate_extension(case, held, under, by_admin=True)
    if isinstance(admitted, Refusal):
        raise _not_allowed(admitted, person=person, package=package)
    current = held.ends_at()
    wanted = ends_at or policy_terms.extended_end(
        admitted.policy.expiration, now=now, current=current
    )
    if wanted is None or current is None or wanted <= current:
        raise NotAllowed(
            f"It cannot be made any longer: it ends {when(current)} UTC."
            if current
            else "It has no end, so there is nothing to extend."
        )
    _check_end(admitted.policy, ends_at=wanted, now=now)
    stages = policy_terms.stages_for(admitted.policy, extending=True, always=False)
    return Grant(
        person=person,
        package=package,
        policy=admitted.policy,
        held=held,
        ends_at=wanted,
        stages=len(stages),
    )


async def find_assignment(
    graph: Graph, *, person_id: str, package: AccessPackage
) -> AccessPackageAssignment:
    """
    Find the assignment that a person has now.

    Raises:
        NotAllowed: They have none, or Graph shows theirs in a state that is not known.
    """
    found = await graph.assignments.list(package_id=package.id, user_id=person_id)
    held = [each for each in found if each.is_access]
    if held:
        return next((each for each in held if each.is_delivered), held[0])
    strange = _first_unknown(found)
    if strange is not None:
        raise NotAllowed(
            f"They may have {_name(package)}: {_in_unknown_state(strange)}. Look there, and end it there if it is to end."
        )
    raise NotAllowed(f"There is no live access to {_name(package)} of theirs.")


async def check_nothing_left(
    graph: Graph, *, ended: AccessPackageAssignment, package: AccessPackage
) -> None:
    """
    Look whether who lost one assignment still has the package by another one.

    Raises:
        NotAllowed: They have, or they may have: by one in a state that is not known.
    """
    holder = ended.target.object_id if ended.target else None
    if holder is None:
        return
    found = await graph.assignments.list(package_id=package.id, user_id=holder)
    others = [each for each in found if each.id != ended.id]
    if any(each.is_access for each in others):
        raise NotAllowed(
            f"One assignment has ended, and they have {_name(package)} by another one still: remove it once more."
        )
    strange = _first_unknown(others)
    if strange is not None:
        raise NotAllowed(
            f"One assignment has ended, and they may still have {_name(package)} by another one: "
            f"{_in_unknown_state(strange)}. Look there."
        )


def _first_unknown(
    assignments: Sequence[AccessPackageAssignment],
) -> AccessPackageAssignment | None:
    """Return the first that is neither access nor over, as far as its state is known: it may be access."""
    return next((each for each in assignments if not each.is_access and not is_over(each)), None)


def _in_unknown_state(strange: AccessPackageAssignment) -> str:
    return (
        f"Microsoft Entra shows assignment {strange.id} in a state that Latchkey does not know "
        f"(“{clean(strange.state or '?')}”)"
    )


async def _check_no_existing_access(graph: Graph, *, person: User, package: AccessPackage) -> None:
    for held in await graph.assignments.list(package_id=package.id, user_id=person.id):
        # In a state that is not known it may be access.
        if not is_over(held):
            end = held.ends_at()
            until = f", until {when(end)} UTC" if end else ""
            raise NotAllowed(f"{_who(person)} has {_name(package)} already{until}.")
    on_behalf = allows_requests_for_others(package)
    for asked in await graph.assignment_requests.outlines_in(
        package_id=package.id, states=OPEN_STATES
    ):
        if is_request_for(asked, person.id, on_behalf=on_behalf):
            raise NotAllowed(
                f"A request for it is under way already: {asked.id}, {clean(asked.state or '?')}."
            )


async def _evaluate(
    graph: Graph, *, person: User, package: AccessPackage, policy_name: str | None
) -> Admitted | Refusal:
    direct = [each for each in package.assignment_policies if each.has_scope(ADMINISTRATORS_ONLY)]
    named = lookup.find_policy(package, policy_name) if policy_name is not None else None
    case = await read_case(FactReader(graph), package, person, also=[each.id for each in direct])
    if named is not None and named in direct:
        return _evaluate_direct(case, named)
    admitted = eligibility.evaluate_request(case, wanted=named.id if named else None)
    is_not_theirs_to_ask = isinstance(admitted, Refusal) and admitted.reason in (
        eligibility.RefusalReason.NO_POLICY,
        eligibility.RefusalReason.ASKED_BY_MANAGER,
    )
    if named is None and is_not_theirs_to_ask and len(direct) == 1:
        return _evaluate_direct(case, direct[0])
    return admitted


def _evaluate_direct(case: Case, policy_: AssignmentPolicy) -> Admitted | Refusal:
    whole = next((each for each in case.policies if each.id == policy_.id), None)
    if whole is None:
        return Refusal(reason=eligibility.RefusalReason.NO_POLICY)
    return eligibility.evaluate_direct_assignment(case, whole)


def _not_allowed(refusal: Refusal, *, person: User, package: AccessPackage) -> NotAllowed:
    return NotAllowed(refusals.to_admin(refusal, who=_who(person), package=_name(package)))


def _check_end(under: AssignmentPolicy, *, ends_at: datetime | None, now: datetime) -> None:
    if ends_at is None:
        return
    if ends_at <= now:
        raise NotAllowed(f"{when(ends_at)} UTC is not in the future.")
    longest = under.expiration.end_from(now) if under.expiration else None
    if longest is not None and ends_at > longest:
        raise NotAllowed(
            f"The policy “{_name(under)}” gives {policy_terms.lasts(under.expiration)}, so until "
            f"{when(longest)} UTC at most."
        )


def _check_enabled(person: User) -> None:
    if not person.account_enabled:
        raise NotAllowed(f"The account of {_who(person)} is not enabled.")


def _who(person: User) -> str:
    return clean(person.display_name or person.id)


def _name(thing: AccessPackage | AssignmentPolicy) -> str:
    return clean(thing.display_name or thing.id)
