"""A world for the flow tests, in simulated time."""

import pytest

from tests.harness.world import living


@pytest.fixture
async def world(database):
    """Stand-ins and bot, Slack over HTTP, SQLite and Graph v1.0; Entra delivers at once."""
    async with living(database) as made:
        yield made
