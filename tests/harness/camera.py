"""
Photographs of all that outlives a bot, one at each step of a story, and new bots that go on from each.

A bot that dies leaves two things behind: what it has committed, and what Slack and Graph have taken.  So dying at
any line whatever is the same as one of these photographs: after each commit that changed a row, and after each
call that changed something outside.  The lines between two photographs differ in memory only, and that is gone.
"""

import asyncio
import copy
import itertools
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from bot.configuration.settings import read_settings
from bot.database.tables import metadata, sweeps
from bot.timing import WAITS, Waits
from sandbox.run import StandIns
from sandbox.tenant.world import WIRING
from tests.harness.process import Process
from tests.harness.simulation import Simulation
from tests.harness.world import World

Rows = dict[str, list[dict[str, Any]]]

# Time that passes between a death and the next bot: longer than every lease and every settle time.
DOWN: Final = timedelta(minutes=15)
# Written by every sync; no step of any story.
NO_STEP: Final = {"assignment": ("seen_at",), "sweep": sweeps.c.keys()}
# Which table a statement writes; of any other but these that only read, it is not known.
WRITES: Final = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)")
ONLY_READS: Final = re.compile(r"\s*(?:SELECT|PRAGMA|BEGIN|SET|SAVEPOINT|RELEASE|NOTIFY)\b")
ALL_TABLES: Final = frozenset(metadata.tables)
OF_SLACK: Final = ("people", "channels", "usergroups", "views", "_last_ts")
NOT_OF_TENANT: Final = WIRING | {"users"}
OF_LOGIN: Final = (
    "_devices",
    "_user_codes",
    "_codes",
    "_redeemed",
    "_refresh",
    "_revoked_at",
    "_challenges",
)
CHANGES: Final = ("chat.", "views.", "assignmentRequests", "AssignmentApprovals", "/token")


@dataclass(frozen=True, kw_only=True)
class Photograph:
    """What a bot that died here would leave behind; *step* says where that is, *at* when by the business's clock."""

    step: str
    rows: Rows
    tenant: dict[str, Any]
    slack: dict[str, Any]
    login: dict[str, Any]
    at: datetime

    @property
    def kind(self) -> str:
        """What was done at this step: "commit", or what has been taken outside."""
        return self.step.partition(": ")[2]


class Writings:
    """Hears which tables are written, by any engine, so that only those need be read anew."""

    def __init__(self) -> None:
        self._tables = set(ALL_TABLES)

    def taken(self) -> set[str]:
        """Return the tables that may have changed since the last time."""
        tables, self._tables = self._tables, set()
        return tables

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Listen meanwhile."""
        sa.event.listen(sa.Engine, "before_cursor_execute", self._hear)
        try:
            yield
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", self._hear)

    def _hear(self, _db: object, _cursor: object, statement: str, *_rest: object) -> None:
        if (writes := WRITES.match(statement)) is not None:
            self._tables.add(writes[1])
        elif not ONLY_READS.match(statement):
            self._tables |= ALL_TABLES


@dataclass
class Camera:
    """Takes a photograph after each step while `watching`; *moments* counts the ways to die meanwhile."""

    around: Simulation
    album: list[Photograph] = field(default_factory=list)
    moments: int = 0
    _own: sa.Engine | None = None
    _rows: Rows = field(default_factory=dict)
    _writings: Writings = field(default_factory=Writings)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Photograph every step of every bot."""
        self._own = _engine_of(self.around.outside)
        self.around.moment, unwatched = self._moment, self.around.moment
        with self._writings.heard():
            self.take("nothing yet")
            try:
                yield
                assert self._now() == self._read(ALL_TABLES), "something was written unheard"
            finally:
                self.around.moment = unwatched
                self._own.dispose()

    def _moment(self, process: Process, what: str) -> None:
        self.moments += 1
        when, _, about = what.partition(" ")
        if when != "after":
            return
        if about == "a transaction":
            self.take("commit")
        elif about.startswith(("POST", "PATCH")) and any(each in about for each in CHANGES):
            # Submitted there, and nobody here knows it yet.
            self.take(f"taken {about.rpartition('/')[2]}")

    def take(self, step: str) -> None:
        """Keep what there is now, unless it is what the last photograph shows."""
        self._rows = self._now()
        if step == "commit" and self.album and _same(self.album[-1].rows, self._rows):
            return
        outside = self.around.outside
        self.album.append(
            Photograph(
                step=f"{len(self.album)}: {step}",
                rows=self._rows,
                tenant=_tenant_now(outside),
                slack=_slack_now(outside),
                login=_login_now(outside),
                at=outside.clock.now(),
            )
        )

    def _now(self) -> Rows:
        return self._rows | self._read(self._writings.taken())

    def _read(self, tables: Collection[str]) -> Rows:
        if not tables:
            return {}
        assert self._own is not None
        with self._own.connect() as db:
            _one_moment(db)
            return {
                name: [dict(row) for row in db.execute(_given(metadata.tables[name])).mappings()]
                for name in sorted(tables)
            }


def _given(table: sa.Table) -> sa.Select[Any]:
    """Return what was written; the rest the database computes itself, and takes from nobody."""
    return sa.select(*(column for column in table.c if column.computed is None))


def _same(one: Rows, other: Rows) -> bool:
    # What nobody has written is the very same list.
    return all(
        one[name] is other[name] or _bare(name, one[name]) == _bare(name, other[name])
        for name in one
    )


def _bare(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    left_out = NO_STEP.get(name)
    if left_out is None:
        return rows
    return [{key: row[key] for key in row if key not in left_out} for row in rows]


def _engine_of(outside: StandIns) -> sa.Engine:
    url = read_settings(outside.environment).sqlalchemy_url
    return sa.create_engine(url, poolclass=sa.StaticPool if "sqlite" in url else sa.NullPool)


def _one_moment(db: sa.Connection) -> None:
    """All reads show the same moment, however many commits come between them."""
    if db.dialect.name == "postgresql":
        db.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _tenant_now(outside: StandIns) -> dict[str, Any]:
    world = outside.tenant.world
    state = {name: value for name, value in vars(world).items() if name not in NOT_OF_TENANT}
    return _copied(outside, state)


def _copied(outside: StandIns, state: dict[str, Any]) -> dict[str, Any]:
    """A copy of the tenant's state; what is on its agenda still belongs to the tenant that there is."""
    world = outside.tenant.world
    return copy.deepcopy(state, {id(world): world})


def _slack_now(outside: StandIns) -> dict[str, Any]:
    return copy.deepcopy({name: getattr(outside.workspace, name) for name in OF_SLACK})


def _login_now(outside: StandIns) -> dict[str, Any]:
    sign_ins = vars(outside.tenant.login.sign_ins)
    return copy.deepcopy({name: sign_ins[name] for name in OF_LOGIN})


def empty_sqlite(template: Path, folder: Path) -> Iterator[str]:
    """Addresses of as many empty, migrated SQLite databases as are wanted; only the last one is kept."""
    for number in itertools.count():
        database = folder / f"latchkey-{number}.db"
        shutil.copy(template, database)
        yield f"sqlite:///{database}"
        for left in folder.glob(f"{database.name}*"):
            left.unlink()


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


async def restore(around: Simulation, photograph: Photograph, *, database: str) -> None:
    """Make the stand-ins and an empty *database* what they were, and let every lease and every wait run out."""
    outside = around.outside
    vars(outside.tenant.world).update(_copied(outside, photograph.tenant))
    vars(outside.workspace).update(copy.deepcopy(photograph.slack))
    vars(outside.tenant.login.sign_ins).update(copy.deepcopy(photograph.login))
    # The business's time is put back; the machine's own goes on.
    await asyncio.sleep(DOWN.total_seconds())
    outside.clock.offset = photograph.at - outside.clock.machine()
    outside.environment["DATABASE_URL"] = database
    engine = _engine_of(outside)
    with engine.begin() as db:
        for table in metadata.sorted_tables:
            if table.name != "audit":
                db.execute(table.delete())
            # The database works out some columns by itself.
            given = [column.name for column in table.c if column.computed is None]
            rows = [{name: row[name] for name in given} for row in photograph.rows[table.name]]
            if rows:
                db.execute(table.insert(), rows)
    engine.dispose()


@asynccontextmanager
async def life(around: Simulation, *, waits: Waits = WAITS) -> AsyncIterator[World]:
    """A bot from its start to its end, between stand-ins that outlive it."""
    bot = await around.start(waits=waits)
    try:
        yield World(around.outside, bot.latchkey)
    finally:
        await bot.stop()
