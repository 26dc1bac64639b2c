"""A backup that was made while the bot worked, put back after a crash: nothing is granted or said twice."""

import asyncio
import signal
from collections import Counter

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot.__main__ import main
from bot.database import flags
from bot.database.tables import requests
from tests.harness.world import eventually
from tests.postgres import with_programs
from tests.real.test_kill import (
    ask,
    database_of,
    finished,
    news,
    outside,  # noqa: F401  (a fixture)
    process,
    time_passes,
    traps_of,
)


def latchkey(environment, *words):
    done = CliRunner().invoke(main, list(words), env={**environment, "PATH": with_programs()})
    assert done.exit_code == 0, done.output


def back_up(environment, file):
    latchkey(environment, "backup", str(file))


def restore(environment, file):
    latchkey(environment, "restore", "--yes", str(file))


def approved(db):
    """Tell whether the request waits for nothing but the end of the pause."""
    return db.execute(sa.select(requests.c.id).where(requests.c.state == "approved")).first()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql alone"], indirect=True)
async def test_a_backup_put_back_after_a_crash_grants_and_says_nothing_twice(
    outside,  # noqa: F811
    tmp_path,
):
    """The copy knows a request that Entra was asked for after it was made; SIGKILL came before anybody wrote that down."""
    graph, _ = traps_of(outside)
    file = tmp_path / "copy"
    async with process(outside, tmp_path) as bot:
        with database_of(outside) as store:
            store.run_here(lambda db: flags.pause(db, why="rehearsal", actor="cli:olga"))
            await ask(outside, bot)
            await eventually(lambda: store.read_here(approved), about="an approved request")
            await asyncio.to_thread(back_up, outside.environment, file)
            graph.set("assignmentRequests", bot.kill)
            store.run_here(lambda db: flags.resume(db, why="go on", actor="cli:olga"))
            await asyncio.to_thread(bot.join)
            assert bot.exitcode == -signal.SIGKILL
    assert len(outside.tenant.world.requests) == 1

    await asyncio.to_thread(restore, outside.environment, file)
    with database_of(outside) as store:
        assert store.read_here(flags.pause_reason) == "rehearsal"
        time_passes(store)
        store.run_here(lambda db: flags.resume(db, why="restored", actor="cli:olga"))
    async with process(outside, tmp_path):
        await finished(outside)

    made = Counter(each.request_type for each in outside.tenant.world.requests.values())
    assert made == Counter(adminAdd=1)
    assert len(news(outside.workspace)) == 1
