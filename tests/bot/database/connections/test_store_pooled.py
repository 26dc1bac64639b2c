"""Behind PgBouncer, in both modes: nobody's statements are mixed up, and what is asked of a session is not lost."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.assembly.database import opened_store
from bot.configuration.settings import read_settings
from bot.database import Unusable, open_store
from bot.database.audit_log import audit
from bot.database.schema import migrate
from bot.errors import ConfigurationError
from bot.packages.store import catalog
from bot.requests.store import requests
from bot.serving.health import Health
from tests.bot.samples import wish
from tests.harness.simulation import simulation
from tests.harness.world import ANN, World
from tests.proofs.crash_sweep.deeds import FINANCE, ask, read

MODES = ("session", "transaction")
# psycopg prepares what it has run so often.
OFTEN = 12


def with_driver(address):
    return read_settings({"DATABASE_URL": address}).sqlalchemy_url


@pytest.fixture
def address(emptied_postgresql):
    return emptied_postgresql


@contextlib.contextmanager
def replicas(address, number):
    """So many stores of their own."""
    stores = [open_store(with_driver(address)) for _ in range(number)]
    try:
        yield stores
    finally:
        for store in stores:
            store.close()


@pytest.mark.parametrize("mode", MODES)
async def test_statements_of_several_clients_are_not_mixed_up(mode, address, behind_pgbouncer):
    """Two replicas that share the server's connections, each statement often enough to be prepared."""
    pooled = behind_pgbouncer(address, mode=mode, size=16 if mode == "session" else 2)
    with replicas(pooled, 2) as stores:
        added = []
        for number in range(OFTEN):
            wishes = [wish(package_id=f"{number}-{place}") for place in range(4)]
            added += await asyncio.gather(
                *(stores[place % 2].run(requests.add, each) for place, each in enumerate(wishes)),
                *(store.read(catalog.list_all) for store in stores),
            )
        found = [await stores[0].read(requests.find, each.id) for each in added if each]
        chain = await stores[1].read(audit.verify, b"")

    assert len([each for each in found if each is not None]) == 4 * OFTEN
    assert (chain.wrong, chain.rows) == (None, 4 * OFTEN)


@pytest.mark.parametrize("mode", MODES)
def test_the_limits_hold_behind_a_pooler_and_stay_in_their_transaction(
    mode, address, behind_pgbouncer
):
    """The next client of the same session has its own."""
    pooled = behind_pgbouncer(address, mode=mode)
    limits = "SELECT current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"
    with replicas(pooled, 1) as (store,):
        ours = store.read_here(lambda db: db.execute(sa.text(limits)).scalar_one())
    other = sa.create_engine(with_driver(pooled), poolclass=sa.NullPool)
    with other.connect() as db:
        theirs = db.execute(sa.text(limits)).scalar_one()

    assert ours == "1200ms 5s"
    assert theirs == "0 0"


@pytest.mark.parametrize("mode", MODES)
async def test_a_story_is_told_behind_a_pooler(mode, simulated, address, behind_pgbouncer):
    """The whole bot, all of whose transactions go through one session of the server's."""
    shown = address.set(drivername="postgresql").render_as_string(hide_password=False)
    pooled = behind_pgbouncer(shown, mode=mode, size=16 if mode == "session" else 1)
    async with simulation(pooled) as around:
        around.outside.tenant.world.delivery = timedelta(0)
        bot = await around.start()
        world = World(around.outside, bot.latchkey)
        await world.synced()
        # Whoever is not known yet is looked up first.
        await world.type(ANN, "/request-access list")
        await bot.latchkey.background.finish()
        for _ in range(OFTEN):
            assert "finance-reports" in str((await world.type(ANN, "/request-access list")).text)
        await ask(world, ANN, FINANCE)
        assert (await read(world, audit.verify, b"")).wrong is None
        assert bot.latchkey.store.fault is None


async def test_mixed_up_statements_would_be_seen(simulated, address):
    """If ever one of another client comes between, whatever does that: /readyz says so for a while."""
    shown = address.set(drivername="postgresql").render_as_string(hide_password=False)
    async with simulation(shown) as around:
        bot = await around.start(works=False)
        with pytest.raises(Unusable, match="mixes up the statements"):
            await bot.latchkey.store.run(lambda db: db.execute(sa.text("EXECUTE theirs")))
        health: Health = bot.latchkey.health
        assert any("mixes up the statements" in each for each in await health.problems())
        await asyncio.sleep(timedelta(hours=1).total_seconds())
        assert not any("mixes up" in each for each in await health.problems())


def test_what_a_pooler_drops_of_the_session_is_said(address, behind_pgbouncer):
    """Otherwise the tables of another schema would be used, without a word."""
    pooled = behind_pgbouncer(address, mode="session", ignored="options")
    settings = read_settings({"DATABASE_URL": f"{pooled}?options=-c%20search_path%3Dother"})

    with pytest.raises(ConfigurationError, match=r"asks for search_path .* a pooler in between"):
        opened_store(settings)


def test_what_the_address_asks_of_the_session_counts(bare_postgresql):
    """A schema of one's own: nothing is made in another."""
    plain = bare_postgresql.set(drivername="postgresql").render_as_string(hide_password=False)
    separator = "&" if "?" in plain else "?"
    settings = read_settings({"DATABASE_URL": f"{plain}{separator}options=-csearch_path%3Dother"})
    engine = sa.create_engine(bare_postgresql, poolclass=sa.NullPool)
    with engine.begin() as db:
        db.execute(sa.text("CREATE SCHEMA other"))
    with contextlib.closing(opened_store(settings)) as store:
        migrate.upgrade(store)
        migrate.prepare(store, settings.sqlalchemy_url)
    with engine.connect() as db:
        schemas = sa.text("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'request'")
        assert db.execute(schemas).scalars().all() == ["other"]
