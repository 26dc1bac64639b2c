"""Requests of an application: what is accepted, what becomes of it."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import DELIVERY, EM


async def test_the_receipt_has_no_times_yet(graph):
    """Right after the POST, Graph knows the request but not when it was made."""
    receipt = await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    assert receipt["createdDateTime"] is None
    assert graph.state_of(receipt) == "submitted"


async def test_enum_words_keep_their_version_s_case(graph):
    """lowerCamel in v1.0, Pascal in beta."""
    receipt = await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    assert receipt["requestType"] == graph.name("adminAdd", "AdminAdd")
    assert receipt[graph.name("state", "requestState")] == graph.name("submitted", "Submitted")


async def test_a_request_is_delivered_after_its_time(graph):
    """Delivery follows the sandbox clock, and fills in the times."""
    receipt = await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    graph.clock.shift(DELIVERY / 2)
    assert graph.state_of(await graph.get(f"{graph.requests}/{receipt['id']}")) == "delivering"
    graph.clock.shift(DELIVERY)
    shown = await graph.get(f"{graph.requests}/{receipt['id']}")
    assert graph.state_of(shown) == "delivered"
    assert shown[graph.name("completedDateTime", "completedDate")].endswith("0Z")


async def test_delivery_makes_a_group_member(graph):
    """What the package hands out is really given."""
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    members = await graph.get(f"/groups/{seed.MARKETING_RESOURCES}/members")
    assert [member["id"] for member in members["value"]] == [seed.ANN]


async def test_delivery_gives_application_and_site_roles(graph):
    """Packages hand out more than groups."""
    await graph.grant(seed.ANN, seed.FINANCE_REPORTS)
    world = graph.tenant.world
    assert world.applications[seed.LEDGER].holders[seed.LEDGER_READER] == [seed.ANN]
    assert world.sites[seed.FINANCE_SITE].holders["4"] == [seed.ANN]


async def test_an_admin_request_skips_approval(graph):
    """The trap that makes the bot's own checks security code."""
    assignment = await graph.grant(seed.ANN, seed.PRODUCTION_DATABASE)
    assert assignment.state == "delivered"


async def test_the_end_is_the_policy_s_thirty_days(graph):
    """A delivered assignment carries a concrete end."""
    assignment = await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    shown = await graph.get(f"{graph.assignments}/{assignment.id}")
    assert shown["schedule"]["expiration"]["type"] == "afterDateTime"
    assert assignment.end - assignment.start == timedelta(days=30)


async def test_access_without_a_duration_has_no_end(graph):
    """Board Papers never expire."""
    assignment = await graph.grant(seed.DANA, seed.BOARD_PAPERS)
    shown = await graph.get(f"{graph.assignments}/{assignment.id}")
    assert shown["schedule"]["expiration"]["type"] == "noExpiration"


async def test_access_ends_by_itself(graph):
    """At its end the assignment expires, the group is left, and a systemRemove remains."""
    assignment = await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    graph.clock.shift(timedelta(days=31))
    shown = await graph.get(f"{graph.assignments}/{assignment.id}")
    assert shown[graph.name("state", "assignmentState")].lower() == "expired"
    assert shown["expiredDateTime"] is not None
    assert graph.tenant.world.groups[seed.MARKETING_RESOURCES].members == []
    records = (await graph.get(graph.requests))["value"]
    assert records[-1]["requestType"].lower() == "systemremove"


async def test_an_update_moves_the_end(graph):
    """adminUpdate is how an application extends."""
    assignment = await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    end = (assignment.end + timedelta(days=30)).isoformat()
    schedule = {"expiration": {"type": "afterDateTime", "endDateTime": end}}
    await graph.post(graph.requests, graph.body("adminUpdate", id=assignment.id, schedule=schedule))
    graph.clock.shift(timedelta(days=31))
    assert assignment.end.isoformat() == end
    assert assignment.state == "delivered"


async def test_a_removal_ends_access(graph):
    """adminRemove takes back what was given."""
    assignment = await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    await graph.post(graph.requests, graph.body("adminRemove", id=assignment.id))
    graph.clock.shift(DELIVERY)
    assert assignment.state == "expired"
    assert graph.tenant.world.groups[seed.MARKETING_RESOURCES].members == []


async def test_a_role_given_twice_is_kept_until_both_end(graph):
    """Two packages with the same group: losing one keeps the membership."""
    world = graph.tenant.world
    campaign = world.packages[seed.MARKETING_CAMPAIGN]
    world.packages[seed.FINANCE_REPORTS].role_scopes.append(campaign.role_scopes[0])
    first = await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    await graph.grant(seed.ANN, seed.FINANCE_REPORTS)
    graph.tenant.remove_assignment(first.id)
    assert world.groups[seed.MARKETING_RESOURCES].members == [seed.ANN]


async def test_a_second_open_request_is_refused(graph):
    """Graph's only guard against a double POST."""
    await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    policy = graph.tenant.world.policies_of(seed.MARKETING_CAMPAIGN)[0].id
    body = graph.body(
        "adminAdd",
        targetId=seed.ANN,
        accessPackageId=seed.MARKETING_CAMPAIGN,
        assignmentPolicyId=policy,
    )
    assert await graph.error("POST", graph.requests, body) == (400, "ExistingOpenRequest")
    graph.clock.shift(DELIVERY)
    assert await graph.error("POST", graph.requests, body) == (409, "DuplicateKey")


async def test_a_lenient_tenant_takes_duplicates(graph):
    """With Graph's guard gone, a client's own guards have to hold."""
    graph.tenant.world.lenient = True
    await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    assert len(graph.tenant.world.requests) == 2


async def test_a_target_outside_the_policy_is_refused(graph):
    """Even an administrator cannot grant past the policy's scope."""
    policy = graph.tenant.world.policies_of(seed.BOARD_PAPERS)[0].id
    body = graph.body(
        "adminAdd", targetId=seed.ANN, accessPackageId=seed.BOARD_PAPERS, assignmentPolicyId=policy
    )
    response = await graph.call("POST", graph.requests, body)
    assert response.status_code == 400
    assert "policy requirements" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"accessPackageId": "nothing"}, (404, "AccessPackageNotFound")),
        ({"assignmentPolicyId": "nothing"}, (404, "PolicyNotFound")),
        ({"targetId": "nobody"}, (400, "BadRequest")),
    ],
)
async def test_unknown_ids_are_refused(graph, change, expected):
    """Each unknown id has its own answer."""
    details = {
        "targetId": seed.ANN,
        "accessPackageId": seed.MARKETING_CAMPAIGN,
        "assignmentPolicyId": graph.tenant.world.policies_of(seed.MARKETING_CAMPAIGN)[0].id,
    }
    body = graph.body("adminAdd", **(details | change))
    assert await graph.error("POST", graph.requests, body) == expected


async def test_the_other_version_s_words_are_refused(graph):
    """A body that was not translated fails loudly."""
    wrong = graph.name("accessPackageAssignment", "assignment")
    body = {"requestType": "adminAdd", wrong: {"targetId": seed.ANN}}
    response = await graph.call("POST", graph.requests, body)
    assert response.status_code == 400
    assert f"'{wrong}' does not exist" in response.json()["error"]["message"]


async def test_a_removal_overtakes_a_delivery(graph):
    """What was removed on its way does not arrive afterwards."""
    receipt = await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    graph.clock.shift(DELIVERY / 2)
    assignment = next(iter(graph.tenant.world.assignments.values()))
    graph.tenant.remove_assignment(assignment.id)
    graph.clock.shift(DELIVERY)
    assert assignment.state == "expired"
    assert graph.tenant.world.requests[receipt["id"]].state == "canceled"


async def test_a_future_start_is_scheduled(graph):
    """Access that begins tomorrow waits as scheduled."""
    tomorrow = graph.clock.now() + timedelta(days=1)
    receipt = await graph.ask(
        seed.ANN, seed.MARKETING_CAMPAIGN, schedule={"startDateTime": tomorrow.isoformat()}
    )
    graph.clock.shift(DELIVERY)
    assert graph.state_of(await graph.get(f"{graph.requests}/{receipt['id']}")) == "scheduled"
    graph.clock.shift(timedelta(days=1))
    assert graph.state_of(await graph.get(f"{graph.requests}/{receipt['id']}")) == "delivered"


async def test_a_failed_delivery_can_be_reprocessed(graph):
    """deliveryFailed is not the last word."""
    graph.tenant.faults.set("delivery_failed", count=1)
    receipt = await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    graph.clock.shift(DELIVERY)
    path = f"{graph.requests}/{receipt['id']}"
    assert graph.state_of(await graph.get(path)) == "deliveryfailed"
    assert (await graph.call("POST", f"{path}/reprocess")).status_code == 202
    graph.clock.shift(DELIVERY)
    assert graph.state_of(await graph.get(path)) == "delivered"


async def test_only_documented_filters_work(graph):
    """A client that leans on an undocumented filter fails here, not in production."""
    status, _ = await graph.error("GET", graph.requests, **{"$filter": "requestor/objectId eq 'x'"})
    assert status == 400


@pytest.mark.parametrize(
    "condition",
    [
        "{state} eq 'Submitted' or accessPackage/id eq 'x'",
        "not({state} eq 'Delivered')",
        "{state} ne 'Delivered'",
        "{state} in ('Submitted','Delivering')",
        "startswith({state},'Deliver')",
    ],
)
async def test_states_are_compared_by_eq_and_nothing_else(graph, condition):
    """What no page and no public program shows is refused."""
    is_beta = "accessPackage" in graph.requests
    for path, name in ((graph.requests, "request"), (graph.assignments, "assignment")):
        state = f"{name}State" if is_beta else "state"
        status, code = await graph.error("GET", path, **{"$filter": condition.format(state=state)})
        assert (status, code) == (400, "InvalidFilter")


async def test_several_states_are_one_list_or_refused(graph):
    """Programs join them by "or", and no page says that Graph takes it."""
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    state = graph.name("state", "assignmentState")
    either = f"({state} eq 'Delivering' or {state} eq 'Delivered')"
    condition = f"accessPackage/id eq '{seed.MARKETING_CAMPAIGN}' and {either}"
    found = await graph.get(graph.assignments, **{"$filter": condition, "$expand": "target"})
    assert [each["target"]["objectId"] for each in found["value"]] == [seed.ANN]

    graph.tenant.world.joins_states = False
    refused = await graph.error("GET", graph.assignments, **{"$filter": condition})
    assert refused == (400, "InvalidFilter")


async def test_assignments_are_filtered_by_package_and_state(graph):
    """The combination that sweeps live access."""
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    state = graph.name("state", "assignmentState")
    condition = f"accessPackage/id eq '{seed.MARKETING_CAMPAIGN}' and {state} eq 'Delivered'"
    found = await graph.get(graph.assignments, **{"$filter": condition, "$expand": "target"})
    assert [each["target"]["objectId"] for each in found["value"]] == [seed.ANN]


async def test_a_subject_s_id_is_not_the_directory_s(graph):
    """target.id is another GUID; only objectId names the user."""
    assignment = await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    shown = await graph.get(f"{graph.assignments}/{assignment.id}", **{"$expand": "target"})
    assert shown["target"]["id"] != shown["target"]["objectId"] == seed.ANN


async def test_an_application_cannot_ask_as_a_user(graph):
    """userAdd takes its requestor from the token, and an application is nobody."""
    body = graph.body("userAdd", targetId=seed.ANN, accessPackageId=seed.MARKETING_CAMPAIGN)
    response = await graph.call("POST", graph.requests, body)
    assert response.status_code == 400
    assert "No valid policy" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')",
        "/accessPackages/x/getApplicablePolicyRequirements",
    ],
)
async def test_an_application_may_not_use_what_is_for_users(graph, path):
    """Approvals and self-service reads have no application permission at all."""
    method = "POST" if path.endswith("Requirements") else "GET"
    assert await graph.error(method, EM + path) == (403, "UnAuthorized")


async def test_beta_answers_to_the_new_name_too(beta):
    """The retiring collection has a successor with the same shape."""
    await beta.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    found = await beta.get(f"{EM}/assignmentRequests")
    assert found["value"][0]["requestState"] == "Submitted"


async def test_a_deleted_user_s_delivery_fails(graph):
    """Nobody is there to receive it."""
    receipt = await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    graph.tenant.delete_user(seed.ANN)
    graph.clock.shift(DELIVERY)
    shown = await graph.get(f"{graph.requests}/{receipt['id']}")
    assert graph.state_of(shown) == "deliveryfailed"
