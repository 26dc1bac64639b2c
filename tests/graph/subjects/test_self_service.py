"""Test what people do in Entra in their own name: ask, look, take back, decide."""

import httpx
import pytest

from graph import StaticToken
from graph.errors import Conflict, Forbidden
from tests.graph.wire import EM, Wire, graph_on, refusal

ANN = StaticToken("anns")
STAGE = {
    "id": "s",
    "assignedToMe": True,
    "status": "InProgress",
    "reviewResult": "NotReviewed",
    "reviewedBy": None,
    "reviewedDateTime": None,
}


def every_call(graph):
    yield graph.self_service.packages(token=ANN)
    yield graph.self_service.requirements("q", token=ANN)
    yield graph.self_service.assignments(token=ANN)
    yield graph.self_service.requests(on="approver", token=ANN)
    yield graph.self_service.cancel("r", token=ANN)
    yield graph.approvals.mine(token=ANN)
    yield graph.approvals.get("r", token=ANN)
    yield graph.approvals.stages("r", token=ANN)
    yield graph.assignments.additional_access(
        package_id="q", incompatible_package_id="o", token=ANN
    )


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_every_call_is_made_with_the_persons_token(version):
    """Graph refuses all of these to an app."""
    wire = Wire({"id": "x", "value": []})

    for call in every_call(graph_on(wire, version=version)):
        await call

    assert {request.headers["authorization"] for request in wire.requests} == {"Bearer anns"}
    assert len(wire.requests) == 9


@pytest.mark.parametrize(
    ("version", "path"),
    [("v1.0", "assignmentRequests"), ("beta", "accessPackageAssignmentRequests")],
)
@pytest.mark.parametrize("status", [200, 204])
async def test_a_request_is_taken_back_without_a_body(version, path, status):
    """The page says 200 and shows 204; both are a success."""
    wire = Wire(httpx.Response(status))

    await graph_on(wire, version=version).self_service.cancel("r", token=ANN)

    assert wire.sent == [f"POST /{version}{EM}/{path}/r/cancel"]
    assert wire.requests[0].content == b""


@pytest.mark.parametrize(
    ("version", "item"),
    [
        ("v1.0", {"isApprovalRequiredForAdd": True, "allowCustomAssignmentSchedule": True}),
        ("beta", {"isApprovalRequired": True, "isCustomAssignmentScheduleAllowed": True}),
    ],
)
async def test_requirements_read_alike_in_both_versions(version, item):
    """The answer is what a policy asks of this person."""
    wire = Wire({"value": [{"policyId": "p", "questions": [], **item}]})

    (found,) = await graph_on(wire, version=version).self_service.requirements("q", token=ANN)

    assert found.is_approval_required_for_add is True
    assert found.allow_custom_assignment_schedule is True


async def test_a_question_is_tried_again_although_it_is_a_post():
    """Asking for requirements changes nothing."""
    wire = Wire(refusal(503, "Busy"), {"value": []})

    assert await graph_on(wire).self_service.requirements("q", token=ANN) == []


@pytest.mark.parametrize(("version", "name"), [("v1.0", "stages"), ("beta", "steps")])
async def test_an_approval_is_read_with_its_stages(version, name):
    """Beta calls them steps; an approval has its request's id."""
    wire = Wire({"id": "r", name: [STAGE]})

    approval = await graph_on(wire, version=version).approvals.get("r", token=ANN)

    assert wire.sent == [f"GET /{version}{EM}/accessPackageAssignmentApprovals/r?$expand={name}"]
    assert approval.stages[0].is_open
    assert approval.stages[0].assigned_to_me


@pytest.mark.parametrize(("version", "name"), [("v1.0", "stages"), ("beta", "steps")])
@pytest.mark.parametrize(("is_approved", "verb"), [(True, "Approve"), (False, "Deny")])
async def test_a_stage_is_decided(version, name, is_approved, verb):
    """Verbs in what is written, participles in what is read."""
    wire = Wire(httpx.Response(204))

    await graph_on(wire, version=version).approvals.decide(
        request_id="r", stage_id="s", is_approved=is_approved, justification="ok", token=ANN
    )

    assert wire.sent == [f"PATCH /{version}{EM}/accessPackageAssignmentApprovals/r/{name}/s"]
    assert wire.body() == {"reviewResult": verb, "justification": "ok"}


@pytest.mark.parametrize(
    ("answer", "kind"), [(refusal(409, "Conflict"), Conflict), (refusal(403, "X"), Forbidden)]
)
async def test_somebody_elses_decision_is_told_apart(answer, kind):
    """Decided by another first, or never theirs to decide."""
    with pytest.raises(kind):
        await graph_on(Wire(answer)).approvals.decide(
            request_id="r", stage_id="s", is_approved=True, justification="", token=ANN
        )
