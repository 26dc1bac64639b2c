"""What the tests of the syncs share."""

import pytest

from bot.sync.drift import DriftCheck


@pytest.fixture
def check(harness):
    """A check for drift whose sync runs by hand."""

    async def synced():
        return await harness.tenant_sync.run()

    return DriftCheck(store=harness.store, graph=harness.graph, synced=synced)
