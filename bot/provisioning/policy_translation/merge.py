"""
Make the policy that replaces the tenant's: what the file says otherwise, and nothing else of it changed.

A policy is replaced whole: what Graph sent and the file has no words for must go back as it came.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from bot.packages.policy_scope import is_their_manager, managers_may_ask
from bot.provisioning.file_format.grammar import Subject
from bot.provisioning.policy_translation.compare import differing_words
from bot.provisioning.policy_translation.from_graph import (
    say_question,
    say_reviews,
    say_stage,
)
from bot.provisioning.writing.diff import flatten
from bot.same_name import composed
from graph.models import (
    AccessPackageQuestion,
    ApprovalSettings,
    ApprovalStage,
    AssignmentPolicy,
    RequestorSettings,
    ReviewSettings,
    SubjectSet,
)
from graph.values import KeepingModel

Kept = TypeVar("Kept", bound=KeepingModel)

# The words of the file, and the properties of Graph's that say the same.
_OWN: Final = {
    "name": ("display_name",),
    "description": ("description",),
    "durations": ("expiration",),
    "may ask": ("allowed_target_scope", "specific_allowed_targets"),
    "automatic": ("automatic_request_settings",),
}
_OF_REQUESTORS: Final = {
    # Whoever may ask may also give back, unless the file says otherwise.
    "may ask": ("enable_targets_to_self_add_access", "enable_targets_to_self_remove_access"),
    "new requests": ("enable_targets_to_self_add_access", "enable_targets_to_self_remove_access"),
    "may return": ("enable_targets_to_self_remove_access",),
    "may extend": ("enable_targets_to_self_update_access",),
    "custom dates": ("allow_custom_assignment_schedule",),
}
_OF_APPROVAL: Final = {
    "reason required": ("is_requestor_justification_required",),
    "may extend": ("is_approval_required_for_update",),
    "approval": ("is_approval_required_for_add",),
    "decided by": ("is_approval_required_for_add", "is_approval_required_for_update", "stages"),
}


def merge(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> AssignmentPolicy:
    """Return the tenant's policy with what the file says otherwise."""
    words = differing_words(actual, wanted)
    changed: dict[str, Any] = {name: getattr(wanted, name) for name in _fields(_OWN, words)}
    if words & {*_OF_REQUESTORS, "managers may ask"}:
        changed["requestor_settings"] = _requestors(actual, wanted, words)
    if words & set(_OF_APPROVAL):
        changed["request_approval_settings"] = _approval(actual, wanted, words)
    if "questions" in words:
        changed["questions"] = _questions(actual.questions or [], wanted.questions or [])
    if "notifications" in words:
        old, new = actual.notification_settings, wanted.notification_settings
        changed["notification_settings"] = _with(old, new)
    if "reviews" in words:
        changed["review_settings"] = _reviews(actual.review_settings, wanted.review_settings)
    return actual.model_copy(update=changed)


def _fields(table: dict[str, tuple[str, ...]], words: set[str]) -> list[str]:
    return [name for word in sorted(words & set(table)) for name in table[word]]


def _with(old: Kept | None, new: Kept | None, fields: Any = None) -> Kept | None:
    """Return *old* with these fields of *new*, or all that are set there; whole where one of them is missing."""
    if old is None or new is None:
        return new
    names = new.model_fields_set if fields is None else fields
    return old.model_copy(update={name: getattr(new, name) for name in names})


def _requestors(
    actual: AssignmentPolicy, wanted: AssignmentPolicy, words: set[str]
) -> RequestorSettings | None:
    old, new = actual.requestor_settings, wanted.requestor_settings
    settings = _with(old, new, _fields(_OF_REQUESTORS, words))
    if old is None or new is None or settings is None or "managers may ask" not in words:
        return settings
    others = [each for each in old.on_behalf_requestors if not is_their_manager(each)]
    may = managers_may_ask(new)
    switches = (
        "enable_on_behalf_requestors_to_add_access",
        "enable_on_behalf_requestors_to_update_access",
        "enable_on_behalf_requestors_to_remove_access",
    )
    # Others who may ask for somebody stay, and so do the switches that let them.
    asked: dict[str, Any] = {} if others and not may else dict.fromkeys(switches, may)
    asked["on_behalf_requestors"] = [*others, *(new.on_behalf_requestors if may else [])]
    return settings.model_copy(update=asked)


def _approval(
    actual: AssignmentPolicy, wanted: AssignmentPolicy, words: set[str]
) -> ApprovalSettings | None:
    old, new = actual.request_approval_settings, wanted.request_approval_settings
    settings = _with(old, new, _fields(_OF_APPROVAL, words))
    if old is None or new is None or settings is None or "decided by" not in words:
        return settings
    known = [_shown_as_before(old.stages, stage, at) for at, stage in enumerate(new.stages)]
    stages = [
        _stage(old.stages[at], stage) if at < len(old.stages) else stage
        for at, stage in enumerate(known)
    ]
    return settings.model_copy(update={"stages": stages})


def _shown_as_before(
    before: Sequence[ApprovalStage], stage: ApprovalStage, place: int
) -> ApprovalStage:
    """Return a stage of which the file does not say whether its approvers are shown as the tenant has that: of the same people first."""
    if stage.approver_information_visibility is not None:
        return stage
    own = _approvers(stage)
    alike = [each for each in before if _approvers(each) == own] or before[place : place + 1]
    said = next((each.approver_information_visibility for each in alike), None)
    if said is None:
        return stage
    return stage.model_copy(update={"approver_information_visibility": said})


def _approvers(stage: ApprovalStage) -> list[str]:
    return sorted(map(_named, stage.primary_approvers))


def _stage(old: ApprovalStage, new: ApprovalStage) -> ApprovalStage:
    return _kept_if_same(old, new, lambda each: say_stage(each, _by_id))


def _kept_if_same(old: Kept, new: Kept, say: Callable[[Kept], dict[str, Any]]) -> Kept:
    """Return *old* where both say the same; otherwise *new* with what only *old* knows, list by list of people."""
    if flatten(say(old)) == flatten(say(new)):
        return old
    changed = {}
    for name in new.model_fields_set:
        before, after = getattr(old, name), getattr(new, name)
        changed[name] = before if _same_people(before, after) else after
    return old.model_copy(update=changed)


def _same_people(before: Any, after: Any) -> bool:
    return (
        isinstance(before, list)
        and isinstance(after, list)
        and all(isinstance(each, SubjectSet) for each in [*before, *after])
        and sorted(map(_named, before)) == sorted(map(_named, after))
    )


def _named(found: SubjectSet) -> str:
    parts = (found.kind, found.user_id, found.group_id, found.manager_level)
    others = (found.connected_organization_id, found.service_principal_id, found.membership_rule)
    return str([str(each).casefold() for each in (*parts, *others)])


def _questions(
    old: list[AccessPackageQuestion], new: list[AccessPackageQuestion]
) -> list[AccessPackageQuestion]:
    """Let a question keep its id, to which the answers given so far belong, and what else is known of it."""
    left = list(old)
    asked = []
    for question in new:
        text, kind = composed(question.text or ""), _kind(question)
        same_text = (
            each for each in left if composed(each.text or "") == text and _kind(each) == kind
        )
        known = next(same_text, None)
        if known is None:
            asked.append(question)
            continue
        # An id is one question's: another one with the same words is another one.
        left.remove(known)
        same = _kept_if_same(known, question, say_question)
        asked.append(same.model_copy(update={"sequence": question.sequence}))
    return asked


def _reviews(old: ReviewSettings | None, new: ReviewSettings | None) -> ReviewSettings | None:
    if old is None or new is None:
        return new
    both = _kept_if_same(old, new, lambda each: say_reviews(each, _by_id))
    before, after = say_reviews(old, _by_id), say_reviews(new, _by_id)
    if all(before.get(word) == after.get(word) for word in ("every", "start", "lasts")):
        return both.model_copy(update={"schedule": old.schedule})
    return both


def _kind(question: AccessPackageQuestion) -> str:
    return (question.odata_type or "").rpartition(".")[2].casefold()


def _by_id(subject: Subject) -> str:
    return str(subject).casefold()
