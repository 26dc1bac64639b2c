"""Test what signed-in people do: ask, decide, cancel, give back."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import DELIVERY, EM

APPROVALS = f"{EM}/accessPackageAssignmentApprovals"


@pytest.fixture
def token(graph):
    """A signed-in person's token, by user id."""
    return graph.tenant.delegated_token


async def _pending(graph, token, package=seed.FINANCE_REPORTS):
    """A request that waits for its first stage."""
    receipt = await graph.ask(
        seed.ANN, package, "userAdd", token=token(seed.ANN), justification="Month end"
    )
    graph.clock.shift(DELIVERY)
    return f"{graph.requests}/{receipt['id']}", receipt["id"]


async def _stages(graph, request_id, user_token):
    path = f"{APPROVALS}/{request_id}/{graph.name('stages', 'steps')}"
    response = await graph.call("GET", path, token=user_token)
    return [(f"{path}/{stage['id']}", stage) for stage in response.json()["value"]]


async def test_a_request_without_stages_is_delivered(graph, token):
    """Marketing Campaign needs nobody's word."""
    await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN, "userAdd", token=token(seed.ANN))
    graph.clock.shift(DELIVERY)
    assert graph.tenant.world.groups[seed.MARKETING_RESOURCES].members == [seed.ANN]


async def test_a_request_with_a_stage_waits(graph, token):
    """Finance Reports waits for Bo."""
    path, _ = await _pending(graph, token)
    assert graph.state_of(await graph.get(path)) == "pendingapproval"


async def test_an_approval_delivers(graph, token):
    """One approver's word is enough for a stage."""
    path, request_id = await _pending(graph, token)
    [(stage, shown)] = await _stages(graph, request_id, token(seed.BO))
    assert shown["assignedToMe"] is True
    verdict = {"reviewResult": "Approve", "justification": "fine"}
    response = await graph.call("PATCH", stage, verdict, token=token(seed.BO))
    assert response.status_code == 204
    graph.clock.shift(DELIVERY)
    assert graph.state_of(await graph.get(path)) == "delivered"


async def test_a_denial_ends_it(graph, token):
    """The first Deny is final."""
    path, request_id = await _pending(graph, token)
    [(stage, _)] = await _stages(graph, request_id, token(seed.BO))
    await graph.call("PATCH", stage, {"reviewResult": "Deny"}, token=token(seed.BO))
    assert graph.state_of(await graph.get(path)) == "denied"


async def test_a_second_verdict_is_a_conflict(graph, token):
    """Somebody else was first."""
    _, request_id = await _pending(graph, token)
    [(stage, _)] = await _stages(graph, request_id, token(seed.BO))
    verdict = {"reviewResult": "Approve"}
    await graph.call("PATCH", stage, verdict, token=token(seed.BO))
    assert (await graph.error("PATCH", stage, verdict, token=token(seed.BO)))[0] == 409


@pytest.mark.parametrize("person", [seed.CY, seed.ANN])
async def test_others_may_not_decide(graph, token, person):
    """Neither a bystander nor the requester."""
    _, request_id = await _pending(graph, token)
    [(stage, _)] = await _stages(graph, request_id, token(seed.BO))
    verdict = {"reviewResult": "Approve"}
    assert (await graph.error("PATCH", stage, verdict, token=token(person)))[0] == 403


async def test_two_stages_run_in_order(graph, token):
    """First the manager, then the reviewers, who must give a reason."""
    path, request_id = await _pending(graph, token, seed.PRODUCTION_DATABASE)
    (first, _), (second, _) = await _stages(graph, request_id, token(seed.MIA))
    approve = {"reviewResult": "Approve"}
    assert (await graph.error("PATCH", second, approve, token=token(seed.BO)))[0] == 403
    await graph.call("PATCH", first, approve, token=token(seed.MIA))
    assert (await graph.error("PATCH", second, approve, token=token(seed.BO)))[0] == 400
    await graph.call("PATCH", second, approve | {"justification": "on call"}, token=token(seed.BO))
    graph.clock.shift(DELIVERY)
    assert graph.state_of(await graph.get(path)) == "delivered"


async def test_without_a_manager_the_fallback_decides(graph, token):
    """Dana stands in when the requester reports to nobody."""
    graph.tenant.world.users[seed.ANN].manager_id = None
    _, request_id = await _pending(graph, token, seed.PRODUCTION_DATABASE)
    (first, _), _ = await _stages(graph, request_id, token(seed.DANA))
    response = await graph.call("PATCH", first, {"reviewResult": "Approve"}, token=token(seed.DANA))
    assert response.status_code == 204


async def test_nobody_s_word_is_a_denial_in_the_end(graph, token):
    """After fourteen days without a decision the request is over."""
    path, _ = await _pending(graph, token)
    graph.clock.shift(timedelta(days=15))
    assert graph.state_of(await graph.get(path)) == "denied"


async def test_escalation_widens_who_may_decide(graph, token):
    """After its delay the escalation approver may decide as well."""
    stage = graph.tenant.world.policies_of(seed.FINANCE_REPORTS)[0].approval["stages"][0]
    stage["isEscalationEnabled"], stage["durationBeforeEscalation"] = True, "P2D"
    stage["escalationApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY}
    ]
    _, request_id = await _pending(graph, token)
    [(path, _)] = await _stages(graph, request_id, token(seed.BO))
    verdict = {"reviewResult": "Approve"}
    assert (await graph.error("PATCH", path, verdict, token=token(seed.CY)))[0] == 403
    graph.clock.shift(timedelta(days=2))
    shown = await graph.get(f"{graph.requests}/{request_id}")
    assert shown[graph.name("status", "requestStatus")] == "PendingApprovalEscalated"
    assert (await graph.call("PATCH", path, verdict, token=token(seed.CY))).status_code == 204


async def test_a_request_is_canceled_by_its_requester_only(graph, token):
    """Cancel needs the requester's own sign-in."""
    path, _ = await _pending(graph, token)
    assert (await graph.error("POST", f"{path}/cancel"))[0] == 403
    assert (await graph.error("POST", f"{path}/cancel", token=token(seed.CY)))[0] == 403
    await graph.post(f"{path}/cancel", None, token=token(seed.ANN))
    assert graph.state_of(await graph.get(path)) == "canceled"


async def test_what_waits_for_me_is_listed(graph, token):
    """filterByCurrentUser(on='approver') is an approver's inbox."""
    _, request_id = await _pending(graph, token)
    for user, expected in ((seed.BO, [request_id]), (seed.CY, [])):
        for path in (graph.requests, APPROVALS):
            response = await graph.call(
                "GET", f"{path}/filterByCurrentUser(on='approver')", token=token(user)
            )
            assert [each["id"] for each in response.json()["value"]] == expected


async def test_asking_for_someone_else_finds_no_policy(graph, token):
    """The requestor comes from the token."""
    policy = graph.tenant.world.policies_of(seed.MARKETING_CAMPAIGN)[0].id
    body = graph.body(
        "userAdd",
        targetId=seed.CY,
        accessPackageId=seed.MARKETING_CAMPAIGN,
        assignmentPolicyId=policy,
    )
    response = await graph.call("POST", graph.requests, body, token=token(seed.ANN))
    assert "No valid policy" in response.json()["error"]["message"]


async def test_a_required_justification_is_required(graph, token):
    """Finance Reports wants a reason."""
    body = graph.body("userAdd", accessPackageId=seed.FINANCE_REPORTS)
    assert (await graph.error("POST", graph.requests, body, token=token(seed.ANN)))[0] == 400


async def test_a_holder_gives_access_back(graph, token):
    """userRemove is for one's own assignment."""
    assignment = await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    body = graph.body("userRemove", id=assignment.id)
    assert (await graph.error("POST", graph.requests, body, token=token(seed.CY)))[0] == 403
    await graph.post(graph.requests, body, token=token(seed.ANN))
    graph.clock.shift(DELIVERY)
    assert assignment.state == "expired"


async def test_an_incompatible_package_cannot_be_asked_for(graph, token):
    """Separation of duties stops the second request."""
    path = f"{EM}/accessPackages/{seed.MARKETING_CAMPAIGN}/incompatibleAccessPackages"
    reference = {"@odata.id": f"{EM}/accessPackages/{seed.FINANCE_REPORTS}"}
    await graph.post(f"{path}/$ref", reference)
    await graph.grant(seed.ANN, seed.FINANCE_REPORTS)
    body = graph.body("userAdd", accessPackageId=seed.MARKETING_CAMPAIGN)
    response = await graph.call("POST", graph.requests, body, token=token(seed.ANN))
    assert "policy requirements" in response.json()["error"]["message"]


async def test_requirements_are_told_to_who_may_ask(graph, token):
    """An empty list means: no policy lets you."""
    for user, count in ((seed.ANN, 1), (seed.GUS, 0)):
        path = f"{EM}/accessPackages/{seed.FINANCE_REPORTS}/getApplicablePolicyRequirements"
        response = await graph.call("POST", path, token=token(user))
        assert len(response.json()["value"]) == count


async def test_a_custom_extension_holds_a_request_until_resumed(graph, token):
    """launch and wait: nothing goes on before the callback."""
    policy = graph.tenant.world.policies_of(seed.MARKETING_CAMPAIGN)[0]
    policy.settings["customExtensionStageSettings"] = [{"stage": "assignmentRequestCreated"}]
    receipt = await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    graph.clock.shift(DELIVERY)
    path = f"{graph.requests}/{receipt['id']}"
    waiting = await graph.get(path)
    assert waiting[graph.name("status", "requestStatus")] == "WaitingForCallback"
    verdict = {
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestCallbackData",
        "state": "Denied",
    }
    untyped = {"source": "Latchkey", "type": "t", "data": {"state": "Denied"}}
    assert (await graph.call("POST", f"{path}/resume", untyped)).status_code == 400
    callback = {"source": "Latchkey", "type": "t", "data": verdict}
    assert (await graph.call("POST", f"{path}/resume", callback)).status_code == 204
    assert graph.state_of(await graph.get(path)) == "denied"
