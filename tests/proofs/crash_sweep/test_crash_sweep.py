"""A bot dies at every step of every story, and the next one on the same database ends the story, once."""

import os

import pytest

from tests.harness.camera import empty_postgresql, empty_sqlite
from tests.harness.loop import simulated as loop
from tests.proofs.crash_sweep.stories import STORIES
from tests.proofs.crash_sweep.sweep import sweep

# On PostgreSQL each death takes a database of its own: a sample of the longest story, of the one in which Entra does
# wrong, and of access that nobody has approved.  `make crash-sweep` dies at every step of all of them there.
EVERY = int(os.environ.get("CRASH_SWEEP_EVERY", "12"))
SIGNS_IN = {name: story.has_accounts for name, story in STORIES.items()}
# The stories in which people sign in are the longest: a sample of them in the suite.
EVERY_SIGN_IN = min(EVERY, 5)
RARELY = {} if EVERY == 1 else {"emergency": 2 * EVERY}
ON_POSTGRESQL = sorted(STORIES) if EVERY == 1 else ("emergency", "misdelivery", "two stages")


@pytest.mark.parametrize("name", [name for name in sorted(STORIES) if not SIGNS_IN[name]])
async def test_a_death_neither_loses_nor_doubles_anything(
    name, simulated, sqlite_template, tmp_path
):
    """Every step of every story, on SQLite."""
    swept = await sweep(STORIES[name], empty_sqlite(sqlite_template, tmp_path))

    assert swept.deaths == swept.steps


@pytest.mark.parametrize("name", [name for name in sorted(STORIES) if SIGNS_IN[name]])
async def test_a_death_while_people_sign_in_neither_loses_nor_doubles_anything(
    name, simulated, sqlite_template, tmp_path
):
    """Beginning at a step that chance draws."""
    first = loop().chance.randrange(EVERY_SIGN_IN)
    databases = empty_sqlite(sqlite_template, tmp_path)

    swept = await sweep(STORIES[name], databases, every=EVERY_SIGN_IN, first=first)

    assert swept.deaths


@pytest.mark.parametrize("name", ON_POSTGRESQL)
async def test_a_death_is_survived_on_postgresql_as_well(name, simulated, postgresql):
    """Beginning at a step that chance draws."""
    every = RARELY.get(name, EVERY)
    first = loop().chance.randrange(every)

    swept = await sweep(STORIES[name], empty_postgresql(postgresql), every=every, first=first)

    assert swept.deaths
