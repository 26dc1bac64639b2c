"""Worlds for the flow tests."""

import pytest

from tests.flow.world import living


@pytest.fixture
async def world(tmp_path, certificate):
    """Stand-ins and bot over HTTP, SQLite and Graph v1.0; Entra delivers at once."""
    async with living(tmp_path, certificate) as made:
        yield made
