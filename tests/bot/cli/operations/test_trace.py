"""`latchkey trace` tells the story of one request from the tables."""

import json
import re

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.database import open_store
from bot.requests.store import claims, holds, requests
from tests.bot.samples import LEASE, wish
from tests.harness.world import ANN, APPROVALS, DANA, living


@pytest.fixture
async def told(database, monkeypatch):
    """A request that was approved and delivered; returns its id, with the command line beside the bot."""
    async with living(database) as world:
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.press(DANA, await world.card(APPROVALS), "Approve")
        await world.told(ANN, "You now have access")
        (notice,) = re.findall(r"latchkey ([0-9a-f]{32})", str(world.tenant.world.requests))
        url = world.bot.settings.database_url.get_secret_value()
    monkeypatch.setenv("DATABASE_URL", url)
    return notice


def run(*arguments):
    return CliRunner().invoke(main, ["trace", *arguments])


async def test_the_story_is_told_in_order(told):
    """From the ask to the message, with Graph's ids."""
    ended = run(told)

    assert ended.exit_code == 0, ended.output
    moments = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)  ", ended.output, re.M)
    assert moments == sorted(moments)
    for word in ("ask-add", "→ pending", "approve by", "→ submitted", "→ delivered", "card to"):
        assert word in ended.output, word
    assert "graph_client_request_id=" in ended.output
    assert f"Request {told}: add Finance Reports" in ended.output


async def test_a_program_reads_the_same(told):
    """As JSON."""
    said = json.loads(run(told, "--json").output)

    assert said["request"]["state"] == "delivered"
    assert {each["source"] for each in said["events"]} == {"audit", "click", "message"}


def test_what_went_on_by_itself_went_on_by_latchkey(sqlite_template, tmp_path, monkeypatch):
    """And by nobody whose name is missing."""
    file = tmp_path / "latchkey.db"
    file.write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite+pysqlite:///{file}")
    asked = wish()
    store.run_here(lambda db: requests.add(db, asked))
    (claimed,) = store.run_here(lambda db: claims.take(db, lease=LEASE, limit=1))
    store.run_here(
        lambda db: holds.put(db, claimed, failures=5, error="GraphUnavailable", why="503")
    )
    held = store.run_here(lambda db: requests.get(db, asked.id))
    store.run_here(lambda db: holds.end_by_itself(db, held, why="it has run out"))
    store.close()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")

    ended = run(asked.id)

    assert ended.exit_code == 0, ended.output
    assert "retry by latchkey" in ended.output
    assert "None" not in ended.output


async def test_what_is_not_there_is_said(told):
    """And exits with 1."""
    ended = run("0" * 32)

    assert ended.exit_code == 1
    assert "There is no request" in ended.output
