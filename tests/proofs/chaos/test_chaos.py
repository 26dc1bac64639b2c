"""Chaos in simulated time, and that it can fail: each protection that is switched off shows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.pacing import WAITS
from tests.proofs.chaos.simulated import Plan, chaos
from tests.proofs.sabotage import switched_off

# Whatever dies leaves coroutines behind that nobody has begun.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
PARTS = 4
# Together 2,000 requests and 100 deaths, each part with a seed of its own in every run.
PART = Plan(requests=500, deaths=25, freezes=5)
# Where something is switched off, a part of the size that shows it with every seed tried.
WEAKENED = Plan(requests=120, deaths=6, freezes=12)
NO_SETTLE = replace(WAITS, late=timedelta(0), lag=timedelta(0), margin=timedelta(0))


@pytest.mark.parametrize("part", range(PARTS))
async def test_faults_and_deaths_break_no_promise(part, database_address):
    """Nothing lost, no grant doubled, nothing to the wrong person, no message missing, doubled or too early."""
    report = await chaos(PART, database_address, part=part)

    assert not report.count.broken, str(report)
    assert (report.deaths, report.freezes) == (PART.deaths, PART.freezes)
    assert report.faults > PART.requests


@pytest.mark.parametrize(
    ("protection", "broken"),
    [
        ("no look in Graph", "doubled grants"),
        ("no look in Slack", "doubled notices"),
        ("no fence", "doubled grants"),
        ("no claim", "doubled grants"),
    ],
)
async def test_without_a_protection_a_promise_is_broken(protection, broken, database_address):
    """The count sees what the protection keeps from happening."""
    with switched_off(protection):
        report = await chaos(WEAKENED, database_address)

    assert broken in report.count.broken, str(report)


async def test_without_the_settle_time_a_grant_is_doubled(database_address):
    """A look that finds nothing proves nothing while Graph's lists lag behind."""
    report = await chaos(replace(WEAKENED, waits=NO_SETTLE), database_address)

    assert "doubled grants" in report.count.broken, str(report)


@pytest.fixture
def database_address(database):
    return f"sqlite:///{database}"
