"""A session that sends calls made at the same time in few batches, and what each caller hears."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import timedelta

import httpx
import pytest

from graph.errors import GraphError, GraphUnavailable, NotFound, Throttled
from graph.models import AccessPackageCatalog
from tests.graph.wire import EM, Pauses, graph_on, refusal


class Tenant:
    """Answers each call alike, alone or in a batch, but once as it was told for what it was told of."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.requests: list[httpx.Request] = []
        self.batches: list[list[str]] = []
        self.answers = answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not request.url.path.endswith("/$batch"):
            return self._one(request.url.path)
        steps = json.loads(request.content)["requests"]
        self.batches.append([f"{each['method']} {each['url']}" for each in steps])
        return httpx.Response(200, json={"responses": [self._step(each) for each in steps]})

    def _step(self, step: dict) -> dict:
        answer = self._one(step["url"].partition("?")[0])
        return {
            "id": step["id"],
            "status": answer.status_code,
            "headers": dict(answer.headers),
            "body": answer.json() if answer.content else None,
        }

    def _one(self, path: str) -> httpx.Response:
        name = path.rpartition("/")[2]
        if name in self.answers:
            return self.answers.pop(name)
        return httpx.Response(200, json={"id": name, "displayName": name})


async def failures(*calls: Awaitable[object]) -> list[GraphError]:
    """Return what each of the calls fails with, made at the same time."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    failed = [each for each in outcomes if isinstance(each, GraphError)]
    assert len(failed) == len(calls)
    return failed


async def test_calls_made_at_the_same_time_share_batches_of_twenty():
    """And each caller gets their own answer, whatever the order."""
    tenant = Tenant()
    graph = graph_on(tenant, batches=True)

    found = await asyncio.gather(*(graph.catalogs.get(f"c{at}") for at in range(45)))

    assert [each.id for each in found] == [f"c{at}" for at in range(45)]
    assert [len(each) for each in tenant.batches] == [20, 20, 5]
    assert len(tenant.requests) == 3


async def test_a_call_that_is_alone_needs_no_batch():
    """So one thing after another is as it was."""
    tenant = Tenant()

    assert (await graph_on(tenant, batches=True).catalogs.get("c")).id == "c"

    assert [each.url.path for each in tenant.requests] == [f"/v1.0{EM}/catalogs/c"]


async def test_the_same_read_is_made_once():
    """For all who make it at the same time."""
    tenant = Tenant()
    graph = graph_on(tenant, batches=True)

    found = await asyncio.gather(*(graph.catalogs.get("c") for _ in range(5)))

    assert [each.id for each in found] == ["c"] * 5
    assert len(tenant.requests) == 1


async def test_reads_and_writes_travel_apart():
    """A batch of reads may be sent again, one of writes never."""
    tenant = Tenant()
    graph = graph_on(tenant, batches=True)

    await asyncio.gather(
        *(graph.catalogs.get(f"c{at}") for at in range(2)),
        *(graph.catalogs.update(f"c{at}", description="x") for at in range(2)),
        *(graph.catalogs.update(f"c{at}", description="x") for at in range(2)),
    )

    assert [{call.split()[0] for call in each} for each in tenant.batches] == [
        {"GET"},
        {"PATCH"},
    ]
    assert [len(each) for each in tenant.batches] == [2, 4]


async def test_a_refusal_is_heard_by_whose_call_it_was():
    """The others of the batch got what they asked for."""
    tenant = Tenant(c1=refusal(404, "CatalogNotFound"))
    graph = graph_on(tenant, batches=True)

    outcomes = await asyncio.gather(
        *(graph.catalogs.get(f"c{at}") for at in range(3)), return_exceptions=True
    )

    assert [type(each) for each in outcomes] == [
        AccessPackageCatalog,
        NotFound,
        AccessPackageCatalog,
    ]


@pytest.mark.parametrize(("writes", "may_have_happened"), [(2, True), (1, False)])
async def test_a_throttled_write_may_have_happened_if_it_was_in_a_batch(writes, may_have_happened):
    """There Graph has been seen to do what it called throttled; each has its own wait."""
    answers = {f"c{at}": refusal(429, "TooMany", **{"Retry-After": str(at + 3)}) for at in range(2)}
    graph = graph_on(Tenant(**answers), batches=True)

    failed = await failures(
        *(graph.catalogs.update(f"c{at}", description="x") for at in range(writes))
    )

    assert all(isinstance(each, Throttled) for each in failed)
    assert [each.may_have_happened for each in failed] == [may_have_happened] * writes
    assert [each.retry_after for each in failed] == [
        timedelta(seconds=at + 3) for at in range(writes)
    ]


async def test_a_throttled_read_is_made_again_by_itself():
    """After as long as it was told, and without those that had their answer."""
    pauses, tenant = Pauses(), Tenant(c1=refusal(429, "TooMany", **{"Retry-After": "7"}))
    graph = graph_on(tenant, sleep=pauses, batches=True)

    found = await asyncio.gather(*(graph.catalogs.get(f"c{at}") for at in range(3)))

    assert [each.id for each in found] == ["c0", "c1", "c2"]
    assert 7 in pauses.seconds
    assert tenant.requests[-1].url.path == f"/v1.0{EM}/catalogs/c1"


@pytest.mark.parametrize(
    ("answer", "may_have_happened"),
    [(refusal(503, "Busy"), True), (refusal(429, "TooMany"), False)],
)
async def test_what_happens_to_a_batch_happens_to_each_write_in_it(answer, may_have_happened):
    """No answer leaves all of them open; too many batches means that nothing was looked into."""
    sent = []

    def busy(request):
        sent.append(request)
        return answer

    graph = graph_on(busy, batches=True)

    failed = await failures(*(graph.catalogs.update(f"c{at}", description="x") for at in range(3)))

    assert [each.may_have_happened for each in failed] == [may_have_happened] * 3
    assert len(sent) == 1


async def test_whoever_stops_waiting_leaves_the_others_their_answer():
    """A call that was given up is no reason for the rest of its batch."""
    graph = graph_on(Tenant(), batches=True)
    given_up = asyncio.create_task(graph.catalogs.get("c0"))
    kept = asyncio.create_task(graph.catalogs.get("c1"))
    await asyncio.sleep(0)
    given_up.cancel()

    assert (await kept).id == "c1"
    with pytest.raises(asyncio.CancelledError):
        await given_up


async def test_no_connection_is_said_to_all():
    """Nothing was sent, so nothing happened."""

    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    graph = graph_on(unreachable, batches=True)

    failed = await failures(*(graph.catalogs.update(f"c{at}", description="x") for at in range(2)))

    assert all(isinstance(each, GraphUnavailable) for each in failed)
    assert not any(each.may_have_happened for each in failed)
