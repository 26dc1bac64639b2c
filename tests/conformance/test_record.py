"""Test what the recorder keeps."""

import httpx
import pytest

from graph import Graph, StaticToken
from graph.errors import NotFound
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.conformance.record import ANSWER, REQUEST, Recorder
from tests.conformance.taps import listen

ANN = "11111111-2222-3333-4444-555555555555"
BO = "99999999-8888-7777-6666-555555555555"


def asked(recorder: Recorder, path: str, **rest: object) -> None:
    recorder.request(version="v1.0", method="GET", path=path, **rest)  # type: ignore[arg-type]


def test_one_shape_is_kept_once_and_counted_each_time():
    """Ids and numbers make no difference to the metadata."""
    recorder = Recorder()

    asked(recorder, f"/users/{ANN}", body={"n": 1})
    asked(recorder, f"/users/{BO}", body={"n": 22})

    assert recorder.totals[REQUEST] == 2
    assert [message.path for message in recorder.messages] == [f"/users/{ANN}"]


@pytest.mark.parametrize(
    "difference", [{"query": "$top=1"}, {"body": {"state": "x"}}, {"consistency": "eventual"}]
)
def test_whatever_a_check_may_look_at_makes_another_shape(difference):
    """Query, words in the body and the header that some queries need."""
    recorder = Recorder()

    asked(recorder, "/users")
    asked(recorder, "/users", **difference)

    assert len(recorder.messages) == 2


def test_a_message_names_its_test():
    """So that a problem can be found."""
    recorder = Recorder()

    asked(recorder, "/users")

    assert recorder.messages[0].test.endswith("test_record.py::test_a_message_names_its_test")


def test_what_workers_kept_comes_together():
    """Totals add up; a shape that two have seen stays one."""
    first, second, all_of_it = Recorder(), Recorder(), Recorder()
    asked(first, f"/users/{ANN}")
    asked(second, f"/users/{BO}")
    asked(second, "/groups", body={"é": None})

    all_of_it.unpack(first.packed())
    all_of_it.unpack(second.packed())

    assert all_of_it.totals[REQUEST] == 3
    assert [message.path for message in all_of_it.messages] == [f"/users/{ANN}", "/groups"]


def test_nothing_is_kept_while_it_is_off():
    """A test that makes things up on purpose is not heard."""
    recorder = Recorder()
    recorder.is_on = False

    asked(recorder, "/users")

    assert recorder.messages == []
    assert recorder.totals == {}


@pytest.fixture
def recorder():
    """Hears what is said during the test."""
    made = Recorder()
    stop = listen(made)
    yield made
    stop()


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant(clock=SandboxClock())
    tenant.seed_tutorial_world()
    return tenant


@pytest.fixture
async def http(tenant):
    transport = httpx.ASGITransport(app=tenant.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://graph.test") as http:
        yield http


def token(tenant: Tenant) -> StaticToken:
    return StaticToken(tenant.application_token())


async def test_the_adapters_requests_and_their_answers_are_heard(recorder, tenant, http):
    """Once where they leave, once where they arrive; and what came back."""
    graph = Graph(http, token(tenant), url="https://graph.test", version="beta")

    await graph.catalogs.list()

    assert recorder.totals == {REQUEST: 2, ANSWER: 1}
    request, answer = recorder.messages
    assert (request.version, request.method) == ("beta", "GET")
    assert request.path.endswith("/entitlementManagement/accessPackageCatalogs")
    assert answer.body["value"][0]["displayName"] == "General"


async def test_a_refused_request_counts_only_if_the_adapter_sent_it(recorder, tenant, http):
    """Other clients are tests that ask for something wrong on purpose; the refusal counts."""
    headers = {"Authorization": f"Bearer {tenant.application_token()}"}
    await http.get("/v1.0/nowhere", headers=headers)
    assert recorder.totals == {ANSWER: 1}
    assert recorder.messages[0].is_refusal

    graph = Graph(http, token(tenant), url="https://graph.test", version="v1.0")
    with pytest.raises(NotFound):
        await graph.users.get(ANN)

    assert recorder.totals == {REQUEST: 1, ANSWER: 2}


async def test_a_call_that_a_fault_strikes_is_not_heard_at_the_tenant(recorder, tenant, http):
    """Its answer is wrong on purpose."""
    tenant.faults.set("html")

    await http.get("/v1.0/users", headers={"Authorization": "Bearer x"})

    assert recorder.messages == []


async def test_each_step_of_a_batch_is_heard(recorder, tenant, http):
    """The envelope's answer says nothing of the shape of its steps."""
    headers = {"Authorization": f"Bearer {tenant.application_token()}"}
    steps = {"requests": [{"id": "1", "method": "GET", "url": "/users"}]}

    await http.post("/v1.0/$batch", json=steps, headers=headers)

    assert {message.path for message in recorder.messages} == {"/users", "/$batch"}
