"""Requests and assignments, on the wire of both versions."""

from datetime import UTC, datetime

import httpx
import pytest

from graph import StaticToken
from graph.errors import Rejected
from graph.models import AccessPackageQuestion, Answer, Expiration, Schedule
from tests.graph.wire import EM, Wire, graph_on, refusal

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
UNTIL = Schedule(
    start_date_time=datetime(2026, 1, 1, tzinfo=UTC),
    expiration=Expiration.at(datetime(2026, 3, 1, tzinfo=UTC)),
)


async def test_a_grant_is_the_body_of_the_reference_in_v1():
    """adminAdd names target, policy and package inside the assignment."""
    wire = Wire(httpx.Response(201, json=V1_SUBMITTED))

    request = await graph_on(wire).assignment_requests.create(
        request_type="adminAdd",
        target_id="user",
        policy_id="policy",
        package_id="package",
        justification="Campaign",
    )

    assert wire.sent == [f"POST /v1.0{EM}/assignmentRequests"]
    assert wire.body() == {
        "requestType": "adminAdd",
        "assignment": {
            "targetId": "user",
            "assignmentPolicyId": "policy",
            "accessPackageId": "package",
        },
        "justification": "Campaign",
    }
    assert request.id == "request"
    assert not request.is_over


async def test_a_grant_in_beta_is_in_betas_words():
    """The tutorial asks for the person (`UserAdd`); Latchkey grants with the same body."""
    wire = Wire(httpx.Response(201, json={"id": "request", "requestState": "Submitted"}))

    await graph_on(wire, version="beta").assignment_requests.create(
        request_type="adminAdd", target_id="user", policy_id="policy", package_id="package"
    )

    assert wire.sent == [f"POST /beta{EM}/accessPackageAssignmentRequests"]
    assert wire.body() == {
        "requestType": "AdminAdd",
        "accessPackageAssignment": {
            "targetId": "user",
            "assignmentPolicyId": "policy",
            "accessPackageId": "package",
        },
    }


async def test_an_extension_names_the_assignment_and_its_new_end():
    """adminUpdate carries the present start and the end that is wanted."""
    wire = Wire(httpx.Response(201, json=V1_SUBMITTED))

    await graph_on(wire).assignment_requests.create(
        request_type="adminUpdate", assignment_id="assignment", schedule=UNTIL
    )

    assert wire.body() == {
        "requestType": "adminUpdate",
        "assignment": {"id": "assignment"},
        "schedule": {
            "startDateTime": "2026-01-01T00:00:00Z",
            "expiration": {"type": "afterDateTime", "endDateTime": "2026-03-01T00:00:00Z"},
        },
    }


async def test_somebody_outside_the_tenant_is_named_by_email():
    """Graph invites them when the policy admits external people."""
    wire = Wire(httpx.Response(201, json=V1_SUBMITTED))

    await graph_on(wire).assignment_requests.create(
        request_type="adminAdd", target_email="gus@fabrikam.example", policy_id="p", package_id="q"
    )

    assert wire.body()["assignment"]["target"] == {"email": "gus@fabrikam.example"}


async def test_answers_carry_their_types():
    """Graph cannot tell answers apart without them."""
    wire = Wire(httpx.Response(201, json=V1_SUBMITTED))
    answer = Answer(
        odata_type="#microsoft.graph.accessPackageAnswerString",
        value="yes",
        answered_question=AccessPackageQuestion(
            odata_type="#microsoft.graph.accessPackageTextInputQuestion", id="question"
        ),
    )

    await graph_on(wire).assignment_requests.create(
        request_type="userAdd", package_id="q", answers=[answer], token=StaticToken("anns")
    )

    assert wire.body()["answers"] == [
        {
            "@odata.type": "#microsoft.graph.accessPackageAnswerString",
            "value": "yes",
            "answeredQuestion": {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "id": "question",
            },
        }
    ]


async def test_an_unknown_request_type_is_not_sent():
    """Graph's own types (systemRemove, onBehalfAdd) are not ours to post."""
    wire = Wire(V1_SUBMITTED)

    with pytest.raises(ValueError, match="systemRemove"):
        await graph_on(wire).assignment_requests.create(
            request_type="systemRemove", assignment_id="a"
        )

    assert wire.requests == []


async def test_an_open_request_is_told_apart_from_other_refusals():
    """A duplicate is recognized by Graph's code."""
    wire = Wire(refusal(400, "ExistingOpenRequest"))

    with pytest.raises(Rejected) as caught:
        await graph_on(wire).assignment_requests.create(request_type="adminAdd", target_id="u")

    assert caught.value.has_code("ExistingOpenRequest")


@pytest.mark.parametrize(
    ("version", "query"),
    [
        (
            "v1.0",
            "$filter=assignmentPolicy/id eq 'p' and target/objectId eq 'u' "
            "and state eq 'delivered'&$expand=target,accessPackage,assignmentPolicy",
        ),
        (
            "beta",
            "$filter=accessPackageAssignmentPolicy/id eq 'p' and target/objectId eq 'u' "
            "and assignmentState eq 'Delivered'"
            "&$expand=target,accessPackage,accessPackageAssignmentPolicy",
        ),
    ],
)
async def test_assignments_are_filtered_by_policy_holder_and_state(version, query):
    """What is not asked for stays out of the filter."""
    wire = Wire({"value": []})

    await graph_on(wire, version=version).assignments.list(
        policy_id="p", user_id="u", state="delivered"
    )

    assert query in wire.sent[0]


async def test_a_beta_assignment_reads_like_one_of_v1():
    """Target, policy with its duration, package and state, whatever their names."""
    wire = Wire(
        {
            "value": [
                {
                    "id": "a",
                    "catalogId": "c",
                    "accessPackageId": "q",
                    "assignmentPolicyId": "p",
                    "targetId": "not to be depended on",
                    "assignmentState": "Delivered",
                    "assignmentStatus": "Delivered",
                    "isExtended": False,
                    "expiredDateTime": None,
                    "schedule": {
                        "startDateTime": "2026-01-01T00:00:00Z",
                        "recurrence": None,
                        "expiration": {"type": "notSpecified"},
                    },
                    "target": {"id": "s", "objectId": "u", "type": "User", "email": "ann@x"},
                    "accessPackageAssignmentPolicy": {
                        "id": "p",
                        "accessPackageId": "q",
                        "durationInDays": 30,
                        "expirationDateTime": None,
                    },
                }
            ]
        }
    )

    (found,) = await graph_on(wire, version="beta").assignments.list()

    assert found.is_delivered
    assert found.target is not None
    assert (found.target.object_id, found.target.subject_type) == ("u", "User")
    assert found.access_package is not None
    assert found.access_package.id == "q"
    assert found.ends_at() == datetime(2026, 1, 31, tzinfo=UTC)
