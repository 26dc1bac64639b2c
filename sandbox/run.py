"""
`latchkey sandbox`: the stand-ins, the page, and between them the real bot with production's own settings.

The only module of the sandbox that knows the bot.
"""

import asyncio
import base64
import copy
import functools
import importlib.metadata
import logging
import os
import secrets
import signal
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
import yaml

from bot import clock as business_clock
from bot.app import Latchkey, running
from bot.configuration.settings import read_settings
from bot.errors import ConfigurationError
from bot.logs import configure_logs
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.assignments.reminders import next_reminder
from bot.timing import WAITS, Waits
from sandbox import chance
from sandbox.certificate import Certificate, make_certificate
from sandbox.clock import SandboxClock
from sandbox.crowd import crowd
from sandbox.on_call import PATH as ON_CALL_PATH
from sandbox.on_call import OnCallStandIn
from sandbox.page import page
from sandbox.serving import LOOPBACK, PortTaken, free_port, serving
from sandbox.slack import Workspace
from sandbox.tenant import Tenant
from sandbox.tenant.my_access import PATH as MY_ACCESS_PATH

APPROVALS: Final = "C0APPROVALS"
ADMIN_GROUP: Final = "S0IAM"
PACKAGE_SETTINGS: Final = Path(__file__).parent / "latchkey.yml"
CERTIFICATES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
# Slack's library ignores NO_PROXY, and would send loopback calls to a proxy.
PROXIES: Final = (
    *("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"),
    *("ALL_PROXY", "all_proxy"),
)
START_SECONDS: Final = 10
TICK_SECONDS: Final = 1
COLLEAGUES: Final = 300
"""In the large sandbox."""


@dataclass
class StandIns:
    """Slack and Microsoft, as far as the sandbox goes; *environment* is what wires a bot to them."""

    clock: SandboxClock
    workspace: Workspace
    tenant: Tenant
    environment: dict[str, str]


def manifest() -> dict[str, Any]:
    """The Slack app's manifest, from the checkout or from the installed package."""
    return copy.deepcopy(_manifest())


@functools.cache
def _manifest() -> dict[str, Any]:
    here = Path(__file__).resolve().parents[1]
    places = (here / "manifest.yml", here / "bot" / "cli" / "init" / "shipped" / "manifest.yml")
    file = next(path for path in places if path.is_file())
    loaded: dict[str, Any] = yaml.safe_load(file.read_text())
    return loaded


@asynccontextmanager
async def stand_ins(
    folder: Path, *, certificate: Certificate | None = None, socket_mode: bool = True
) -> AsyncIterator[StandIns]:
    """
    Start the stand-in Slack and tenant, filled with the tutorial's world.

    Args:
        folder: For the certificate and the database.
        certificate: One that this process trusts already.
        socket_mode: Let the bot connect; otherwise Slack posts to where `serving_bot` listens.
    """
    async with AsyncExitStack() as stack:
        certificate = certificate or stack.enter_context(_trusted_certificate(folder))
        workspace, tenant = tutorial_world(SandboxClock())
        stack.push_async_callback(workspace.aclose)
        microsoft = await stack.enter_async_context(serving(tenant.app, certificate=certificate))
        workspace.base_url = await stack.enter_async_context(serving(workspace.app))
        yield wired(
            workspace,
            tenant,
            microsoft=microsoft,
            database=folder / "latchkey.db",
            socket_mode=socket_mode,
        )


def tutorial_world(clock: SandboxClock) -> tuple[Workspace, Tenant]:
    """A stand-in Slack and a stand-in tenant, filled with the tutorial's world; nothing is served yet."""
    tenant = Tenant(clock=clock)
    tenant.seed_tutorial_world()
    workspace = Workspace(
        clock=clock,
        signing_secret=chance.token_hex(16),
        bot_token=f"xoxb-{chance.token_hex(12)}",
        app_token=f"xapp-{chance.token_hex(12)}",
    )
    workspace.seed()
    workspace.install(manifest())
    return workspace, tenant


def wired(
    workspace: Workspace, tenant: Tenant, *, microsoft: str, database: Path, socket_mode: bool
) -> StandIns:
    """
    Say how a bot reaches stand-ins that are served.

    Args:
        microsoft: The address of the tenant, its login and Graph alike.
        database: The SQLite file of the bot.
        socket_mode: Let the bot connect; otherwise Slack posts to it.
    """
    slack_secret = (
        {"SLACK_APP_TOKEN": workspace.app_token}
        if socket_mode
        else {"SLACK_SIGNING_SECRET": workspace.signing_secret}
    )
    return StandIns(
        clock=workspace.clock,
        workspace=workspace,
        tenant=tenant,
        environment={
            **slack_secret,
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_API_URL": f"{workspace.base_url}/api/",
            "AZURE_TENANT_ID": tenant.tenant_id,
            "AZURE_CLIENT_ID": tenant.client_id,
            "AZURE_CLIENT_SECRET": tenant.client_secret,
            "AZURE_AUTHORITY_HOST": microsoft,
            "GRAPH_URL": microsoft,
            "DATABASE_URL": f"sqlite:///{database}",
            "LATCHKEY_ADMINS": ADMIN_GROUP,
            "LATCHKEY_ADMIN_CHANNEL": APPROVALS,
            "LATCHKEY_EMAIL_DOMAINS": "contoso.example",
            # A handful of people, who try everything.
            "LATCHKEY_ASKS_AN_HOUR": "10000",
            "LATCHKEY_COMMANDS_AN_HOUR": "100000",
            "LATCHKEY_POLL_SECONDS": "1",
            "LATCHKEY_SYNC_SECONDS": "20",
            # Who tells a story of something else changes Entra behind the bot's back, too.
            "LATCHKEY_DRIFT_HOURS": "0",
        },
    )


@contextmanager
def _trusted_certificate(folder: Path) -> Iterator[Certificate]:
    """A throw-away certificate that this process trusts while the block runs, by the variables every client of ours honors."""
    certificate = make_certificate(folder)
    before = {name: os.environ.pop(name, None) for name in (*CERTIFICATES, *PROXIES)}
    os.environ.update(dict.fromkeys(CERTIFICATES, str(certificate.ca_file)))
    try:
        yield certificate
    finally:
        for name in CERTIFICATES:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


@asynccontextmanager
async def serving_bot(
    world: StandIns,
    environment: Mapping[str, str] | None = None,
    *,
    waits: Waits = WAITS,
    port: int = 0,
) -> AsyncIterator[Latchkey]:
    """
    Run the real bot against the stand-ins, in this process, with their clock for business time.

    Args:
        port: Of its HTTP endpoint; 0 for any that is free.
    """

    def follow() -> None:
        business_clock.set_offset(world.clock.offset)

    follow()
    settings = read_settings(environment or world.environment)
    async with (
        running(settings, waits=waits) as latchkey,
        serving(latchkey.asgi, port=port) as address,
    ):
        world.workspace.request_url = f"{address}/slack/events"

        def time_moved() -> None:
            follow()
            latchkey.jobs.wake_all()

        unsubscribe = world.clock.subscribe(time_moved)
        try:
            yield latchkey
        finally:
            unsubscribe()
            world.workspace.request_url = None
            business_clock.set_offset(timedelta(0))


@asynccontextmanager
async def sandbox(
    folder: Path,
    *,
    port: int = 0,
    certificate: Certificate | None = None,
    large: bool = False,
    language: str = "en",
) -> AsyncIterator[tuple[StandIns, str]]:
    """
    Everything, and the address of its page.

    Args:
        large: With 200 packages and 2,000 assignments.
        language: In which everybody reads Slack, and channels are written to.
    """
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(stand_ins(folder, certificate=certificate))
        world.tenant.seed_examples()
        if large:
            colleagues = crowd(COLLEAGUES)
            world.tenant.seed_large(colleagues)
            world.workspace.add_colleagues(colleagues)
        world.workspace.seed_examples()
        if language != "en":
            world.environment["LATCHKEY_LANGUAGE"] = language
            for person in world.workspace.people.values():
                person.locale = f"{language}-{language.upper()}"
        world.environment["LATCHKEY_PACKAGE_SETTINGS"] = str(PACKAGE_SETTINGS)
        # The page draws them; whether workspaces do is for their admins to try.
        world.environment["LATCHKEY_SLACK_BLOCKS"] = "newer"
        world.environment["LATCHKEY_DRIFT_HOURS"] = "24"
        # Over plain HTTP: no browser trusts the throw-away certificate.
        world.tenant.login.browser_url = await stack.enter_async_context(serving(world.tenant.app))
        bots_port = free_port()
        world.environment |= signs_people_in(world, f"http://{LOOPBACK}:{bots_port}")
        on_call = OnCallStandIn()
        duties = await stack.enter_async_context(serving(on_call.app))
        world.environment["LATCHKEY_ON_CALL_URL"] = f"{duties}{ON_CALL_PATH}"
        world.environment["LATCHKEY_ON_CALL_TOKEN"] = on_call.token
        latchkey = await stack.enter_async_context(serving_bot(world, port=bots_port))
        await _first_sync(latchkey)
        ticking = asyncio.create_task(_tick(world.tenant))
        stack.callback(ticking.cancel)

        def reminder() -> datetime | None:
            plan = ReminderPlan(
                rungs=latchkey.settings.reminder_rungs, package_settings=latchkey.package_settings
            )
            return latchkey.store.read_here(next_reminder, plan)

        app = page(
            world.workspace,
            world.tenant,
            world.clock,
            next_reminder=reminder,
            on_call=on_call,
            about={
                "version": importlib.metadata.version("latchkey"),
                "request_text": "/request-access marketing-campaign",
                "my_access": f"{world.tenant.login.browser_url}{MY_ACCESS_PATH}",
            },
        )
        address = await stack.enter_async_context(serving(app, port=port))
        world.tenant.my_access.back_url = address
        # First of all at the end: open pages hang on to their event streams.
        stack.callback(app.state.close)
        yield world, address


def signs_people_in(world: StandIns, public_url: str) -> dict[str, str]:
    """Register where the app's browsers come back to, and return the settings that let people sign in."""
    world.tenant.login.app.web_addresses.add(f"{public_url}/sign-in/callback")
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {"LATCHKEY_PUBLIC_URL": public_url, "LATCHKEY_TOKEN_KEY": key}


async def _tick(tenant: Tenant) -> None:
    """The tenant works out what is due when it is asked; the page wants to see it happen."""
    while True:
        tenant.tick()
        await asyncio.sleep(TICK_SECONDS)


async def _first_sync(latchkey: Latchkey) -> None:
    """Wait until the packages are known, so that the first command finds them."""
    for _ in range(START_SECONDS * 20):
        if latchkey.jobs.statuses["sync"].last_success is not None:
            return
        await asyncio.sleep(0.05)


async def run_sandbox(
    *, port: int, open_browser: bool, large: bool = False, language: str = "en"
) -> None:
    """
    Run until Ctrl-C, with few packages and people or with many, in a language.

    Raises:
        ConfigurationError: It cannot start here.
    """
    configure_logs(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    with tempfile.TemporaryDirectory(prefix="latchkey-sandbox-") as folder:
        try:
            started = sandbox(Path(folder), port=port, large=large, language=language)
            async with started as (_, address):
                click.echo(WELCOME.format(address=address))
                if open_browser:
                    await asyncio.to_thread(webbrowser.open, address)
                await stop.wait()
                click.echo("\nStopping.")
        except PortTaken as taken:
            raise ConfigurationError([str(taken)]) from None


WELCOME: Final = """
  Latchkey's sandbox is at {address}

  Try this there:
    1. As Ann, type   /request-access marketing-campaign
    2. As Ann, type   /request-access finance-reports because I close the quarter
       then press Approve as Bo, in his direct message with Latchkey
    3. Move the clock to the next reminder, extend, move on, and see it end

  Nothing leaves this machine, and nothing is kept.  Ctrl-C stops it.
"""
