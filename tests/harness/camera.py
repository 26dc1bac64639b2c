"""
Photographs of all that outlives a bot, one at each step of a story, and new bots that go on from each.

A bot that dies leaves two things behind: what it has committed, and what Slack and Graph have taken.  So dying at
any line whatever is the same as one of these photographs: after each commit that changed a row, and after each
call that changed something outside.  The lines between two photographs differ in memory only, and that is gone.
"""

import asyncio
import copy
import itertools
import shutil
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import clock as business_clock
from bot import migrate
from bot.app import Latchkey, running
from bot.pacing import WAITS, Waits
from bot.settings import read_settings
from bot.store import open_store
from bot.store.database import Store
from bot.store.schema import metadata
from sandbox.run import StandIns
from tests.harness.owed import MACHINE_TIME
from tests.harness.world import FAST, World

Rows = dict[str, list[dict[str, Any]]]

# Real time that passes between a death and the next bot: longer than every lease and every settle time.
DOWN: Final = timedelta(minutes=15)
# Written by every sweep; no step of any story.
NO_STEP: Final = {"assignment": ("seen_at",)}
OF_SLACK: Final = ("people", "channels", "usergroups", "views", "_last_ts")
NOT_OF_TENANT: Final = ("clock", "users", "_listeners", "delivery_outcome")
CHANGES: Final = ("chat.", "views.", "assignmentRequests")


@dataclass(frozen=True, kw_only=True)
class Photograph:
    """What a bot that died here would leave behind; *step* says where that is."""

    step: str
    rows: Rows
    tenant: dict[str, Any]
    slack: dict[str, Any]
    offset: timedelta


@dataclass
class Camera:
    """Takes a photograph after each step while `watching`."""

    outside: StandIns
    album: list[Photograph] = field(default_factory=list)
    moments: int = 0
    _watched: sa.Engine | None = None
    _own: sa.Engine | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Stand where calls come in and commits go out; before the stand-ins and the bot are used."""
        for stand_in in (self.outside.tenant, self.outside.workspace):
            stand_in.app.add_middleware(_AfterChange, camera=self)
        # On the class: listening to an engine that is at work would trip its other threads.
        sa.event.listen(sa.Engine, "commit", self._committed)
        try:
            yield
        finally:
            sa.event.remove(sa.Engine, "commit", self._committed)

    @contextmanager
    def watching(self, store: Store) -> Iterator[None]:
        """Photograph every step of the bot that uses *store*."""
        self._loop = asyncio.get_running_loop()
        self._own, self._watched = _engine_of(self.outside), store.engine
        self.take("nothing yet")
        try:
            yield
        finally:
            self._own.dispose()
            self._own = self._watched = None

    def take(self, step: str) -> None:
        """Keep what there is now, unless it is what the last photograph shows.  In the event loop's thread."""
        if self._own is None:
            return
        with self._own.connect() as db:
            _one_moment(db)
            rows = {
                table.name: [dict(row) for row in db.execute(sa.select(table)).mappings()]
                for table in metadata.sorted_tables
            }
        if step.startswith("commit") and self.album and _same(self.album[-1].rows, rows):
            return
        self.album.append(
            Photograph(
                step=f"{len(self.album)}: {step}",
                rows=rows,
                tenant=_tenant_now(self.outside),
                slack=_slack_now(self.outside),
                offset=self.outside.clock.offset,
            )
        )

    def count(self, moments: int) -> None:
        """So many more moments to die at have gone by, while the bot is watched."""
        if self._own is not None:
            self.moments += moments

    def _committed(self, connection: sa.Connection) -> None:
        """SQLAlchemy calls this just before a commit, so the commit is made here; its own finds nothing to do."""
        if self._loop is None or connection.engine is not self._watched:
            return
        driver: Any = connection.connection.dbapi_connection
        driver.commit()
        # Before and after; and what is not different from the last photograph is not kept.
        self.count(2)
        taken = threading.Event()

        def take() -> None:
            try:
                self.take("commit")
            finally:
                taken.set()

        # Only the event loop changes the stand-ins, so there they stand still.
        self._loop.call_soon_threadsafe(take)
        taken.wait(10)


class _AfterChange:
    """Photographs after a call that changed something, before its answer gets out."""

    def __init__(self, app: ASGIApp, *, camera: Camera) -> None:
        self._app = app
        self._camera = camera

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http":
            # Before it is sent, before it is answered, and before the answer is read.
            self._camera.count(3)
        changes = scope.get("method") == "POST" and any(each in path for each in CHANGES)

        async def answer(message: Message) -> None:
            if changes and message["type"] == "http.response.start":
                self._camera.take(f"taken {path.rpartition('/')[2]}")
            await send(message)

        await self._app(scope, receive, answer)


def _same(one: Rows, other: Rows) -> bool:
    def bare(rows: Rows) -> Rows:
        return {
            name: [
                {key: value for key, value in row.items() if key not in NO_STEP.get(name, ())}
                for row in table
            ]
            for name, table in rows.items()
        }

    return bare(one) == bare(other)


def _engine_of(outside: StandIns) -> sa.Engine:
    url = read_settings(outside.environment).sqlalchemy_url
    return sa.create_engine(url, poolclass=sa.NullPool)


def _one_moment(db: sa.Connection) -> None:
    """All reads show the same moment, however many commits come between them."""
    if db.dialect.name == "sqlite":
        # The driver opens no transaction for reads by itself.
        db.exec_driver_sql("BEGIN")
    else:
        db.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _tenant_now(outside: StandIns) -> dict[str, Any]:
    world = outside.tenant.world
    memo: dict[int, Any] = {id(world): world}
    state = {name: value for name, value in vars(world).items() if name not in NOT_OF_TENANT}
    return copy.deepcopy(state, memo)


def _slack_now(outside: StandIns) -> dict[str, Any]:
    return copy.deepcopy({name: getattr(outside.workspace, name) for name in OF_SLACK})


def empty_sqlite(folder: Path) -> Iterator[str]:
    """Addresses of as many empty, migrated SQLite databases as are wanted."""
    template = folder / "template.db"
    store = open_store(f"sqlite+pysqlite:///{template}")
    migrate.upgrade(store)
    store.close()
    for number in itertools.count():
        database = folder / f"latchkey-{number}.db"
        shutil.copy(template, database)
        yield f"sqlite:///{database}"


def empty_postgresql(address: sa.URL) -> Iterator[str]:
    """The same on the PostgreSQL server of the `postgresql` fixture."""
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    while True:
        name = f"test_{uuid.uuid4().hex}"
        with engine.connect() as db:
            db.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template_latchkey"))
        url = address.set(database=name).render_as_string(hide_password=False)
        yield url.replace("postgresql+psycopg:", "postgresql:")
        # Whoever asks for the next one is done with this.
        with engine.connect() as db:
            db.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def restore(outside: StandIns, photograph: Photograph, *, database: str) -> None:
    """Make the stand-ins and an empty *database* what they were, and let the time of a long outage pass."""
    vars(outside.tenant.world).update(photograph.tenant)
    # A copy: the photograph is compared with later.
    vars(outside.workspace).update(copy.deepcopy(photograph.slack))
    outside.clock.offset = photograph.offset
    outside.environment["DATABASE_URL"] = database
    engine = _engine_of(outside)
    with engine.begin() as db:
        for table in metadata.sorted_tables:
            rows = [_aged(row, table.name) for row in photograph.rows[table.name]]
            if table.name != "audit":
                db.execute(table.delete())
            if rows:
                db.execute(table.insert(), rows)
    engine.dispose()


def _aged(row: dict[str, Any], table: str) -> dict[str, Any]:
    aged = {name: row[name] - DOWN for name in MACHINE_TIME.get(table, ()) if row[name]}
    return row | aged


@asynccontextmanager
async def life(around: StandIns, *, waits: Waits = WAITS) -> AsyncIterator[World]:
    """
    A bot from its start to its end, between stand-ins that outlive it.

    Without Socket Mode, Slack reaches it in memory, which saves a server for each of many short lives.
    """

    def follow() -> None:
        business_clock.set_offset(outside.clock.offset)

    follow()
    everything = {**outside.environment, **FAST, "LATCHKEY_SYNC_SECONDS": "60"}
    settings = read_settings(everything)
    async with running(settings, waits=waits) as bot, _reached(outside, bot):

        def time_moved() -> None:
            follow()
            bot.jobs.wake_all()

        unsubscribe = outside.clock.subscribe(time_moved)
        try:
            yield World(outside, bot)
        finally:
            unsubscribe()


@asynccontextmanager
async def _reached(outside: StandIns, bot: Latchkey) -> AsyncIterator[None]:
    slack = outside.workspace
    if bot.settings.uses_socket_mode:
        yield
        return
    slack._http = httpx.AsyncClient(transport=httpx.ASGITransport(bot.asgi))
    slack.request_url = "http://latchkey/slack/events"
    try:
        yield
    finally:
        slack.request_url = None
        await slack._http.aclose()
        slack._http = None
