"""Bots on this machine's own event loop, threads and time: over real sockets, or over wires in memory."""

import multiprocessing
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import httpx

from bot.__main__ import main
from bot.app import Latchkey, assembled
from bot.configuration.settings import read_settings
from bot.machine import GRAPH_TIMEOUT, SLACK_TIMEOUT, Machine
from sandbox.certificate import Certificate
from sandbox.clock import SandboxClock
from sandbox.run import StandIns, serving_bot, stand_ins, tutorial_world, wired
from tests.harness.simulation import MICROSOFT, SLACK, WITHOUT_LIMITS, TenantTokens
from tests.harness.wires import GraphWire, SlackSession, Wire
from tests.harness.world import World

# Commits wake the jobs, and so does time that is moved: few looks by the clock are needed.
LOOKS: Final = {"LATCHKEY_POLL_SECONDS": "1", "LATCHKEY_SYNC_SECONDS": "300"}


@asynccontextmanager
async def living_on_sockets(
    folder: Path, certificate: Certificate, *, socket_mode: bool = False, **environment: str
) -> AsyncIterator[World]:
    """
    Stand-ins that are served on this machine, and a bot that knows their packages already.

    Args:
        folder: For the SQLite file, unless DATABASE_URL says otherwise.
        certificate: Of Microsoft's stand-in, which is served over TLS; this process trusts it.
        socket_mode: Let the bot connect; otherwise Slack posts to it.
        environment: Settings of the bot, over those of the sandbox.
    """
    async with stand_ins(folder, certificate=certificate, socket_mode=socket_mode) as outside:
        outside.tenant.world.delivery = timedelta(0)
        everything = {**outside.environment, **LOOKS, **environment}
        async with serving_bot(outside, everything) as bot:
            world = World(outside, bot)
            await world.looked_at_everything()
            yield world


def become_latchkey(
    folder: Path, command: Sequence[str], environment: Mapping[str, str], output: Path
) -> ForkServerProcess:
    """
    Start a process that becomes the command `latchkey`, in *folder* and with exactly this environment.

    Forked from a server that has imported everything already: importing takes longer than starting.

    Args:
        output: The file for all that it prints, after what is there already.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    begun = context.Process(
        target=_become, args=(folder, list(command), dict(environment), output), daemon=True
    )
    begun.start()
    return begun


def _become(
    folder: Path, command: Sequence[str], environment: Mapping[str, str], output: Path
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with output.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    main(command, prog_name="latchkey")


class Immortal:
    """Stands for the process of a wire that nobody kills."""

    is_dead: Final = False

    async def rest_in_peace(self) -> None:
        """Never asked for."""


def stand_ins_in_memory(database: str) -> StandIns:
    """Stand-ins with the tutorial's world that nobody serves; *database* is what DATABASE_URL says."""
    workspace, tenant = tutorial_world(SandboxClock())
    workspace.base_url = SLACK
    made = wired(workspace, tenant, microsoft=MICROSOFT, database=Path("unused"), socket_mode=True)
    made.environment["DATABASE_URL"] = database
    return made


@asynccontextmanager
async def standing_here(outside: StandIns) -> AsyncIterator[Latchkey]:
    """One more bot by hand, with threads and connections of its own, and wires in memory to the stand-ins."""
    to_graph, to_slack = (
        Wire(Immortal(), app, pause=lambda: 0.0, moment=lambda what: None)
        for app in (outside.tenant.app, outside.workspace.app)
    )
    total = SLACK_TIMEOUT.total
    machine = Machine(
        # However slow this machine is.
        session_limits=WITHOUT_LIMITS,
        graph_client=lambda: httpx.AsyncClient(
            transport=GraphWire(to_graph), timeout=GRAPH_TIMEOUT, trust_env=False
        ),
        slack_session=lambda: SlackSession(to_slack, within=total),  # type: ignore[return-value,arg-type]
        tokens=lambda settings: TenantTokens(outside.tenant),
    )
    async with assembled(read_settings(outside.environment), machine=machine) as latchkey:
        yield latchkey
