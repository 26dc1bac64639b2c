"""A whole year of reminders: what is due goes out once, and nothing else; and that a Slack that lies would show."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.harness.loop import SimulatedLoop
from tests.proofs.sizes import size
from tests.proofs.year.count import Figures
from tests.proofs.year.year import simulate

# All the nights on which clocks change, with fewer people; `make year` has a thousand assignments.
DAYS, ASSIGNMENTS = size((365, 60), full=(365, 250), few=(40, 50))
OUTAGES = ((6, timedelta(hours=1)), (12, timedelta(days=3)))


def told(figures: Figures) -> str:
    """All that is wrong, a story each."""
    stories = (*figures.missing.values(), *figures.unexpected, *figures.endings_wrong.values())
    return "\n".join([f"{figures}", *stories])


async def test_a_year_brings_each_reminder_once_and_none_is_missing(simulated, database):
    """Ends are moved, access is taken away, Slack is busy, the bot is down: what is due goes out once."""
    figures = await simulate(database, days=DAYS, assignments=ASSIGNMENTS, moves=10 * ASSIGNMENTS)

    assert figures.is_clean, told(figures)
    # Enough to have tried something; how many fall due is drawn.
    assert figures.sent > ASSIGNMENTS * DAYS / 183


async def few_weeks(database: Path, **slack: float) -> Figures:
    return await simulate(database, days=20, assignments=50, moves=120, outages=OUTAGES, **slack)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_weeks_of_two_seeds_go_well(seed, tmp_path):
    """Whatever a fresh seed brings, these two are always lived through."""
    with asyncio.Runner(loop_factory=partial(SimulatedLoop, seed)) as runner:
        figures = runner.run(few_weeks(tmp_path / "latchkey.db", busy=0.2))

    assert figures.is_clean, told(figures)


async def test_a_slack_that_loses_messages_makes_the_count_fail(simulated, database):
    """What Slack has taken and shows to nobody is missing in the count."""
    figures = await few_weeks(database, loses=0.8)

    assert figures.missing


async def test_a_slack_that_denies_messages_makes_the_count_fail(simulated, database):
    """A message that went out twice, as Slack has denied the first, is counted twice."""
    figures = await few_weeks(database, denies=0.8)

    assert figures.doubled
