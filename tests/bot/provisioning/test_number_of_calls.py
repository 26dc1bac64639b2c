"""Test how many calls a file takes: counted, so that no machine is too slow for it."""

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.bot.provisioning.conftest import Provisioner
from tests.bot.provisioning.files import many

# A group, a resource, a package, a role and a policy each.
PACKAGES, CATALOGS = 40, 3
FILE = many(packages=PACKAGES, catalogs=CATALOGS)
CHANGED = many(packages=PACKAGES, catalogs=CATALOGS, first="14 days")


@pytest.fixture
async def large(tmp_path: Path) -> Provisioner:
    """A tenant with all of it, and nothing counted yet."""
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0), directory_lag=timedelta(0))
    tenant.seed_tutorial_world()
    provisioner = Provisioner(tenant, "v1.0", tmp_path)
    planned = await provisioner.apply(FILE)
    assert len(planned.plan.changes) == CATALOGS + 5 * PACKAGES
    # Twenty writes a call and what is left of each stage; a few looks; each policy read back, twenty a call.
    assert len(provisioner.transport.calls) <= 12 + 12
    # Written once and seen once, but for what lists show at once.
    assert len(provisioner.transport.operations) <= 1.4 * len(planned.plan.changes)
    provisioner.transport.calls.clear()
    return provisioner


async def test_calls_are_few(large: Provisioner) -> None:
    """A plan without a change, one of one change and its apply, an import and a destroy."""

    def calls() -> int:
        count = len(large.transport.calls)
        large.transport.calls.clear()
        return count

    assert await large.changes(FILE) == []
    assert calls() <= 7
    assert len(await large.changes(CHANGED)) == 1
    assert calls() <= 7
    await large.apply(CHANGED)
    assert calls() <= 10
    await large.import_()
    assert calls() <= 24
    # Delete it, and see that it is gone; two looks before whether somebody has added a policy to a package.
    await large.destroy(FILE)
    assert calls() <= 2.4 * (CATALOGS + 5 * PACKAGES) + 2 * PACKAGES
