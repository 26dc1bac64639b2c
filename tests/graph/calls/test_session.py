"""The conversation with Graph: retries, paging, tokens, and what every failure becomes."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from freezegun import freeze_time

from graph import Deadline, Graph, StaticToken
from graph.calls.session import CALLS_AT_ONCE
from graph.errors import (
    BadAnswer,
    GraphError,
    GraphUnavailable,
    Throttled,
)
from tests.graph.wire import Pauses, Wire, graph_on, refusal
from tests.harness.loop import simulated as loop

SUBMITTED = {"id": "r", "state": "submitted"}
USER = {"id": "u", "displayName": "Ann"}


async def add(graph: Graph, deadline: Deadline | None = None) -> None:
    """The one write that must never be repeated."""
    await graph.assignment_requests.create(
        request_type="adminAdd", target_id="u", policy_id="p", package_id="q", deadline=deadline
    )


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_read_is_tried_again_when_graph_is_busy(status):
    """Throttling and gateway errors pass; the caller sees the answer."""
    wire = Wire(refusal(status, "Busy"), USER)

    user = await graph_on(wire).users.get("u")

    assert user.display_name == "Ann"
    assert len(wire.requests) == 2


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("late")])
async def test_a_read_is_tried_again_when_the_connection_fails(error):
    """A read changes nothing, so a lost answer is no reason to give up."""
    wire = Wire(error, USER)

    assert (await graph_on(wire).users.get("u")).id == "u"


async def test_a_truncated_answer_to_a_read_is_asked_for_again():
    """Half a JSON document is a fault of the way, not of the request."""
    wire = Wire(httpx.Response(200, text='{"id": "u", "displ'), USER)

    assert (await graph_on(wire).users.get("u")).id == "u"


async def test_reads_give_up_after_a_few_tries():
    """Patience is bounded in tries."""
    wire = Wire(refusal(503, "Busy"))

    with pytest.raises(GraphUnavailable):
        await graph_on(wire, attempts=3).users.get("u")

    assert len(wire.requests) == 3


async def test_reads_do_not_wait_longer_than_allowed():
    """A Retry-After beyond our patience is handed to the caller at once."""
    pauses = Pauses()
    wire = Wire(refusal(429, "TooManyRequests", **{"Retry-After": "3600"}))

    with pytest.raises(Throttled) as caught:
        await graph_on(wire, sleep=pauses, patience=timedelta(seconds=10)).users.get("u")

    assert caught.value.retry_after == timedelta(hours=1)
    assert pauses.seconds == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2), ("2.128", 2.128), ("Mon, 29 Jun 2026 20:26:24 GMT", 120), ("0", 0)],
)
@freeze_time("2026-06-29 20:24:24", real_asyncio=True)
async def test_retry_after_is_honored_in_all_its_forms(header, seconds):
    """Whole seconds, a fraction, and a date say how long to pause."""
    pauses = Pauses()
    wire = Wire(refusal(429, "TooManyRequests", **{"Retry-After": header}), USER)

    await graph_on(wire, sleep=pauses, patience=timedelta(minutes=5)).users.get("u")

    assert pauses.seconds == [pytest.approx(seconds)]


@pytest.mark.parametrize("header", ["soon", "", "-5", "Mon, 99 Jun", "1e9", "9" * 40])
async def test_a_senseless_retry_after_counts_as_none(header):
    """A strange header never hides the error it came with."""
    wire = Wire(refusal(429, "TooManyRequests", **{"Retry-After": header}))

    with pytest.raises(Throttled) as caught:
        await add(graph_on(wire))

    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    "answer",
    [
        refusal(429, "TooManyRequests"),
        refusal(503, "Busy"),
        refusal(504, "Late"),
        httpx.ReadTimeout("late"),
        httpx.ConnectError("refused"),
        httpx.Response(201, text="{"),
    ],
)
async def test_a_request_for_access_is_never_posted_twice(answer):
    """Whatever goes wrong, looking comes before asking again, and that is the caller's to do."""
    wire = Wire(answer)

    with pytest.raises(GraphError):
        await add(graph_on(wire))

    assert len(wire.requests) == 1


async def test_an_object_without_an_id_is_a_bad_answer():
    """What is not the object we asked for never becomes one."""
    with pytest.raises(BadAnswer):
        await graph_on(Wire({"displayName": "Ann"})).users.get("u")


async def test_each_call_carries_a_request_id_of_its_own():
    """Microsoft's support can find a call by it, even when no answer came."""
    wire = Wire({"value": []})
    graph = graph_on(wire)

    await graph.catalogs.list()
    await graph.catalogs.list()

    ids = {uuid.UUID(request.headers["client-request-id"]) for request in wire.requests}
    assert len(ids) == 2


async def test_redirects_are_not_followed():
    """The token stays with Graph."""
    wire = Wire(httpx.Response(307, headers={"location": "https://evil.test/"}))

    with pytest.raises(BadAnswer):
        await graph_on(wire).users.get("u")

    assert {request.url.host for request in wire.requests} == {"graph.test"}


async def test_a_canceled_call_stays_canceled():
    """Shutting down is not an error of Graph's."""

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(graph_on(answer).users.get("u"))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


def test_an_unknown_version_is_refused_at_once():
    """Graph has two versions."""
    with pytest.raises(ValueError, match=r"v2\.0"):
        graph_on(Wire({}), version="v2.0")


def test_a_token_never_shows_in_its_repr():
    """Logs may print what they like."""
    assert "secret" not in repr(StaticToken("secret"))


async def test_times_of_graph_are_aware_utc():
    """Seven digits, two, or none, with or without a zone: the same moments."""
    wire = Wire({"id": "r", "createdDateTime": "2026-01-30T10:00:00.7399675Z"})

    request = await graph_on(wire).assignment_requests.get("r")

    assert request.created_date_time == datetime(2026, 1, 30, 10, 0, 0, 739967, tzinfo=UTC)


async def test_only_a_few_calls_are_under_way_together():
    """Graph throttles who asks for much at once; the others wait their turn."""
    running = 0
    most = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return httpx.Response(200, json=USER)

    graph = graph_on(answer)

    await asyncio.gather(*(graph.users.get("u") for _ in range(40)))

    assert most == CALLS_AT_ONCE


class Hands:
    """A machine's clock that goes on by hand: what a stopped process finds when it goes on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    @property
    def deadline(self) -> Deadline:
        """In twelve seconds."""
        return Deadline.after(timedelta(seconds=12), seconds=self)

    def held_up(self) -> None:
        """Thirteen seconds pass."""
        self.seconds += 13


@pytest.fixture
def hands():
    return Hands()


async def test_what_was_held_up_is_not_sent_any_more(hands):
    """Somebody else may be at it by now; that nothing happened is certain."""
    wire = Wire(SUBMITTED)
    deadline = hands.deadline
    hands.held_up()

    with pytest.raises(GraphUnavailable) as caught:
        await add(graph_on(wire), deadline)

    assert wire.requests == []
    assert not caught.value.may_have_happened


async def test_a_write_that_waited_too_long_for_a_token_is_not_sent(hands):
    """A token may take its time, and the deadline counts it."""
    wire = Wire(SUBMITTED)

    class Slow(StaticToken):
        async def token(self) -> str:
            hands.held_up()
            return await super().token()

    with pytest.raises(GraphUnavailable) as caught:
        await add(graph_on(wire, tokens=Slow("t")), hands.deadline)

    assert wire.requests == []
    assert not caught.value.may_have_happened


async def test_the_repetition_after_a_401_is_not_sent_after_the_deadline(hands):
    """A 401 is given before anything is done."""

    def refuse(request: httpx.Request) -> httpx.Response:
        hands.held_up()
        return refusal(401, "InvalidAuthenticationToken")

    class Renewed(StaticToken):
        async def refresh(self, claims: str | None = None) -> str:
            return await self.token()

    wire = Wire(refuse)

    with pytest.raises(GraphUnavailable) as caught:
        await add(graph_on(wire, tokens=Renewed("t")), hands.deadline)

    assert len(wire.requests) == 1
    assert not caught.value.may_have_happened


async def test_a_write_without_an_answer_is_cut_off_at_its_deadline(simulated):
    """The client's own time-outs begin anew with each piece of an answer."""

    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(201, json=SUBMITTED)

    with pytest.raises(GraphUnavailable) as caught:
        await add(graph_on(never), Deadline.after(timedelta(seconds=12), seconds=loop().time))

    assert caught.value.may_have_happened


async def test_throttling_is_no_attempt_where_it_is_waited_out():
    """As often as Graph asks, as long as patience lasts; other failures are still counted."""
    pauses = Pauses()
    busy = refusal(429, "TooManyRequests", **{"Retry-After": "60"})
    wire = Wire(busy, busy, busy, {"id": "c"})
    patient: dict[str, Any] = {
        "waits_out_throttling": True,
        "patience": timedelta(minutes=5),
        "attempts": 2,
    }

    assert (await graph_on(wire, sleep=pauses, **patient).catalogs.get("c")).id == "c"
    assert pauses.seconds == [60, 60, 60]

    with pytest.raises(GraphUnavailable):
        await graph_on(Wire(refusal(503, "Busy")), **patient).catalogs.get("c")
    with pytest.raises(Throttled):
        await graph_on(Wire(busy), sleep=(pauses := Pauses()), **patient).catalogs.get("c")
    assert pauses.seconds == [60] * 5
