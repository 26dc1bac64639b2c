"""A seeded workspace in simulated time, and real Bolt apps in front of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.clock import SandboxClock
from sandbox.slack import Workspace
from tests.harness.loop import simulated as running_loop
from tests.harness.process import Process
from tests.harness.wires import SlackSession, Wire

SECRET = "signing-secret"
BOT_TOKEN = "xoxb-sandbox"
APP_TOKEN = "xapp-sandbox"


def seeded(clock: SandboxClock) -> Workspace:
    """A seeded workspace that nobody can call yet."""
    workspace = Workspace(
        clock=clock, signing_secret=SECRET, bot_token=BOT_TOKEN, app_token=APP_TOKEN
    )
    workspace.seed()
    return workspace


def served_by(bolt: AsyncApp) -> Starlette:
    """The web app that hands Slack's payloads to Bolt."""
    handler = AsyncSlackRequestHandler(bolt)
    return Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])


@pytest.fixture
async def workspace(simulated):
    """A seeded workspace."""
    loop = running_loop()
    # Bolt compares the time of signatures with the machine's own.
    start = datetime.now(UTC)
    made = seeded(SandboxClock(machine=lambda: start + timedelta(seconds=loop.time())))
    made.base_url = "http://slack.test"
    yield made
    await made.aclose()


@pytest.fixture
async def session(workspace: Workspace) -> Any:
    """The way of Slack's own client to the workspace, with a time-out of five seconds."""
    app = Process(running_loop(), "app")
    wire = Wire(app, workspace.app, pause=lambda: 0.0, moment=lambda what: None)
    return SlackSession(wire, within=5)


@pytest.fixture
async def http(workspace):
    """Bare HTTP."""
    transport = httpx.ASGITransport(app=workspace.app)
    async with httpx.AsyncClient(transport=transport, base_url=workspace.base_url) as made:
        yield made


@pytest.fixture
def client(workspace, session):
    """Slack's own client, pointed at the workspace; it does not retry."""
    return AsyncWebClient(
        token=BOT_TOKEN, base_url=f"{workspace.base_url}/api/", session=session, retry_handlers=[]
    )


@pytest.fixture
def bolt(client):
    """A Bolt app without listeners."""
    # Without a name Bolt looks for one through the whole stack.
    return AsyncApp(name="app", signing_secret=SECRET, client=client, process_before_response=True)


@pytest.fixture
def listening(workspace, bolt):
    """The Bolt app, reached over HTTP."""
    workspace.request_url = "http://app.test/slack/events"
    workspace.transport = httpx.ASGITransport(app=served_by(bolt))
    return bolt
