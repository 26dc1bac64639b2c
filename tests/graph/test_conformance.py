"""Every request the adapter can send, held against Microsoft's metadata where it is at hand."""

import importlib.util
import json
import sys
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from graph import Graph, StaticToken
from graph.models import (
    Answer,
    AssignmentPolicy,
    Expiration,
    Question,
    Resource,
    ResourceAttribute,
    ResourceRole,
    ResourceScope,
    Schedule,
)
from tests.graph.wire import graph_on

METADATA = Path(__file__).parents[3] / "shared" / "conformance" / "graphcheck.py"

pytestmark = pytest.mark.skipif(not METADATA.exists(), reason="Microsoft's metadata is not at hand")

ME = StaticToken("a person's")
ID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def graphcheck():
    """The checker over Microsoft's metadata."""
    spec = importlib.util.spec_from_file_location("graphcheck", METADATA)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["graphcheck"] = module
    spec.loader.exec_module(module)
    return module


def everything(graph: Graph) -> Iterator[Awaitable[object]]:
    """One call of each operation of the adapter."""
    who, cats, packs = graph.directory, graph.catalogs, graph.packages
    pols, ass = graph.policies, graph.assignments
    until = Schedule(
        start_date_time=datetime(2026, 1, 1, tzinfo=UTC),
        expiration=Expiration.at(datetime(2026, 2, 1, tzinfo=UTC)),
    )
    yield who.find_users(email="o'neil+x@contoso.example")
    yield who.user(ID)
    yield who.manager(ID)
    yield who.member_of(ID, [ID])
    yield who.members(ID)
    yield who.members(ID, transitive=False)
    yield who.create_user(
        display_name="Ann",
        user_principal_name="ann@contoso.example",
        mail_nickname="ann",
        password="p",
    )
    yield who.delete_user(ID)
    yield who.create_group(display_name="G", mail_nickname="g", description="d", owner_ids=[ID])
    yield who.group(ID)
    yield who.find_groups(display_name="G")
    yield who.add_member(group_id=ID, user_id=ID)
    yield who.remove_member(group_id=ID, user_id=ID)
    yield who.delete_group(ID)
    yield who.find_applications(display_name="Ledger")
    yield cats.list()
    yield cats.find(display_name="General")
    yield cats.get(ID)
    yield cats.create(display_name="C", description="d")
    yield cats.delete(ID)
    yield cats.resources(ID, origin_id=ID)
    yield cats.roles(ID, resource_id=ID, origin_system="AadGroup")
    res = graph.resources
    yield res.environments()
    yield res.requests()
    yield res.add(catalog_id=ID, origin_id=ID, origin_system="AadGroup")
    yield res.add(
        catalog_id=ID,
        origin_id="https://contoso.sharepoint.com/sites/Sales",
        origin_system="SharePointOnline",
        environment_id=ID,
    )
    yield res.add(
        catalog_id=ID,
        origin_id="https://contoso.sharepoint.com/sites/Sales",
        origin_system="SharePointOnline",
        environment_origin_id="https://contoso-admin.sharepoint.com/",
    )
    asked = ResourceAttribute.asked("extension_team", WHOLE.questions[1])
    yield res.update(
        catalog_id=ID, origin_id=ID, origin_system="AadApplication", attributes=[asked]
    )
    yield res.remove(catalog_id=ID, resource_id=ID)
    yield packs.list()
    yield packs.find(display_name="P")
    yield packs.get(ID)
    yield packs.create(catalog_id=ID, display_name="P", description="d", is_hidden=False)
    yield packs.update(ID, display_name="Q")
    yield packs.delete(ID)
    yield packs.add_role(
        ID,
        role=ResourceRole(
            id=ID,
            display_name="Member",
            origin_id=f"Member_{ID}",
            origin_system="AadGroup",
            resource=Resource(id=ID, origin_id=ID, origin_system="AadGroup"),
        ),
        scope=ResourceScope(origin_id=ID, origin_system="AadGroup", is_root_scope=True),
    )
    yield packs.remove_role(ID, f"{ID}_{ID}")
    yield packs.incompatible_packages(ID)
    yield packs.packages_incompatible_with(ID)
    yield packs.incompatible_groups(ID)
    yield packs.add_incompatible_package(ID, other_id=ID)
    yield packs.add_incompatible_group(ID, group_id=ID)
    yield packs.remove_incompatible_package(ID, other_id=ID)
    yield packs.remove_incompatible_group(ID, group_id=ID)
    yield pols.list()
    yield pols.get(ID)
    yield pols.create(WHOLE)
    yield pols.replace(WHOLE)
    yield pols.delete(ID)
    yield ass.request(request_type="adminAdd", target_id=ID, policy_id=ID, package_id=ID)
    yield ass.request(request_type="adminUpdate", assignment_id=ID, schedule=until)
    yield ass.request(request_type="adminRemove", assignment_id=ID, justification="left")
    yield ass.request(
        request_type="userAdd",
        target_id=ID,
        policy_id=ID,
        package_id=ID,
        token=ME,
        answers=[
            Answer(
                odata_type="#microsoft.graph.accessPackageAnswerString",
                value="yes",
                answered_question=Question(
                    odata_type="#microsoft.graph.accessPackageTextInputQuestion", id=ID
                ),
            )
        ],
    )
    yield ass.get_request(ID)
    yield ass.list_requests(package_id=ID, state="pendingApproval")
    yield ass.get(ID)
    yield ass.list(package_id=ID, policy_id=ID, user_id=ID, state="delivered")
    yield ass.reprocess(ID)
    yield ass.additional_access(package_id=ID, incompatible_package_id=ID, token=ME)
    yield graph.self_service.packages(token=ME)
    yield graph.self_service.requirements(ID, token=ME)
    yield graph.self_service.assignments(token=ME)
    yield graph.self_service.requests(on="createdBy", token=ME)
    yield graph.self_service.cancel(ID, token=ME)
    yield graph.approvals.mine(token=ME)
    yield graph.approvals.get(ID, token=ME)
    yield graph.approvals.stages(ID, token=ME)
    yield graph.approvals.decide(
        request_id=ID, stage_id=ID, is_approved=True, justification="ok", token=ME
    )
    yield ass.get_requests([ID])
    yield ass.reprocess_request(ID)
    yield ass.resume(ID, stage="assignmentRequestCreated", stage_instance_id=ID, detail="d")
    yield ass.delete_request(ID)


WHOLE = AssignmentPolicy.model_validate(
    {
        "id": ID,
        "displayName": "Everyone",
        "description": "d",
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": ID},
            {"@odata.type": "#microsoft.graph.groupMembers", "groupId": ID},
        ],
        "expiration": {"type": "afterDuration", "duration": timedelta(days=30)},
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": True,
            "enableTargetsToSelfUpdateAccess": True,
            "enableTargetsToSelfRemoveAccess": True,
            "allowCustomAssignmentSchedule": False,
            "onBehalfRequestors": [],
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": True,
            "isApprovalRequiredForUpdate": False,
            "isRequestorJustificationRequired": True,
            "stages": [
                {
                    "durationBeforeAutomaticDenial": "P14D",
                    "isApproverJustificationRequired": True,
                    "isEscalationEnabled": True,
                    "durationBeforeEscalation": "P7D",
                    "primaryApprovers": [
                        {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}
                    ],
                    "fallbackPrimaryApprovers": [
                        {"@odata.type": "#microsoft.graph.singleUser", "userId": ID}
                    ],
                    "escalationApprovers": [
                        {"@odata.type": "#microsoft.graph.groupMembers", "groupId": ID}
                    ],
                    "fallbackEscalationApprovers": [],
                }
            ],
        },
        "reviewSettings": {
            "isEnabled": True,
            "expirationBehavior": "keepAccess",
            "isRecommendationEnabled": True,
            "isReviewerJustificationRequired": True,
            "isSelfReview": False,
            "primaryReviewers": [{"@odata.type": "#microsoft.graph.groupMembers", "groupId": ID}],
            "fallbackReviewers": [],
            "schedule": {
                "startDateTime": "2026-01-01T00:00:00Z",
                "expiration": {"type": "afterDuration", "duration": "P25D"},
                "recurrence": {
                    "pattern": {"type": "absoluteMonthly", "interval": 3},
                    "range": {"type": "noEnd", "startDate": "2026-01-01"},
                },
            },
        },
        "notificationSettings": {"isAssignmentNotificationDisabled": True},
        "questions": [
            {
                "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
                "text": "Which team?",
                "sequence": 1,
                "isRequired": True,
                "isMultipleSelectionAllowed": False,
                "localizations": [{"languageCode": "de-DE", "text": "Welches Team?"}],
                "choices": [{"actualValue": "a", "text": "A", "localizations": []}],
            },
            {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "text": "Why?",
                "isSingleLineQuestion": True,
                "regexPattern": ".+",
            },
        ],
        "accessPackage": {"id": ID},
    }
)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_every_request_is_one_that_the_metadata_knows(graphcheck, version):
    """No unknown path, verb, query option, property, word or type in any request, both versions."""
    problems: list[tuple[str, str]] = []
    seen: list[str] = []

    def answer(request):
        path = request.url.raw_path.decode().removeprefix(f"/{version}")
        body = json.loads(request.content) if request.content else None
        seen.append(f"{request.method} {path}")
        problems.extend(
            (seen[-1], problem)
            for problem in graphcheck.check_request(
                version, request.method, path, None, body, headers=dict(request.headers)
            )
        )
        return httpx.Response(200, json={"id": ID, "value": []})

    for call in everything(graph_on(answer, version=version)):
        await call

    assert problems == []
    assert len(seen) > 55
