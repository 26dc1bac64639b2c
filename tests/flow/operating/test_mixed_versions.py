"""This version on the schema of a later one, as in the middle of a rolling update."""

import pytest

from bot.configuration.settings import read_settings
from bot.database import open_store
from bot.database.audit_log import audit
from tests.bot.database.schema.test_migrate import widen
from tests.harness.camera import life
from tests.harness.simulation import simulation
from tests.proofs.crash_sweep.deeds import DELIVERY, read
from tests.proofs.crash_sweep.stories import STORIES


@pytest.fixture
async def world(simulated, database_url):
    """A bot on a database that a later version has migrated already."""
    async with simulation(database_url) as around:
        outside = around.outside
        outside.tenant.world.delivery = DELIVERY
        store = open_store(read_settings(outside.environment).sqlalchemy_url)
        store.run_here(widen)
        store.close()
        async with life(around) as made:
            await made.synced()
            yield made


@pytest.mark.parametrize("name", ["extension", "two stages"])
async def test_a_replica_of_the_version_before_goes_on(name, world):
    """Whatever the later version has added, nothing of this one's work fails."""
    story = STORIES[name]
    if story.before is not None:
        await story.before(world)
    await story.act(world)
    assert (await read(world, audit.verify, b"")).wrong is None
