"""A real `latchkey run`, stopped with SIGTERM or killed with SIGKILL in the middle of something."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.settings import read_settings
from bot.store import Store, Transaction, open_store
from bot.store.schema import metadata
from sandbox.run import StandIns, stand_ins
from sandbox.slack import Workspace
from tests.harness.camera import DOWN
from tests.harness.owed import MACHINE_TIME, unfinished
from tests.harness.world import ANN, FAST, GENERAL, eventually, said

CODE = Path(__file__).resolve().parents[2]


class Trap:
    """Stands before a stand-in, and springs once, after a call is done and before its answer gets out."""

    def __init__(self, app: ASGIApp, *, traps: list["Trap"]) -> None:
        self._app = app
        self._call: str | None = None
        self._spring: Callable[[], None] = lambda: None
        traps.append(self)

    def set(self, call: str, spring: Callable[[], None]) -> None:
        """Call *spring* in the next POST whose path ends with *call*."""
        self._call, self._spring = call.lower(), spring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_post = scope.get("method") == "POST"
        if not is_post or self._call is None or not scope["path"].lower().endswith(self._call):
            await self._app(scope, receive, send)
            return
        self._call = None

        async def swallow(message: Message) -> None:
            """Nobody hears the answer."""

        await self._app(scope, receive, swallow)
        self._spring()
        while (await receive())["type"] != "http.disconnect":
            pass


@asynccontextmanager
async def process(outside: StandIns, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`latchkey run` in a process of its own, connected by Socket Mode."""
    environment = {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"],
        "REQUESTS_CA_BUNDLE": os.environ["REQUESTS_CA_BUNDLE"],
        **outside.environment,
        **FAST,
        "LATCHKEY_PORT": "0",
        "PYTHONPATH": str(CODE),
    }
    with (folder / "latchkey.log").open("ab") as log:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        await eventually(
            lambda: outside.workspace.sockets.is_connected or running.returncode, seconds=30
        )
        assert running.returncode is None, (folder / "latchkey.log").read_text()
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        await running.wait()
        await eventually(lambda: not outside.workspace.sockets.is_connected)


@pytest.fixture
async def outside(tmp_path, certificate, database_url):
    """Stand-ins with a trap before each of them, on both databases."""
    async with stand_ins(tmp_path, certificate=certificate) as made:
        made.environment["DATABASE_URL"] = database_url
        made.tenant.world.delivery = timedelta(0)
        made.tenant.world.lenient = True
        yield made


def traps_of(outside: StandIns) -> tuple[Trap, Trap]:
    """The traps before Graph and before Slack; set them before the first call."""
    traps: list[Trap] = []
    for stand_in in (outside.tenant, outside.workspace):
        stand_in.app.add_middleware(Trap, traps=traps)
        stand_in.app.middleware_stack = stand_in.app.build_middleware_stack()
    return traps[0], traps[1]


@contextlib.contextmanager
def database_of(outside: StandIns) -> Iterator[Store]:
    store = open_store(read_settings(outside.environment).sqlalchemy_url)
    try:
        yield store
    finally:
        store.close()


def time_passes(store: Store) -> None:
    """A long outage: everything in the machine's own time was that much earlier."""

    def age(db: Transaction) -> None:
        for name, columns in MACHINE_TIME.items():
            table = metadata.tables[name]
            (key,) = table.primary_key
            for column in columns:
                moments = sa.select(key, table.c[column]).where(table.c[column].is_not(None))
                for value, at in db.execute(moments).all():
                    db.execute(table.update().where(key == value).values({column: at - DOWN}))

    store.run_here(age)


def news(workspace: Workspace) -> list[str]:
    return [
        said(each) for each in workspace.dm(ANN).messages if "You now have access" in said(each)
    ]


async def ask(outside: StandIns) -> None:
    """Ann asks as soon as the packages are known."""

    async def accepted() -> bool:
        outcome = await outside.workspace.command(
            user=ANN, channel=GENERAL, command="/request-access", text="marketing-campaign"
        )
        return "Asked for" in (outcome.text or "") or "already" in (outcome.text or "")

    await eventually(accepted, seconds=30)


async def finished(outside: StandIns) -> None:
    """Wait until the database says that nothing is left to do."""
    with database_of(outside) as store:

        async def nothing_left() -> bool:
            return bool(news(outside.workspace)) and not await store.run(unfinished)

        await eventually(nothing_left, seconds=30)


@pytest.mark.parametrize("call", ["assignmentRequests", "chat.postMessage"])
async def test_a_killed_process_leaves_nothing_lost_and_nothing_doubled(call, outside, tmp_path):
    """SIGKILL between what a call did and its answer, and a new process on the same database."""
    graph, slack = traps_of(outside)
    trap = graph if call == "assignmentRequests" else slack
    async with process(outside, tmp_path) as first:
        trap.set(call, first.kill)
        await ask(outside)
        assert await asyncio.wait_for(first.wait(), 30) == -signal.SIGKILL
    assert len(outside.tenant.world.requests) == 1
    with database_of(outside) as store:
        time_passes(store)
    async with process(outside, tmp_path):
        await finished(outside)
    made = Counter(each.request_type for each in outside.tenant.world.requests.values())
    assert made == Counter(adminAdd=1)
    assert len(news(outside.workspace)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_clean_stop_lets_a_message_finish(outside, tmp_path):
    """SIGTERM while Slack is taking its time: the message is written down, and the next start does not repeat it."""
    outside.workspace.faults.set("slow", only="chat.postMessage", pause=timedelta(seconds=1))
    async with process(outside, tmp_path) as first:
        await ask(outside)
        await eventually(lambda: outside.workspace.faults.counts["slow"], seconds=30)
        first.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(first.wait(), 15) == 0
    outside.workspace.faults.clear()
    with database_of(outside) as store:
        time_passes(store)
        assert not await store.run(unfinished)
    async with process(outside, tmp_path):
        await finished(outside)
    assert len(news(outside.workspace)) == 1
