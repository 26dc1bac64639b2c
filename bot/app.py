"""
The composition root: makes the parts one after another, each of those before it, and runs them.

How each kind of part is made is in a module of `bot/assembly/`.
"""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from starlette.applications import Starlette

import handlers
from bot import chance, clock
from bot.assembly import connections
from bot.assembly.connections import AccountParts
from bot.assembly.jobs import add_jobs, make_jobs
from bot.assembly.messages import make_messages
from bot.assembly.monitoring import make_monitoring
from bot.assembly.outside import connect_outside
from bot.assembly.people import make_people
from bot.assembly.processing import make_processing
from bot.assembly.services import make_services
from bot.assembly.slack_app import make_bolt, make_web_app
from bot.configuration.settings import Settings
from bot.database import Store
from bot.database.replicas.wire import Wire
from bot.database.schema.installation import Installation
from bot.jobs.table import Jobs
from bot.machine import MACHINE, Machine
from bot.monitoring.figures import Figures
from bot.packages.catalog import OfferedPackages
from bot.packages.settings.file import PackageSettingsFile
from bot.patience import Pulse
from bot.people.identity import People
from bot.priority import Courtesy
from bot.serving.exposition import Exposition
from bot.serving.health import Health
from bot.serving.outage_watch import OutageWatch
from bot.slack.api import BotIdentity, Slack
from bot.timing import WAITS, Waits
from graph import Graph


@dataclass
class Latchkey:
    """A running Latchkey, for whoever serves it and for tests."""

    settings: Settings
    store: Store
    slack: Slack
    graph: Graph
    services: handlers.Services
    people: People
    jobs: Jobs
    background: handlers.Background
    pulse: Pulse
    wire: Wire
    health: Health
    figures: Figures
    exposition: Exposition
    watch: OutageWatch
    identity: BotIdentity
    installation: Installation
    accounts: AccountParts
    package_settings: PackageSettingsFile
    bolt: handlers.SlackApp
    asgi: Starlette


@asynccontextmanager
async def running(
    settings: Settings, *, waits: Waits = WAITS, machine: Machine = MACHINE
) -> AsyncIterator[Latchkey]:
    """
    Connect to everything, start the jobs, and take it all down in the end.

    The HTTP side is in ``asgi``, to be served by the caller; Socket Mode is connected here.

    Args:
        waits: Others than the product's own; for proofs whose Graph is known to be quicker.
        machine: Other time, chance, threads and wires than this machine's; for proofs.

    Raises:
        ConfigurationError: Something it needs refuses us, with the fix.
    """
    async with AsyncExitStack() as stack:
        latchkey = await stack.enter_async_context(
            assembled(settings, waits=waits, machine=machine)
        )
        app_token = await _checked_app_token(latchkey)
        beating = asyncio.create_task(latchkey.pulse.beat(), name="pulse")
        stack.callback(beating.cancel)
        latchkey.jobs.start()
        stack.push_async_callback(latchkey.jobs.stop)
        listening = asyncio.create_task(latchkey.wire.listen(latchkey.jobs.hear), name="wakeups")
        stack.push_async_callback(_ended, listening)
        stack.push_async_callback(latchkey.background.finish)
        if app_token is not None:
            socket = machine.socket_mode(latchkey.bolt, app_token)
            await socket.connect_async()  # type: ignore[no-untyped-call]
            stack.push_async_callback(socket.close_async)
            latchkey.health.socket_connected = functools.partial(_is_connected, socket)
        yield latchkey


@asynccontextmanager
async def assembled(
    settings: Settings, *, waits: Waits = WAITS, machine: Machine = MACHINE
) -> AsyncIterator[Latchkey]:
    """
    Connect to everything and put the parts together: nothing runs by itself yet, and nobody is listened to.

    Raises:
        ConfigurationError: Something it needs refuses us, with the fix.
    """
    clock.use(machine.time)
    chance.use(machine.chance)
    async with AsyncExitStack() as stack:
        outside = await connect_outside(settings, waits, machine, stack)
        offering = OfferedPackages(outside.store, outside.package_settings)
        people = await make_people(outside)
        messages = make_messages(outside, people, offering)
        processing = make_processing(outside, people, stack)
        courtesy = Courtesy()
        jobs = await make_jobs(outside, people, messages, processing, courtesy, stack)
        services = make_services(outside, people, messages, processing, offering, jobs.wake)
        monitoring = make_monitoring(outside, jobs, messages.notices)
        add_jobs(jobs, outside, people.accounts.connecting, monitoring.watch, monitoring.anchors)
        bolt = make_bolt(outside, courtesy)
        background = handlers.Background(outside.slack)
        pulse = Pulse(machine.seconds, every=machine.beat)
        handlers.register(
            bolt,
            services=services,
            homes=messages.homes,
            background=background,
            languages=people.languages,
            pulse=pulse,
            publish=jobs.wake_homes,
            commands_an_hour=settings.commands_an_hour,
            newer_blocks=settings.slack_blocks == "newer",
        )
        yield Latchkey(
            settings=settings,
            store=outside.store,
            slack=outside.slack,
            graph=outside.graph,
            services=services,
            people=people.people,
            jobs=jobs,
            background=background,
            pulse=pulse,
            wire=outside.wire,
            health=monitoring.health,
            figures=outside.figures,
            exposition=monitoring.exposition,
            watch=monitoring.watch,
            identity=outside.identity,
            installation=outside.installation,
            accounts=people.accounts,
            package_settings=outside.package_settings,
            bolt=bolt,
            asgi=make_web_app(settings, bolt, monitoring, people.accounts, services),
        )


async def _checked_app_token(latchkey: Latchkey) -> str | None:
    """The token for Socket Mode, if that is how Slack reaches us, once Slack has taken it."""
    if latchkey.settings.slack_app_token is None:
        return None
    app_token = latchkey.settings.slack_app_token.get_secret_value()
    await connections.check_app_token(latchkey.slack, app_token)
    return app_token


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _is_connected(socket: AsyncBaseSocketModeHandler) -> bool:
    return await socket.client.is_connected()
