"""How many calls a file takes: counted, so that no machine is too slow for it."""

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.bot.provisioning.conftest import Workshop

PACKAGES, CATALOGS, GROUPS = 40, 3, 42


def file(*, first: str = "30 days") -> str:
    """Many catalogs, packages and groups, each package with a policy of its own."""
    lines = ["groups:", *(f"  - name: Team {at:03}" for at in range(GROUPS)), "catalogs:"]
    for catalog in range(CATALOGS):
        lines += [f"  - name: Catalog {catalog}", "    description: One", "    packages:"]
        for at in range(catalog, PACKAGES, CATALOGS):
            lines += [
                f"      - name: Package {at:03} - read - self approval",
                "        description: One",
                f"        gives: group Team {at:03}",
                "        policies:",
                "          - name: Everyone",
                "            description: One",
                f"            may ask: group Team {(at + 3) % GROUPS:03}",
                f"            durations: {first if at == 0 else '30 days'}",
            ]
    return "\n".join([*lines, ""])


@pytest.fixture
async def large(tmp_path: Path) -> Workshop:
    """A tenant with all of it, and nothing counted yet."""
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0), directory_lag=timedelta(0))
    tenant.seed_tutorial_world()
    workshop = Workshop(tenant, "v1.0", tmp_path)
    planned = await workshop.apply(file())
    # Two or three calls for each thing: write it, see it, and what a role needs to know.
    assert len(planned.plan.changes) == GROUPS + CATALOGS + 4 * PACKAGES
    assert len(workshop.wire.calls) <= 2.6 * len(planned.plan.changes)
    workshop.wire.calls.clear()
    return workshop


async def test_calls_are_few(large: Workshop) -> None:
    """A plan without a change, one of one change and its apply, an import and a destroy."""

    def calls() -> int:
        count = len(large.wire.calls)
        large.wire.calls.clear()
        return count

    assert await large.changes(file()) == []
    assert calls() <= 14
    assert len(await large.changes(file(first="14 days"))) == 1
    assert calls() <= 14
    await large.apply(file(first="14 days"))
    assert calls() <= 18
    await large.import_()
    assert calls() <= 24
    # Delete it, and see that it is gone.
    await large.destroy(file())
    assert calls() <= 2.4 * (GROUPS + CATALOGS + 4 * PACKAGES)
