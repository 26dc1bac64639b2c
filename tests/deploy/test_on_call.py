"""The example of an on-call service answers as Latchkey asks: as a program of its own, on a port."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from bot.emergencies.on_call import OnCallService
from bot.people.identity import Identity
from bot.people.model import Person
from bot.requests.evaluation.emergencies import OnCallUnavailable
from graph.models import User
from tests.bot.samples import ANN, BO, terms, wish

EXAMPLE = Path(__file__).parents[2] / "deploy" / "on-call" / "on_call.py"
TOKEN = "a token of the test"


@pytest.fixture
def url(tmp_path):
    """The example, for whom Ann is on call."""
    people = tmp_path / "people"
    people.write_text("cy@contoso.example\nann@contoso.example\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "TOKEN": TOKEN, "PEOPLE": str(people), "PORT": str(port)}
    with subprocess.Popen([sys.executable, EXAMPLE], env=environment) as program:  # noqa: S603
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}/"
        finally:
            program.terminate()


def _wait_for(port):
    for _ in range(200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the example does not listen")


def is_on_call(url, user, mail, *, token=TOKEN):
    """Ask the example as the bot does."""
    identity = Identity(
        person=Person(slack_user="U0", slack_name="", entra_id=user, entra_name=""),
        user=User(id=user, mail=mail),
    )

    async def ask():
        async with httpx.AsyncClient(trust_env=False) as http:
            service = OnCallService(http, url=url, token=token)
            return await service.is_on_call(identity, wish(entra_id=user), terms())

    return asyncio.run(ask())


def test_it_knows_who_is_on_call(url):
    """By the addresses in its file."""
    assert is_on_call(url, ANN, "ann@contoso.example") is True
    assert is_on_call(url, BO, "bo@contoso.example") is False


def test_it_answers_nobody_without_the_token(url):
    """What it knows is nobody else's."""
    with pytest.raises(OnCallUnavailable, match="401"):
        is_on_call(url, ANN, "ann@contoso.example", token="another")
