"""
Decide whether a person may have a package, and under which policy: one answer for Slack, the command line and policy tests.

Pure: facts in, verdict out; `bot.packages.facts` reads the facts.  Because Graph does not check an app's grant, this is
security code: what it does not understand it refuses.

Source: Microsoft Learn, "accessPackageAssignmentPolicy", "Troubleshoot entitlement management" (which of several
policies applies), "Configure separation of duties checks for an access package".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from typing import Final

from bot.packages import policy_scope, policy_terms
from bot.packages.model import NamedObject
from bot.packages.questions import Answers, Question, find_wrong_answers
from bot.packages.unsupported import questions_of, unsupported_in_package, unsupported_in_policy
from graph.models import AccessPackage, AccessPackageAssignment, AssignmentPolicy, SubjectSet

# "More specific wins; lower priority ones are ignored" (Troubleshoot entitlement management, Policies).
# The specific scopes come first, and so does every other: an unknown one could be anything.
MOST_SPECIFIC: Final = 1
LESS_SPECIFIC: Final[Mapping[str, int]] = {
    "allmemberusers": 2,
    "alldirectoryusers": 3,
    "allconfiguredconnectedorganizationusers": 4,
    "allexternalusers": 4,
}
# Scopes that never admit a person of this directory, whatever else is true.
NEVER_FOR_PEOPLE: Final = frozenset(
    {
        "notspecified",
        "specificdirectoryserviceprincipals",
        "alldirectoryserviceprincipals",
        "alldirectoryagentidentities",
    }
)
# Scopes for people of other organizations: a member is outside them; of anybody else we cannot tell.
FOR_OUTSIDERS: Final = frozenset(
    {
        "specificconnectedorganizationusers",
        "allconfiguredconnectedorganizationusers",
        "allexternalusers",
    }
)

# Of a group that excludes a package.
HIDDEN_GROUP: Final = "who is in the group “{name}”, which hides its members"


class Fit(StrEnum):
    """The answer for one policy: it admits the person, or not, or that cannot be told."""

    IN = auto()
    OUT = auto()
    UNKNOWN = auto()


class RefusalReason(StrEnum):
    """The reasons why somebody may not have a package, or not longer; `bot.packages.refusals` has the sentences."""

    CATALOG_OFF = "its catalog is switched off"
    UNSUPPORTED = "it is not supported"
    NO_POLICY = "no policy admits them"
    ASKED_BY_MANAGER = "a policy lets their manager ask, and not them"
    SEVERAL = "several policies admit them alike"
    NOT_THAT_POLICY = "the policy they chose does not apply"
    ENDED = "what its policy gives has ended"
    EXCLUDED = "they have what excludes it"
    NO_REASON = "they say no reason"
    NO_ANSWERS = "they leave required questions open"
    POLICY_GONE = "its policy no longer exists"
    GIVEN_DIRECTLY = "it was given by an administrator"
    NOT_EXTENDABLE = "its policy lets nobody extend it"
    NO_LATER_END = "its policy gives no end that it could be extended to"
    NOT_FOR_THEM = "its policy does not admit them any more"
    NOT_RETURNABLE = "its policy lets nobody give it back"


@dataclass(frozen=True, kw_only=True)
class Requester:
    """
    A person, as far as the policies need to know them.

    Attributes:
        is_guest: None when Entra does not say.
        is_asked_for: Somebody else asks for them: then a policy under which managers alone may ask counts, too.
        groups: Those that they belong to, of those that a policy or a package names.
        unknown_groups: Those of them of which it cannot be told, because they hide their members.
    """

    entra_id: str
    is_guest: bool | None
    is_asked_for: bool = False
    groups: frozenset[str] = frozenset()
    unknown_groups: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Case:
    """
    The facts about one person and one package that decide, as Graph says them now.

    Attributes:
        policies: Those that may let people ask, each read whole.
        excluded_by: Packages that they have, none of which goes with the package.
        excluding_groups: Groups that they are in, none of which goes with the package.
        hidden_groups: Groups that do not go with the package either, and of which it is not known whether they are in.
        excluded: Packages that they have, and that nobody may ask for who has this one.
        at: The moment at which it is so (aware UTC).
    """

    at: datetime
    package: AccessPackage
    policies: tuple[AssignmentPolicy, ...]
    requester: Requester
    excluded_by: tuple[NamedObject, ...] = ()
    excluding_groups: tuple[NamedObject, ...] = ()
    hidden_groups: tuple[NamedObject, ...] = ()
    excluded: tuple[NamedObject, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PolicyChoice:
    """
    The policy that applies, or why none does.

    Attributes:
        candidates: All that admit the person with the same right, and are understood: they may choose.
        unsupported: The settings of *unsupported_policy* that are not supported.
    """

    policy: AssignmentPolicy | None = None
    candidates: tuple[AssignmentPolicy, ...] = ()
    unsupported_policy: AssignmentPolicy | None = None
    unsupported: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """They may have it, under this policy, once they have said what is asked."""

    policy: AssignmentPolicy
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """
    They may not.

    Attributes:
        policy: The policy that it is about, if it is about one.
        candidates: The policies to choose among.
        details: What is not understood, which packages exclude it, or which questions are open.
        groups: The groups that exclude it.
        open_to: Whom its policies are for, for people; empty where that is not known of one, or not for everybody to know.
    """

    reason: RefusalReason
    policy: AssignmentPolicy | None = None
    candidates: tuple[AssignmentPolicy, ...] = ()
    details: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    open_to: tuple[str, ...] = ()


def groups_named(policies: Iterable[AssignmentPolicy]) -> set[str]:
    """Return the groups whose membership decides; ask Graph about these and no others."""
    return {
        target.group_id
        for policy in policies
        for target in policy.specific_allowed_targets
        if target.is_kind("groupMembers") and target.group_id
    }


def is_automatic(policy: AssignmentPolicy) -> bool:
    """Tell whether Entra assigns under this policy by itself: nobody asks under it."""
    return policy.automatic_request_settings is not None


def automatic_policies(package: AccessPackage) -> tuple[str, ...]:
    """Return ids of a package's policies under which Entra gives it by itself."""
    return tuple(sorted(each.id for each in package.assignment_policies if is_automatic(each)))


def is_requestable(policy: AssignmentPolicy) -> bool:
    """Tell whether anybody at all may ask under this policy: for themselves, or as a manager for whom it is for."""
    return (
        not is_automatic(policy)
        and _scope(policy) not in NEVER_FOR_PEOPLE
        and (
            lets_ask_for_oneself(policy) or policy_scope.managers_may_ask(policy.requestor_settings)
        )
    )


def lets_ask_for_oneself(policy: AssignmentPolicy) -> bool:
    """Tell whether people may ask under this policy for themselves; True where Graph does not say."""
    settings = policy.requestor_settings
    return not (settings and settings.enable_targets_to_self_add_access is False)


def is_extendable(policy: AssignmentPolicy) -> bool:
    """Tell whether people may ask to keep longer what they have under this policy."""
    return (
        not is_automatic(policy)
        and _scope(policy) not in NEVER_FOR_PEOPLE
        and policy_terms.may_extend(policy)
    )


def is_returnable(policy: AssignmentPolicy) -> bool:
    """Tell whether people may give back what they have under this policy."""
    settings = policy.requestor_settings
    # Beta does not say; there, whoever may ask may give back.
    return settings is None or settings.enable_targets_to_self_remove_access is not False


def is_offered(package: AccessPackage, *, at: datetime) -> bool:
    """Tell whether somebody may ask for the package; who, is judged when they do."""
    published = package.catalog is not None and package.catalog.is_published
    return published and bool(askable_policies(package, at=at))


def askable_policies(package: AccessPackage, *, at: datetime) -> list[AssignmentPolicy]:
    """Return the policies under which somebody who asks at that moment may get access."""
    return [
        each
        for each in package.assignment_policies
        if is_requestable(each) and not policy_terms.has_ended(each, at=at)
    ]


def fit(policy: AssignmentPolicy, requester: Requester) -> Fit:
    """Tell whether *policy* lets *requester* have access that they ask for, or that somebody else asks for them."""
    settings = policy.requestor_settings
    if not is_requestable(policy):
        return Fit.OUT
    if requester.is_asked_for and policy_scope.managers_may_ask(settings):
        return in_scope(policy, requester)
    if not lets_ask_for_oneself(policy):
        return Fit.OUT
    if settings is None or settings.enable_targets_to_self_add_access is None:
        return Fit.UNKNOWN
    return in_scope(policy, requester)


def in_scope(policy: AssignmentPolicy, requester: Requester) -> Fit:
    """Tell whether *policy* is for *requester*, whatever it lets them do."""
    scope = _scope(policy)
    if scope in NEVER_FOR_PEOPLE:
        return Fit.OUT
    if scope == "alldirectoryusers":
        return Fit.IN
    if scope == "allmemberusers":
        if requester.is_guest is None:
            return Fit.UNKNOWN
        return Fit.OUT if requester.is_guest else Fit.IN
    if scope in FOR_OUTSIDERS:
        return Fit.OUT if requester.is_guest is False else Fit.UNKNOWN
    if scope == "specificdirectoryusers":
        fits = {_fits(target, requester) for target in policy.specific_allowed_targets}
        return next((word for word in (Fit.IN, Fit.UNKNOWN) if word in fits), Fit.OUT)
    return Fit.UNKNOWN


def _fits(target: SubjectSet, requester: Requester) -> Fit:
    if target.is_kind("singleUser") and target.user_id:
        return Fit.IN if target.user_id == requester.entra_id else Fit.OUT
    if target.is_kind("groupMembers") and target.group_id:
        if target.group_id in requester.unknown_groups:
            return Fit.UNKNOWN
        return Fit.IN if target.group_id in requester.groups else Fit.OUT
    return Fit.OUT if target.is_kind("singleServicePrincipal") else Fit.UNKNOWN


def choose_policy(
    policies: Sequence[AssignmentPolicy],
    requester: Requester,
    *,
    wanted: str | None = None,
    agreed: str | None = None,
) -> PolicyChoice:
    """
    Return the policy under which *requester* may ask, as Entra would find it.

    Only the most specific that admit the person count.  Of several equal ones Entra lets the person pick,
    and so do we.  A policy that we cannot judge, and that would come before the others, means that nobody
    is let in by guessing; an equal one does so unless the person picked another.

    Args:
        wanted: Id of the policy that the person picked.
        agreed: Id of the policy under which they have asked; it stays theirs while it is among the equal ones.
    """
    judged = [(rank_of(policy), fit(policy, requester), policy) for policy in policies]
    best = min((rank for rank, verdict, _ in judged if verdict is Fit.IN), default=None)
    unclear = min(
        (
            policy
            for rank, verdict, policy in judged
            if verdict is Fit.UNKNOWN and (best is None or rank <= best)
        ),
        key=lambda policy: (rank_of(policy), policy.id),
        default=None,
    )
    equal = [policy for rank, verdict, policy in judged if verdict is Fit.IN and rank == best]
    equal.sort(key=lambda policy: policy.id)
    unsupported = {each.id: unsupported_in_policy(each, extending=False) for each in equal}
    candidates = tuple(each for each in equal if not unsupported[each.id])
    picked = wanted or (agreed if agreed in unsupported else None)
    if unclear is not None and (best is None or rank_of(unclear) < best or picked is None):
        return PolicyChoice(unsupported_policy=unclear, unsupported=("whom it is for",))
    if picked is None and len(equal) > 1 and candidates:
        return PolicyChoice(candidates=candidates)
    chosen = next((each for each in equal if picked in (None, each.id)), None)
    if chosen is None and equal and not candidates:
        chosen = equal[0]
    if chosen is not None and unsupported[chosen.id]:
        return PolicyChoice(unsupported_policy=chosen, unsupported=unsupported[chosen.id])
    return PolicyChoice(policy=chosen, candidates=candidates)


def rank_of(policy: AssignmentPolicy) -> int:
    """Return how specific its scope is: the lowest that admits somebody applies, and policies of one rank are equal."""
    return LESS_SPECIFIC.get(_scope(policy), MOST_SPECIFIC)


def _scope(policy: AssignmentPolicy) -> str:
    return (policy.allowed_target_scope or "").casefold()


def evaluate_request(
    case: Case, *, wanted: str | None = None, agreed: str | None = None
) -> Admitted | Refusal:
    """Decide whether the person may ask for the package; *wanted* and *agreed* as in `choose_policy`."""
    if case.package.catalog is not None and case.package.catalog.is_switched_off:
        return Refusal(reason=RefusalReason.CATALOG_OFF)
    unsupported = unsupported_in_package(case.package)
    if unsupported:
        return Refusal(reason=RefusalReason.UNSUPPORTED, details=unsupported)
    choice = choose_policy(case.policies, case.requester, wanted=wanted, agreed=agreed)
    if choice.unsupported_policy is not None:
        return Refusal(
            reason=RefusalReason.UNSUPPORTED,
            policy=choice.unsupported_policy,
            details=choice.unsupported,
        )
    if choice.policy is not None:
        return _check_end_and_exclusions(case, choice.policy)
    if not choice.candidates:
        if _may_be_asked_for(case):
            return Refusal(reason=RefusalReason.ASKED_BY_MANAGER)
        return Refusal(reason=RefusalReason.NO_POLICY, open_to=_whom_it_is_for(case))
    lasting = tuple(
        each for each in choice.candidates if not policy_terms.has_ended(each, at=case.at)
    )
    if not lasting or (len(lasting) == 1 and len(choice.candidates) > 1 and not wanted):
        # Of those that give nothing any more nobody can choose.
        return _check_end_and_exclusions(case, (lasting or choice.candidates)[0])
    reason = RefusalReason.NOT_THAT_POLICY if wanted else RefusalReason.SEVERAL
    return Refusal(reason=reason, candidates=lasting)


def _whom_it_is_for(case: Case) -> tuple[str, ...]:
    """Return whom the policies are for under which people may ask; nothing where the package is not shown to everybody."""
    if case.package.is_hidden or not is_offered(case.package, at=case.at):
        return ()
    whole = {each.id: each for each in case.policies}
    askable = [
        each
        for each in sorted(askable_policies(case.package, at=case.at), key=rank_of)
        if case.requester.is_asked_for or lets_ask_for_oneself(each)
    ]
    found = [policy_scope.open_to(whole.get(each.id, each)) for each in askable]
    return tuple(dict.fromkeys(found)) if all(found) else ()


def _may_be_asked_for(case: Case) -> bool:
    """Tell whether a policy lets the manager of whoever asks for themselves ask for them."""
    return not case.requester.is_asked_for and any(
        in_scope(each, case.requester) is Fit.IN
        for each in askable_policies(case.package, at=case.at)
        if not lets_ask_for_oneself(each)
    )


def evaluate_direct_assignment(case: Case, policy: AssignmentPolicy) -> Admitted | Refusal:
    """Decide whether an administrator may give the package under *policy*, which is for administrators alone."""
    unsupported = unsupported_in_package(case.package)
    if unsupported:
        return Refusal(reason=RefusalReason.UNSUPPORTED, details=unsupported)
    unsupported = unsupported_in_policy(policy, extending=False)
    if unsupported:
        return Refusal(reason=RefusalReason.UNSUPPORTED, policy=policy, details=unsupported)
    return _check_end_and_exclusions(case, policy)


def _check_end_and_exclusions(case: Case, policy: AssignmentPolicy) -> Admitted | Refusal:
    if policy_terms.has_ended(policy, at=case.at):
        # A less specific policy does not step in: that Entra would let it is nowhere said.
        return Refusal(reason=RefusalReason.ENDED, policy=policy)
    excluded = _find_exclusion(case, policy)
    if excluded is not None:
        return excluded
    return Admitted(policy=policy, questions=questions_of(case.package, policy))


def _find_exclusion(case: Case, policy: AssignmentPolicy) -> Refusal | None:
    """Return that they have, are in, or may be in, what does not go with the package."""
    if case.excluded_by or case.excluding_groups:
        return Refusal(
            reason=RefusalReason.EXCLUDED,
            policy=policy,
            details=tuple(each.name for each in case.excluded_by),
            groups=tuple(each.name for each in case.excluding_groups),
        )
    if case.hidden_groups:
        return Refusal(
            reason=RefusalReason.UNSUPPORTED,
            details=tuple(HIDDEN_GROUP.format(name=each.name) for each in case.hidden_groups),
        )
    return None


def find_missing_reason(admitted: Admitted, *, justification: str | None) -> Refusal | None:
    """Return that a request says no reason, for new access or an extension, although the policy wants one."""
    if policy_terms.needs_reason(admitted.policy) and not justification:
        return Refusal(reason=RefusalReason.NO_REASON, policy=admitted.policy)
    return None


def find_missing_details(
    admitted: Admitted, *, justification: str | None, answers: Answers
) -> Refusal | None:
    """Return what the request does not say, or not as it should, although the policy wants it."""
    lacking = find_missing_reason(admitted, justification=justification)
    if lacking is not None:
        return lacking
    wrong = find_wrong_answers(admitted.questions, answers)
    if wrong:
        texts = tuple(each.text for each in admitted.questions if each.id in wrong)
        return Refusal(reason=RefusalReason.NO_ANSWERS, policy=admitted.policy, details=texts)
    return None


def evaluate_extension(
    case: Case,
    held: AccessPackageAssignment,
    under: AssignmentPolicy | None,
    *,
    by_admin: bool = False,
) -> Admitted | Refusal:
    """
    Decide whether what the person holds may last longer: by the policy that it was given under, and no other.

    The answers that came with the request stay with the assignment, so none are asked for again.

    Args:
        under: The assignment's own policy, read whole now; None if there is none any more.
        by_admin: An administrator does it, who may also prolong what administrators give, and what does not go with
            something else: that is no new assignment.
    """
    if under is None or held.assignment_policy is None or held.assignment_policy.id != under.id:
        return Refusal(reason=RefusalReason.POLICY_GONE)
    if _scope(under) == "notspecified":
        if not by_admin:
            return Refusal(reason=RefusalReason.GIVEN_DIRECTLY, policy=under)
    elif (refusal := _find_no_extension(under)) is not None:
        return refusal
    if case.package.catalog is not None and case.package.catalog.is_switched_off and not by_admin:
        return Refusal(reason=RefusalReason.CATALOG_OFF)
    unsupported = unsupported_in_package(case.package)
    if unsupported:
        return Refusal(reason=RefusalReason.UNSUPPORTED, details=unsupported)
    unsupported = unsupported_in_policy(under, extending=True)
    if in_scope(under, case.requester) is Fit.UNKNOWN:
        unsupported = (*unsupported, "whom it is for")
    if unsupported:
        return Refusal(reason=RefusalReason.UNSUPPORTED, policy=under, details=unsupported)
    if _scope(under) != "notspecified" and in_scope(under, case.requester) is Fit.OUT:
        return Refusal(reason=RefusalReason.NOT_FOR_THEM, policy=under)
    excluded = _find_exclusion(case, under)
    if excluded is not None and not by_admin:
        return excluded
    return Admitted(policy=under, questions=questions_of(case.package, under))


def _find_no_extension(under: AssignmentPolicy) -> Refusal | None:
    """Return why nobody extends what they have under a policy; None: people may, or it is not understood."""
    for_people = not is_automatic(under) and _scope(under) not in NEVER_FOR_PEOPLE
    if not for_people or not policy_terms.lets_extend(under):
        return Refusal(reason=RefusalReason.NOT_EXTENDABLE, policy=under)
    if not policy_terms.sets_end(under):
        return Refusal(reason=RefusalReason.NO_LATER_END, policy=under)
    return None


def evaluate_return(under: AssignmentPolicy | None) -> Refusal | None:
    """Decide whether the person may return what they hold, by the policy that it was given under."""
    if under is None:
        return Refusal(reason=RefusalReason.POLICY_GONE)
    if not is_returnable(under):
        return Refusal(reason=RefusalReason.NOT_RETURNABLE, policy=under)
    return None
