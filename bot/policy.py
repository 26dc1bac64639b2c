"""
Entra's policy rules, evaluated by us: may this person ask, who decides, until when.

Pure: facts in, verdict out.  Because an app-only grant is not checked by Graph, this is security code:
what it does not understand it refuses.

Source: Microsoft Learn, "accessPackageAssignmentPolicy" and "Troubleshoot entitlement management"
(which of several policies applies).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bot.models import Stage, Terms
from graph.models import AccessPackage, ApprovalStage, AssignmentPolicy, Expiration, SubjectSet

# "More specific wins; lower priority ones are ignored" (Troubleshoot entitlement management, Policies).
SPECIFICITY: Final[Mapping[str, int]] = {
    "specificdirectoryusers": 1,
    "specificconnectedorganizationusers": 1,
    "allmemberusers": 2,
    "alldirectoryusers": 3,
    "allconfiguredconnectedorganizationusers": 4,
    "allexternalusers": 4,
}
# Scopes that never admit a person of this directory, whatever else is true.
NOT_FOR_PEOPLE: Final = frozenset(
    {
        "notspecified",
        "specificdirectoryserviceprincipals",
        "alldirectoryserviceprincipals",
        "alldirectoryagentidentities",
    }
)
# Scopes for people of other organizations: a member is outside them; of a guest we cannot tell.
FOR_OUTSIDERS: Final = frozenset(
    {
        "specificconnectedorganizationusers",
        "allconfiguredconnectedorganizationusers",
        "allexternalusers",
    }
)


class Fit(StrEnum):
    """Whether a policy admits a person."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Requester:
    """What the policies need to know of a person."""

    entra_id: str
    is_guest: bool
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The policy that applies, or why none does."""

    policy: AssignmentPolicy | None = None
    not_understood: AssignmentPolicy | None = None


def groups_named(policies: Iterable[AssignmentPolicy]) -> set[str]:
    """The groups whose membership decides; ask Graph about these and no others."""
    return {
        target.group_id
        for policy in policies
        for target in policy.specific_allowed_targets
        if target.is_kind("groupMembers") and target.group_id
    }


def fit(policy: AssignmentPolicy, requester: Requester) -> Fit:
    """Whether *policy* lets *requester* ask for access for themselves."""
    if not is_for_asking(policy):
        return Fit.OUT
    settings = policy.requestor_settings
    if settings is None or settings.enable_targets_to_self_add_access is None:
        return Fit.UNKNOWN
    scope = (policy.allowed_target_scope or "").lower()
    if scope == "alldirectoryusers":
        return Fit.IN
    if scope == "allmemberusers":
        return Fit.OUT if requester.is_guest else Fit.IN
    if scope in FOR_OUTSIDERS:
        return Fit.UNKNOWN if requester.is_guest else Fit.OUT
    if scope == "specificdirectoryusers":
        fits = {_fits(target, requester) for target in policy.specific_allowed_targets}
        return next((word for word in (Fit.IN, Fit.UNKNOWN) if word in fits), Fit.OUT)
    return Fit.UNKNOWN


def _fits(target: SubjectSet, requester: Requester) -> Fit:
    if target.is_kind("singleUser") and target.user_id:
        return Fit.IN if target.user_id == requester.entra_id else Fit.OUT
    if target.is_kind("groupMembers") and target.group_id:
        return Fit.IN if target.group_id in requester.groups else Fit.OUT
    if target.is_kind("singleServicePrincipal"):
        return Fit.OUT
    return Fit.UNKNOWN


def choose(policies: Sequence[AssignmentPolicy], requester: Requester) -> Choice:
    """
    The policy under which *requester* may ask, as Entra would choose it.

    The most specific that admits the person; among equals the one with the most approval stages, because
    Entra would let the person pick and we must not be laxer than any of them.  A policy that we cannot
    judge, and that would come first or equal, means that nobody is let in by guessing.
    """
    judged = [(_rank(policy), fit(policy, requester), policy) for policy in policies]
    admitting = [(rank, policy) for rank, verdict, policy in judged if verdict is Fit.IN]
    puzzling = [(rank, policy) for rank, verdict, policy in judged if verdict is Fit.UNKNOWN]
    best = min((rank for rank, _ in admitting), default=None)
    for rank, policy in puzzling:
        if best is None or rank <= best:
            return Choice(not_understood=policy)
    candidates = [policy for rank, policy in admitting if rank == best]
    if not candidates:
        return Choice()
    chosen = max(candidates, key=lambda policy: (len(_stages(policy, extending=False)), policy.id))
    if not _is_understood(chosen):
        return Choice(not_understood=chosen)
    return Choice(policy=chosen)


def _rank(policy: AssignmentPolicy) -> int:
    # An unknown scope could be anything, so it counts as the most specific.
    return SPECIFICITY.get((policy.allowed_target_scope or "").lower(), 1)


def _is_understood(policy: AssignmentPolicy) -> bool:
    """Whether everything is there that says who decides, what is asked, and until when."""
    approval = policy.request_approval_settings
    if approval is None or approval.is_approval_required_for_add is None:
        return False
    # Questions of the policy's own must be answered, and Slack has not asked them.
    if any(question.is_required is not False for question in policy.questions):
        return False
    expiration = policy.expiration
    kind = _expires(expiration)
    if kind == "afterduration":
        return expiration is not None and expiration.duration is not None
    if kind == "afterdatetime":
        return expiration is not None and expiration.end_date_time is not None
    return kind in {"noexpiration", "notspecified"}


def _expires(expiration: Expiration | None) -> str:
    return ((expiration.type if expiration else None) or "notSpecified").lower()


def needs_reason(policy: AssignmentPolicy) -> bool:
    settings = policy.request_approval_settings
    return bool(settings and settings.is_requestor_justification_required)


def may_extend(policy: AssignmentPolicy) -> bool:
    """Whether holders under this policy may ask for a later end by themselves."""
    settings, approval = policy.requestor_settings, policy.request_approval_settings
    if approval is None or approval.is_approval_required_for_update is None:
        # Nobody says whether somebody has to decide.
        return False
    return bool(settings and settings.enable_targets_to_self_update_access) and _expires(
        policy.expiration
    ) in {"afterduration", "afterdatetime"}


def is_for_asking(policy: AssignmentPolicy) -> bool:
    """Whether anybody at all may ask under this policy."""
    settings = policy.requestor_settings
    scope = (policy.allowed_target_scope or "").lower()
    return scope not in NOT_FOR_PEOPLE and not (
        settings and settings.enable_targets_to_self_add_access is False
    )


def stages_for(policy: AssignmentPolicy, *, extending: bool, always: bool) -> tuple[Stage, ...]:
    """
    Who decides, stage by stage; an empty tuple means nobody has to.

    Args:
        extending: The person has the access and wants it longer.
        always: A human decides even where the policy asks nobody: then the admins.
    """
    stages = tuple(_stage(stage) for stage in _stages(policy, extending=extending))
    if not stages and (always or _approval_required(policy, extending=extending)):
        return (Stage(),)
    return stages


def _approval_required(policy: AssignmentPolicy, *, extending: bool) -> bool:
    settings = policy.request_approval_settings
    if settings is None:
        return False
    required = (
        settings.is_approval_required_for_update
        if extending
        else settings.is_approval_required_for_add
    )
    return bool(required)


def _stages(policy: AssignmentPolicy, *, extending: bool) -> list[ApprovalStage]:
    settings = policy.request_approval_settings
    if settings is None or not _approval_required(policy, extending=extending):
        return []
    return list(settings.stages)


def _stage(stage: ApprovalStage) -> Stage:
    escalates = bool(stage.is_escalation_enabled)
    return Stage(
        approvers=_subjects(stage.primary_approvers),
        fallback=_subjects(stage.fallback_primary_approvers),
        escalation=_subjects([*stage.escalation_approvers, *stage.fallback_escalation_approvers])
        if escalates
        else (),
        reason_required=bool(stage.is_approver_justification_required),
        deny_after_seconds=_seconds(stage.duration_before_automatic_denial),
        escalate_after_seconds=_seconds(stage.duration_before_escalation) if escalates else None,
    )


def _seconds(duration: timedelta | None) -> int | None:
    return int(duration.total_seconds()) if duration else None


def _subjects(subjects: Iterable[SubjectSet]) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            key: value
            for key, value in (
                ("kind", subject.kind.lower()),
                ("user_id", subject.user_id),
                ("group_id", subject.group_id),
                ("manager_level", subject.manager_level),
            )
            if value is not None
        }
        for subject in subjects
    )


def terms_of(
    package: AccessPackage, policy: AssignmentPolicy, *, extending: bool, always: bool
) -> Terms:
    """What somebody is asked to approve, from what Graph says right now."""
    return Terms(
        policy_id=policy.id,
        policy_name=policy.display_name or policy.id,
        contents=contents(package),
        fingerprint=_fingerprint(package),
        stages=stages_for(policy, extending=extending, always=always),
        lasts=lasts(policy.expiration),
    )


def hash_of(terms: Terms) -> str:
    """Equal for equal terms; names for people do not count, ids and rules do."""
    rules = asdict(terms)
    del rules["policy_name"], rules["contents"]
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def contents(package: AccessPackage) -> tuple[str, ...]:
    """What holding the package gives, a line each, in plain text."""
    lines = []
    for role_scope in package.resource_role_scopes:
        role, scope = role_scope.role, role_scope.scope
        resource = role.resource if role else None
        system = ((role and role.origin_system) or (scope and scope.origin_system) or "").lower()
        noun = {"aadgroup": "group", "aadapplication": "app", "sharepointonline": "site"}.get(
            system, system
        )
        named = (resource and resource.display_name) or (
            scope and (scope.display_name if not scope.is_root_scope else None)
        )
        name = named or (scope and scope.origin_id) or "?"
        lines.append(
            f"{(role and role.display_name) or 'A role'} of the {noun or 'resource'} {name}"
        )
    return tuple(sorted(lines))


def _fingerprint(package: AccessPackage) -> str:
    parts = sorted(
        f"{role_scope.role.origin_id if role_scope.role else ''}@{role_scope.scope.origin_id if role_scope.scope else ''}"
        for role_scope in package.resource_role_scopes
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def lasts(expiration: Expiration | None) -> str:
    """How long, for people: "30 days", "8 hours", "until 31 Jan 2027", "no end date"."""
    kind = _expires(expiration)
    if expiration and kind == "afterduration" and expiration.duration:
        days, rest = divmod(expiration.duration, timedelta(days=1))
        amount, unit = (
            (days, "day")
            if not rest
            else (round(expiration.duration.total_seconds() / 3600), "hour")
        )
        return f"{amount} {unit}{'' if amount == 1 else 's'}"
    if expiration and kind == "afterdatetime" and expiration.end_date_time:
        return f"until {expiration.end_date_time:%-d %b %Y}"
    return "no end date"


def extended_end(
    expiration: Expiration | None, *, now: datetime, current: datetime | None
) -> datetime | None:
    """
    The end that an extension asked for at *now* brings, or None if it would bring nothing.

    One more duration from now, not from the present end: under a 30-day policy nobody ever holds access
    that ends more than 30 days ahead.  How Entra itself counts is not established.
    """
    wanted = expiration.end_from(now) if expiration else None
    if wanted is None or current is None or wanted <= current:
        return None
    return wanted
