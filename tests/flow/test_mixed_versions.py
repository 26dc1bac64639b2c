"""This version on the schema of a later one, as in the middle of a rolling update."""

import pytest

from bot.settings import read_settings
from bot.store import audit, open_store
from sandbox.run import stand_ins
from tests.bot.test_migrate import widen
from tests.flow.crash_deeds import DELIVERY, read
from tests.flow.crash_stories import STORIES
from tests.flow.crashing import life


@pytest.fixture
async def world(tmp_path, certificate, database_url):
    """A bot on a database that a later version has migrated already."""
    async with stand_ins(tmp_path, certificate=certificate, socket_mode=False) as outside:
        outside.environment["DATABASE_URL"] = database_url
        outside.tenant.world.delivery = DELIVERY
        store = open_store(read_settings(outside.environment).sqlalchemy_url)
        store.run_here(widen)
        store.close()
        async with life(outside) as made:
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
