"""A real `latchkey run`, stopped with SIGTERM or killed with SIGKILL in the middle of something."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.settings import read_settings
from bot.store import Store, open_store
from sandbox.run import StandIns, stand_ins
from sandbox.slack import Workspace
from tests.flow.crashing import DOWN, MACHINE_TIME, unfinished
from tests.flow.world import ANN, FAST, GENERAL, eventually, said

CODE = Path(__file__).resolve().parents[2]


class Trap:
    """Stands before a stand-in, and springs once: before the call is done, or after it and before its answer."""

    def __init__(self, app: ASGIApp, *, traps: list["Trap"]) -> None:
        self._app = app
        self._when: Callable[[str], bool] | None = None
        self._spring: Callable[[], None] = lambda: None
        self._after = False
        traps.append(self)

    def set(self, call: str, spring: Callable[[], None], *, after: bool) -> None:
        """Call *spring* at the next POST whose path ends with *call*."""
        self._when = lambda path: path.lower().endswith(call.lower())
        self._spring, self._after = spring, after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hit = (
            self._when is not None
            and scope.get("method") == "POST"
            and self._when(scope.get("path", ""))
        )
        if not hit:
            await self._app(scope, receive, send)
            return
        self._when = None
        if self._after:
            swallowed = asyncio.Event()

            async def swallow(message) -> None:
                swallowed.set()

            await self._app(scope, receive, swallow)
            await swallowed.wait()
        self._spring()
        # Whoever called is dead: there is nobody to answer.
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
def database_of(outside: StandIns):
    store = open_store(read_settings(outside.environment).sqlalchemy_url)
    try:
        yield store
    finally:
        store.close()


def time_passes(store: Store) -> None:
    """A long outage: everything in the machine's own time was that much earlier."""

    def age(db) -> None:
        for table, columns in MACHINE_TIME.items():
            for column in columns:
                for key, at in db.execute(_moments(table, column)).all():
                    db.execute(_moved(table, column, key, at))

    store.run_here(age)


def _moments(table: str, column: str):
    found = _table(table)
    return sa.select(*found.primary_key, found.c[column]).where(found.c[column].is_not(None))


def _moved(table: str, column: str, key: object, at):
    found = _table(table)
    (primary,) = found.primary_key
    return found.update().where(primary == key).values({column: at - DOWN})


def _table(name: str) -> sa.Table:
    from bot.store.schema import metadata

    return metadata.tables[name]


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


@pytest.mark.parametrize(
    ("call", "after", "messages"),
    [
        ("assignmentRequests", False, 1),
        ("assignmentRequests", True, 1),
        ("chat.postMessage", False, 1),
        # Slack has it, and nobody could write that down: once more at most.
        ("chat.postMessage", True, 2),
    ],
)
async def test_a_killed_process_leaves_nothing_lost_and_nothing_doubled(
    call, after, messages, outside, tmp_path
):
    """SIGKILL from inside a call, and a new process on the same database."""
    graph, slack = traps_of(outside)
    trap = graph if call == "assignmentRequests" else slack
    async with process(outside, tmp_path) as first:
        trap.set(call, first.kill, after=after)
        await ask(outside)
        assert await asyncio.wait_for(first.wait(), 30) == -signal.SIGKILL
    assert len(outside.tenant.world.requests) == (
        0 if (call, after) == ("assignmentRequests", False) else 1
    )
    with database_of(outside) as store:
        time_passes(store)
    async with process(outside, tmp_path):
        await finished(outside)
    made = Counter(each.request_type for each in outside.tenant.world.requests.values())
    assert made == Counter(adminAdd=1)
    assert len(news(outside.workspace)) == messages


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
