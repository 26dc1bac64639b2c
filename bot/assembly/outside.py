"""Connect to all that is outside: the database, Slack, Graph and who is on call."""

import functools
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.assembly import connections
from bot.assembly.database import check_clock, find_installation, opened_store
from bot.assembly.package_settings import KnownBindings, read_package_settings_of
from bot.configuration.settings import Settings
from bot.database import Committed, Store
from bot.database.replicas import wakeups
from bot.database.replicas.wire import Wire
from bot.database.schema import migrate
from bot.database.schema.installation import Installation
from bot.errors import ConfigurationError
from bot.machine import Machine
from bot.monitoring import tracing
from bot.monitoring.figures import Figures
from bot.monitoring.transition_log import log_committed
from bot.packages.bounds import Bounds
from bot.packages.settings.file import PackageSettingsFile
from bot.slack.api import BotIdentity, Slack
from bot.slack.calls import SlackCall
from bot.timing import Waits
from graph import Graph
from graph.calls.observed import ObservedCall


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The settings, and what is connected by them: every other part is made of these."""

    settings: Settings
    package_settings: PackageSettingsFile
    waits: Waits
    machine: Machine
    store: Store
    wire: Wire
    figures: Figures
    slack: Slack
    identity: BotIdentity
    installation: Installation
    graph: Graph
    bounds: Bounds

    @property
    def admin_channel(self) -> str:
        """Return the channel of the admins by id; empty where there is none."""
        return self.settings.admin_channel or ""

    @property
    def home_team(self) -> str | None:
        """
        Return the workspace that a click must name.

        None on Enterprise Grid: there a click names any workspace of the clicker's, or the organization, and the
        profile alone tells whether they are of ours.
        """
        return None if self.identity.enterprise_id else self.identity.team_id


async def connect_outside(
    settings: Settings, waits: Waits, machine: Machine, stack: AsyncExitStack
) -> Outside:
    """
    Connect to everything; *stack* takes the connections down.

    Raises:
        ConfigurationError: The settings do not fit, or something refuses us, with the fix.
    """
    # Before anything is connected: a mistake in it is found at once.
    package_settings = read_package_settings_of(settings)
    http = machine.graph_client()
    stack.push_async_callback(http.aclose)
    problems = waits.problems(client=http.timeout.as_dict().values())
    if problems:
        raise ConfigurationError(problems)
    store = opened_store(settings, machine=machine)
    stack.callback(store.close)
    migrate.check_whole(store)
    migrate.prepare(store, settings.sqlalchemy_url)
    migrate.check_key(store)
    KnownBindings(store, package_settings).read_now()
    wire = machine.wire(store)
    wakeups.attach(store.engine, wire)
    check_clock(store, machine)
    figures = Figures(machine.seconds)
    store.on_commit = functools.partial(_committed, figures)
    slack = await connections.connect_slack(
        settings, machine, stack, observer=functools.partial(_slack_called, figures)
    )
    identity = await connections.identify(slack, workspace=settings.workspace)
    installation = find_installation(store, identity)
    graph = await connections.connect_graph(
        settings, machine, http, observer=functools.partial(_graph_called, figures)
    )
    return Outside(
        settings=settings,
        package_settings=package_settings,
        waits=waits,
        machine=machine,
        store=store,
        wire=wire,
        figures=figures,
        slack=slack,
        identity=identity,
        installation=installation,
        graph=graph,
        bounds=await connections.find_bounds(settings, graph),
    )


def _committed(figures: Figures, rows: Sequence[Committed]) -> None:
    figures.committed(rows)
    log_committed(rows)


def _slack_called(figures: Figures, call: SlackCall) -> None:
    figures.slack_called(call)
    tracing.slack_called(call)


def _graph_called(figures: Figures, call: ObservedCall) -> None:
    figures.graph_called(call)
    tracing.graph_called(call)
