"""Test what every failure becomes, and whether something may have happened."""

import httpx
import pytest

from graph import Graph
from graph.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    GraphError,
    GraphUnavailable,
    NotFound,
    Rejected,
    Throttled,
)
from tests.graph.wire import Wire, graph_on, refusal


async def add(graph: Graph) -> None:
    """The one write that must never be repeated."""
    await graph.assignment_requests.create(
        request_type="adminAdd", target_id="u", policy_id="p", package_id="q"
    )


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
        (403, Forbidden),
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

    with pytest.raises(Forbidden) as caught:
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


JWT = "eyJ0eXAiOiJKV1QifQ." + "eyJhdWQiOiJncmFwaCJ9" * 20 + ".c2lnbmVk"


@pytest.mark.parametrize("secret", [JWT, f"Bearer {JWT}", "ann@contoso.example", "Ann <a@b.c>"])
@pytest.mark.parametrize("place", ["message", "code"])
async def test_what_an_error_repeats_does_not_travel_on(secret, place):
    """Graph's words reach logs, /readyz and Slack: tokens and e-mail addresses in them do not."""
    said = {"code": "Forbidden", "message": "No.", place: f"What of {secret}, then?"}
    wire = Wire(httpx.Response(403, json={"error": said}))

    with pytest.raises(Forbidden) as caught:
        await graph_on(wire).users.get("u")

    shown = f"{caught.value} {caught.value.code} {caught.value!r}"
    assert JWT[:40] not in shown
    assert "@" not in shown
    assert "What of " in shown


async def test_long_names_of_microsofts_stay():
    """Only what is too long for a name is left out."""
    name = "#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackageAssignmentRequestRequirements"
    wire = Wire(refusal(403, "Forbidden", f"Not a {name}."))

    with pytest.raises(Forbidden, match=name):
        await graph_on(wire).users.get("u")
