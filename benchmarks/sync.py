"""
Target 7: what it takes to copy everybody's access from Graph, the first time and when nothing has changed.

Graph is in the process's own memory (`benchmarks.entra`), so that the figures are Latchkey's: reading, comparing, writing.
"""

import asyncio
import functools
import gc
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.apart import MB, apart, largest_memory, memory
from benchmarks.blocks import Blocks
from benchmarks.entra import Entra
from benchmarks.table import Database, Options, Result
from benchmarks.worlds import migrated, with_driver
from bot.configuration.addresses import Addresses
from bot.database import Store, Transaction, open_store
from bot.database.tables import assignments
from bot.people.identity import People
from bot.slack.api import Slack
from bot.slack.profiles import SlackUser
from bot.sync.everything import TenantSync

COUNT: Final = 100_000
QUICK_COUNT: Final = 2_000
PACKAGES: Final = 200
FIRST_SECONDS: Final = 60.0
UNCHANGED_SECONDS: Final = 15.0
MEGABYTES: Final = 60.0
BLOCK_SECONDS: Final = 0.030
# Of the time, what the packages may take.
PACKAGES_SHARE: Final = 0.03
MS: Final = 1e3


@dataclass(frozen=True, kw_only=True)
class SyncCost:
    """
    What one took.

    Attributes:
        cpu: Seconds, of all threads.
        clock: Seconds by the clock.
        block: Seconds of CPU of the longest callback in the event loop.
        late: Seconds by which a heartbeat was late at most, and 99 of 100.
    """

    cpu: float
    clock: float
    block: float
    late: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Synced:
    first: SyncCost
    unchanged: SyncCost
    megabytes: float


def measure(options: Options) -> list[Result]:
    count = QUICK_COUNT if options.quick else COUNT
    return [line for name in options.databases for line in _measure(name, count)]


def _measure(database: Database, count: int) -> list[Result]:
    entra = Entra(assignments=count, packages=PACKAGES)
    with (
        tempfile.TemporaryDirectory() as folder,
        migrated(database, Path(folder)) as url,
    ):
        found = apart(functools.partial(_synced, entra, with_driver(url)))
    first, unchanged = found.first, found.unchanged
    # A smaller sync has a smaller part of the time, but as many packages.
    share = PACKAGES_SHARE + (1 - PACKAGES_SHARE) * count / COUNT
    block = max(first.block, unchanged.block)
    late = max(first.late, unchanged.late)
    work = f"sync {count:,} assignments, {PACKAGES} packages, {database}"
    return [
        _line(f"{work}, the first time", "CPU", "s", first.cpu, FIRST_SECONDS * share),
        _line(f"{work}, unchanged", "CPU", "s", unchanged.cpu, UNCHANGED_SECONDS * share),
        _line(f"{work}, memory", "more", "MB", found.megabytes, MEGABYTES),
        _line(
            f"{work}, longest callback of the loop (a heartbeat late by {late[1] * MS:.0f} ms p99, "
            f"{late[0] * MS:.0f} ms max)",
            "CPU",
            "ms",
            block * MS,
            BLOCK_SECONDS * MS,
        ),
    ]


def _line(work: str, what: str, unit: str, figure: float, target: float) -> Result:
    return Result(
        number=7,
        work=work,
        target=f"{what} ≤ {target:.3g} {unit}",
        floor="",
        result=f"{figure:.3g} {unit}",
        ratio=None,
        met=figure <= target,
    )


class NobodysSlack(Slack):
    """A workspace without members; Entra is asked for the holders all the same, and has none of them."""

    async def users_page(self, cursor: str | None = None) -> tuple[list[SlackUser], str]:
        return [], ""


def _synced(entra: Entra, url: str) -> Synced:
    store = open_store(url, audit_key=b"benchmark")
    # As `latchkey run` does.
    gc.collect()
    gc.freeze()
    try:
        return asyncio.run(_both(entra, store))
    finally:
        store.close()


async def _both(entra: Entra, store: Store) -> Synced:
    graph = entra.graph()
    people = People(
        slack=NobodysSlack(AsyncWebClient()), graph=graph, store=store, addresses=Addresses()
    )
    tenant_sync = TenantSync(store=store, graph=graph, people=people)
    before = memory()
    first = await _sync(tenant_sync)
    unchanged = await _sync(tenant_sync)
    kept = await store.read(_count)
    if kept != entra.assignments:
        raise RuntimeError(f"{kept} of {entra.assignments} assignments were written down")
    return Synced(
        first=first, unchanged=unchanged, megabytes=max(0, largest_memory() - before) / MB
    )


def _count(db: Transaction) -> int:
    return db.execute(sa.select(sa.func.count()).select_from(assignments)).scalar_one()


async def _sync(tenant_sync: TenantSync) -> SyncCost:
    async with Blocks() as blocks:
        cpu, clock = time.process_time(), time.perf_counter()
        await tenant_sync.run()
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    return SyncCost(
        cpu=cpu, clock=clock, block=blocks.longest_cpu, late=(blocks.latest, blocks.p99)
    )
