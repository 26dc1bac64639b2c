"""
Read a policy's terms: who decides, what is given, until when; and write them for people.

Pure: facts in, terms out.  Whether somebody may have the package at all is `bot.packages.eligibility`.

Source: Microsoft Learn, "accessPackageAssignmentPolicy".
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot.packages.approver_visibility import hides_approvers
from bot.packages.model import NamedObject, Removal, Stage, Terms
from bot.packages.named_stages import ApproverKind, NamedApprover, NamedDeciders, NamedStage
from bot.packages.questions import Answers, Question
from bot.packages.settings.model import PackageSettings
from bot.requests.model import Request
from bot.words import N_, N_ngettext
from graph.models import (
    AccessPackage,
    ApprovalSettings,
    ApprovalStage,
    AssignmentPolicy,
    Expiration,
    SubjectSet,
)

# Of the terms, for people.
NAMES_ONLY: Final = frozenset({"policy_name", "contents", "catalog"})
# What a stage names that Graph lists in any order.
LISTS_OF_PEOPLE: Final = frozenset({"approvers", "fallback", "escalation", "fallback_escalation"})
# What a stage has of which the package settings say nothing.
UNASKED: Final = (("quorum", 1), ("fresh_sign_in", False), ("auth_context", None))
# What a stage has that nobody approves: who may see who decides it.
UNAPPROVED: Final = frozenset({"hides_approvers"})
# What a role in a resource is called, for translators; of a kind that Graph has not invented yet, it is said in English.
GIVES: Final = (
    N_("{role} of the group {name}"),
    N_("{role} of the app {name}"),
    N_("{role} of the site {name}"),
    N_("{role} of the resource {name}"),
)
# The roles that Entra gives in groups.
ROLES: Final = (N_("Member"), N_("Owner"), N_("User"))
# Of the name of an approver.
LONGEST_NAME: Final = 80
NAMED_KINDS: Final[Mapping[str, ApproverKind]] = {
    "singleuser": ApproverKind.PERSON,
    "groupmembers": ApproverKind.MEMBERS,
    "requestormanager": ApproverKind.MANAGER,
    "targetmanager": ApproverKind.MANAGER,
}
# The kinds of approvers that `bot.people.approvers` looks up, and what a set of that kind must name.
APPROVERS: Final[Mapping[str, str | None]] = {
    "singleuser": "user_id",
    "groupmembers": "group_id",
    "requestormanager": None,
    "targetmanager": None,
    "internalsponsors": None,
    "externalsponsors": None,
    "targetusersponsors": None,
}
# Steps above the requestor; Microsoft documents two.
HIGHEST_MANAGER: Final = 20
# How a stage may call itself; mostly it says nothing.
ORDINARY_STAGES: Final = frozenset({"", "accesspackageapprovalstage", "approvalstage"})


def _expires(expiration: Expiration | None) -> str:
    return ((expiration.type if expiration else None) or "").lower()


def needs_reason(policy: AssignmentPolicy) -> bool:
    settings = policy.request_approval_settings
    return bool(settings and settings.is_requestor_justification_required)


def has_ended(policy: AssignmentPolicy, *, at: datetime) -> bool:
    """Tell whether everything that *policy* gives has an end that is over: whoever got it at that moment would get nothing."""
    end = policy.expiration.end_date_time if policy.expiration else None
    return end is not None and _expires(policy.expiration) == "afterdatetime" and end <= at


def may_extend(policy: AssignmentPolicy) -> bool:
    """Tell whether holders under this policy may ask for a later end by themselves."""
    return lets_extend(policy) and sets_end(policy) and says_who_decides_extensions(policy)


def lets_extend(policy: AssignmentPolicy) -> bool:
    """Tell whether the policy lets holders extend at all."""
    settings = policy.requestor_settings
    return bool(settings and settings.enable_targets_to_self_update_access)


def sets_end(policy: AssignmentPolicy) -> bool:
    """Tell whether it is known which end the policy gives; beta does not say that of hours."""
    return _expires(policy.expiration) in {"afterduration", "afterdatetime"}


def says_who_decides_extensions(policy: AssignmentPolicy) -> bool:
    """Tell whether Graph says if somebody has to approve an extension."""
    approval = policy.request_approval_settings
    return approval is not None and approval.is_approval_required_for_update is not None


def stages_for(
    policy: AssignmentPolicy, *, extending: bool, always: bool, hidden_by_default: bool = False
) -> tuple[Stage, ...]:
    """
    Return who decides, stage by stage; an empty tuple means nobody has to.

    Args:
        extending: The person has the access and wants it longer.
        always: A human decides even where the policy asks nobody: then the admins.
        hidden_by_default: Whoever asks does not see who decides, where the policy leaves that to the tenant.
    """
    stages = tuple(
        stage_of(stage, hidden_by_default=hidden_by_default)
        for stage in _stages(policy, extending=extending)
    )
    if not stages and (always or _needed_approval(policy, extending=extending)):
        return (Stage(),)
    return stages


def _needed_approval(policy: AssignmentPolicy, *, extending: bool) -> ApprovalSettings | None:
    """Return the settings of the approval that is needed; None where nobody has to approve."""
    settings = policy.request_approval_settings
    if settings is None:
        return None
    required = (
        settings.is_approval_required_for_update
        if extending
        else settings.is_approval_required_for_add
    )
    return settings if required else None


def _stages(policy: AssignmentPolicy, *, extending: bool) -> list[ApprovalStage]:
    needed = _needed_approval(policy, extending=extending)
    return list(needed.stages) if needed else []


def stage_of(stage: ApprovalStage, *, hidden_by_default: bool = False) -> Stage:
    """Return a stage of Graph's, as we keep it."""
    escalates = bool(stage.is_escalation_enabled)
    own_kind = str((stage.model_extra or {}).get("@odata.type") or "").rpartition(".")[2].lower()
    # A custom extension names the approvers of a dynamic stage when it is asked; we cannot ask it.
    unsaid = () if own_kind in ORDINARY_STAGES else ({"kind": own_kind},)
    return Stage(
        approvers=(*_subjects(stage.primary_approvers), *unsaid),
        fallback=_subjects(stage.fallback_primary_approvers),
        escalation=_subjects(stage.escalation_approvers) if escalates else (),
        fallback_escalation=_subjects(stage.fallback_escalation_approvers) if escalates else (),
        reason_required=bool(stage.is_approver_justification_required),
        deny_after_seconds=_seconds(stage.duration_before_automatic_denial),
        escalate_after_seconds=_escalates_after(stage) if escalates else None,
        hides_approvers=hides_approvers(stage, hidden_by_default=hidden_by_default),
    )


def names_known_approvers(stage: Stage) -> bool:
    """
    Tell whether everybody whom the stage may name is of a kind that can be looked up.

    Who is named in another way is not nobody: asking the fallback, or the admins, in their place would let
    the wrong people decide.
    """
    lists = (stage.approvers, stage.fallback, stage.escalation, stage.fallback_escalation)
    return all(_is_known_approver(subject) for subjects in lists for subject in subjects)


def _is_known_approver(subject: Mapping[str, Any]) -> bool:
    kind = str(subject.get("kind"))
    needed, level = APPROVERS.get(kind), subject.get("manager_level")
    return (
        kind in APPROVERS
        and (needed is None or bool(subject.get(needed)))
        and (level is None or 1 <= level <= HIGHEST_MANAGER)
    )


def _seconds(duration: timedelta | None) -> int | None:
    return int(duration.total_seconds()) if duration else None


def _escalates_after(stage: ApprovalStage) -> int | None:
    """Return after how many seconds the escalation approvers are asked as well; 0: together with the first ones."""
    is_at_once = stage.duration_before_escalation == timedelta(0)
    has_alternates = bool(stage.escalation_approvers or stage.fallback_escalation_approvers)
    return 0 if is_at_once and has_alternates else _seconds(stage.duration_before_escalation)


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


def named_stages(
    policy: AssignmentPolicy, *, extending: bool, hidden_by_default: bool = False
) -> tuple[NamedStage, ...]:
    """
    Return who must approve under *policy*, as far as it names them; an empty tuple means nobody has to.

    Args:
        hidden_by_default: Whoever asks does not see who decides, where the policy leaves that to the tenant.
    """
    stages = _stages(policy, extending=extending)
    if not stages and _needed_approval(policy, extending=extending):
        return (NamedStage(),)
    return tuple(
        NamedStage(
            approvers=tuple(dict.fromkeys(_named(each) for each in stage.primary_approvers)),
            is_hidden=hides_approvers(stage, hidden_by_default=hidden_by_default),
        )
        for stage in stages
    )


def named_deciders(policy: AssignmentPolicy) -> NamedDeciders:
    """Return whom *policy* names to decide, in whatever stage of a request for new access or an extension."""
    stages = [
        stage_of(each)
        for extending in (False, True)
        for each in _stages(policy, extending=extending)
    ]
    named = [
        subject
        for stage in stages
        for some in (stage.approvers, stage.fallback, stage.escalation, stage.fallback_escalation)
        for subject in some
    ]
    ids = {
        key: tuple(sorted({each[key] for each in named if each["kind"] == kind and each.get(key)}))
        for kind, key in (("singleuser", "user_id"), ("groupmembers", "group_id"))
    }
    known = [each for each in named if each.get("user_id") or each.get("group_id")]
    return NamedDeciders(
        users=ids["user_id"], groups=ids["group_id"], has_others=len(known) < len(named)
    )


def _named(approver: SubjectSet) -> NamedApprover:
    kind = NAMED_KINDS.get(approver.kind.casefold(), ApproverKind.OTHER)
    if kind is ApproverKind.MANAGER:
        # Whose manager it is depends on who asks, and for whom.
        of_asker = approver.is_kind("requestorManager")
        return NamedApprover(kind=kind, level=approver.manager_level or 1, of_asker=of_asker)
    name = " ".join((approver.description or "").split())[:LONGEST_NAME]
    return NamedApprover(kind=kind, name=name)


def terms_of(
    package: AccessPackage,
    policy: AssignmentPolicy,
    *,
    extending: bool,
    always: bool,
    hidden_by_default: bool,
    questions: tuple[Question, ...] = (),
    answers: Answers | None = None,
    starts_at: datetime | None = None,
    excluded: tuple[NamedObject, ...] = (),
    agreed: Terms | None = None,
) -> Terms:
    """
    Return what somebody is asked to approve, from what Graph says right now and what they answered.

    Args:
        hidden_by_default: Whoever asks does not see who decides, where the policy leaves that to the tenant.
        agreed: What has been approved so far, with the end that an approver may have set.
    """
    expiration = policy.expiration or Expiration()
    kind = _expires(expiration)
    length = expiration.duration if kind == "afterduration" else None
    last = expiration.end_date_time if kind == "afterdatetime" else None
    return Terms(
        policy_id=policy.id,
        policy_name=policy.display_name or policy.id,
        contents=contents(package),
        fingerprint=_fingerprint(package),
        stages=stages_for(
            policy, extending=extending, always=always, hidden_by_default=hidden_by_default
        ),
        lasts=lasts(policy.expiration),
        questions=tuple(question.untranslated() for question in questions),
        answers={key: tuple(given) for key, given in (answers or {}).items()},
        starts_at=starts_at.isoformat() if starts_at else None,
        excluded=excluded,
        catalog=(package.catalog.display_name if package.catalog else None) or "",
        longest_seconds=int(length.total_seconds()) if length else None,
        latest_end=last.isoformat() if last else None,
        has_no_end=kind == "noexpiration",
        approved_until=agreed.approved_until if agreed else None,
    )


def after_removal(terms: Terms, removal: Request) -> Terms:
    """The same terms with a stage of the admins', because an admin has removed the same access lately."""
    # When it was asked for: that does not change any more.
    at = removal.asked_at.isoformat()
    noted = Removal(by=removal.asked_by, at=at, why=removal.justification)
    stages = terms.stages
    if not any(stage.is_admins_own for stage in stages):
        stages = (*stages, Stage())
    return replace(terms, stages=stages, removal=noted)


def with_settings(terms: Terms, settings: PackageSettings, *, agreed: Terms | None) -> Terms:
    """
    Return the terms with what the package settings ask of each stage: how many must approve, and by a fresh sign-in.

    Args:
        agreed: The terms under which it was asked for: what was required then is never lowered.
    """
    before = _agreed_stages(agreed) if agreed else ()
    stages = stages_with_settings(terms.stages, settings, agreed=before)
    # Entra knows of no stage but the policy's own, and one approval decides it there.
    own = tuple(replace(stage, quorum=1) for stage in stages if not stage.is_admins_own)
    left = own if settings.entra_decides else stages
    terms = replace(terms, hid_approvers=_hid_approvers(agreed, before, left=len(left)))
    if not settings.entra_decides:
        return replace(terms, stages=stages)
    quorums = tuple(stage.quorum for stage in before)
    has_quorums = any(each > 1 for each in quorums)
    return replace(terms, stages=own, entra_decides=True, quorums=quorums if has_quorums else ())


def _agreed_stages(agreed: Terms) -> tuple[Stage, ...]:
    """Return the stages under which it was asked for, with what each took before Entra decided."""
    stages = agreed.stages or agreed.stages_left_out
    quorums = agreed.quorums
    return tuple(
        replace(stage, quorum=max(stage.quorum, quorums[place] if place < len(quorums) else 1))
        for place, stage in enumerate(stages)
    )


def _hid_approvers(agreed: Terms | None, before: Sequence[Stage], *, left: int) -> bool:
    """Tell whether a stage that has gone since it was asked for hid who decides it: whoever has decided it stays hidden."""
    has_hidden = agreed is not None and agreed.hid_approvers
    return has_hidden or any(stage.hides_approvers for stage in before[left:])


def with_sign_ins(terms: Terms, settings: PackageSettings) -> Terms:
    """Return the terms with the sign-in that the package settings ask of each stage's approvals by now, and no less than before."""
    asked = stages_with_settings(terms.stages, settings, agreed=terms.stages)
    stages = tuple(
        replace(stage, fresh_sign_in=by_now.fresh_sign_in, auth_context=by_now.auth_context)
        for stage, by_now in zip(terms.stages, asked, strict=True)
    )
    return replace(terms, stages=stages)


def stages_with_settings(
    stages: Sequence[Stage], settings: PackageSettings, *, agreed: Sequence[Stage] = ()
) -> tuple[Stage, ...]:
    """Return the stages with what the settings ask of them, and no less than what was agreed for that stage."""
    return tuple(
        _with_settings(
            stage, settings, place, before=agreed[place] if place < len(agreed) else Stage()
        )
        for place, stage in enumerate(stages)
    )


def _with_settings(stage: Stage, settings: PackageSettings, place: int, *, before: Stage) -> Stage:
    return replace(
        stage,
        quorum=max(settings.approvals_needed(place), before.quorum),
        fresh_sign_in=settings.fresh_sign_in or before.fresh_sign_in,
        auth_context=settings.auth_context or before.auth_context,
        # What was hidden from whoever asked when they did, stays hidden from them.
        hides_approvers=stage.hides_approvers or before.hides_approvers,
    )


def hash_of(terms: Terms) -> str:
    """Equal for equal terms; names for people do not count, ids and rules do."""
    return hash_of_row(asdict(terms))


def hash_of_row(terms: Mapping[str, Any]) -> str:
    """The same of terms as the row of a request has them."""
    rules = {name: said for name, said in terms.items() if name not in NAMES_ONLY}
    # What every stage was like before the package settings could ask for more.
    rules["stages"] = [
        {
            name: _in_order(said) if name in LISTS_OF_PEOPLE else said
            for name, said in stage.items()
            if name not in UNAPPROVED and (name, said) not in UNASKED
        }
        for stage in terms["stages"]
    ]
    rules["excluded"] = [each["id"] for each in terms["excluded"]]
    rules["asker"] = terms["asker"]["id"] if terms["asker"] else None
    if not rules.get("emergency"):
        # So were the hashes before there were emergencies.
        rules.pop("emergency", None)
    # Of what a policy hides nothing is approved.
    rules.pop("hid_approvers", None)
    if not rules.get("entra_decides"):
        rules.pop("entra_decides", None)
    if not rules.get("quorums"):
        rules.pop("quorums", None)
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def _in_order(people: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the sets of people whom a stage names in an order of our own: Graph may list them in any."""
    return sorted(people, key=lambda each: json.dumps(each, sort_keys=True))


def contents(package: AccessPackage) -> tuple[str, ...]:
    """Return what holding the package gives, a line each, in plain text."""
    lines = []
    for role_scope in package.resource_role_scopes:
        role, scope = role_scope.role, role_scope.scope
        resource = role.resource if role else None
        system = ((role and role.origin_system) or (scope and scope.origin_system) or "").lower()
        noun = {
            "aadgroup": "group",
            "aadapplication": "app",
            "sharepointonline": "site",
            "directoryrole": "Entra role",
        }.get(system, system)
        named = (resource and resource.display_name) or (
            scope and (scope.display_name if not scope.is_root_scope else None)
        )
        name = named or (scope and scope.origin_id) or "?"
        lines.append(_given((role and role.display_name) or N_("A role"), noun or "resource", name))
    return tuple(sorted(lines))


def _given(role: str, noun: str, name: str) -> str:
    """Return one role in words; an eligible one (Privileged Identity Management) does nothing until it is activated."""
    is_eligible = role.lower().startswith("eligible")
    plain = role[len("eligible") :].strip() if is_eligible else role
    if noun == "Entra role":
        # The role of an Entra role is only how it is held: active or eligible.
        what = N_("the Entra role {name}").format(name=name)
    else:
        what = f"{plain or N_('a role')} of the {noun} {name}"
    return N_("May activate {what}").format(what=what) if is_eligible else what


def _fingerprint(package: AccessPackage) -> str:
    parts = sorted(
        f"{role_scope.role.origin_id if role_scope.role else ''}@{role_scope.scope.origin_id if role_scope.scope else ''}"
        for role_scope in package.resource_role_scopes
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def lasts(expiration: Expiration | None) -> str:
    """Return how long, for people: "30 days", "8 hours", "until 31 Jan 2027", "no end date"."""
    kind = _expires(expiration)
    if expiration and expiration.is_unsaid:
        return N_("some hours, or no end date: the beta API does not say")
    if expiration and kind == "afterduration" and expiration.duration:
        days, rest = divmod(expiration.duration, timedelta(days=1))
        if not rest:
            return N_ngettext("{count} day", "{count} days", days).format(count=days)
        hours = round(expiration.duration.total_seconds() / 3600)
        return N_ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    if expiration and kind == "afterdatetime" and expiration.end_date_time:
        return N_("until {day}").format(day=f"{expiration.end_date_time:%-d %b %Y}")
    return N_("no end date")


def extended_end(
    expiration: Expiration | None, *, now: datetime, current: datetime | None
) -> datetime | None:
    """
    Return the end that an extension asked for at *now* brings, or None if it would bring nothing.

    One more duration from now, not from the present end: under a 30-day policy nobody ever holds access
    that ends more than 30 days ahead.  How Entra itself counts is not established.
    """
    wanted = expiration.end_from(now) if expiration else None
    if wanted is None or current is None or wanted <= current:
        return None
    return wanted
