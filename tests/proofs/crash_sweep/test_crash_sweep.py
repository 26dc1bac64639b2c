"""A bot dies at every step of every story, and the next one on the same database ends the story, once."""

import pytest

from tests.harness.camera import empty_sqlite
from tests.proofs.crash_sweep.stories import STORIES
from tests.proofs.crash_sweep.sweep import sweep


@pytest.mark.parametrize("name", sorted(STORIES))
async def test_a_death_neither_loses_nor_doubles_anything(
    name, simulated, sqlite_template, tmp_path
):
    """Every step of every story, on SQLite; `make crash-sweep` does the same on PostgreSQL."""
    swept = await sweep(STORIES[name], empty_sqlite(sqlite_template, tmp_path))
    print(swept)
    assert swept.deaths == swept.steps
