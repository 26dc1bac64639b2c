"""
Assignment policies: where beta says the same in another structure, and where it cannot say it.

Source: ``accessPackageAssignmentPolicy`` in the reference of both versions.
"""

from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from graph.beta import review_shapes
from graph.beta.subject_shapes import (
    approvers_from_beta,
    approvers_to_beta,
    subject_from_beta,
    subject_to_beta,
)
from graph.errors import Unsupported
from graph.values import UNSAID

Json = dict[str, Any]

SCOPES: Final[dict[str, str]] = {  # allowedTargetScope: requestorSettings.scopeType
    "notSpecified": "NoSubjects",
    "specificDirectoryUsers": "SpecificDirectorySubjects",
    "specificConnectedOrganizationUsers": "SpecificConnectedOrganizationSubjects",
    "allConfiguredConnectedOrganizationUsers": "AllConfiguredConnectedOrganizationSubjects",
    "allMemberUsers": "AllExistingDirectoryMemberUsers",
    "allDirectoryUsers": "AllExistingDirectorySubjects",
    "allExternalUsers": "AllExternalSubjects",
}
_FROM_SCOPE: Final = {beta.casefold(): ours for ours, beta in SCOPES.items()}
# Beta's own scope that v1.0 has no word for; it travels as it is.
_BETA_ONLY_SCOPES: Final = frozenset({"allexistingconnectedorganizationsubjects"})

# Switches of v1.0 which beta lacks: leaving them out is honest only while they are off.
_OFF_IN_BETA: Final = (
    "allowCustomAssignmentSchedule",
    "enableOnBehalfRequestorsToAddAccess",
    "enableOnBehalfRequestorsToUpdateAccess",
    "enableOnBehalfRequestorsToRemoveAccess",
    "onBehalfRequestors",
)
# How beta's stages decide where v1.0's would do the same; the fourth is Parallel.
_MODES_OF_V1: Final = frozenset({"", "noapproval", "singlestage", "serial"})
_DAY: Final = timedelta(days=1)
_DURATION: Final[TypeAdapter[timedelta]] = TypeAdapter(timedelta)


def to_beta(policy: Json) -> Json:
    """
    A v1.0 policy body in beta's structure.

    Raises:
        Unsupported: The policy uses what beta has no words for.
    """
    said = dict(policy)
    if said.pop("automaticRequestSettings", None) is not None:
        raise Unsupported("The beta API has no automatic requests; use v1.0 for this policy.")
    _who_to_beta(said)
    if "expiration" in said:
        _expiration_to_beta(said, said.pop("expiration") or {})
    if said.get("requestApprovalSettings") is not None:
        said["requestApprovalSettings"] = _approval_to_beta(said["requestApprovalSettings"])
    if "reviewSettings" in said:
        said["accessReviewSettings"] = review_shapes.to_beta(said.pop("reviewSettings"))
    return said


def from_beta(policy: Json) -> Json:
    """A policy of either version in v1.0's structure; one that already has it stays as it is."""
    said = dict(policy)
    settings = said.get("requestorSettings")
    if isinstance(settings, dict) and {"scopeType", "allowedRequestors"} & set(settings):
        _who_from_beta(said, dict(settings))
    if "canExtend" in said:
        settings = dict(said.get("requestorSettings") or {})
        settings.setdefault("enableTargetsToSelfUpdateAccess", said.pop("canExtend"))
        said["requestorSettings"] = settings
    if {"durationInDays", "expirationDateTime"} & set(said):
        days, end = said.pop("durationInDays", None), said.pop("expirationDateTime", None)
        said.setdefault("expiration", _expiration_from_beta(days, end))
    approval = said.get("requestApprovalSettings")
    if isinstance(approval, dict):
        said["requestApprovalSettings"] = _approval_from_beta(approval)
    if "accessReviewSettings" in said:
        said["reviewSettings"] = review_shapes.from_beta(said.pop("accessReviewSettings"))
    return said


def _who_to_beta(said: Json) -> None:
    scope, targets = said.pop("allowedTargetScope", None), said.pop("specificAllowedTargets", None)
    settings = dict(said.pop("requestorSettings", None) or {})
    for switch in _OFF_IN_BETA:
        if settings.pop(switch, None):
            raise Unsupported(f"The beta API has no {switch}; use v1.0 for this policy.")
    accepts = settings.pop("enableTargetsToSelfAddAccess", None)
    extends = settings.pop("enableTargetsToSelfUpdateAccess", None)
    removes = settings.pop("enableTargetsToSelfRemoveAccess", None)
    if removes is not None and bool(removes) != bool(accepts):
        raise Unsupported(
            "The beta API cannot say that asking for access and giving it back differ; "
            "use v1.0 for this policy."
        )
    if extends and accepts is not None and not accepts:
        raise Unsupported(
            "The beta API lets nobody extend where nobody may ask; use v1.0 for this policy."
        )
    if scope is not None:
        settings["scopeType"] = _scope_to_beta(scope)
    if accepts is not None:
        settings["acceptRequests"] = accepts
    if targets is not None:
        settings["allowedRequestors"] = [subject_to_beta(target) for target in targets]
    if extends is not None:
        said["canExtend"] = extends
    if settings:
        said["requestorSettings"] = settings


def _scope_to_beta(scope: str) -> str:
    for ours, beta in SCOPES.items():
        if ours.casefold() == scope.casefold():
            return beta
    if scope.casefold() in _BETA_ONLY_SCOPES:
        return scope
    raise Unsupported(f"The beta API cannot offer access to {scope}; use v1.0 for this policy.")


def _who_from_beta(said: Json, settings: Json) -> None:
    scope, targets = settings.pop("scopeType", None), settings.pop("allowedRequestors", None)
    if scope is not None:
        said.setdefault("allowedTargetScope", _FROM_SCOPE.get(scope.casefold(), scope))
    if targets is not None:
        said.setdefault("specificAllowedTargets", [subject_from_beta(each) for each in targets])
    if "acceptRequests" in settings:
        settings.setdefault("enableTargetsToSelfAddAccess", settings.pop("acceptRequests"))
    said["requestorSettings"] = settings


def _expiration_to_beta(said: Json, expiration: Json) -> None:
    kind = str(expiration.get("type") or "notSpecified").casefold()
    if kind == UNSAID:
        raise Unsupported(
            "The beta API does not say whether this policy gives some hours or has no end, "
            "and would make the first the second; use v1.0 for it."
        )
    if kind == "noexpiration":
        said["durationInDays"], said["expirationDateTime"] = 0, None
    elif kind == "afterdatetime":
        said["durationInDays"], said["expirationDateTime"] = 0, expiration.get("endDateTime")
    elif kind == "afterduration":
        said["durationInDays"] = whole(expiration.get("duration"), _DAY, "days of access")
        said["expirationDateTime"] = None


def _expiration_from_beta(days: int | None, end: str | None) -> Json:
    if end:
        return {"type": "afterDateTime", "endDateTime": end, "duration": None}
    if days:
        return {"type": "afterDuration", "duration": f"P{days}D", "endDateTime": None}
    # A policy of some hours looks like this in beta, too: it has no field for hours.
    return {"type": UNSAID, "duration": None, "endDateTime": None}


def _approval_to_beta(approval: Json) -> Json:
    said = dict(approval)
    stages = said.pop("stages", None)
    _rename(said, "isApprovalRequiredForAdd", "isApprovalRequired")
    _rename(said, "isApprovalRequiredForUpdate", "isApprovalRequiredForExtension")
    if stages is not None:
        said["approvalStages"] = [_stage_to_beta(stage) for stage in stages]
        mode = "NoApproval" if not stages else "SingleStage" if len(stages) == 1 else "Serial"
        said.setdefault("approvalMode", mode)
    return said


def _approval_from_beta(approval: Json) -> Json:
    said = dict(approval)
    _rename(said, "isApprovalRequired", "isApprovalRequiredForAdd")
    _rename(said, "isApprovalRequiredForExtension", "isApprovalRequiredForUpdate")
    if "approvalStages" in said:
        said["stages"] = [_stage_from_beta(stage) for stage in said.pop("approvalStages") or []]
    # v1.0's stages always follow each other; what that does not say is kept, and so is a word that we do not know.
    if str(said.get("approvalMode") or "").casefold() in _MODES_OF_V1:
        said.pop("approvalMode", None)
    return said


def _stage_to_beta(stage: Json) -> Json:
    said = dict(stage)
    if "durationBeforeAutomaticDenial" in said:
        said["approvalStageTimeOutInDays"] = whole(
            said.pop("durationBeforeAutomaticDenial"), _DAY, "days for a decision"
        )
    if "durationBeforeEscalation" in said:
        said["escalationTimeInMinutes"] = whole(
            said.pop("durationBeforeEscalation"), timedelta(minutes=1), "minutes to an escalation"
        )
    return approvers_to_beta(said)


def _stage_from_beta(stage: Json) -> Json:
    said = dict(stage)
    if "approvalStageTimeOutInDays" in said:
        days = said.pop("approvalStageTimeOutInDays")
        said["durationBeforeAutomaticDenial"] = None if days is None else f"P{days}D"
    if "escalationTimeInMinutes" in said:
        minutes = said.pop("escalationTimeInMinutes")
        said["durationBeforeEscalation"] = None if minutes is None else f"PT{minutes}M"
    return approvers_from_beta(said)


def whole(duration: str | None, unit: timedelta, what: str) -> int | None:
    """
    An ISO 8601 *duration* as a whole number of *unit*.

    Raises:
        Unsupported: It is not one: beta has no fractions.
    """
    if duration is None:
        return None
    try:
        count, rest = divmod(_DURATION.validate_python(duration), unit)
    except ValidationError as exc:
        raise Unsupported(f"{duration!r} is no duration that Graph knows.") from exc
    if rest:
        raise Unsupported(f"The beta API counts whole {what}, and {duration} is not; use v1.0.")
    return count


def _rename(said: Json, old: str, new: str) -> None:
    if old in said:
        said[new] = said.pop(old)
