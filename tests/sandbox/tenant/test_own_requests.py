"""What Entra's documentation says of requests in people's own names is enforced: the tenant refuses all else."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import DELIVERY, EM
from tests.sandbox.tenant.test_self_service import _pending, _stages

APPROVALS = f"{EM}/accessPackageAssignmentApprovals"
MANAGER = {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}


@pytest.fixture
def token(graph):
    """A signed-in person's token, by user id."""
    return graph.tenant.delegated_token


@pytest.fixture
def policy(graph):
    """Of Finance Reports: everybody, with a reason, and Bo approves."""
    return graph.tenant.world.policies_of(seed.FINANCE_REPORTS)[0]


async def held(graph, user=seed.ANN):
    """Access of somebody to Finance Reports."""
    return await graph.grant(user, seed.FINANCE_REPORTS)


async def refusal(graph, token, user, kind, **details):
    """The status of a request that is refused, and the words."""
    answer = await graph.call(
        "POST", graph.requests, graph.body(kind, **details), token=token(user)
    )
    assert answer.status_code >= 400, answer.text
    return answer.status_code, answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("person", "may"),
    [(seed.BO, True), (seed.DANA, True), (seed.ANN, False), (seed.CY, False), (seed.MIA, False)],
)
async def test_an_approval_is_read_by_its_approvers(graph, token, person, may):
    """And by an administrator; neither by whoever asked, nor by their manager, whom the policy does not name."""
    _, request_id = await _pending(graph, token)
    for path in (request_id, f"{request_id}/{graph.name('stages', 'steps')}"):
        answer = await graph.call("GET", f"{APPROVALS}/{path}", token=token(person))
        assert (answer.status_code == 200) is may


async def test_who_has_decided_a_stage_still_reads_the_approval(graph, token):
    """And who decides a later one, once that has begun."""
    _, request_id = await _pending(graph, token, seed.PRODUCTION_DATABASE)
    path = f"{APPROVALS}/{request_id}"
    assert (await graph.error("GET", path, token=token(seed.BO)))[0] == 403
    [(first, _), _] = await _stages(graph, request_id, token(seed.MIA))
    await graph.call("PATCH", first, {"reviewResult": "Approve"}, token=token(seed.MIA))
    for person in (seed.MIA, seed.BO):
        assert (await graph.call("GET", path, token=token(person))).status_code == 200


async def test_nobody_approves_their_own_request(graph, token):
    """Not as a member of the group that approves, either; the others of the group do."""
    policy = graph.tenant.world.policies_of(seed.FINANCE_REPORTS)[0]
    policy.approval["stages"][0]["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.groupMembers", "groupId": seed.MARKETING}
    ]
    _, request_id = await _pending(graph, token)
    [(stage, _)] = await _stages(graph, request_id, token(seed.CY))
    verdict = {"reviewResult": "Approve"}
    assert (await graph.error("PATCH", stage, verdict, token=token(seed.ANN)))[0] == 403
    assert (await graph.call("PATCH", stage, verdict, token=token(seed.CY))).status_code == 204


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 201),
        ({"enableTargetsToSelfAddAccess": False}, 201),
        ({"onBehalfRequestors": []}, 400),
        ({"enableOnBehalfRequestorsToAddAccess": False}, 400),
        ({"onBehalfRequestors": [MANAGER | {"managerLevel": 2}]}, 400),
        (
            {
                "onBehalfRequestors": [
                    {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}
                ]
            },
            201,
        ),
    ],
)
async def test_who_may_ask_for_others_is_named_by_the_policy(
    graph, token, policy, change, expected
):
    """As the manager of whoever gets it, mostly."""
    policy.settings["requestorSettings"] |= {
        "enableOnBehalfRequestorsToAddAccess": True,
        "onBehalfRequestors": [MANAGER],
        **change,
    }
    body = graph.body(
        "userAdd",
        targetId=seed.ANN,
        accessPackageId=seed.FINANCE_REPORTS,
        justification="For Ann",
    )
    answer = await graph.call("POST", graph.requests, body, token=token(seed.MIA))
    assert answer.status_code == expected


async def test_an_extension_wants_a_reason_where_a_request_does(graph, token):
    """The setting is about whoever makes a request, of whatever kind."""
    assignment = await held(graph)
    status, words = await refusal(graph, token, seed.ANN, "userUpdate", id=assignment.id)
    assert status == 400
    assert "justification" in words


async def test_nobody_extends_beyond_the_policy(graph, token):
    """Its thirty days from now are the longest."""
    assignment = await held(graph)
    now = graph.clock.now()
    for days, expected in ((31, 400), (29, 201)):
        end = (now + timedelta(days=days)).isoformat()
        body = graph.body(
            "userUpdate",
            id=assignment.id,
            justification="The audit goes on",
            schedule={"expiration": {"type": "afterDateTime", "endDateTime": end}},
        )
        answer = await graph.call("POST", graph.requests, body, token=token(seed.ANN))
        assert answer.status_code == expected


@pytest.mark.parametrize("kind", ["userUpdate", "userRemove"])
async def test_a_policy_may_forbid_to_change_ones_own_access(graph, token, policy, kind):
    """Extending and giving back are settings of their own; another's access is nobody's to change."""
    assignment = await held(graph)
    details = {"id": assignment.id, "justification": "Done"}
    assert (await refusal(graph, token, seed.CY, kind, **details))[0] == 403
    word = kind.removeprefix("user")
    policy.settings["requestorSettings"][f"enableTargetsToSelf{word}Access"] = False
    status, words = await refusal(graph, token, seed.ANN, kind, **details)
    assert status == 400
    assert "policy requirements" in words


async def test_whoever_left_the_scope_gives_back_and_does_not_extend(graph, token, policy):
    """The scope is looked at anew for each request."""
    assignment = await held(graph)
    policy.allowed_target_scope = "specificDirectoryUsers"
    details = {"id": assignment.id, "justification": "Done"}
    assert (await refusal(graph, token, seed.ANN, "userUpdate", **details))[0] == 400
    body = graph.body("userRemove", **details)
    await graph.post(graph.requests, body, token=token(seed.ANN))
    graph.clock.shift(DELIVERY)
    graph.tenant.tick()
    assert seed.ANN not in graph.tenant.world.groups[seed.FINANCE_READERS].members


@pytest.mark.parametrize("kind", ["userAdd", "userUpdate", "userRemove"])
async def test_whoever_is_blocked_asks_for_nothing(graph, token, kind):
    """Until the block is removed."""
    details = {"accessPackageId": seed.FINANCE_REPORTS, "justification": "Q4"}
    if kind != "userAdd":
        details = {"id": (await held(graph)).id, "justification": "Q4"}
    asks = token(seed.ANN)
    graph.tenant.disable_user(seed.ANN)
    body = graph.body(kind, **details)
    assert (await graph.error("POST", graph.requests, body, token=asks))[0] == 403


async def test_only_what_is_open_is_canceled(graph, token):
    """What is delivered is not taken back by it."""
    path, request_id = await _pending(graph, token)
    [(stage, _)] = await _stages(graph, request_id, token(seed.BO))
    await graph.call("PATCH", stage, {"reviewResult": "Approve"}, token=token(seed.BO))
    graph.clock.shift(DELIVERY)
    assert (await graph.error("POST", f"{path}/cancel", token=token(seed.ANN)))[0] == 400


@pytest.mark.parametrize("grant", ["EntitlementMgmt-SubjectAccess.ReadWrite", "User.Read.All"])
async def test_deciding_takes_a_permission_that_an_admin_consents_to(graph, token, grant):
    """A token for one's own requests neither reads nor decides an approval."""
    _, request_id = await _pending(graph, token)
    [(stage, _)] = await _stages(graph, request_id, token(seed.BO))
    poor = graph.tenant.delegated_token(seed.BO, grants={grant})
    verdict = {"reviewResult": "Approve"}
    assert (await graph.error("PATCH", stage, verdict, token=poor))[0] == 403
    assert (await graph.error("GET", f"{APPROVALS}/{request_id}", token=poor))[0] == 403


@pytest.mark.parametrize(
    ("shown", "type_", "says"),
    [
        (None, "afterDateTime", "endDateTime"),
        ("notSpecified", "notSpecified", None),
        ("noExpiration", "noExpiration", None),
        ("afterDuration", "afterDuration", "duration"),
    ],
)
async def test_an_extension_that_names_no_end_may_show_each_type(
    graph, token, policy, shown, type_, says
):
    """Microsoft documents four, and not which it is; the access itself has a date."""
    assignment = await held(graph)
    policy.approval["isApprovalRequiredForUpdate"] = False
    graph.clock.shift(timedelta(days=20))
    graph.tenant.world.unnamed_end, before = shown, assignment.end
    body = graph.body("userUpdate", id=assignment.id, justification="The audit goes on")
    made = await graph.call("POST", graph.requests, body, token=token(seed.ANN))
    assert made.status_code == 201, made.text
    graph.clock.shift(DELIVERY)
    request = await graph.get(f"{graph.requests}/{made.json()['id']}")
    end = request["schedule"]["expiration"]
    assert end["type"] == type_
    assert {name for name in ("endDateTime", "duration") if end[name]} == (
        {says} if says else set()
    )
    assert assignment.end > before
