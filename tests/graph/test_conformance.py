"""Every request the adapter can send, held against Microsoft's metadata where it is at hand."""

import importlib.util
import json
import sys
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from graph import Graph, StaticToken, models
from graph.beta.versions import EM, dialect
from graph.errors import Unsupported
from graph.models import (
    AccessPackageQuestion,
    AccessPackageResource,
    Answer,
    AssignmentPolicy,
    Expiration,
    ResourceAttribute,
    ResourceRole,
    ResourceScope,
    Schedule,
)
from graph.policy_models import READ_ONLY
from graph.values import GraphModel
from tests.graph.samples import EVERY_SETTING
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
    cats, packs = graph.catalogs, graph.packages
    pols, ass, asks = graph.policies, graph.assignments, graph.assignment_requests
    until = Schedule(
        start_date_time=datetime(2026, 1, 1, tzinfo=UTC),
        expiration=Expiration.at(datetime(2026, 2, 1, tzinfo=UTC)),
    )
    yield graph.users.find(email="o'neil+x@contoso.example")
    yield graph.users.get(ID)
    yield graph.users.manager(ID)
    yield graph.users.member_of(ID, [ID])
    yield graph.groups.members(ID)
    yield graph.groups.members(ID, transitive=False)
    yield graph.users.create(
        display_name="Ann",
        user_principal_name="ann@contoso.example",
        mail_nickname="ann",
        password="p",
    )
    yield graph.users.delete(ID)
    yield graph.groups.create(display_name="G", mail_nickname="g", description="d", owner_ids=[ID])
    yield graph.groups.get(ID)
    yield graph.groups.find(display_name="G")
    yield graph.groups.add_member(group_id=ID, user_id=ID)
    yield graph.groups.remove_member(group_id=ID, user_id=ID)
    yield graph.groups.delete(ID)
    yield graph.applications.find(display_name="Ledger")
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
    asked = ResourceAttribute.asked("extension_team", (WHOLE.questions or [])[1])
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
            resource=AccessPackageResource(id=ID, origin_id=ID, origin_system="AadGroup"),
        ),
        scope=ResourceScope(origin_id=ID, origin_system="AadGroup", is_root_scope=True),
    )
    yield packs.remove_role(ID, f"{ID}_{ID}")
    yield graph.incompatibilities.packages(ID)
    yield graph.incompatibilities.packages_excluded_by(ID)
    yield graph.incompatibilities.groups(ID)
    yield graph.incompatibilities.add_package(ID, other_id=ID)
    yield graph.incompatibilities.add_group(ID, group_id=ID)
    yield graph.incompatibilities.remove_package(ID, other_id=ID)
    yield graph.incompatibilities.remove_group(ID, group_id=ID)
    yield pols.list()
    yield pols.get(ID)
    yield pols.create(WHOLE)
    yield pols.replace(WHOLE)
    yield pols.delete(ID)
    yield asks.create(request_type="adminAdd", target_id=ID, policy_id=ID, package_id=ID)
    yield asks.create(request_type="adminUpdate", assignment_id=ID, schedule=until)
    yield asks.create(request_type="adminRemove", assignment_id=ID, justification="left")
    yield asks.create(
        request_type="userAdd",
        target_id=ID,
        policy_id=ID,
        package_id=ID,
        token=ME,
        answers=[
            Answer(
                odata_type="#microsoft.graph.accessPackageAnswerString",
                value="yes",
                answered_question=AccessPackageQuestion(
                    odata_type="#microsoft.graph.accessPackageTextInputQuestion", id=ID
                ),
            )
        ],
    )
    yield asks.get(ID)
    yield asks.list(package_id=ID, state="pendingApproval")
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
    yield asks.get_many([ID])
    yield asks.reprocess(ID)
    yield asks.resume(ID, stage="assignmentRequestCreated", stage_instance_id=ID, detail="d")
    yield asks.delete(ID)


WHOLE = AssignmentPolicy.model_validate(EVERY_SETTING)


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
        item = {"id": ID, "value": []}
        inner = body.get("requests", []) if isinstance(body, dict) else []
        each_said = [{"id": each["id"], "status": 200, "body": item} for each in inner]
        return httpx.Response(200, json=item | {"responses": each_said})

    for call in everything(graph_on(answer, version=version)):
        await call

    assert problems == []
    assert len(seen) > 55


MODELS: dict[str, tuple[str, type[GraphModel]]] = {
    "accessPackage": ("accessPackage", models.AccessPackage),
    "accessPackageAssignment": ("assignment", models.AccessPackageAssignment),
    "accessPackageAssignmentPolicy": ("policy", models.AssignmentPolicy),
    "accessPackageAssignmentRequest": ("request", models.AssignmentRequest),
    "accessPackageCatalog": ("catalog", models.AccessPackageCatalog),
    "accessPackageResource": ("resource", models.AccessPackageResource),
    "accessPackageResourceEnvironment": ("environment", models.ResourceEnvironment),
    "accessPackageResourceRequest": ("resourceRequest", models.ResourceRequest),
    "accessPackageResourceRole": ("role", models.ResourceRole),
    "accessPackageResourceRoleScope": ("roleScope", models.ResourceRoleScope),
    "approval": ("approval", models.Approval),
    "group": ("group", models.Group),
    "user": ("user", models.User),
}
# Its example shows the text "null" where a moment belongs.
MISPRINTED = {("v1.0", "accesspackageassignment-filterbycurrentuser")}


def documented(version: str) -> Iterator[tuple[str, str, dict]]:
    """Page, type and object of every answer that Microsoft's reference shows in full."""
    for line in (METADATA.parent / f"examples-{version}.jsonl").read_text().splitlines():
        example = json.loads(line)
        kind = str(example.get("odata_type")).rpartition(".")[2].rstrip(")")
        body = example.get("response_body")
        if kind not in MODELS or not isinstance(body, dict):
            continue
        if (version, example["page"]) in MISPRINTED:
            continue
        items = body["value"] if isinstance(body.get("value"), list) else [body]
        for item in items:
            if "id" in item:
                yield example["page"], kind, item


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_every_documented_answer_can_be_read(version):
    """Each example of the reference becomes a model; the one with a misprint is excused."""
    spoken = dialect(version)
    count = 0

    for _, kind, item in documented(version):
        noun, model = MODELS[kind]
        model.model_validate(spoken.incoming(noun, item))
        count += 1

    assert count > 50


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_every_documented_policy_is_sent_back_as_it_came(version, graphcheck):
    """No setting is lost or changed on the way through v1.0's words, and all of it is sayable."""
    spoken = dialect(version)
    left_out = {"catalog", "accessPackageCatalog", "accessPackage", "questions", "expiration"}

    for page, kind, item in documented(version):
        if kind != "accessPackageAssignmentPolicy":
            continue
        policy = AssignmentPolicy.model_validate(spoken.incoming("policy", item))
        if policy.expiration and policy.expiration.is_unsaid:
            # Hours or no end: only who replaces it can say.
            with pytest.raises(Unsupported):
                spoken.outgoing("policy", policy.to_graph())
            policy = policy.model_copy(update={"expiration": Expiration.never()})
        sent = spoken.outgoing("policy", policy.to_graph())
        kept = {
            name: value
            for name, value in item.items()
            if name not in READ_ONLY | left_out and not name.startswith("@")
        }
        assert {name: sent.get(name) for name in kept} == kept, page
        problems = graphcheck.check_request(
            version, "PUT", spoken.path(f"{EM}/assignmentPolicies/{ID}"), None, sent
        )
        assert problems == [], page
