"""Make Graph's model of a policy from the file's words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from bot.provisioning.file_format import grammar
from bot.provisioning.file_format.grammar import Subject
from bot.provisioning.file_format.policy_model import (
    SCOPES,
    THEMSELVES,
    AccessReviews,
    Automatic,
    DescribedQuestion,
    DescribedStage,
    Policy,
)
from graph.models import (
    AccessPackageQuestion,
    AnswerChoice,
    ApprovalSettings,
    ApprovalStage,
    AssignmentPolicy,
    AutomaticRequestSettings,
    Expiration,
    LocalizedText,
    NotificationSettings,
    RequestorSettings,
    ReviewSettings,
    Schedule,
    SubjectSet,
)
from graph.values import Reference

# Finds the object id behind a subject's name.
Ids = Callable[[Subject], str]

RHYTHMS: Final = {  # the file's word: Graph's recurrence pattern, its interval
    "week": ("weekly", 1),
    "month": ("absoluteMonthly", 1),
    "quarter": ("absoluteMonthly", 3),
    "half year": ("absoluteMonthly", 6),
    "year": ("absoluteYearly", 1),
}
UNANSWERED: Final = {  # the file's word: Graph's expirationBehavior
    "keep": "keepAccess",
    "remove": "removeAccess",
    "as recommended": "acceptAccessRecommendation",
}
VISIBILITIES: Final = {  # the file's word: Graph's approverInformationVisibility
    "yes": "visible",
    "no": "notVisible",
    "default": "default",
}
_ID_FIELDS: Final = {  # the file's word: the subject set's type, and the field that says whom
    "group": ("groupMembers", "group_id"),
    "person": ("singleUser", "user_id"),
    "connected organization": ("connectedOrganizationMembers", "connected_organization_id"),
    "service principal": ("singleServicePrincipal", "service_principal_id"),
    "rule": ("attributeRuleMembers", "membership_rule"),
}


def subjects_of(policy: Policy) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """Yield everybody whom a policy names, each with its place in the policy."""
    if policy.scope is None:
        yield from ((("may ask", at), text) for at, text in enumerate(policy.may_ask))
    for number, stage in enumerate(policy.decided_by):
        lists: list[tuple[tuple[str | int, ...], tuple[str, ...]]] = [
            (("approvers",), stage.approvers),
            (("fallback",), stage.fallback),
        ]
        if stage.escalation:
            lists += [
                (("escalation", "to"), stage.escalation.to),
                (("escalation", "fallback"), stage.escalation.fallback),
            ]
        for place, texts in lists:
            yield from ((("decided by", number, *place), text) for text in texts)
    if policy.reviews:
        named = [text for text in policy.reviews.by if text.casefold() != THEMSELVES]
        yield from ((("reviews", "by"), text) for text in named)
        yield from ((("reviews", "fallback"), text) for text in policy.reviews.fallback)


def to_graph(policy: Policy, *, ids: Ids, package_id: str) -> AssignmentPolicy:
    """
    Make the policy as Graph has it; all that the file can say is said, so that no default surprises.

    Args:
        ids: Finds whom a subject means.
        package_id: The package that it belongs to.
    """
    asks = policy.new_requests and policy.scope != SCOPES["nobody"]
    approval = bool(policy.decided_by) if policy.approval is None else policy.approval
    return AssignmentPolicy(
        display_name=policy.name,
        description=policy.description,
        allowed_target_scope=policy.scope or _scope_of(policy.may_ask),
        specific_allowed_targets=[] if policy.scope else _sets(policy.may_ask, ids),
        expiration=grammar.read_expiration(policy.durations),
        requestor_settings=RequestorSettings(
            enable_targets_to_self_add_access=asks,
            enable_targets_to_self_update_access=policy.may_extend != "no",
            enable_targets_to_self_remove_access=asks
            if policy.may_return is None
            else policy.may_return,
            allow_custom_assignment_schedule=policy.custom_dates,
            enable_on_behalf_requestors_to_add_access=policy.managers_may_ask,
            enable_on_behalf_requestors_to_update_access=policy.managers_may_ask,
            enable_on_behalf_requestors_to_remove_access=policy.managers_may_ask,
            on_behalf_requestors=[SubjectSet.target_manager()] if policy.managers_may_ask else [],
        ),
        request_approval_settings=ApprovalSettings(
            is_approval_required_for_add=approval,
            is_approval_required_for_update=policy.may_extend == "with approval",
            is_requestor_justification_required=policy.reason_required,
            stages=[_stage(stage, ids) for stage in policy.decided_by],
        ),
        questions=[_question(each, at) for at, each in enumerate(policy.questions)],
        notification_settings=NotificationSettings(
            is_assignment_notification_disabled=not policy.notifications
        ),
        review_settings=_reviews(policy.reviews, ids) if policy.reviews else None,
        automatic_request_settings=_automatic(policy.automatic) if policy.automatic else None,
        access_package=Reference(id=package_id),
    )


def _scope_of(who: Iterable[str]) -> str:
    kinds = {grammar.read_subject(text).kind for text in who}
    if kinds == {"connected organization"}:
        return "specificConnectedOrganizationUsers"
    if kinds == {"service principal"}:
        return "specificDirectoryServicePrincipals"
    return "specificDirectoryUsers"


def _sets(texts: Iterable[str], ids: Ids) -> list[SubjectSet]:
    return [_set(grammar.read_subject(text), ids) for text in texts]


def _set(subject: Subject, ids: Ids) -> SubjectSet:
    if subject.kind in _ID_FIELDS:
        kind, field = _ID_FIELDS[subject.kind]
        named = {field: ids(subject), "description": subject.name}
        return SubjectSet.model_validate({"odata_type": f"#microsoft.graph.{kind}", **named})
    if subject.kind == "manager":
        return SubjectSet.manager(subject.level)
    return SubjectSet.of_kind(grammar.UNNAMED[subject.kind])


def _stage(stage: DescribedStage, ids: Ids) -> ApprovalStage:
    escalation = stage.escalation
    said = ApprovalStage(
        duration_before_automatic_denial=grammar.read_duration(stage.within),
        is_approver_justification_required=stage.reason_required,
        is_escalation_enabled=escalation is not None,
        duration_before_escalation=grammar.read_duration(escalation.after)
        if escalation
        else timedelta(0),
        primary_approvers=_sets(stage.approvers, ids),
        fallback_primary_approvers=_sets(stage.fallback, ids),
        escalation_approvers=_sets(escalation.to, ids) if escalation else [],
        fallback_escalation_approvers=_sets(escalation.fallback, ids) if escalation else [],
    )
    if stage.show_approvers is None:
        # Then it stays as it is in the tenant.
        return said
    shown = VISIBILITIES[stage.show_approvers]
    return said.model_copy(update={"approver_information_visibility": shown})


def _question(question: DescribedQuestion, sequence: int) -> AccessPackageQuestion:
    kind = "MultipleChoice" if question.choices else "TextInput"
    said: dict[str, Any] = {
        "odata_type": f"#microsoft.graph.accessPackage{kind}Question",
        "text": question.ask,
        "localizations": _localized(question.translations),
        "sequence": sequence,
        "is_required": question.required,
        "is_answer_editable": question.editable,
    }
    if question.choices:
        said["is_multiple_selection_allowed"] = question.several
        said["choices"] = [
            AnswerChoice(
                actual_value=choice.value,
                text=choice.text,
                localizations=_localized(choice.translations),
            )
            for choice in question.choices
        ]
    else:
        said["is_single_line_question"] = not question.long
        said["regex_pattern"] = question.pattern
    return AccessPackageQuestion(**said)


def _localized(texts: Mapping[str, str]) -> list[LocalizedText]:
    return [LocalizedText(language_code=code, text=text) for code, text in texts.items()]


def _reviews(reviews: AccessReviews, ids: Ids) -> ReviewSettings:
    by_themselves = reviews.by[0].casefold() == THEMSELVES
    start = read_start(reviews.start)
    pattern, interval = RHYTHMS[reviews.every]
    recurrence = {
        "pattern": {"type": pattern, "interval": interval},
        "range": {"type": "noEnd", "startDate": f"{start:%Y-%m-%d}"},
    }
    schedule = Schedule.model_validate(
        {
            "start_date_time": start,
            "expiration": Expiration.after(grammar.read_duration(reviews.lasts)),
            "recurrence": recurrence,
        }
    )
    return ReviewSettings(
        is_enabled=True,
        expiration_behavior=UNANSWERED[reviews.without_answer],
        is_recommendation_enabled=reviews.recommendations,
        is_reviewer_justification_required=reviews.reason_required,
        is_self_review=by_themselves,
        primary_reviewers=[] if by_themselves else _sets(reviews.by, ids),
        fallback_reviewers=_sets(reviews.fallback, ids),
        schedule=schedule,
    )


def read_start(text: str) -> Any:
    """Return the moment (aware UTC) at which the first review begins; a day alone means its beginning."""
    moment = grammar.read_expiration(f"until {text}").end_date_time
    if moment is not None and moment.timetz() == grammar.END_OF_DAY:
        return moment.replace(hour=0, minute=0, second=0)
    return moment


def _automatic(automatic: Automatic) -> AutomaticRequestSettings:
    return AutomaticRequestSettings(
        request_access_for_allowed_targets=automatic.give,
        remove_access_when_target_leaves_allowed_targets=automatic.take_when_they_leave,
        grace_period_before_access_removal=grammar.read_duration(automatic.grace)
        if automatic.grace
        else None,
    )
