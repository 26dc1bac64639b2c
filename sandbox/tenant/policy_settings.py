"""Reads a policy as v1.0 writes it, which is also how the tenant keeps it."""

from datetime import datetime
from typing import Any

from sandbox import chance
from sandbox.tenant.approvers import check_approvers, parse_duration
from sandbox.tenant.entity import iso_duration, stamp
from sandbox.tenant.errors import bad_request
from sandbox.tenant.model import Expiration, Json

TARGET_SCOPES = (
    "notSpecified",
    "specificDirectoryUsers",
    "specificConnectedOrganizationUsers",
    "specificDirectoryServicePrincipals",
    "allMemberUsers",
    "allDirectoryUsers",
    "allDirectoryServicePrincipals",
    "allConfiguredConnectedOrganizationUsers",
    "allExternalUsers",
    "allDirectoryAgentIdentities",
)
_EXPIRATION_TYPES = ("notSpecified", "noExpiration", "afterDateTime", "afterDuration")
_REQUESTOR_DEFAULTS: Json = {
    "enableTargetsToSelfAddAccess": False,
    "enableTargetsToSelfUpdateAccess": False,
    "enableTargetsToSelfRemoveAccess": False,
    "allowCustomAssignmentSchedule": True,
    "enableOnBehalfRequestorsToAddAccess": False,
    "enableOnBehalfRequestorsToUpdateAccess": False,
    "enableOnBehalfRequestorsToRemoveAccess": False,
    "onBehalfRequestors": [],
}
_APPROVAL_DEFAULTS: Json = {
    "isApprovalRequiredForAdd": False,
    "isApprovalRequiredForUpdate": False,
    "isRequestorJustificationRequired": False,
    "stages": [],
}
_STAGE_DEFAULTS: Json = {
    "durationBeforeAutomaticDenial": "P14D",
    "isApproverJustificationRequired": False,
    "isEscalationEnabled": False,
    "durationBeforeEscalation": "PT0S",
    "primaryApprovers": [],
    "fallbackPrimaryApprovers": [],
    "escalationApprovers": [],
    "fallbackEscalationApprovers": [],
    "approverInformationVisibility": "default",
}
_VISIBILITIES = ("default", "notVisible", "visible")
MAX_STAGES = 3


def one_of(words: tuple[str, ...], word: object, *, what: str) -> str:
    """The enum word that was meant, whatever its case. Raises Refusal for an unknown one."""
    for known in words:
        if known.lower() == str(word).lower():
            return known
    raise bad_request(f"Cannot convert the literal '{word}' to the expected type '{what}'.")


def read_moment(text: Any) -> datetime | None:
    """Read a time that must carry its zone. Raises Refusal for anything else."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise bad_request(
            f"Cannot convert the literal '{text}' to the expected type 'Edm.DateTimeOffset'."
        )
    return moment


def read_expiration(body: Json | None) -> Expiration:
    """Read an expirationPattern. Raises Refusal when it contradicts itself."""
    if not body:
        return Expiration()
    kind = one_of(
        _EXPIRATION_TYPES,
        body.get("type") or "notSpecified",
        what="microsoft.graph.expirationPatternType",
    )
    duration = body.get("duration")
    end = read_moment(body.get("endDateTime"))
    if kind == "afterDateTime" and end is None:
        raise bad_request("An expiration of type afterDateTime needs an endDateTime.")
    if kind == "afterDuration" and not duration:
        raise bad_request("An expiration of type afterDuration needs a duration.")
    return Expiration(kind, duration=parse_duration(duration) if duration else None, end=end)


def show_expiration(expiration: Expiration) -> Json:
    return {
        "endDateTime": stamp(expiration.end),
        "duration": iso_duration(expiration.duration),
        "type": expiration.type,
    }


def read_settings(body: Json) -> Json:
    """Everything of a v1.0 policy body beside names, scope and expiration. Raises Refusal."""
    approval = _APPROVAL_DEFAULTS | (body.get("requestApprovalSettings") or {})
    approval["stages"] = [_STAGE_DEFAULTS | stage for stage in approval["stages"] or []]
    needs_approval = approval["isApprovalRequiredForAdd"] or approval["isApprovalRequiredForUpdate"]
    if needs_approval and not 1 <= len(approval["stages"]) <= MAX_STAGES:
        raise bad_request(f"A policy with approval needs 1 to {MAX_STAGES} stages.")
    for stage in approval["stages"]:
        check_approvers(stage)
        parse_duration(stage["durationBeforeAutomaticDenial"])
        parse_duration(stage["durationBeforeEscalation"])
        stage["approverInformationVisibility"] = one_of(
            _VISIBILITIES,
            stage["approverInformationVisibility"] or "default",
            what="microsoft.graph.approverInformationVisibility",
        )
    return {
        "requestorSettings": _REQUESTOR_DEFAULTS | (body.get("requestorSettings") or {}),
        "requestApprovalSettings": approval,
        "reviewSettings": body.get("reviewSettings"),
        "automaticRequestSettings": body.get("automaticRequestSettings"),
        "notificationSettings": body.get("notificationSettings")
        or {"isAssignmentNotificationDisabled": False},
        "verifiableCredentialSettings": body.get("verifiableCredentialSettings"),
        "customExtensionStageSettings": body.get("customExtensionStageSettings") or [],
        "questions": [
            question | {"id": question.get("id") or str(chance.uuid4())}
            for question in body.get("questions") or []
        ],
    }
