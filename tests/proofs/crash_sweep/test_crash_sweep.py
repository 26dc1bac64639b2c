"""A bot dies at steps of every story, and the next one on the same database ends the story, once."""

import pytest

from tests.proofs.crash_sweep.stories import STORIES
from tests.proofs.crash_sweep.sweep import sweep
from tests.harness.camera import empty_postgresql, empty_sqlite

# `make crash-sweep` dies at every step, on both databases.
EVERY_ON_SQLITE = 6
EVERY_ON_POSTGRESQL = 12
# The longest, and the one in which Entra does wrong.
ON_POSTGRESQL = ("misdelivery", "two stages")


@pytest.mark.parametrize("name", sorted(STORIES))
async def test_a_death_neither_loses_nor_doubles_anything(name, database):
    """A sample of the steps of every story."""
    databases = empty_sqlite(tmp_path)
    await sweep(STORIES[name], database, databases, every=EVERY_ON_SQLITE)


@pytest.mark.parametrize("name", ON_POSTGRESQL)
async def test_a_death_is_survived_on_postgresql_as_well(name, database, postgresql):
    """A smaller sample: each death takes a database of its own."""
    databases = empty_postgresql(postgresql)
    await sweep(STORIES[name], database, databases, every=EVERY_ON_POSTGRESQL)
