"""Many calls in one batch, each judged by itself."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from graph.calls.batch import Call
from graph.errors import BadAnswer, GraphError, GraphUnavailable, NotFound, Throttled
from tests.graph.wire import Pauses, Wire, graph_on, refusal

READ = Call("GET", "/users/u")
GROUP = {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
WRITE = Call("POST", "/groups", GROUP)


def batched(*items: dict) -> dict:
    return {"responses": list(items)}


def throttled(number: int, wait: str) -> dict:
    return {
        "id": str(number),
        "status": 429,
        "headers": {"Retry-After": wait},
        "body": {"error": {"code": "TooManyRequests", "message": "Later."}},
    }


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_a_batch_is_what_graph_describes(version):
    """Ids of our own, relative addresses, and a content type where there is a body."""
    wire = Wire(batched({"id": "0", "status": 200, "body": {}}, {"id": "1", "status": 201}))

    await graph_on(wire, version=version).batch.send([READ, WRITE])

    assert wire.sent == [f"POST /{version}/$batch"]
    assert wire.body() == {
        "requests": [
            {"id": "0", "method": "GET", "url": "/users/u"},
            {
                "id": "1",
                "method": "POST",
                "url": "/groups",
                "headers": {"Content-Type": "application/json"},
                "body": GROUP,
            },
        ]
    }


async def test_answers_are_matched_by_id():
    """Graph promises no order."""
    wire = Wire(
        batched(
            {"id": "1", "status": 200, "body": {"id": "second"}},
            {"id": "0", "status": 200, "body": {"id": "first"}},
        )
    )

    assert await graph_on(wire).batch.send([READ, READ]) == [{"id": "first"}, {"id": "second"}]


async def test_a_failed_item_is_an_error_in_its_place():
    """The batch's own 200 says nothing."""
    gone = {"id": "0", "status": 404, "body": {"error": {"code": "X", "message": "Gone."}}}
    wire = Wire(batched(gone, {"id": "1", "status": 204}))

    first, second = await graph_on(wire).batch.send([READ, READ])

    assert isinstance(first, NotFound)
    assert second == {}


async def test_throttled_reads_are_tried_again_after_the_longest_wait():
    """Only those, and only once."""
    pauses = Pauses()
    wire = Wire(
        batched(
            throttled(0, "2"), {"id": "1", "status": 200, "body": {"id": "b"}}, throttled(2, "7.5")
        ),
        batched({"id": "0", "status": 200, "body": {"id": "a"}}, throttled(1, "1")),
    )

    first, second, third = await graph_on(wire, sleep=pauses).batch.send([READ, READ, READ])

    assert (first, second) == ({"id": "a"}, {"id": "b"})
    assert isinstance(third, Throttled)
    assert pauses.seconds == [7.5]
    assert len(wire.body()["requests"]) == 2


@pytest.mark.parametrize(
    "failed",
    [
        {"id": "0", "status": 503, "headers": {"Retry-After": "3"}, "body": {"error": {}}},
        {"id": "0", "status": 504, "body": {"error": {"code": "GatewayTimeout"}}},
        {"id": "0", "status": 502, "headers": {"Content-Type": "text/html"}, "body": "PGh0bWw+"},
        {"id": "0", "status": 200, "body": "<html>"},
        {"id": "7", "status": 200, "body": {"id": "another"}},
    ],
    ids=["busy", "timed out", "an error page", "no JSON", "left out"],
)
async def test_a_read_without_an_answer_is_tried_again_once(failed):
    """By itself, too, it would be read again; what fails twice is an error in its place."""
    other = {"id": "1", "status": 200, "body": {"id": "b"}}
    good = {"id": "0", "status": 200, "body": {"id": "a"}}
    pauses = Pauses()
    wire = Wire(batched(failed, other), batched(good))

    assert await graph_on(wire, sleep=pauses).batch.send([READ, READ]) == [{"id": "a"}, {"id": "b"}]
    assert pauses.seconds == [3.0 if "Retry-After" in failed.get("headers", {}) else 1.0]

    wire = Wire(batched(failed, other), batched(failed))
    first, second = await graph_on(wire, sleep=pauses).batch.send([READ, READ])
    assert isinstance(first, GraphError)
    assert second == {"id": "b"}
    assert len(wire.requests) == 2


def busy_for(number: int, status: int, seconds: str) -> dict:
    headers = {"Retry-After": seconds}
    return {"id": str(number), "status": status, "headers": headers, "body": {"error": {}}}


@pytest.mark.parametrize("status", [429, 503])
async def test_what_is_to_be_waited_for_too_long_keeps_no_others_waiting(status):
    """They are tried again when it is their time."""
    pauses = Pauses()
    wire = Wire(
        batched(busy_for(0, status, "3600"), throttled(1, "2")),
        batched({"id": "0", "status": 200, "body": {"id": "b"}}),
    )

    first, second = await graph_on(wire, sleep=pauses).batch.send([READ, READ])

    assert isinstance(first, GraphError)
    assert second == {"id": "b"}
    assert pauses.seconds == [2]


@pytest.mark.parametrize("failed", [throttled(0, "1"), busy_for(0, 503, "1")])
async def test_what_was_read_stays_read_when_the_second_try_fails(failed):
    """What failed at first is an error still."""
    other = {"id": "1", "status": 200, "body": {"id": "b"}}
    wire = Wire(batched(failed, other), refusal(500, "Broken"))

    first, second = await graph_on(wire).batch.send([READ, READ])

    assert isinstance(first, GraphError)
    assert first.status == failed["status"]
    assert second == {"id": "b"}
    assert len(wire.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 500])
async def test_what_another_try_would_not_change_is_not_tried_again(status):
    """Nor is a read for which nothing is to be waited for."""
    refused = {"id": "0", "status": status, "body": {"error": {"code": "No", "message": "No."}}}
    wire = Wire(batched(refused))

    (outcome,) = await graph_on(wire).batch.send([READ])

    assert isinstance(outcome, GraphError)
    assert len(wire.requests) == 1

    wire = Wire(batched({"id": "0", "status": 503, "body": {"error": {}}}))
    (outcome,) = await graph_on(wire).batch.send([READ], retries=False)
    assert isinstance(outcome, GraphUnavailable)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "failed",
    [
        throttled(0, "31"),
        {"id": "0", "status": 503, "headers": {"Retry-After": "31"}, "body": {"error": {}}},
    ],
    ids=["throttled", "busy"],
)
async def test_nobody_waits_for_longer_than_patience_lasts(failed):
    """As for a read by itself: it is an error now, and whoever wanted it tries again when it is time."""
    pauses = Pauses()
    wire = Wire(batched(failed))

    (outcome,) = await graph_on(wire, sleep=pauses, patience=timedelta(seconds=30)).batch.send(
        [READ]
    )

    assert isinstance(outcome, GraphError)
    assert outcome.retry_after == timedelta(seconds=31)
    assert pauses.seconds == []
    assert len(wire.requests) == 1


async def test_a_write_without_an_answer_is_not_tried_again():
    """It may have happened."""
    wire = Wire(batched({"id": "0", "status": 504, "body": {"error": {}}}))

    (outcome,) = await graph_on(wire).batch.send([WRITE])

    assert isinstance(outcome, GraphUnavailable)
    assert outcome.may_have_happened
    assert len(wire.requests) == 1


async def test_throttled_writes_are_not_tried_again():
    """An item reported as throttled has been seen to have run all the same."""
    wire = Wire(batched(throttled(0, "1")))

    (outcome,) = await graph_on(wire).batch.send([WRITE])

    assert isinstance(outcome, Throttled)
    assert len(wire.requests) == 1


async def test_a_batch_that_writes_is_never_repeated():
    """A lost answer leaves all its writes open."""
    wire = Wire(refusal(503, "Busy"))

    with pytest.raises(GraphUnavailable) as caught:
        await graph_on(wire).batch.send([READ, WRITE])

    assert caught.value.may_have_happened
    assert len(wire.requests) == 1


async def test_a_batch_of_reads_is_tried_again():
    """It changes nothing."""
    wire = Wire(refusal(503, "Busy"), batched({"id": "0", "status": 200, "body": {"id": "a"}}))

    assert await graph_on(wire).batch.send([READ]) == [{"id": "a"}]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"responses": None},
        {"responses": ["x"]},
        batched({"id": "7", "status": 200}),
        batched({"id": "0"}),
        batched({"id": "0", "status": "200"}),
        batched({"id": "0", "status": 0}),
        batched({"id": "0", "status": 200, "body": "<html>"}),
        batched({"id": "0", "status": 302}),
    ],
)
async def test_an_item_without_a_usable_answer_is_an_error(answer):
    """A write whose answer is missing may have happened; a read cannot have."""
    (write,) = await graph_on(Wire(answer)).batch.send([WRITE])
    (read,) = await graph_on(Wire(answer)).batch.send([READ])

    assert isinstance(write, BadAnswer)
    assert write.may_have_happened
    assert isinstance(read, GraphError)
    assert not read.may_have_happened


async def test_no_calls_cost_nothing():
    """An empty batch would be refused by Graph."""
    wire = Wire({})

    assert await graph_on(wire).batch.send([]) == []
    assert wire.requests == []


async def test_twenty_go_into_one_batch():
    """Graph's limit, and not one more."""
    sizes = []

    def answer(request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["requests"]
        sizes.append(len(items))
        return httpx.Response(200, json=batched(*({"id": i["id"], "status": 204} for i in items)))

    await graph_on(answer).batch.send([READ] * 40)

    assert sizes == [20, 20]


async def test_throttling_is_waited_out_for_as_long_as_patience_lasts():
    """If the caller has the time, it is tried round after round, and no longer than was promised."""
    pauses = Pauses()
    busy = batched(throttled(0, "60"))
    wire = Wire(busy, busy, batched({"id": "0", "status": 200, "body": {"id": "a"}}))
    patient: dict[str, Any] = {"waits_out_throttling": True, "patience": timedelta(minutes=2)}

    assert await graph_on(wire, sleep=pauses, **patient).batch.send([READ]) == [{"id": "a"}]
    assert pauses.seconds == [60, 60]

    pauses = Pauses()
    (outcome,) = await graph_on(Wire(busy), sleep=pauses, **patient).batch.send([READ])
    assert isinstance(outcome, Throttled)
    assert pauses.seconds == [60, 60]


async def test_batches_do_not_wait_for_each_other():
    """Of 45 reads three leave together; answers keep the order of the calls."""
    arrived = asyncio.Barrier(3)

    async def answer(request: httpx.Request) -> httpx.Response:
        await arrived.wait()
        steps = json.loads(request.content)["requests"]
        said = [{"id": each["id"], "status": 200, "body": {"id": each["url"]}} for each in steps]
        return httpx.Response(200, json=batched(*said))

    calls = [Call("GET", f"/users/{at}") for at in range(45)]

    assert await graph_on(answer).batch.send(calls) == [{"id": each.path} for each in calls]
