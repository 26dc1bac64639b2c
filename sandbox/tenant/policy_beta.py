"""Translates policies between beta's structure and v1.0's, which the tenant keeps."""

from typing import Any

from sandbox.tenant.approvers import kind_of, parse_duration
from sandbox.tenant.entity import iso_duration, stamp
from sandbox.tenant.model import Json, Policy
from sandbox.tenant.policy_settings import one_of

# beta scopeType -> v1.0 allowedTargetScope; the first beta word for a scope is the one shown.
_SCOPES = {
    "NoSubjects": "notSpecified",
    "SpecificDirectorySubjects": "specificDirectoryUsers",
    "SpecificConnectedOrganizationSubjects": "specificConnectedOrganizationUsers",
    "AllConfiguredConnectedOrganizationSubjects": "allConfiguredConnectedOrganizationUsers",
    "AllExistingConnectedOrganizationSubjects": "allConfiguredConnectedOrganizationUsers",
    "AllExistingDirectoryMemberUsers": "allMemberUsers",
    "AllExistingDirectorySubjects": "allDirectoryUsers",
    "AllExternalSubjects": "allExternalUsers",
}
# What v1.0 calls the id of a subject; in beta it is always "id".
_SUBJECT_ID = {
    "singleUser": "userId",
    "groupMembers": "groupId",
    "connectedOrganizationMembers": "connectedOrganizationId",
}


def body_from_beta(body: Json) -> Json:
    """A v1.0 policy body that says what the beta *body* says. Raises Refusal."""
    requestor = body.get("requestorSettings") or {}
    approval = body.get("requestApprovalSettings") or {}
    accepts = bool(requestor.get("acceptRequests"))
    scope = one_of(tuple(_SCOPES), requestor.get("scopeType") or "NoSubjects", what="Edm.String")
    asks_himself = accepts and scope != "NoSubjects"
    return {
        "displayName": body.get("displayName"),
        "description": body.get("description"),
        "accessPackage": {"id": body.get("accessPackageId")},
        "allowedTargetScope": _SCOPES[scope],
        "specificAllowedTargets": [
            _subject_from_beta(each) for each in requestor.get("allowedRequestors") or []
        ],
        "expiration": _expiration_from_beta(body),
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": asks_himself,
            "enableTargetsToSelfUpdateAccess": asks_himself and bool(body.get("canExtend")),
            "enableTargetsToSelfRemoveAccess": asks_himself,
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": bool(approval.get("isApprovalRequired")),
            "isApprovalRequiredForUpdate": bool(approval.get("isApprovalRequiredForExtension")),
            "isRequestorJustificationRequired": bool(
                approval.get("isRequestorJustificationRequired")
            ),
            "stages": [_stage_from_beta(stage) for stage in approval.get("approvalStages") or []],
        },
        "reviewSettings": _review_from_beta(body.get("accessReviewSettings")),
        "questions": [question_from_beta(each) for each in body.get("questions") or []],
        "notificationSettings": body.get("accessPackageNotificationSettings"),
        "customExtensionStageSettings": body.get("customExtensionStageSettings"),
        "verifiableCredentialSettings": body.get("verifiableCredentialSettings"),
    }


def _expiration_from_beta(body: Json) -> Json:
    if body.get("expirationDateTime"):
        return {"type": "afterDateTime", "endDateTime": body["expirationDateTime"]}
    if body.get("durationInDays"):
        return {"type": "afterDuration", "duration": f"P{body['durationInDays']}D"}
    return {"type": "noExpiration"}


def _subject_from_beta(subject: Json) -> Json:
    name = _SUBJECT_ID.get(kind_of(subject))
    kept = {k: v for k, v in subject.items() if k not in ("id", "isBackup")}
    return kept | ({name: subject.get("id")} if name else {})


def _subject_to_beta(subject: Json, *, is_backup: bool = False) -> Json:
    name = _SUBJECT_ID.get(kind_of(subject))
    kept = {k: v for k, v in subject.items() if k != name}
    return kept | {"isBackup": is_backup} | ({"id": subject.get(name)} if name else {})


def _stage_from_beta(stage: Json) -> Json:
    primary, escalation = (
        stage.get("primaryApprovers") or [],
        stage.get("escalationApprovers") or [],
    )
    return {
        "durationBeforeAutomaticDenial": f"P{stage.get('approvalStageTimeOutInDays') or 14}D",
        "isApproverJustificationRequired": bool(stage.get("isApproverJustificationRequired")),
        "isEscalationEnabled": bool(stage.get("isEscalationEnabled")),
        "durationBeforeEscalation": f"PT{stage.get('escalationTimeInMinutes') or 0}M",
        "primaryApprovers": [_subject_from_beta(s) for s in primary if not s.get("isBackup")],
        "fallbackPrimaryApprovers": [_subject_from_beta(s) for s in primary if s.get("isBackup")],
        "escalationApprovers": [_subject_from_beta(s) for s in escalation if not s.get("isBackup")],
        "fallbackEscalationApprovers": [
            _subject_from_beta(s) for s in escalation if s.get("isBackup")
        ],
        "approverInformationVisibility": stage.get("approverInformationVisibility"),
    }


def _stage_to_beta(stage: Json) -> Json:
    def both(first: str, second: str) -> list[Json]:
        plain = [_subject_to_beta(each) for each in stage.get(first) or []]
        return plain + [_subject_to_beta(s, is_backup=True) for s in stage.get(second) or []]

    escalation = parse_duration(stage["durationBeforeEscalation"])
    return {
        "approvalStageTimeOutInDays": parse_duration(stage["durationBeforeAutomaticDenial"]).days,
        "isApproverJustificationRequired": stage["isApproverJustificationRequired"],
        "isEscalationEnabled": stage["isEscalationEnabled"],
        "escalationTimeInMinutes": int(escalation.total_seconds() // 60),
        "primaryApprovers": both("primaryApprovers", "fallbackPrimaryApprovers"),
        "escalationApprovers": both("escalationApprovers", "fallbackEscalationApprovers"),
        "approverInformationVisibility": stage.get("approverInformationVisibility", "default"),
    }


def fields_for_beta(policy: Policy) -> Json:
    """The structural part of a policy as beta shows it."""
    requestor, approval = policy.settings["requestorSettings"], policy.approval
    expiration = policy.expiration
    scope = next(k for k, v in _SCOPES.items() if v == policy.allowed_target_scope)
    needed = approval["isApprovalRequiredForAdd"] or approval["isApprovalRequiredForUpdate"]
    stages = approval["stages"]
    mode = "NoApproval" if not needed else "SingleStage" if len(stages) == 1 else "Serial"
    return {
        "canExtend": requestor["enableTargetsToSelfUpdateAccess"],
        "durationInDays": expiration.duration.days
        if expiration.type == "afterDuration" and expiration.duration
        else 0,
        "expirationDateTime": stamp(expiration.end) if expiration.type == "afterDateTime" else None,
        "accessReviewSettings": _review_to_beta(policy.settings.get("reviewSettings")),
        "requestorSettings": {
            "scopeType": scope,
            "acceptRequests": requestor["enableTargetsToSelfAddAccess"],
            "allowedRequestors": [_subject_to_beta(s) for s in policy.specific_allowed_targets],
        },
        "requestApprovalSettings": {
            "isApprovalRequired": approval["isApprovalRequiredForAdd"],
            "isApprovalRequiredForExtension": approval["isApprovalRequiredForUpdate"],
            "isRequestorJustificationRequired": approval["isRequestorJustificationRequired"],
            "approvalMode": mode,
            "approvalStages": [_stage_to_beta(stage) for stage in stages],
        },
        "questions": [question_to_beta(each) for each in policy.settings["questions"]],
        "verifiableCredentialSettings": policy.settings.get("verifiableCredentialSettings"),
        "accessPackageNotificationSettings": policy.settings["notificationSettings"],
    }


def _text_from_beta(content: Any) -> Json:
    content = content or {}
    return {
        "text": content.get("defaultText"),
        "localizations": content.get("localizedTexts") or [],
    }


def _text_to_beta(holder: Json) -> Json:
    return {
        "defaultText": holder.get("text"),
        "localizedTexts": holder.get("localizations") or [],
    }


def question_from_beta(question: Json) -> Json:
    """A beta question with v1.0's texts."""
    kept = {
        k: v for k, v in question.items() if k not in ("text", "choices", "allowsMultipleSelection")
    }
    kept |= _text_from_beta(question.get("text"))
    if "choices" in question:
        kept["isMultipleSelectionAllowed"] = bool(question.get("allowsMultipleSelection"))
        kept["choices"] = [
            {"actualValue": each.get("actualValue")} | _text_from_beta(each.get("displayValue"))
            for each in question["choices"] or []
        ]
    return kept


def question_to_beta(question: Json) -> Json:
    """A v1.0 question with beta's localized texts."""
    hidden = ("text", "localizations", "choices", "isMultipleSelectionAllowed")
    shown = {k: v for k, v in question.items() if k not in hidden} | {
        "text": _text_to_beta(question)
    }
    if "choices" in question:
        shown["allowsMultipleSelection"] = bool(question.get("isMultipleSelectionAllowed"))
        shown["choices"] = [
            {"actualValue": each.get("actualValue"), "displayValue": _text_to_beta(each)}
            for each in question["choices"] or []
        ]
    return shown


_REVIEW_RHYTHM = {
    "weekly": ("weekly", 1),
    "monthly": ("absoluteMonthly", 1),
    "quarterly": ("absoluteMonthly", 3),
    "halfyearly": ("absoluteMonthly", 6),
    "annual": ("absoluteYearly", 1),
}


# In beta the kind of reviewer says it, and no subject.
_MANAGER = {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}


def _review_from_beta(review: Json | None) -> Json | None:
    if not review:
        return None
    reviewers = review.get("reviewers") or []
    managers = [_MANAGER] if review.get("reviewerType") == "Manager" else []
    kind, interval = _REVIEW_RHYTHM.get(str(review.get("recurrenceType")).lower(), ("weekly", 1))
    return {
        "isEnabled": bool(review.get("isEnabled")),
        "expirationBehavior": review.get("accessReviewTimeoutBehavior") or "keepAccess",
        "isRecommendationEnabled": bool(review.get("isAccessRecommendationEnabled")),
        "isReviewerJustificationRequired": bool(review.get("isApprovalJustificationRequired")),
        "isSelfReview": review.get("reviewerType") == "Self",
        "schedule": {
            "startDateTime": review.get("startDateTime"),
            "expiration": {
                "duration": iso_duration(parse_duration(f"P{review.get('durationInDays') or 0}D")),
                "type": "afterDuration",
            },
            "recurrence": {"pattern": {"type": kind, "interval": interval}, "range": None},
        },
        "primaryReviewers": managers
        + [_subject_from_beta(s) for s in reviewers if not s.get("isBackup")],
        "fallbackReviewers": [_subject_from_beta(s) for s in reviewers if s.get("isBackup")],
    }


def _review_to_beta(review: Json | None) -> Json | None:
    if not review:
        return None
    schedule = review.get("schedule") or {}
    pattern = (schedule.get("recurrence") or {}).get("pattern") or {}
    rhythm = (pattern.get("type"), pattern.get("interval"))
    primary = review.get("primaryReviewers") or []
    duration = (schedule.get("expiration") or {}).get("duration") or "P0D"
    by_manager = any(kind_of(each) == kind_of(_MANAGER) for each in primary)
    who = "Self" if review.get("isSelfReview") else "Manager" if by_manager else "Reviewers"
    named = [each for each in primary if kind_of(each) != kind_of(_MANAGER)]
    return {
        "isEnabled": review.get("isEnabled"),
        "recurrenceType": next((k for k, v in _REVIEW_RHYTHM.items() if v == rhythm), None),
        "reviewerType": who,
        "startDateTime": schedule.get("startDateTime"),
        "durationInDays": parse_duration(duration).days,
        "reviewers": [_subject_to_beta(s) for s in named]
        + [_subject_to_beta(s, is_backup=True) for s in review.get("fallbackReviewers") or []],
        "isAccessRecommendationEnabled": review.get("isRecommendationEnabled"),
        "isApprovalJustificationRequired": review.get("isReviewerJustificationRequired"),
        "accessReviewTimeoutBehavior": review.get("expirationBehavior"),
    }
