"""
One, two and four replicas on one PostgreSQL: target 12.

Calls of Graph by the interval of the sync and by delivered request, commands and deliveries a second, and claims against
a loop by hand.  All replicas, PostgreSQL and the stand-ins share this machine: more of them cannot be faster than its cores.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import sqlalchemy as sa

from benchmarks.claims import Due
from benchmarks.graph_calls import WHY_REPLICAS
from benchmarks.load import App, commands, load
from benchmarks.processes import Process, started
from benchmarks.stand_ins import COUNT, PACKAGES, package_name, user_id
from benchmarks.table import Options, Result
from benchmarks.worlds import ADDRESS, SETTINGS, migrated, with_driver

REPLICAS: Final = (1, 2, 4)
CONNECTIONS: Final = 32
ASKED: Final = 200
QUICK_ASKED: Final = 60
# Short, so that some of them are counted in seconds.
SYNC_SECONDS: Final = 5
INTERVALS: Final = 6
QUICK_INTERVALS: Final = 3
AN_HOUR: Final = 3_600 / 300
DELIVERED_WITHIN: Final = 240
LOOK_SECONDS: Final = 0.1
NOT_LOWER: Final = 0.9
WHY_SLOWER: Final = (
    "replicas, PostgreSQL, stand-ins and whoever asks share the cores of one machine: with more replicas than cores each one more is "
    "only work more. Next: measure it with a core for each."
)
WHY_CLAIMS: Final = (
    "each row is read whole and made a request, sixty columns with JSON in some of them; the loop by hand keeps it as the driver gives "
    "it. Next: read what a step does not need when it needs it."
)
NOT_MORE: Final = 1.1
CLAIMED: Final = 4_000
QUICK_CLAIMED: Final = 1_000
WORKERS: Final = (1, 4)
ROUNDS: Final = 5
SHARE: Final = 0.5
# Whatever is known of whoever asks.
CONFIRMED: Final = "you may have"
DELIVERED: Final = "SELECT count(*) FROM request WHERE state = 'delivered'"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What so many replicas did."""

    calls_an_interval: float
    calls_a_request: float
    commands_a_second: float
    deliveries_a_second: float
    cpu_a_request: float
    turned_away: int

    @property
    def throughput(self) -> str:
        away = f" ({self.turned_away} turned away)" if self.turned_away else ""
        return f"{self.commands_a_second:.0f} commands{away}, {self.deliveries_a_second:.1f} deliveries a second"


def measure(options: Options) -> list[Result]:
    if "postgresql" not in options.databases:
        return []
    return [*asyncio.run(_replicas(options)), *_claims(options)]


async def _replicas(options: Options) -> list[Result]:
    found = {number: await _measured(number, options) for number in REPLICAS}
    one = found[1]
    results = []
    for number, each in found.items():
        if number == 1:
            continue
        idle = each.calls_an_interval / one.calls_an_interval
        results.append(
            Result(
                number=12,
                work=f"Graph calls of {number} replicas",
                target=f"≤ {NOT_MORE} x those of one, idle and a request",
                floor=f"{one.calls_an_interval:.1f} an interval ({one.calls_an_interval * AN_HOUR:.0f} an hour), "
                f"{one.calls_a_request:.1f} a request",
                result=f"{each.calls_an_interval:.1f} ({each.calls_an_interval * AN_HOUR:.0f} an hour), "
                f"{each.calls_a_request:.1f} a request",
                ratio=idle,
                met=idle <= NOT_MORE and each.calls_a_request <= NOT_MORE * one.calls_a_request,
                why=WHY_REPLICAS,
            )
        )
        acks = each.commands_a_second / one.commands_a_second
        deliveries = each.deliveries_a_second / one.deliveries_a_second
        results.append(
            Result(
                number=12,
                work=f"throughput of {number} replicas",
                target="not lower than that of one",
                floor=one.throughput,
                result=each.throughput,
                ratio=min(acks, deliveries),
                met=min(acks, deliveries) >= NOT_LOWER,
                why=WHY_SLOWER,
            )
        )
    return results


async def _measured(number: int, options: Options) -> Measured:
    asked = QUICK_ASKED if options.quick else ASKED
    intervals = QUICK_INTERVALS if options.quick else INTERVALS
    async with _started(number, people=asked) as (bots, app, outside, address):
        replicas = list(bots)
        await outside.ask(json.dumps(COUNT))
        await asyncio.sleep(SYNC_SECONDS * intervals)
        idle = int(await outside.ask(json.dumps(COUNT))) / intervals
        began, cpu = time.perf_counter(), _cpu(bots)
        shares = [
            load(
                each,
                app,
                [
                    fields
                    for number in range(place, asked, len(replicas))
                    for fields in commands(
                        app, [user_id(number)], text=package_name(number % PACKAGES)
                    )
                ],
                connections=CONNECTIONS // len(replicas),
            )
            for place, each in enumerate(replicas)
        ]
        loads = await asyncio.gather(*shares)
        answered = time.perf_counter() - began
        taken = sum(each.saying(CONFIRMED) for each in loads)
        await _delivered(address, taken)
        seconds, cpu = time.perf_counter() - began, _cpu(bots) - cpu
        calls = int(await outside.ask(json.dumps(COUNT))) - idle * seconds / SYNC_SECONDS
    return Measured(
        calls_an_interval=idle,
        calls_a_request=calls / taken,
        commands_a_second=taken / answered,
        deliveries_a_second=taken / seconds,
        cpu_a_request=cpu / taken,
        turned_away=asked - taken,
    )


@asynccontextmanager
async def _started(
    number: int, *, people: int
) -> AsyncIterator[tuple[Mapping[str, Process], App, Process, str]]:
    """So many replicas that are ready, by address; the app, the stand-ins and the database."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(migrated("postgresql", folder))
        arguments = (str(folder), str(people), "0")
        outside = await stack.enter_async_context(
            started(
                "benchmarks.stand_ins", *arguments, environment={}, log=folder / "stand-ins.log"
            )
        )
        said: dict[str, Any] = json.loads(outside.said)
        settings = {**said["environment"], **SETTINGS, "DATABASE_URL": url}
        settings["LATCHKEY_SYNC_SECONDS"] = str(SYNC_SECONDS)
        app = App(
            signing_secret=settings["SLACK_SIGNING_SECRET"],
            app_id=said["app_id"],
            team_id=said["team_id"],
        )
        bots: dict[str, Process] = {}
        for place in range(number):
            bot = await stack.enter_async_context(
                started("bot", "run", environment=settings, log=folder / f"bot-{place}.log")
            )
            found = ADDRESS.search(bot.said)
            if found is None:
                raise RuntimeError(f"the bot says {bot.said!r}")
            bots[found[1]] = bot
        # Each has made its first sync then, or learned of another's.
        await asyncio.sleep(2 * SYNC_SECONDS)
        yield bots, app, outside, with_driver(url)


def _cpu(bots: Mapping[str, Process]) -> float:
    """Seconds that the replicas have worked."""
    times = [psutil.Process(each.pid).cpu_times() for each in bots.values()]
    return float(sum(each.user + each.system for each in times))


async def one_replica() -> Measured:
    """Return what one replica does, in the quick form."""
    return await _measured(1, Options(quick=True))


async def _delivered(address: str, count: int) -> None:
    engine = sa.create_engine(address)
    try:
        async with asyncio.timeout(DELIVERED_WITHIN):
            while await asyncio.to_thread(_found, engine) < count:  # noqa: ASYNC110 (other processes)
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        engine.dispose()


def _found(engine: sa.Engine) -> int:
    with engine.connect() as db:
        return int(db.execute(sa.text(DELIVERED)).scalar_one())


def _claims(options: Options) -> list[Result]:
    count = QUICK_CLAIMED if options.quick else CLAIMED
    results = []
    with (
        tempfile.TemporaryDirectory() as folder,
        migrated("postgresql", Path(folder)) as url,
    ):
        due = Due(url, count)
        for workers in WORKERS:
            ours, by_hand = [], []
            for _ in range(ROUNDS):
                by_hand.append(due.by_hand(workers))
                ours.append(due.ours(workers))
            mine, least = statistics.median(ours), statistics.median(by_hand)
            results.append(
                Result(
                    number=12,
                    work=f"claims of {count:,} due requests, {workers} at once",
                    target=f"≥ {SHARE} x a SKIP LOCKED loop by hand",
                    floor=f"{least:,.0f} a second",
                    result=f"{mine:,.0f} a second",
                    ratio=mine / least,
                    met=mine >= SHARE * least,
                    why=WHY_CLAIMS,
                )
            )
    return results
