"""Say Graph's model of a policy in the file's words: for the import, and to compare one with another."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from bot.packages.policy_scope import is_their_manager, managers_may_ask
from bot.provisioning.file_format import grammar
from bot.provisioning.file_format.grammar import Subject, say_duration
from bot.provisioning.file_format.policy_model import SCOPES, THEMSELVES
from bot.provisioning.policy_translation.to_graph import RHYTHMS, UNANSWERED, VISIBILITIES
from graph.models import (
    AccessPackageQuestion,
    ApprovalSettings,
    ApprovalStage,
    AssignmentPolicy,
    AutomaticRequestSettings,
    LocalizedText,
    ReviewSettings,
    SubjectSet,
)
from graph.values import same_word

# Says a subject in the file's words: by name for people to read, by id to compare.
Say = Callable[[Subject], str]
Words = dict[str, Any]

_KINDS: Final = {
    "groupmembers": ("group", "group_id"),
    "singleuser": ("person", "user_id"),
    "connectedorganizationmembers": ("connected organization", "connected_organization_id"),
    "singleserviceprincipal": ("service principal", "service_principal_id"),
    "attributerulemembers": ("rule", "membership_rule"),
}
_UNNAMED: Final = {kind.casefold(): word for word, kind in grammar.UNNAMED.items()}
_SCOPES: Final = {scope.casefold(): word for word, scope in SCOPES.items()}
_UNANSWERED: Final = {behavior.casefold(): word for word, behavior in UNANSWERED.items()}


def in_words(policy: AssignmentPolicy, say: Say) -> Words:
    """
    Say the policy as a block of the file; what goes without saying is left out.

    Equal blocks, said by ids, mean equal policies as far as the file can tell them apart.
    """
    settings, approval = policy.requestor_settings, policy.request_approval_settings
    described = policy.description or ""
    said: Words = {
        "name": policy.display_name or "",
        "description": described if described.strip() else "",
    }
    who = _who(policy, say)
    nobody = who == "nobody"
    # Where nobody may ask, the switch that would let them says nothing.
    adds = bool(settings and settings.enable_targets_to_self_add_access) and not nobody
    removes = settings.enable_targets_to_self_remove_access if settings else None
    said["may ask"] = who
    _unless(said, "new requests", adds or nobody, usual=True)
    said["durations"] = grammar.say_expiration(policy.expiration)
    if settings:
        _unless(said, "custom dates", bool(settings.allow_custom_assignment_schedule), usual=False)
    said["may extend"] = _extending(policy)
    # Beta does not say; there, whoever may ask may give back.
    _unless(said, "may return", adds if removes is None else removes, usual=adds)
    if settings:
        _unless(said, "managers may ask", managers_may_ask(settings), usual=False)
    if approval:
        _approval(said, approval, say)
    if policy.questions:
        ordered = sorted(policy.questions, key=lambda each: each.sequence or 0)
        said["questions"] = [say_question(each) for each in ordered]
    notices = policy.notification_settings
    off = bool(notices and notices.is_assignment_notification_disabled)
    _unless(said, "notifications", not off, usual=True)
    if policy.review_settings and policy.review_settings.is_enabled:
        said["reviews"] = say_reviews(policy.review_settings, say)
    if policy.automatic_request_settings:
        automatic = _automatic(policy.automatic_request_settings)
        if automatic:
            said["automatic"] = automatic
    return {name: value for name, value in said.items() if value != "" or name == "name"}


def left_out_of(policy: AssignmentPolicy) -> list[str]:
    """List what the policy says and the file has no words for; an apply leaves it as it is."""
    settings = policy.requestor_settings
    found = []
    if settings and settings.enable_on_behalf_requestors_to_add_access:
        others = [each for each in settings.on_behalf_requestors if not is_their_manager(each)]
        if others:
            found.append("who else than managers may ask for others")
    if policy.custom_extension_stage_settings:
        found.append("its custom extensions")
    if policy.review_settings and _reviews_end(policy.review_settings):
        found.append("when its reviews end")
    if policy.model_extra and policy.model_extra.get("verifiableCredentialSettings"):
        found.append("its verified IDs")
    return found


def _reviews_end(reviews: ReviewSettings) -> bool:
    found = _recurrence(reviews).get("range") or {}
    kind = found.get("type")
    return bool(reviews.is_enabled and kind and not same_word(kind, "noEnd"))


def _recurrence(reviews: ReviewSettings) -> dict[str, Any]:
    schedule = reviews.schedule
    return ((schedule.model_extra if schedule else None) or {}).get("recurrence") or {}


def _unless(said: Words, name: str, value: Any, *, usual: Any) -> None:
    if value != usual:
        said[name] = value


def _who(policy: AssignmentPolicy, say: Say) -> str | list[str]:
    scope = (policy.allowed_target_scope or "notSpecified").casefold()
    if scope in _SCOPES:
        return _SCOPES[scope]
    targets = _subjects(policy.specific_allowed_targets, say)
    return targets or "nobody"


def subject_of(found: SubjectSet) -> Subject:
    """Say a subject set in the file's words, its name an id."""
    kind = found.kind.casefold()
    if kind in _KINDS:
        word, field = _KINDS[kind]
        return Subject(kind=word, name=getattr(found, field) or "?")
    if kind == "requestormanager":
        return Subject(kind="manager", level=found.manager_level or 1)
    return Subject(kind=_UNNAMED.get(kind, found.kind))


def subject_sets_of(policy: AssignmentPolicy) -> list[SubjectSet]:
    """Return everybody whom a policy of Graph's names."""
    sets = list(policy.specific_allowed_targets)
    approval, reviews = policy.request_approval_settings, policy.review_settings
    for stage in approval.stages if approval else ():
        sets += [*stage.primary_approvers, *stage.fallback_primary_approvers]
        sets += [*stage.escalation_approvers, *stage.fallback_escalation_approvers]
    if reviews:
        sets += [*reviews.primary_reviewers, *reviews.fallback_reviewers]
    return sets


def _subjects(found: Iterable[SubjectSet], say: Say) -> str | list[str]:
    """Say one alone, or a list of several, in an order that does not depend on Graph's."""
    texts = sorted({say(subject_of(each)) for each in found})
    return texts[0] if len(texts) == 1 else texts


def _extending(policy: AssignmentPolicy) -> bool | str:
    settings, approval = policy.requestor_settings, policy.request_approval_settings
    if not (settings and settings.enable_targets_to_self_update_access):
        return False
    return "with approval" if approval and approval.is_approval_required_for_update else True


def _approval(said: Words, approval: ApprovalSettings, say: Say) -> None:
    _unless(
        said, "reason required", bool(approval.is_requestor_justification_required), usual=False
    )
    needed = bool(approval.is_approval_required_for_add)
    extending = said.get("may extend") == "with approval"
    if approval.stages and (needed or extending):
        said["decided by"] = [say_stage(stage, say) for stage in approval.stages]
        _unless(said, "approval", needed, usual=True)


def say_stage(stage: ApprovalStage, say: Say) -> Words:
    """Say one stage of approval as the file does."""
    said: Words = {"approvers": _subjects(stage.primary_approvers, say)}
    if stage.fallback_primary_approvers:
        said["fallback"] = _subjects(stage.fallback_primary_approvers, say)
    if stage.duration_before_automatic_denial is not None:
        said["within"] = say_duration(stage.duration_before_automatic_denial)
    _unless(said, "reason required", bool(stage.is_approver_justification_required), usual=False)
    if stage.is_escalation_enabled and (
        stage.escalation_approvers or stage.fallback_escalation_approvers
    ):
        escalation: Words = {"to": _subjects(stage.escalation_approvers, say)}
        if stage.duration_before_escalation is not None:
            escalation["after"] = say_duration(stage.duration_before_escalation)
        if stage.fallback_escalation_approvers:
            escalation["fallback"] = _subjects(stage.fallback_escalation_approvers, say)
        said["escalation"] = escalation
    visibility = stage.approver_information_visibility
    for word in ("yes", "no"):
        # The tenant's own default is what a new policy has.
        if same_word(visibility, VISIBILITIES[word]):
            said["show approvers"] = word == "yes"
    return said


def say_question(question: AccessPackageQuestion) -> Words:
    """Say a question as the file does."""
    said: Words = {"ask": question.text or "?"}
    _unless(said, "required", bool(question.is_required), usual=False)
    _unless(said, "editable", question.is_answer_editable is not False, usual=True)
    if question.choices:
        said["choices"] = [
            {
                "value": choice.actual_value or "?",
                "text": choice.text or choice.actual_value or "?",
                **_translations(choice.localizations),
            }
            for choice in question.choices
        ]
        _unless(said, "several", bool(question.is_multiple_selection_allowed), usual=False)
    else:
        _unless(said, "long", question.is_single_line_question is False, usual=False)
        if question.regex_pattern:
            said["pattern"] = question.regex_pattern
    return {**said, **_translations(question.localizations)}


def _translations(texts: Iterable[LocalizedText]) -> Words:
    said = {each.language_code: each.text for each in texts if each.language_code and each.text}
    return {"translations": dict(sorted(said.items()))} if said else {}


def say_reviews(reviews: ReviewSettings, say: Say) -> Words:
    """Say access reviews as the file does."""
    said: Words = {}
    schedule = reviews.schedule
    pattern = _recurrence(reviews).get("pattern") or {}
    found = (str(pattern.get("type")).casefold(), pattern.get("interval") or 1)
    for word, (kind, interval) in RHYTHMS.items():
        if found == (kind.casefold(), interval):
            said["every"] = word
    if schedule and schedule.start_date_time:
        start = schedule.start_date_time
        said["start"] = (
            f"{start:%Y-%m-%d}" if f"{start:%H%M%S}" == "000000" else f"{start:%Y-%m-%d %H:%M:%S}"
        )
    if schedule and schedule.expiration and schedule.expiration.duration is not None:
        said["lasts"] = say_duration(schedule.expiration.duration)
    said["by"] = THEMSELVES if reviews.is_self_review else _subjects(reviews.primary_reviewers, say)
    if reviews.fallback_reviewers:
        said["fallback"] = _subjects(reviews.fallback_reviewers, say)
    behavior = (reviews.expiration_behavior or "keepAccess").casefold()
    _unless(said, "without answer", _UNANSWERED.get(behavior, behavior), usual="keep")
    _unless(said, "recommendations", bool(reviews.is_recommendation_enabled), usual=False)
    _unless(said, "reason required", bool(reviews.is_reviewer_justification_required), usual=False)
    return said


def _automatic(automatic: AutomaticRequestSettings) -> Words:
    gives = bool(automatic.request_access_for_allowed_targets)
    takes = bool(automatic.remove_access_when_target_leaves_allowed_targets)
    if not (gives or takes):
        return {}
    said: Words = {"give": gives, "take when they leave": takes}
    if automatic.grace_period_before_access_removal is not None:
        said["grace"] = say_duration(automatic.grace_period_before_access_removal)
    return said


def unreadable(policy: AssignmentPolicy) -> str | None:
    """Say why the file cannot hold this policy; None if it can."""
    if grammar.is_untold(policy.expiration):
        return (
            "Graph does not say how long its access lasts: no end, or hours, which beta cannot say"
        )
    if not grammar.is_said_exactly(policy.expiration):
        return "the file has no words for how long its access lasts"
    if not all(map(grammar.is_said_exactly_as_duration, _deadlines(policy))):
        return "the file has no words for how long its approvers have"
    if not _is_readable(policy):
        return "the file has no words for whom it names"
    if policy.review_settings and policy.review_settings.is_enabled:
        said = say_reviews(policy.review_settings, str)
        if not {"every", "start", "lasts"} <= set(said):
            return "the file has no words for how its access is reviewed"
    return None


def _deadlines(policy: AssignmentPolicy) -> Iterator[timedelta]:
    """Yield how long its approvers have, wherever it says so."""
    approval = policy.request_approval_settings
    for stage in approval.stages if approval else ():
        for each in (stage.duration_before_automatic_denial, stage.duration_before_escalation):
            if each:
                yield each


def _is_readable(policy: AssignmentPolicy) -> bool:
    """Tell whether the file has words for whom this policy offers the package to, and who decides."""
    sets = subject_sets_of(policy)
    known = {*_KINDS, *_UNNAMED, "requestormanager"}
    scope = policy.allowed_target_scope or "notSpecified"
    specific = any(
        same_word(scope, each)
        for each in (
            "specificDirectoryUsers",
            "specificConnectedOrganizationUsers",
            "specificDirectoryServicePrincipals",
        )
    )
    return (specific or scope.casefold() in _SCOPES) and all(
        each.kind.casefold() in known for each in sets
    )
