"""A world by the clock, for what is measured and traced in it."""

import pytest_asyncio

from tests.harness.world import living


@pytest_asyncio.fixture
async def world(database):
    """Stand-ins and a bot between them."""
    async with living(database) as made:
        yield made
