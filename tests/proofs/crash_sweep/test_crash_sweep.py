"""A bot dies at every step of every story, and the next one on the same database ends the story, once."""

import os
from typing import Final

import pytest

from tests.harness.camera import empty_postgresql, empty_sqlite
from tests.harness.loop import simulated as loop
from tests.proofs.crash_sweep.stories import STORIES
from tests.proofs.crash_sweep.sweep import MOST_TELLING, sweep
from tests.proofs.sabotage import switched_off
from tests.proofs.sizes import size

# `make crash-sweep` dies at every step on PostgreSQL as well.
EVERYWHERE: Final = os.environ.get("CRASH_SWEEP_EVERY") == "1"
# So many-th step of a story, beginning at one that chance draws, and each that MOST_TELLING names.
EVERY: Final = 1 if EVERYWHERE else size(8, full=1)
# `make test` draws those as well.
ALWAYS: Final = size(MOST_TELLING, full=MOST_TELLING, few=())
# The stories in which people sign in are the longest.
EVERY_SIGN_IN: Final = 1 if EVERYWHERE else size(24, full=5)
# On PostgreSQL each death takes a database of its own, and each look at all rows is dear: a sample of the shortest story, and
# of the one in which Entra does wrong; in `make proofs` of the longest, and of access that nobody has approved, as well.
EVERY_ON_POSTGRESQL: Final = 1 if EVERYWHERE else 12
SOME: Final = ("grant", "misdelivery")
MORE: Final = (*SOME, "emergency", "two stages")
ON_POSTGRESQL: Final = sorted(STORIES) if EVERYWHERE else size(SOME, full=MORE)


def first_of(every: int) -> int:
    """Draw the step to begin with."""
    return loop().chance.randrange(every)


@pytest.mark.cases(5)
@pytest.mark.parametrize("name", sorted(STORIES))
async def test_a_death_neither_loses_nor_doubles_anything(
    name, simulated, sqlite_template, tmp_path
):
    """On SQLite, at every step or beginning at one that chance draws."""
    story, databases = STORIES[name], empty_sqlite(sqlite_template, tmp_path)
    every = EVERY_SIGN_IN if story.has_accounts else EVERY

    swept = await sweep(story, databases, every=every, first=first_of(every), always=ALWAYS)

    assert swept.deaths == swept.steps if every == 1 else swept.deaths


@pytest.mark.parametrize("name", ON_POSTGRESQL)
async def test_a_death_is_survived_on_postgresql_as_well(name, simulated, postgresql):
    """Where chance draws it."""
    every = EVERY_ON_POSTGRESQL

    swept = await sweep(
        STORIES[name], empty_postgresql(postgresql), every=every, first=first_of(every), always=()
    )

    assert swept.deaths


@pytest.mark.parametrize("protection", ["no look in Graph", "no look in Slack"])
async def test_a_death_without_a_protection_doubles_something(
    protection, simulated, sqlite_template, tmp_path
):
    """A part of the steps is enough to see what the protection keeps from happening."""
    with switched_off(protection), pytest.raises(AssertionError, match="taken"):
        await sweep(STORIES["grant"], empty_sqlite(sqlite_template, tmp_path), every=EVERY)
