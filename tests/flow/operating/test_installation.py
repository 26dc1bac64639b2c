"""One database for one Slack app: what is set up otherwise is refused, or noticed."""

import asyncio
import shutil
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.database import open_store
from bot.database.audit_log import audit
from bot.database.schema import installation
from bot.errors import ConfigurationError
from tests.harness.simulation import Bot, simulation
from tests.harness.world import ANN, eventually

ANOTHER = "another Latchkey"
# Nothing here is due by the clock, and hours are waited for.
SELDOM: Any = {"LATCHKEY_POLL_SECONDS": "3600"}


async def said_by(bot: Bot) -> str:
    """Return what /readyz has to say."""
    return " ".join(await bot.latchkey.health.problems())


async def test_the_installation_stays_the_same(simulated, database):
    """Over restarts, and for every replica."""
    async with simulation(database) as around:
        first = await around.start()
        second = await around.start()
        assert first.latchkey.installation == second.latchkey.installation
        await first.stop()
        again = await around.start()
        assert again.latchkey.installation == second.latchkey.installation


async def published(around, bot):
    """Ann's page, as soon as this bot has published it."""

    async def its_own() -> bool:
        home = around.outside.workspace.people[ANN].home
        return home is not None and bot.latchkey.installation.id in home.private_metadata

    await around.outside.workspace.open_home(user=ANN)
    await eventually(its_own)


async def test_another_latchkey_on_the_same_app_is_noticed(simulated, database, sqlite_template):
    """Each takes half of what people do, and knows nothing of the other half."""
    other = database.with_name("other.db")
    shutil.copy(sqlite_template, other)
    async with simulation(database) as around:
        ours = await around.start(**SELDOM)
        await asyncio.sleep(60)
        theirs = await around.start(DATABASE_URL=f"sqlite:///{other}", **SELDOM)
        assert ours.latchkey.installation.id != theirs.latchkey.installation.id
        ours.listens = False
        await asyncio.sleep(60)
        await published(around, theirs)
        ours.listens, theirs.listens = True, False
        await around.outside.workspace.open_home(user=ANN)
        assert ANOTHER in await said_by(ours)
        await asyncio.sleep(timedelta(hours=2).total_seconds())
        assert ANOTHER not in await said_by(ours)


async def test_pages_of_a_lost_database_are_no_other_latchkey(simulated, database, sqlite_template):
    """Whoever starts with an empty one takes the place of the one before."""
    async with simulation(database) as around:
        before = await around.start()
        await published(around, before)
        await before.stop()
        database.unlink()
        shutil.copy(sqlite_template, database)
        await asyncio.sleep(60)
        after = await around.start()
        await around.outside.workspace.open_home(user=ANN)
        assert before.latchkey.installation.id != after.latchkey.installation.id
        assert ANOTHER not in await said_by(after)


@pytest.mark.parametrize("mark", ["", "latchkey", "latchkey x 9x9", "latchkey a b c", 7, None, []])
async def test_what_is_no_mark_of_ours_says_nothing(mark, harness):
    """Whatever stands in a page."""
    homes = harness.latchkey.jobs.homes
    homes.look_at({"private_metadata": mark})
    homes.look_at(mark)
    assert homes.another_seen_at is None


async def test_the_database_of_another_app_is_refused(simulated, database, monkeypatch, tmp_path):
    """Staging's token with production's database; unless somebody says that the app is a new one."""
    url = f"sqlite:///{database}"
    async with simulation(database) as around:
        bot = await around.start()
        await bot.stop()
        store = open_store(url.replace("sqlite:", "sqlite+pysqlite:"))
        store.run_here(installation.forget_app, actor="cli:test", facts={})
        store.run_here(installation.of_app, app="A0OTHER", team="T0OTHER")
        store.close()
        with pytest.raises(ConfigurationError, match="belongs to the Slack app A0OTHER"):
            await around.start()

        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DATABASE_URL", url)
        assert CliRunner().invoke(main, ["migrate", "--forget-slack-app"]).exit_code == 0
        again = await around.start()
        assert again.latchkey.installation.id == bot.latchkey.installation.id
        rows = again.latchkey.store.read_here(audit.rows)
        assert [row["verb"] for row in rows if row["verb"] == "forget-slack-app"] == [
            "forget-slack-app"
        ] * 2
