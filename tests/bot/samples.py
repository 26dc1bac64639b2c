"""Rows and policies to test with, each a fact or two away from the ordinary."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bot import chance, clock
from bot.approvals.model import ApproverQuestion, Decision
from bot.assignments.model import Assignment, AssignmentState
from bot.notifications.model import Notice
from bot.packages.model import Package, Stage, Terms
from bot.paging import ROWS_A_PAGE, Count, ListName, Mark, Page, Place
from bot.people.model import Delegation, Verb
from bot.requests.model import Kind, Request, State
from graph.models import AccessPackage, AssignmentPolicy

T = TypeVar("T")
OF_ALL = Place(list=ListName.ASSIGNMENTS)
LEASE = timedelta(seconds=60)
SOME_DAY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN = "a0000000-0000-4000-8000-000000000001"
BO = "a0000000-0000-4000-8000-000000000003"


def page(rows: Sequence[T], *, most: int = ROWS_A_PAGE, skipped: int | None = 0) -> Page[T]:
    """The first page of these rows."""
    marks = [Mark(SOME_DAY, str(number)) for number in range(len(rows))]
    return Page(rows=rows[:most], marks=marks[:most], count=Count(len(rows)), skipped=skipped)


def wish(**changes: Any) -> Request:
    """Ann asks for the campaign."""
    facts: dict[str, Any] = {
        "id": chance.new_id(),
        "kind": Kind.ADD,
        "state": State.RECEIVED,
        "holder": "U0ANN",
        "asked_by": "U0ANN",
        "package_id": "campaign",
        "package_name": "Marketing Campaign",
        "asked_at": clock.now(),
        "updated_at": clock.now(),
        "due_at": clock.real(),
    }
    return Request(**{**facts, **changes})


def terms(**changes: Any) -> Terms:
    """Thirty days of the campaign, if Bo says yes."""
    facts: dict[str, Any] = {
        "policy_id": "policy",
        "policy_name": "Everyone at Contoso",
        "contents": ("Member of the group Marketing resources",),
        "fingerprint": "f" * 64,
        "stages": (Stage(approvers=({"kind": "singleuser", "user_id": BO},)),),
        "lasts": "30 days",
    }
    return Terms(**{**facts, **changes})


def removal(**changes: Any) -> Request:
    """Dana has removed the campaign from Ann."""
    facts: dict[str, Any] = {
        "kind": Kind.REMOVE,
        "state": State.DELIVERED,
        "asked_by": "U0DANA",
        "ended_at": clock.now(),
        "justification": "stolen laptop",
    }
    return wish(**{**facts, **changes})


def held(**changes: Any) -> Assignment:
    """Ann holds the campaign for ten more days."""
    facts: dict[str, Any] = {
        "id": "assignment",
        "entra_id": ANN,
        "package_id": "campaign",
        "package_name": "Marketing Campaign",
        "policy_id": "policy",
        "state": AssignmentState.LIVE,
        "holder": "U0ANN",
        "holder_name": "Ann Abara",
        "starts_at": clock.now() - timedelta(days=20),
        "ends_at": clock.now() + timedelta(days=10),
    }
    return Assignment(**{**facts, **changes})


def click(request: Request, **changes: Any) -> Decision:
    """Bo approves."""
    facts: dict[str, Any] = {
        "id": chance.new_id(),
        "request_id": request.id,
        "verb": Verb.APPROVE,
        "slack_user": "U0BO",
        "at": clock.now(),
        "round": request.round,
        "stage": request.stage,
        "team": "T0LATCH",
    }
    return Decision(**{**facts, **changes})


def approver_question(request: Request, **changes: Any) -> ApproverQuestion:
    """Bo asks whoever wants the access a question."""
    facts: dict[str, Any] = {
        "id": chance.new_id(),
        "request_id": request.id,
        "round": request.round,
        "stage": request.stage,
        "slack_user": "U0BO",
        "team": "T0LATCH",
        "at": clock.now(),
        "question": "Which report?",
        "requester": request.asked_by,
        "holder": request.holder,
    }
    return ApproverQuestion(**facts | changes)


def delegation(**changes: Any) -> Delegation:
    """Bo lets Cy decide for a week."""
    facts: dict[str, Any] = {
        "id": chance.new_id(),
        "delegator": "U0BO",
        "delegate": "U0CY",
        "made_by": "U0BO",
        "made_at": clock.now(),
        "ends_at": clock.now() + timedelta(days=7),
    }
    return Delegation(**{**facts, **changes})


def offered(**changes: Any) -> Package:
    """The campaign, as the table has it."""
    facts: dict[str, Any] = {
        "id": "campaign",
        "slug": "marketing-campaign",
        "name": "Marketing Campaign",
        "description": "Access to resources for the campaign",
        "contents": ("Member of the group Marketing resources",),
        "lasts": "30 days",
        "can_extend": ("policy",),
    }
    return Package(**{**facts, **changes})


def notice(**changes: Any) -> Notice:
    """A message to Ann."""
    facts: dict[str, Any] = {"key": "delivered:1", "kind": "news", "to": "U0ANN"}
    return Notice(**{**facts, **changes})


def policy(**changes: Any) -> AssignmentPolicy:
    """A policy as Graph v1.0 sends it: all members, 30 days, nobody decides; *changes* in Graph's words."""
    body: dict[str, Any] = {
        "id": "policy",
        "displayName": "Everyone at Contoso",
        "allowedTargetScope": "allMemberUsers",
        "specificAllowedTargets": [],
        "expiration": {"type": "afterDuration", "duration": "P30D"},
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": True,
            "enableTargetsToSelfUpdateAccess": True,
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": False,
            "isApprovalRequiredForUpdate": False,
            "isRequestorJustificationRequired": False,
            "stages": [],
        },
        "questions": [],
        "customExtensionStageSettings": [],
    }
    return AssignmentPolicy.model_validate({**body, **changes})


def approval(*stages: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The approval settings of a policy in which *stages* decide, in Graph's words."""
    return {
        "isApprovalRequiredForAdd": bool(stages),
        "isApprovalRequiredForUpdate": bool(stages),
        "isRequestorJustificationRequired": False,
        "stages": list(stages),
        **changes,
    }


def question(**changes: Any) -> dict[str, Any]:
    """A question of a policy, in Graph's words: free text, and an answer is wanted."""
    facts: dict[str, Any] = {
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
        "id": "q",
        "text": "Which ticket?",
        "localizations": [],
        "isRequired": True,
        "isAnswerEditable": True,
        "sequence": 0,
        "isSingleLineQuestion": True,
        "regexPattern": None,
    }
    return {**facts, **changes}


def user(user_id: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.singleUser", "userId": user_id}


def members(group_id: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.groupMembers", "groupId": group_id}


def package(*role_scopes: Mapping[str, Any], **changes: Any) -> AccessPackage:
    """A package as Graph sends it."""
    body: dict[str, Any] = {
        "id": "campaign",
        "displayName": "Marketing Campaign",
        "catalog": {"id": "general", "displayName": "General", "state": "published"},
        "resourceRoleScopes": list(role_scopes),
    }
    return AccessPackage.model_validate({**body, **changes})


def role_scope(
    role_id: str = "Member_1",
    scope_id: str = "1",
    *,
    role: str = "Member",
    resource: str = "Marketing resources",
    system: str = "AadGroup",
) -> dict[str, Any]:
    """One thing that a package gives, in Graph's words."""
    return {
        "id": f"{role_id}_{scope_id}",
        "role": {
            "displayName": role,
            "originId": role_id,
            "originSystem": system,
            "resource": {"id": "r", "displayName": resource, "attributes": []},
        },
        "scope": {"displayName": "Root", "originId": scope_id, "isRootScope": True},
    }
