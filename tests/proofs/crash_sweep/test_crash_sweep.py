"""A bot dies at every step of every story, and the next one on the same database ends the story, once."""

import os

import pytest

from tests.harness.camera import empty_postgresql, empty_sqlite
from tests.harness.loop import simulated as loop
from tests.proofs.crash_sweep.stories import STORIES
from tests.proofs.crash_sweep.sweep import sweep

# On PostgreSQL each death takes a database of its own: a sample of the longest story, and of the one in which
# Entra does wrong.  `make crash-sweep` dies at every step of all of them there.
EVERY = int(os.environ.get("CRASH_SWEEP_EVERY", "12"))
ON_POSTGRESQL = sorted(STORIES) if EVERY == 1 else ("misdelivery", "two stages")


@pytest.mark.parametrize("name", sorted(STORIES))
async def test_a_death_neither_loses_nor_doubles_anything(
    name, simulated, sqlite_template, tmp_path
):
    """Every step of every story, on SQLite."""
    swept = await sweep(STORIES[name], empty_sqlite(sqlite_template, tmp_path))

    assert swept.deaths == swept.steps


@pytest.mark.parametrize("name", ON_POSTGRESQL)
async def test_a_death_is_survived_on_postgresql_as_well(name, simulated, postgresql):
    """Beginning at a step that chance draws."""
    first = loop().chance.randrange(EVERY)

    swept = await sweep(STORIES[name], empty_postgresql(postgresql), every=EVERY, first=first)

    assert swept.deaths
