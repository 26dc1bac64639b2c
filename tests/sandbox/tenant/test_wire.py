"""Test what the faults look like to a client on a real socket."""

import asyncio

import httpx
import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import World, serving


@pytest.fixture
async def wire(tenant, clock):
    """The tenant behind a real port."""
    async with (
        serving(tenant.app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=100) as http,
    ):
        yield World(tenant, clock, http)


async def test_a_cut_connection_is_a_transport_error(wire):
    """The request exists, the client saw half an answer."""
    wire.tenant.faults.set("cut_after", only="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        await wire.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    assert len(wire.tenant.world.requests) == 1


async def test_a_late_answer_is_a_read_timeout(wire):
    """The request exists, the client gave up waiting."""
    wire.tenant.faults.set("timeout_after", only="POST")
    wire.http.timeout = httpx.Timeout(None, read=0.05)
    arrived = asyncio.Event()
    wire.tenant.subscribe(arrived.set)
    with pytest.raises(httpx.ReadTimeout):
        await wire.ask(seed.ANN, seed.MARKETING_CAMPAIGN)
    # However soon that was, the request was on its way.
    await arrived.wait()
    assert len(wire.tenant.world.requests) == 1


async def test_next_links_name_the_host_that_was_asked(wire):
    """A client that compares hosts accepts the tenant's own links."""
    wire.tenant.world.users.update({f"u{n}": wire.tenant.world.users[seed.ANN] for n in range(60)})
    page = await wire.get("/users")
    assert page["@odata.nextLink"].startswith(f"{wire.http.base_url}/v1.0/users?")
