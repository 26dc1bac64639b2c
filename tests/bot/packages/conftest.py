"""The bot by hand, in each of Graph's versions."""

import pytest

from tests.harness.by_hand import by_hand


@pytest.fixture(params=["v1.0", "beta"])
async def either(request, database):
    """A bot by hand that speaks one of Graph's versions."""
    async with by_hand(database, GRAPH_API_VERSION=request.param) as harness:
        yield harness
