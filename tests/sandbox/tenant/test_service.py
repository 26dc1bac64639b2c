"""The service around the operations: tokens, pages, batches, faults, records."""

import asyncio

import httpx
import pytest

from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant, seed
from tests.sandbox.tenant.conftest import EM, World

PACKAGES = f"{EM}/accessPackages"


async def test_a_forged_token_is_401(v1):
    """Nobody makes tokens but the sign-in endpoint."""
    token = v1.tenant.application_token()[:-2] + "xx"
    assert await v1.error("GET", "/users", token=token) == (401, "InvalidAuthenticationToken")


async def test_revoked_tokens_bring_a_claims_challenge(v1):
    """Continuous access evaluation: the challenge is in WWW-Authenticate."""
    token = v1.tenant.application_token()
    v1.tenant.revoke_tokens()
    response = await v1.call("GET", "/users", token=token)
    assert response.status_code == 401
    assert 'claims="' in response.headers["www-authenticate"]
    assert (await v1.call("GET", "/users")).status_code == 200


async def test_an_error_has_graph_s_shape(graph):
    """Code, message, request id; details for entitlement management."""
    response = await graph.call("GET", f"{PACKAGES}/none", headers={"client-request-id": "mine"})
    error = response.json()["error"]
    assert error["code"] == "AccessPackageNotFound"
    assert error["details"] == []
    assert error["innerError"]["client-request-id"] == "mine"
    assert response.headers["request-id"]
    assert response.headers["client-request-id"] == "mine"


async def test_beta_s_names_are_unknown_to_v1(v1):
    """A path of the other version is a 404."""
    status, code = await v1.error("GET", f"{EM}/accessPackageCatalogs")
    assert (status, code) == (404, "UnknownError")


async def test_a_wrong_verb_is_405(v1):
    """DELETE on an assignment is not how access ends."""
    assert (await v1.error("DELETE", f"{EM}/assignments/x"))[0] == 405


@pytest.mark.parametrize("content", [b"{", b"[]"])
async def test_a_body_that_is_no_object_is_refused(v1, content):
    """Malformed JSON is a 400."""
    headers = {"Authorization": f"Bearer {v1.tenant.application_token()}"}
    response = await v1.http.post(f"/v1.0{PACKAGES}", content=content, headers=headers)
    assert response.status_code == 400


# -- pages ---------------------------------------------------------------------------------


@pytest.fixture
async def paged():
    tenant = Tenant(clock=SandboxClock(), page_size=2)
    tenant.seed_tutorial_world()
    transport = httpx.ASGITransport(tenant.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://graph.test") as http:
        yield World(tenant, tenant.clock, http)


async def _all_pages(graph, url):
    headers = {"Authorization": f"Bearer {graph.tenant.application_token()}"}
    pages = []
    while url:
        pages.append((await graph.http.get(url, headers=headers)).json())
        url = pages[-1].get("@odata.nextLink")
    return [each for page in pages for each in page["value"]], len(pages)


async def test_pages_hold_everything_once(paged):
    """Following the links to the end yields each object exactly once."""
    found, pages = await _all_pages(paged, f"/v1.0{PACKAGES}?$expand=catalog")
    assert len({each["id"] for each in found}) == len(found) == 4
    assert pages == 2
    assert all(each["catalog"]["id"] == seed.GENERAL for each in found)


async def test_a_filter_holds_on_every_page(paged):
    """The link carries the whole query."""
    found, _ = await _all_pages(paged, "/v1.0/users?$filter=userType eq 'Member'")
    assert len(found) == 5


async def test_a_made_up_skip_token_is_refused(paged):
    """The link is opaque; nobody builds one."""
    assert (await paged.error("GET", PACKAGES, **{"$skiptoken": "2"}))[0] == 400


# -- batches -------------------------------------------------------------------------------


def _item(number, url, **more):
    return {"id": str(number), "method": "GET", "url": url} | more


async def _batch(graph, *items):
    answer = await graph.post("/$batch", {"requests": list(items)})
    return {response["id"]: response for response in answer["responses"]}


async def test_each_step_of_a_batch_is_judged_by_itself(graph):
    """The batch is 200 whatever is inside."""
    found = await _batch(graph, _item(1, f"/users/{seed.ANN}"), _item(2, "/users/nobody"))
    assert {key: each["status"] for key, each in found.items()} == {"1": 200, "2": 404}


async def test_a_step_that_depends_on_a_failure_is_424(graph):
    """dependsOn stops the chain."""
    found = await _batch(
        graph, _item(1, "/users/nobody"), _item(2, f"/users/{seed.ANN}", dependsOn=["1"])
    )
    assert found["2"]["status"] == 424


async def test_one_throttled_step_carries_its_own_wait(graph):
    """429 inside a batch has Retry-After in the step's headers."""
    graph.tenant.faults.set("throttle", only=f"/users/{seed.BO}$", seconds=7)
    found = await _batch(graph, _item(1, f"/users/{seed.ANN}"), _item(2, f"/users/{seed.BO}"))
    assert found["1"]["status"] == 200
    assert found["2"]["status"] == 429
    assert found["2"]["headers"]["retry-after"] == "7"


@pytest.mark.parametrize(
    ("fault", "status", "happens"), [("unavailable", 503, False), ("error_after", 504, True)]
)
async def test_one_step_may_have_no_answer(graph, fault, status, happens):
    """The others have theirs, and what was done is done."""
    graph.tenant.faults.set(fault, only="^POST .*/groups$")
    group = {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
    post = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": group}
    before = len(graph.tenant.world.groups)

    found = await _batch(graph, _item(1, f"/users/{seed.ANN}"), _item(2, "/groups", **post))

    assert (found["1"]["status"], found["2"]["status"]) == (200, status)
    assert (len(graph.tenant.world.groups) > before) is happens


async def test_more_than_twenty_steps_are_refused(graph):
    """The documented limit."""
    items = [_item(number, "/users") for number in range(21)]
    assert (await graph.error("POST", "/$batch", {"requests": items}))[0] == 400


# -- faults --------------------------------------------------------------------------------


async def test_throttling_says_how_long(graph):
    """Retry-After may be a fraction."""
    graph.tenant.faults.set("throttle", count=1)
    response = await graph.call("GET", PACKAGES)
    assert (response.status_code, response.headers["retry-after"]) == (429, "2.128")
    assert (await graph.call("GET", PACKAGES)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "sent"), [("Mon, 29 Jun 2020 20:26:24 GMT",) * 2, ("86400",) * 2, ("", None)]
)
@pytest.mark.parametrize("fault", ["throttle", "unavailable"])
async def test_retry_after_has_many_forms(v1, fault, asked, sent):
    """A date, a day, or nothing at all."""
    v1.tenant.faults.set(fault, retry_after=asked)
    response = await v1.call("GET", PACKAGES)
    assert response.headers.get("retry-after") == sent


@pytest.mark.parametrize(("fault", "status"), [("unavailable", 503), ("html", 502)])
async def test_nothing_happens_before_a_refusal(graph, fault, status):
    """These faults leave the world as it was."""
    graph.tenant.faults.set(fault)
    body = graph.body("adminAdd", targetId=seed.ANN, accessPackageId=seed.MARKETING_CAMPAIGN)
    response = await graph.call("POST", graph.requests, body)
    assert response.status_code == status
    assert graph.tenant.world.requests == {}


@pytest.mark.parametrize("fault", ["error_after", "truncated", "cut_after"])
async def test_the_call_took_effect_all_the_same(graph, fault):
    """These faults hide an answer; the request exists."""
    graph.tenant.faults.set(fault, only="POST")
    policy = graph.tenant.world.policies_of(seed.MARKETING_CAMPAIGN)[0].id
    body = graph.body(
        "adminAdd",
        targetId=seed.ANN,
        accessPackageId=seed.MARKETING_CAMPAIGN,
        assignmentPolicyId=policy,
    )
    response = await graph.call("POST", graph.requests, body)
    assert len(graph.tenant.world.requests) == 1
    if fault == "error_after":
        assert response.status_code == 504
    else:
        with pytest.raises(ValueError, match=r"."):
            response.json()


async def test_an_answer_can_come_too_late(simulated, v1):
    """The client gives up; the request exists."""
    v1.tenant.faults.set("timeout_after", only="POST", seconds=5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(v1.ask(seed.ANN, seed.MARKETING_CAMPAIGN), 4)
    assert len(v1.tenant.world.requests) == 1


async def test_a_next_link_can_point_elsewhere(paged):
    """A client that follows it gives its token away."""
    paged.tenant.faults.set("foreign_next_link")
    page = await paged.get(PACKAGES)
    assert page["@odata.nextLink"].startswith("https://graph.elsewhere.example/v1.0/")


async def test_a_new_request_can_be_missing_from_lists(graph):
    """Read-after-write lag: the request is there by id, but not yet in the list."""
    graph.tenant.faults.set("lag", seconds=60)
    receipt = await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    assert (await graph.get(graph.requests))["value"] == []
    assert (await graph.get(f"{graph.requests}/{receipt['id']}"))["id"] == receipt["id"]


async def test_a_seed_repeats_a_run(tenant):
    """The same seed strikes the same calls."""
    runs = []
    for _ in range(2):
        faults = Tenant(clock=SandboxClock(), seed=7).faults
        faults.set("unavailable", rate=0.5)
        runs.append([faults.strikes("unavailable", "GET /v1.0/users") for _ in range(20)])
    assert runs[0] == runs[1]
    assert 0 < sum(runs[0]) < 20


def test_an_unknown_fault_is_an_error(tenant):
    """A misspelled fault must not pass for a good day."""
    with pytest.raises(ValueError, match="no fault is called"):
        tenant.faults.set("trottle")


# -- what is remembered, who is told -------------------------------------------------------


async def test_calls_are_remembered(graph):
    """Method, path, body, status and id of each call."""
    await graph.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    call = graph.tenant.calls[-1]
    assert (call.method, call.path, call.status) == (
        "POST",
        f"/{graph.version}{graph.requests}",
        201,
    )
    assert call.body["requestType"].lower() == "adminadd"


async def test_changes_are_announced(graph):
    """The page learns of a request, of its delivery and of its end."""
    heard = []
    graph.tenant.subscribe(lambda: heard.append(len(graph.tenant.world.requests)))
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    assert heard == [1, 1]


async def test_reading_announces_nothing(graph):
    """A list is not a change."""
    heard = []
    graph.tenant.subscribe(lambda: heard.append(1))
    await graph.get(PACKAGES)
    assert heard == []
