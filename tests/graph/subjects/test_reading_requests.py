"""Requests, read one by one and many at once."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from graph.errors import GraphError, NotFound
from graph.models import Expiration, Schedule
from tests.graph.wire import EM, Wire, graph_on

V1_SUBMITTED: dict = {
    "@odata.context": "https://graph.test/v1.0/$metadata#…",
    "id": "request",
    "requestType": "adminAdd",
    "state": "submitted",
    "status": "Accepted",
    "createdDateTime": None,
    "completedDateTime": None,
    "schedule": {"startDateTime": None, "expiration": {"type": "notSpecified"}},
    "answers": [],
}
BETA_SUBMITTED: dict = {
    "id": "request",
    "requestType": "AdminAdd",
    "requestState": "Submitted",
    "requestStatus": "Accepted",
    "createdDateTime": None,
    "completedDate": None,
    "isValidationOnly": False,
    "expirationDateTime": None,
    "verifiedCredentialsData": [],
}
UNTIL = Schedule(
    start_date_time=datetime(2026, 1, 1, tzinfo=UTC),
    expiration=Expiration.at(datetime(2026, 3, 1, tzinfo=UTC)),
)


@pytest.mark.parametrize(
    ("version", "sent"),
    [
        (
            "v1.0",
            f"GET /v1.0{EM}/assignmentRequests/r"
            "?$expand=accessPackage,requestor,assignment($expand=target,accessPackage)",
        ),
        (
            "beta",
            f"GET /beta{EM}/accessPackageAssignmentRequests/r"
            "?$expand=accessPackage,requestor,accessPackageAssignment($expand=target,accessPackage)",
        ),
    ],
)
async def test_a_request_is_read_with_its_package_requestor_and_target(version, sent):
    """Graph leaves them null unless asked."""
    wire = Wire(V1_SUBMITTED)

    await graph_on(wire, version=version).assignment_requests.get("r")

    assert wire.sent == [sent]


@pytest.mark.parametrize(
    ("version", "query"),
    [
        ("v1.0", "$filter=accessPackage/id eq 'q' and state eq 'pendingApproval'"),
        ("beta", "$filter=accessPackage/id eq 'q' and requestState eq 'PendingApproval'"),
    ],
)
async def test_requests_are_filtered_by_package_and_state(version, query):
    """One word for a state in our code, each version's own on the wire."""
    wire = Wire({"value": []})

    await graph_on(wire, version=version).assignment_requests.list(
        package_id="q", state="pendingApproval"
    )

    assert query in wire.sent[0]


async def test_many_requests_are_read_twenty_a_call():
    """Polling forty-one requests costs three calls."""
    sizes = []

    def answer(request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["requests"]
        sizes.append(len(items))
        return httpx.Response(
            200,
            json={
                "responses": [
                    {
                        "id": each["id"],
                        "status": 200,
                        "body": {"id": each["url"].split("/")[-1].split("?")[0]},
                    }
                    for each in reversed(items)
                ]
            },
        )

    ids = [f"r{number}" for number in range(41)]

    found = await graph_on(answer).assignment_requests.get_many(ids)

    assert sizes == [20, 20, 1]
    assert {key: one.id for key, one in found.items() if not isinstance(one, GraphError)} == {
        key: key for key in ids
    }


async def test_one_lost_request_does_not_hide_the_others():
    """Each item of a batch is judged by itself."""
    wire = Wire(
        {
            "responses": [
                {"id": "1", "status": 404, "body": {"error": {"code": "X", "message": "Gone."}}},
                {"id": "0", "status": 200, "body": {"id": "here", "state": "delivered"}},
            ]
        }
    )

    found = await graph_on(wire).assignment_requests.get_many(["here", "gone", "here"])

    assert isinstance(found["gone"], NotFound)
    assert not isinstance(found["here"], GraphError)
    assert found["here"].is_delivered


@pytest.mark.parametrize(
    ("version", "path"),
    [("v1.0", "assignmentRequests"), ("beta", "accessPackageAssignmentRequests")],
)
async def test_a_failed_delivery_is_reprocessed(version, path):
    """Graph answers 202 with no body."""
    wire = Wire(httpx.Response(202))

    await graph_on(wire, version=version).assignment_requests.reprocess("r")

    assert wire.sent == [f"POST /{version}{EM}/{path}/r/reprocess"]


async def test_a_waiting_request_is_ended_by_its_callback():
    """The state is only named to end it; without one it continues."""
    wire = Wire(httpx.Response(204))
    graph = graph_on(wire)
    stage = "assignmentRequestCreated"

    await graph.assignment_requests.resume("r", stage=stage, stage_instance_id="i", detail="d")
    await graph.assignment_requests.resume(
        "r", stage=stage, stage_instance_id="i", detail="d", state="Denied"
    )

    assert "state" not in wire.body(0)["data"]
    assert wire.body(1)["data"]["state"] == "Denied"
    assert wire.body(1)["type"].endswith(".assignmentRequestCreated")
