"""A seeded workspace on a real port, and real Bolt apps in front of it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.clock import SandboxClock
from sandbox.slack import Workspace

SECRET = "signing-secret"
BOT_TOKEN = "xoxb-sandbox"
APP_TOKEN = "xapp-sandbox"


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
        # uvicorn's own shutdown takes a tenth of a second, too long for a hundred tests.
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
def workspace_without_server():
    """A seeded workspace that nobody can call."""
    workspace = Workspace(
        clock=SandboxClock(), signing_secret=SECRET, bot_token=BOT_TOKEN, app_token=APP_TOKEN
    )
    workspace.seed()
    return workspace


@pytest.fixture
async def workspace(workspace_without_server):
    """A seeded workspace that listens on a real port."""
    workspace = workspace_without_server
    async with serving(workspace.app) as url:
        workspace.base_url = url
        yield workspace
        await workspace.aclose()


@pytest.fixture
async def client(workspace):
    """Slack's own client, pointed at the workspace; it does not retry."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield AsyncWebClient(
            token=BOT_TOKEN,
            base_url=f"{workspace.base_url}/api/",
            session=session,
            retry_handlers=[],
        )


@pytest.fixture
def bolt(client):
    """A Bolt app without listeners."""
    return AsyncApp(signing_secret=SECRET, client=client, process_before_response=True)


@pytest.fixture
async def listening(workspace, bolt):
    """The Bolt app, reached over HTTP."""
    handler = AsyncSlackRequestHandler(bolt)
    app = Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])
    async with serving(app) as url:
        workspace.request_url = f"{url}/slack/events"
        yield bolt
