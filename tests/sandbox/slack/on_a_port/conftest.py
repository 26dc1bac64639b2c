"""The workspace and the Bolt app on real ports."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette

from sandbox.clock import SandboxClock
from tests.sandbox.slack.conftest import seeded, served_by


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """Serve an ASGI app on a free loopback port; yields its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="websockets-sansio")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # uvicorn's own shutdown takes a tenth of a second.
        for each in server.servers:
            each.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await asyncio.gather(*server.server_state.tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Keep slack_sdk off any proxy: it ignores NO_PROXY."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def workspace():
    """A seeded workspace that listens on a real port, and never runs out of time or patience."""
    now = datetime.now(UTC)
    made = seeded(SandboxClock(machine=lambda: now))
    made.patience = timedelta(minutes=5)
    async with serving(made.app) as url:
        made.base_url = url
        yield made
        await made.aclose()


@pytest.fixture
async def session(workspace):
    """A real one."""
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
async def listening(workspace, bolt):
    """The Bolt app, reached over HTTP."""
    async with serving(served_by(bolt)) as url:
        workspace.request_url = f"{url}/slack/events"
        yield bolt
