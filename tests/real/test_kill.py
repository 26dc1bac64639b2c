"""A real `latchkey run`, stopped with SIGTERM or killed with SIGKILL in the middle of something."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.configuration.settings import read_settings
from bot.database import Store, Transaction, open_store
from bot.database.tables import metadata
from sandbox.run import StandIns, stand_ins
from sandbox.slack import Workspace
from tests.harness.camera import DOWN
from tests.harness.owed import MACHINE_TIME, unfinished
from tests.harness.real import LOOKS, become_latchkey
from tests.harness.world import ANN, GENERAL, eventually, said

# How long Slack takes for its answer after the signal: long enough for the process to have noticed it.
TAKES_ITS_TIME = 0.5


class Trap:
    """Stands before a stand-in, and springs once, after a call is done and before its answer gets out."""

    def __init__(self, app: ASGIApp, *, traps: list["Trap"]) -> None:
        self._app = app
        self._call: str | None = None
        self._spring: Callable[[], None] = lambda: None
        self.sprung = 0
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
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        self._spring()
        self.sprung += 1
        await asyncio.sleep(TAKES_ITS_TIME)
        for each in answer:
            await send(each)


@asynccontextmanager
async def process(
    outside: StandIns, folder: Path, *, call: str = "", trap: Trap | None = None
) -> AsyncIterator[ForkServerProcess]:
    """`latchkey run` in a process of its own, connected by Socket Mode; *trap* kills it at its first *call*."""
    output = folder / "latchkey.log"
    running = become_latchkey(folder, ["run"], outside.environment, output)
    if trap is not None:
        trap.set(call, running.kill)
    try:
        await eventually(
            lambda: outside.workspace.sockets.is_connected or running.exitcode is not None
        )
        assert running.exitcode in {None, -signal.SIGKILL}, output.read_text()
        yield running
    finally:
        running.kill()
        await asyncio.to_thread(running.join)
        await eventually(lambda: not outside.workspace.sockets.is_connected)


@pytest.fixture
async def outside(tmp_path, certificate, database_url):
    """Stand-ins that a bot in another process can reach, and a database."""
    async with stand_ins(tmp_path, certificate=certificate) as made:
        made.environment |= {
            **LOOKS,
            "DATABASE_URL": database_url,
            "LATCHKEY_PORT": "0",
            "SSL_CERT_FILE": str(certificate.ca_file),
            "REQUESTS_CA_BUNDLE": str(certificate.ca_file),
        }
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
            key = sa.tuple_(*table.primary_key)
            for column in columns:
                moments = sa.select(table.c[column], *table.primary_key)
                for at, *values in db.execute(moments.where(table.c[column].is_not(None))).all():
                    row = table.update().where(key == tuple(values))
                    db.execute(row.values({column: at - DOWN}))

    store.run_here(age)


def news(workspace: Workspace) -> list[str]:
    return [
        said(each) for each in workspace.dm(ANN).messages if "You now have access" in said(each)
    ]


async def ask(outside: StandIns, bot: ForkServerProcess) -> None:
    """Ann asks as soon as the packages are known; a bot that dies of it need not have answered."""

    async def accepted() -> bool:
        outcome = await outside.workspace.command(
            user=ANN, channel=GENERAL, command="/request-access", text="marketing-campaign"
        )
        answer = outcome.text or ""
        return "you may have" in answer or "already" in answer or bot.exitcode is not None

    await eventually(accepted)


async def finished(outside: StandIns) -> None:
    """Wait until the database says that nothing is left to do."""
    with database_of(outside) as store:

        async def nothing_left() -> bool:
            return bool(news(outside.workspace)) and not await store.run(unfinished)

        await eventually(nothing_left)


@pytest.mark.parametrize(
    ("database_url", "calls"),
    # Every other moment on SQLite is in `tests/proofs/crash_sweep`, in simulated time.
    [
        ("sqlite", ["assignmentRequests"]),
        ("postgresql", ["assignmentRequests", "chat.postMessage"]),
    ],
    indirect=["database_url"],
    ids=["sqlite", "postgresql"],
)
async def test_a_killed_process_leaves_nothing_lost_and_nothing_doubled(calls, outside, tmp_path):
    """SIGKILL between what a call did and its answer, each time, and a new process on the same database."""
    graph, slack = traps_of(outside)
    traps = {"assignmentRequests": graph, "chat.postMessage": slack}
    for call in calls:
        async with process(outside, tmp_path, call=call, trap=traps[call]) as bot:
            if call == calls[0]:
                await ask(outside, bot)
            await asyncio.to_thread(bot.join)
            assert bot.exitcode == -signal.SIGKILL
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
    _, slack = traps_of(outside)
    async with process(outside, tmp_path) as first:
        slack.set("chat.postMessage", first.terminate)
        await ask(outside, first)
        await asyncio.to_thread(first.join)
        assert first.exitcode == 0
    assert slack.sprung
    with database_of(outside) as store:
        time_passes(store)
        assert not await store.run(unfinished)
    async with process(outside, tmp_path):
        await finished(outside)
    assert len(news(outside.workspace)) == 1
