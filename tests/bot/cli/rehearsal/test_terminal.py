"""The terminal and the page of a rehearsal as they are: questions, a real Ctrl-C, and a page on this machine."""

import asyncio
import json
import signal
import socket

import click
import httpx
import pytest
from click.testing import CliRunner

from bot.cli.connection import Stop
from bot.cli.rehearsal import command
from bot.cli.rehearsal.command import rehearse
from bot.cli.rehearsal.model import Experiment, as_assumed
from bot.cli.rehearsal.sign_in_page import SignInPage, served
from bot.cli.rehearsal.terminal import Terminal


@pytest.mark.parametrize(
    ("typed", "said"), [("y\n", "y"), ("n\n", "n"), ("\n", "skip"), ("what?\nn\n", "n")]
)
def test_a_question_takes_y_n_or_skip(typed, said):
    """Anything else is asked again; nothing is no answer."""

    @click.command()
    def ask():
        click.echo(asyncio.run(Terminal().answer("Is it there?")))

    ended = CliRunner(catch_exceptions=False).invoke(ask, input=typed)
    assert ended.stdout.strip() == said
    assert "Is it there?" in ended.stderr


@pytest.fixture
def heard():
    """Ctrl-C is heard, also where the tests are run in the background, whose programs are started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_real_ctrl_c_ends_it_with_a_report(tenant, certificate, monkeypatch, tmp_path, heard):
    """What was observed before is in it, and nothing after is made."""
    from tests.bot.cli.conftest import settings_for
    from tests.bot.cli.reaching import reach

    for name, value in settings_for(tenant, reach(tenant, monkeypatch)).items():
        monkeypatch.setenv(name, value)

    async def seen(bench):
        return as_assumed("seen")

    async def interrupted(bench):
        signal.raise_signal(signal.SIGINT)
        await bench.sleep(0)
        raise AssertionError("it went on")

    def experiment(name, run):
        return Experiment(name=name, rows=(), question="?", service="Graph", run=run)

    made = [experiment("first", seen), experiment("second", interrupted), experiment("third", seen)]
    monkeypatch.setattr(command, "EXPERIMENTS", made)
    file = tmp_path / "report.json"
    ended = CliRunner().invoke(rehearse, ["--report", str(file)])
    assert ended.exit_code == 1, ended.output
    report = json.loads(file.read_text())
    assert [each["name"] for each in report["experiments"]] == ["first"]
    assert report["made_with"]["interrupted"] is True


@pytest.fixture
def port():
    """One that is free on this machine."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


async def test_the_page_is_served_to_this_machine(port):
    """It sends nobody anywhere while nobody is to sign in, and takes no answer but the one that it waits for."""
    page = SignInPage(port)
    async with served(page, port), httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(page.link)).status_code == 404
        page.await_answer("https://login.example/authorize", state="s1")
        begun = await client.get(page.link)
        assert begun.headers["location"] == "https://login.example/authorize"
        other = await client.post(page.callback, data={"state": "s2", "code": "c"})
        assert (other.status_code, page.answer) == (400, None)
        taken = await client.post(page.callback, data={"state": "s1", "code": "c"})
        assert taken.status_code == 200
        assert page.answer == {"state": "s1", "code": "c"}


async def test_a_port_that_is_in_use_is_a_sentence(port):
    """With the option that names another."""
    page = SignInPage(port)
    async with served(page, port):
        with pytest.raises(Stop, match="--port"):
            async with served(page, port):
                pass
