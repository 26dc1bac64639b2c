"""The on-call service: what is believed of its answers, and that all else is no answer."""

import asyncio
import gzip
import json

import httpx
import pytest

from bot.emergencies.on_call import LONGEST_ANSWER, OnCallService
from bot.people.identity import Identity
from bot.people.model import Person
from bot.requests.evaluation.emergencies import OnCallUnavailable
from graph.models import User
from sandbox.on_call import PATH, OnCallStandIn
from tests.bot.samples import ANN, terms, wish

URL = f"https://on-call.test{PATH}"
ANN_AS_KNOWN = Identity(
    person=Person(slack_user="U0ANN", slack_name="Ann", entra_id=ANN, entra_name="Ann Abara"),
    user=User(id=ANN, mail="ann@contoso.example", user_principal_name="ann@contoso.example"),
)
REQUEST = wish(entra_id=ANN)


def service(transport, *, token=OnCallStandIn.token, url=URL):
    """A service behind that transport."""
    return OnCallService(httpx.AsyncClient(transport=transport), url=url, token=token)


def answering(change):
    """A service whose right answer *change* replaces by another."""

    def handler(request):
        asked = json.loads(request.content)
        right = {
            "question": asked["question"],
            "person": {"id": asked["person"]["id"]},
            "package": {"id": asked["package"]["id"]},
            "on_call": True,
        }
        return change(right)

    return service(httpx.MockTransport(handler))


async def ask(asked):
    return await asked.is_on_call(ANN_AS_KNOWN, REQUEST, terms(catalog="General"))


@pytest.mark.parametrize("people", [set(), {"U0ANN"}, {"U0BO"}])
async def test_it_is_asked_by_the_documented_shape(people):
    """The stand-in refuses whatever the description does not say."""
    stand_in = OnCallStandIn(people=people)
    assert await ask(service(httpx.ASGITransport(stand_in.app))) is ("U0ANN" in people)
    assert stand_in.wrong == []
    [asked] = stand_in.asked
    assert asked["person"]["id"] == ANN
    assert asked["package"] == {
        "id": "campaign",
        "name": "Marketing Campaign",
        "catalog": "General",
    }


async def test_an_answer_may_say_more():
    """What we do not know of it is left alone."""
    assert await ask(answering(lambda right: httpx.Response(200, json=right | {"schedule": "x"})))


async def test_each_question_is_another():
    """So that no old answer counts for a new question."""
    stand_in = OnCallStandIn()
    asked = service(httpx.ASGITransport(stand_in.app))
    await ask(asked)
    await ask(asked)
    assert len({each["question"] for each in stand_in.asked}) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"question": "another"},
        {"question": None},
        {"person": {"id": "somebody-else"}},
        {"person": {"id": ANN.upper()}},
        {"person": ANN},
        {"person": {}},
        {"package": {"id": "another"}},
        {"package": {"name": "Marketing Campaign"}},
        {"on_call": "true"},
        {"on_call": 1},
        {"on_call": None},
        {"on_call": [True]},
    ],
    ids=str,
)
async def test_an_answer_about_anything_else_is_none(changed):
    """Yes for another person, package or question is no yes; nor is what only looks like one."""
    with pytest.raises(OnCallUnavailable):
        await ask(answering(lambda right: httpx.Response(200, json=right | changed)))


@pytest.mark.parametrize("missing", ["question", "person", "package", "on_call"])
async def test_an_answer_lacks_nothing(missing):
    """Each part has to be there."""

    def change(right):
        return httpx.Response(200, json={key: right[key] for key in right if key != missing})

    with pytest.raises(OnCallUnavailable):
        await ask(answering(change))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"yes"),
        httpx.Response(200, content=b"true"),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, content=b"\xff\xfe{}"),
        httpx.Response(200, content=b"[" * 10_000),
        httpx.Response(200, content=b" " * (LONGEST_ANSWER + 1)),
        httpx.Response(204),
        httpx.Response(401),
        httpx.Response(404),
        httpx.Response(500),
    ],
    ids=lambda answer: f"{answer.status_code} with {len(answer.content)}",
)
async def test_what_cannot_be_read_is_no_answer(answer):
    """Rubbish, too much, and every status but 200."""
    with pytest.raises(OnCallUnavailable):
        await ask(service(httpx.MockTransport(lambda request: answer)))


async def test_a_packed_answer_is_none():
    """A few bytes may be gigabytes once they are unpacked."""

    def pack(right):
        packed = gzip.compress(json.dumps(right).encode())
        return httpx.Response(200, content=packed, headers={"Content-Encoding": "gzip"})

    with pytest.raises(OnCallUnavailable, match="packed"):
        await ask(answering(pack))


@pytest.mark.parametrize("status", [201, 202, 301, 302, 303, 307, 308])
async def test_a_right_answer_with_another_status_is_none(status):
    """Only 200 is an answer."""
    with pytest.raises(OnCallUnavailable):
        await ask(answering(lambda right: httpx.Response(status, json=right)))


async def test_redirects_are_not_followed():
    """Neither the question nor the token goes anywhere else."""
    asked = []

    def handler(request):
        asked.append(request.url)
        return httpx.Response(307, headers={"Location": "https://elsewhere.test/"})

    with pytest.raises(OnCallUnavailable):
        await ask(service(httpx.MockTransport(handler)))
    assert [str(url) for url in asked] == [URL]


async def test_an_answer_that_ends_never_is_cut_off():
    """It is not read to its end."""
    read = 0

    async def endless():
        nonlocal read
        while True:
            read += 1
            yield b" " * 1024

    with pytest.raises(OnCallUnavailable):
        await ask(
            service(httpx.MockTransport(lambda request: httpx.Response(200, content=endless())))
        )
    assert read <= LONGEST_ANSWER / 1024 + 1


async def test_a_late_answer_is_none(monkeypatch):
    """It is waited for a few seconds, in all."""
    monkeypatch.setattr("bot.emergencies.on_call.TIMEOUT_SECONDS", 0.01)

    async def drop_by_drop():
        while True:
            await asyncio.sleep(0.005)
            yield b" "

    with pytest.raises(OnCallUnavailable, match="in time"):
        await ask(
            service(
                httpx.MockTransport(lambda request: httpx.Response(200, content=drop_by_drop()))
            )
        )


async def test_a_broken_connection_is_no_answer():
    """Nothing of the error but its kind is repeated: addresses may be secrets."""

    def handler(request):
        raise httpx.ConnectError("no way to https://secret.test/token")

    with pytest.raises(OnCallUnavailable) as raised:
        await ask(service(httpx.MockTransport(handler)))
    assert "secret" not in str(raised.value)


async def test_a_wrong_token_gets_no_answer():
    """The service says 401, which is no answer either."""
    for token in ("wrong", None):
        with pytest.raises(OnCallUnavailable, match="401"):
            await ask(service(httpx.ASGITransport(OnCallStandIn().app), token=token))
