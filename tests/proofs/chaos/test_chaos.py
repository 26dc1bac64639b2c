"""Chaos in simulated time, and that it can fail: each protection that is switched off shows."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.timing import WAITS
from tests.proofs.chaos.harm import ROOT
from tests.proofs.chaos.people import ENDINGS_IN_ENTRA
from tests.proofs.chaos.replica import shorter
from tests.proofs.chaos.simulated import Plan, chaos
from tests.proofs.sabotage import switched_off
from tests.proofs.sizes import size

# Each with a seed of its own in every run; `make chaos-simulated` runs four.
PARTS = int(os.environ.get("CHAOS_PARTS", "1"))
PART = size(
    # Few deliveries: more of them in part, or none might be.
    Plan(requests=60, deaths=5, freezes=1, in_part=0.3),
    full=Plan(requests=240, deaths=15, freezes=3),
    few=Plan(requests=20, deaths=2, freezes=1, in_part=0.6),
)
# Calls beyond Slack's limits: of few requests there may be none.
LEAST_REFUSED = size(1, full=1, few=0)
# Where Entra decides, each request takes a sign-in, and its approval another call.
ENTRA = size(
    replace(PART, requests=40, deaths=4, entra_decides=True),
    full=replace(PART, requests=100, deaths=8, freezes=1, entra_decides=True),
    few=replace(PART, requests=24, deaths=2, entra_decides=True),
)
# It ends with the first that shows what is switched off, and so many show it with every seed.  Faults elsewhere, and Slack's
# limits, would only make them last longer.
# It ends with the first promise that is broken, so that more requests cost only where chance is kind for long.
WEAKENED = Plan(
    requests=160, deaths=24, faults=0.4, longest=timedelta(hours=8), in_part=0, limits=False
)
NO_SETTLE = replace(WAITS, late=timedelta(0), lag=timedelta(0), margin=timedelta(0))


@pytest.fixture
def address(database):
    return f"sqlite:///{database}"


@pytest.mark.parametrize("part", range(PARTS))
async def test_faults_and_deaths_break_no_promise(part, address):
    """Nothing lost, no grant doubled, nothing to the wrong person, no message missing, doubled or too early."""
    report = await chaos(PART, address, part=part)

    assert not report.count.broken, str(report)
    assert (report.deaths, report.freezes) == (PART.deaths, PART.freezes)
    assert report.faults > PART.requests
    assert report.in_part > 0
    assert report.refused >= LEAST_REFUSED


@pytest.mark.parametrize("part", range(PARTS))
async def test_they_break_none_where_entra_decides(part, address):
    """Each request once, canceled and given back in the asker's own name, with the approver's own decision; the login fails as well."""
    report = await chaos(ENTRA, address, part=part)

    assert not report.count.broken, str(report)
    assert {story.ending for story in report.stories} == set(ENDINGS_IN_ENTRA)
    assert (report.deaths, report.freezes) == (ENTRA.deaths, ENTRA.freezes)
    assert report.faults > ENTRA.requests


@pytest.mark.parametrize(
    ("protection", "where", "broken"),
    [
        ("no look in Graph", "graph", {"doubled grants", "lost"}),
        ("no look in Slack", "slack", {"doubled notices"}),
        ("no claim", "graph", {"doubled grants"}),
        # A look that finds nothing proves nothing while Graph's lists lag behind.
        ("no settle time", "graph", {"doubled grants", "lost"}),
    ],
)
async def test_without_a_protection_a_promise_is_broken(protection, where, broken, address):
    """The count sees what the protection keeps from happening."""
    plan = replace(WEAKENED, where={where})
    if protection == "no settle time":
        report = await chaos(replace(plan, waits=NO_SETTLE), address, until=broken)
    else:
        with switched_off(protection):
            report = await chaos(plan, address, until=broken)

    assert broken & report.count.broken.keys(), str(report)


def test_what_replicas_of_their_own_shorten_is_there():
    """A constant that was moved would stop each of them at its start, in a proof that the suite does not run."""
    missing = [
        (module.__name__, name) for module, name, _ in shorter() if not hasattr(module, name)
    ]
    assert missing == []


def test_a_replica_of_its_own_finds_the_product(tmp_path):
    """It is started in a folder of its own, with nothing but the place of the repository."""
    asked = subprocess.run(
        [sys.executable, "-m", "tests.proofs.chaos.replica", "--help"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
