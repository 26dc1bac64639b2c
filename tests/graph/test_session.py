"""The conversation with Graph: retries, paging, tokens, and what every failure becomes."""

import asyncio
import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from freezegun import freeze_time

from graph import Graph, StaticToken
from graph.errors import (
    AuthError,
    BadAnswer,
    Conflict,
    GraphError,
    GraphUnavailable,
    NotAllowed,
    NotFound,
    Rejected,
    Throttled,
)
from tests.graph.wire import EM, ROOT, Pauses, Wire, graph_on, refusal

SUBMITTED = {"id": "r", "state": "submitted"}
USER = {"id": "u", "displayName": "Ann"}


class RenewedTokens:
    """Tokens of which the first is refused."""

    def __init__(self) -> None:
        self.claims: list[str | None] = []

    async def token(self) -> str:
        return "old"

    async def refresh(self, claims: str | None = None) -> str:
        self.claims.append(claims)
        return "new"


async def add(graph: Graph) -> None:
    """The one write that must never be repeated."""
    await graph.assignments.request(
        request_type="adminAdd", target_id="u", policy_id="p", package_id="q"
    )


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_read_is_tried_again_when_graph_is_busy(status):
    """Throttling and gateway errors pass; the caller sees the answer."""
    wire = Wire(refusal(status, "Busy"), USER)

    user = await graph_on(wire).directory.user("u")

    assert user.display_name == "Ann"
    assert len(wire.requests) == 2


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("late")])
async def test_a_read_is_tried_again_when_the_connection_fails(error):
    """A read changes nothing, so a lost answer is no reason to give up."""
    wire = Wire(error, USER)

    assert (await graph_on(wire).directory.user("u")).id == "u"


async def test_a_truncated_answer_to_a_read_is_asked_for_again():
    """Half a JSON document is a fault of the way, not of the request."""
    wire = Wire(httpx.Response(200, text='{"id": "u", "displ'), USER)

    assert (await graph_on(wire).directory.user("u")).id == "u"


async def test_reads_give_up_after_a_few_tries():
    """Patience is bounded in tries."""
    wire = Wire(refusal(503, "Busy"))

    with pytest.raises(GraphUnavailable):
        await graph_on(wire, attempts=3).directory.user("u")

    assert len(wire.requests) == 3


async def test_reads_do_not_wait_longer_than_allowed():
    """A Retry-After beyond our patience is handed to the caller at once."""
    pauses = Pauses()
    wire = Wire(refusal(429, "TooManyRequests", **{"Retry-After": "3600"}))

    with pytest.raises(Throttled) as caught:
        await graph_on(wire, sleep=pauses, patience=timedelta(seconds=10)).directory.user("u")

    assert caught.value.retry_after == timedelta(hours=1)
    assert pauses.seconds == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2), ("2.128", 2.128), ("Mon, 29 Jun 2026 20:26:24 GMT", 120), ("0", 0)],
)
@freeze_time("2026-06-29 20:24:24", real_asyncio=True)
async def test_retry_after_is_honoured_in_all_its_forms(header, seconds):
    """Whole seconds, a fraction, and a date say how long to pause."""
    pauses = Pauses()
    wire = Wire(refusal(429, "TooManyRequests", **{"Retry-After": header}), USER)

    await graph_on(wire, sleep=pauses, patience=timedelta(minutes=5)).directory.user("u")

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


@pytest.mark.parametrize(
    "answer",
    [
        refusal(400, "ExistingOpenRequest"),
        refusal(403, "UnAuthorized"),
        refusal(404, "PolicyNotFound"),
        refusal(409, "DuplicateKey"),
        refusal(429, "TooManyRequests"),
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("no route"),
        httpx.PoolTimeout("all in use"),
    ],
)
async def test_a_definite_refusal_says_that_nothing_happened(answer):
    """4xx, throttling, and a request that never left."""
    with pytest.raises(GraphError) as caught:
        await add(graph_on(Wire(answer)))

    assert not caught.value.may_have_happened


@pytest.mark.parametrize(
    "answer",
    [
        refusal(500, "InternalServerError"),
        refusal(504, "UnknownError"),
        httpx.ReadTimeout("late"),
        httpx.WriteError("cut"),
        httpx.RemoteProtocolError("closed without an answer"),
        httpx.Response(200, text="<html>OK</html>"),
        httpx.Response(201, text='{"id": "r", "sta'),
        httpx.Response(201, json=["r"]),
        httpx.Response(201, json={"state": "submitted"}),
        httpx.Response(302, headers={"location": "https://elsewhere.test/"}),
    ],
)
async def test_an_unclear_failure_says_that_it_may_have_happened(answer):
    """5xx, late, cut and unreadable answers to a write leave the question open."""
    with pytest.raises(GraphError) as caught:
        await add(graph_on(Wire(answer)))

    assert caught.value.may_have_happened


async def test_an_answer_that_cannot_be_unpacked_is_a_bad_answer():
    """A body that is not what its encoding says becomes one of our errors, not httpx's."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.DecodingError("not gzip", request=request)

    with pytest.raises(BadAnswer) as caught:
        await add(graph_on(answer))

    assert caught.value.may_have_happened


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (403, NotAllowed),
        (404, NotFound),
        (409, Conflict),
        (412, Rejected),
        (429, Throttled),
        (500, GraphUnavailable),
    ],
)
async def test_each_status_has_its_error(status, kind):
    """Callers tell failures apart by class, never by message."""
    with pytest.raises(kind) as caught:
        await add(graph_on(Wire(refusal(status, "SomeCode"))))

    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.has_code("someCODE")


async def test_an_error_is_a_sentence_with_code_and_request_id():
    """What a person reads holds what Microsoft's support will ask for."""
    wire = Wire(refusal(403, "UnAuthorized", "User is not authorized.", **{"request-id": "abc"}))

    with pytest.raises(NotAllowed) as caught:
        await add(graph_on(wire))

    assert str(caught.value) == (
        "Microsoft Graph says: User is not authorized (UnAuthorized, HTTP 403, request id abc)."
    )


@pytest.mark.parametrize("inner", ["innerError", "innererror"])
async def test_the_request_id_is_found_in_the_body_too(inner):
    """Graph's casing of the inner error varies."""
    body = {"error": {"code": "X", "message": "m", inner: {"request-id": "deep"}}}

    with pytest.raises(Rejected) as caught:
        await add(graph_on(Wire(httpx.Response(400, json=body))))

    assert caught.value.request_id == "deep"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(502, html="<html><h1>502 Bad Gateway</h1></html>"),
        httpx.Response(500, text=""),
        httpx.Response(500, json={"error": "short"}),
        httpx.Response(500, json={"error": {"code": None, "message": ["no", "text"]}}),
        httpx.Response(500, json=[1]),
        httpx.Response(500, content=b"\xff\xfe\x00"),
    ],
)
async def test_an_error_page_is_an_ordinary_error(response):
    """Whatever a proxy sends as the body of an error, the status says enough."""
    with pytest.raises(GraphUnavailable) as caught:
        await add(graph_on(Wire(response)))

    assert caught.value.status == response.status_code
    assert "<" not in str(caught.value)


async def test_a_list_is_read_to_its_last_page():
    """The next link is followed as Graph wrote it, whatever is in it."""
    link = f"{ROOT}/v1.0{EM}/catalogs?$skiptoken=X%27%2B"
    wire = Wire(
        {"value": [{"id": "a"}], "@odata.nextLink": link},
        {"value": [{"id": "b"}], "@microsoft.graph.tips": "use $select"},
    )

    catalogs = await graph_on(wire).catalogs.list()

    assert [catalog.id for catalog in catalogs] == ["a", "b"]
    assert str(wire.requests[1].url) == link


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/v1.0/users",
        "http://graph.test/v1.0/users",
        "https://graph.test:8443/v1.0/users",
        "https://graph.test.evil.test/v1.0/users",
        "https://graph.test@evil.test/v1.0/users",
        "https://someone@graph.test/v1.0/users",
        "https://graph.test/beta/users",
        "https://graph.test/v1.0/../beta/users",
        "https://graph.test/v1.0/%2e%2e/beta/users",
        "https://graph.test\\@evil.test/v1.0/users",
        "https://graph.test:port/v1.0/users",
        "https://[graph.test/v1.0/users",
        "//evil.test/v1.0/users",
        "/v1.0/users",
        42,
        {"href": "x"},
    ],
)
async def test_a_next_link_to_another_place_is_not_followed(link):
    """Our token never travels to another host, scheme, port, or version."""
    wire = Wire({"value": [], "@odata.nextLink": link})

    with pytest.raises(BadAnswer):
        await graph_on(wire).catalogs.list()

    assert len(wire.requests) == 1


async def test_the_same_host_in_capitals_and_with_its_port_is_still_ours():
    """Hosts have no capitals, and https has port 443."""
    link = "https://GRAPH.test:443/v1.0/next"
    wire = Wire({"value": [], "@odata.nextLink": link}, {"value": [{"id": "b"}]})

    assert len(await graph_on(wire).catalogs.list()) == 1


async def test_pages_that_go_round_in_circles_end():
    """A next link that was read before is an error, not a loop."""
    link = f"{ROOT}/v1.0/again"
    wire = Wire({"value": [], "@odata.nextLink": link})

    with pytest.raises(BadAnswer):
        await graph_on(wire).catalogs.list()

    assert len(wire.requests) == 2


@pytest.mark.parametrize("page", [{}, {"value": None}, {"value": {"id": "a"}}, {"value": ["a"]}])
async def test_a_page_without_a_list_is_an_error(page):
    """Nobody may take a broken page for an empty list."""
    with pytest.raises(BadAnswer):
        await graph_on(Wire(page)).catalogs.list()


async def test_an_object_without_an_id_is_a_bad_answer():
    """What is not the object we asked for never becomes one."""
    with pytest.raises(BadAnswer):
        await graph_on(Wire({"displayName": "Ann"})).directory.user("u")


async def test_each_call_carries_a_request_id_of_its_own():
    """Microsoft's support can find a call by it, even when no answer came."""
    wire = Wire({"value": []})
    graph = graph_on(wire)

    await graph.catalogs.list()
    await graph.catalogs.list()

    ids = {uuid.UUID(request.headers["client-request-id"]) for request in wire.requests}
    assert len(ids) == 2


async def test_a_refused_token_is_renewed_once():
    """A 401 comes before anything is done, so that even a write may follow with a new token."""
    tokens = RenewedTokens()
    wire = Wire(refusal(401, "InvalidAuthenticationToken"), httpx.Response(201, json=SUBMITTED))

    await add(graph_on(wire, tokens=tokens))

    assert [each.headers["authorization"] for each in wire.requests] == ["Bearer old", "Bearer new"]
    assert tokens.claims == [None]


async def test_a_claims_challenge_is_passed_on():
    """What Graph wants the next token to carry reaches whoever gets it."""
    tokens = RenewedTokens()
    claims = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}
    encoded = base64.b64encode(json.dumps(claims).encode()).decode()
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{encoded}"'
    wire = Wire(refusal(401, "InvalidAuthenticationToken", **{"WWW-Authenticate": challenge}), USER)

    await graph_on(wire, tokens=tokens).directory.user("u")

    assert json.loads(str(tokens.claims[0])) == claims


async def test_a_token_refused_twice_is_an_auth_error():
    """One renewal, no loop; and nothing happened."""
    wire = Wire(refusal(401, "InvalidAuthenticationToken"))

    with pytest.raises(AuthError) as caught:
        await add(graph_on(wire, tokens=RenewedTokens()))

    assert len(wire.requests) == 2
    assert not caught.value.may_have_happened


async def test_a_persons_token_is_used_when_given():
    """Requests of a person travel with that person's token, not the app's."""
    wire = Wire(httpx.Response(201, json=SUBMITTED))

    await graph_on(wire).assignments.request(
        request_type="userAdd", target_id="u", token=StaticToken("anns")
    )

    assert wire.requests[0].headers["authorization"] == "Bearer anns"


async def test_a_persons_refused_token_asks_for_a_new_sign_in():
    """Nobody but the person can renew it."""
    wire = Wire(refusal(401, "InvalidAuthenticationToken"))

    with pytest.raises(AuthError, match="sign in again"):
        await graph_on(wire, tokens=StaticToken("gone")).directory.user("u")


async def test_redirects_are_not_followed():
    """The token stays with Graph."""
    wire = Wire(httpx.Response(307, headers={"location": "https://evil.test/"}))

    with pytest.raises(BadAnswer):
        await graph_on(wire).directory.user("u")

    assert {request.url.host for request in wire.requests} == {"graph.test"}


async def test_a_cancelled_call_stays_cancelled():
    """Shutting down is not an error of Graph's."""

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(graph_on(answer).directory.user("u"))
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

    request = await graph_on(wire).assignments.get_request("r")

    assert request.created_date_time == datetime(2026, 1, 30, 10, 0, 0, 739967, tzinfo=UTC)
