"""
Target 11: what it takes to ask for help and to start, and what a bot holds while it runs.

Processes are started turn by turn with one that only imports click.  The soak sends mixed commands to a bot whose
Slack and Graph are another process, and fits a line through its memory and its descriptors.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from benchmarks.load import commands, load
from benchmarks.processes import ROOT, Process, started
from benchmarks.stand_ins import package_name, user_id
from benchmarks.table import Options, Result
from benchmarks.worlds import ADDRESS, SETTINGS, World, migrated, world

IMPORT_CLICK: Final = ("-c", "import click")
HELP: Final = ("-m", "bot", "--help")
ROUNDS: Final = 7
QUICK_ROUNDS: Final = 3
HELP_AT_MOST: Final = 3.0
READY_AT_MOST: Final = 10.0
READY_SECONDS: Final = 60
LOOK_SECONDS: Final = 0.005
IDLE_SECONDS: Final = 20
QUICK_IDLE_SECONDS: Final = 5
MB: Final = 1024 * 1024
IDLE_AT_MOST: Final = 100
PEOPLE: Final = 20_000
RATE: Final = 20
SOAK_SECONDS: Final = 600
QUICK_SOAK_SECONDS: Final = 20
# Caches fill and the allocator finds its size; the line is fitted to what comes after this part.
WARM_UP: Final = 0.4
SLOPE_AT_MOST: Final = 1.0
# Of the first and of the last third; a few kept connections come and go, where a leak would bring hundreds.
THIRDS: Final = 3
DESCRIPTORS_MORE: Final = 4
CONNECTIONS: Final = 8


WHY_NOT_READY: Final = (
    "Imports: Bolt's async app takes 8 to 9 times as long as click, SQLAlchemy 7, msal with httpx and aiohttp 9. "
    "Next: tokens without msal and requests."
)
WHY_NOT_IDLE: Final = (
    "Code: SQLAlchemy 11 MB, aiohttp 7, msal and requests 6, Bolt and the SDK 7, pydantic 13, psycopg 9 where it is needed. "
    "Next: tokens without msal and requests."
)
WHY_SLOPE: Final = (
    "What grows in twenty seconds is caches that fill."
    " After minutes no Python objects grow, by tracemalloc; the rest is the allocator's, and an hour would tell more."
)


def measure(options: Options) -> list[Result]:
    return asyncio.run(_measured(options))


async def _measured(options: Options) -> list[Result]:
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    results = [_help(rounds)]
    with tempfile.TemporaryDirectory() as folder:
        results.append(await _ready(Path(folder), rounds))
    for database in options.databases:
        with tempfile.TemporaryDirectory() as folder:
            async with world(database, Path(folder), people=PEOPLE) as running:
                results += await _held(running, database, options)
    return results


def _help(rounds: int) -> Result:
    click, ours = [], []
    for _ in range(rounds):
        click.append(_seconds(IMPORT_CLICK))
        ours.append(_seconds(HELP))
    return _against_click("latchkey --help", click, ours, at_most=HELP_AT_MOST)


def _seconds(arguments: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began


def _against_click(
    work: str, click: list[float], ours: list[float], *, at_most: float, why: str = ""
) -> Result:
    floor, result = statistics.median(click), statistics.median(ours)
    met = result <= at_most * floor
    return Result(
        number=11,
        work=work,
        target=f"≤ {at_most:.0f} x import click",
        floor=f"{floor * 1e3:.0f} ms",
        result=f"{result * 1e3:.0f} ms",
        ratio=result / floor,
        met=met,
        why=why,
    )


async def _ready(folder: Path, rounds: int) -> Result:
    """From the start of the process to /readyz saying yes, with a database at the newest schema."""
    click, ours = [], []
    with migrated("sqlite", folder) as url:
        async with _outside(folder) as environment:
            for _ in range(rounds):
                click.append(_seconds(IMPORT_CLICK))
                began = time.perf_counter()
                async with started(
                    "bot",
                    "run",
                    environment={**environment, "DATABASE_URL": url},
                    log=folder / "bot.log",
                ) as bot:
                    await _is_ready(bot)
                    ours.append(time.perf_counter() - began)
    return _against_click("ready", click, ours, at_most=READY_AT_MOST, why=WHY_NOT_READY)


@asynccontextmanager
async def _outside(folder: Path) -> AsyncIterator[Mapping[str, str]]:
    """Slack and Microsoft as a process; what a bot's environment must say to reach them."""
    async with started(
        "benchmarks.stand_ins", str(folder), "1", environment={}, log=folder / "stand-ins.log"
    ) as outside:
        said: dict[str, Any] = json.loads(outside.said)
        yield {**said["environment"], **SETTINGS}


async def _is_ready(bot: Process) -> None:
    found = ADDRESS.search(bot.said)
    if found is None:
        raise RuntimeError(f"the bot says {bot.said!r}")
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(READY_SECONDS):
        while (await http.get(f"{found[1]}/readyz")).status_code != httpx.codes.OK:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What the bot holds *seconds* after the start."""

    seconds: float
    megabytes: float
    descriptors: int


async def _held(running: World, database: str, options: Options) -> list[Result]:
    bot = psutil.Process(running.bot.pid)
    await asyncio.sleep(QUICK_IDLE_SECONDS if options.quick else IDLE_SECONDS)
    idle = bot.memory_info().rss / MB
    samples = await _soak(running, bot, QUICK_SOAK_SECONDS if options.quick else SOAK_SECONDS)
    steady = [each for each in samples if each.seconds >= samples[-1].seconds * WARM_UP]
    line = statistics.linear_regression(
        [each.seconds for each in steady], [each.megabytes for each in steady]
    )
    slope = line.slope * 3600
    before, after = _descriptors(steady)
    minutes = samples[-1].seconds / 60
    soak = f"soak of {minutes:.1f} minutes at {RATE}/s, {database}"
    return [
        Result(
            number=11,
            work=f"resident when idle, {database}",
            target=f"≤ {IDLE_AT_MOST} MB",
            floor="",
            result=f"{idle:.0f} MB",
            ratio=None,
            met=idle <= IDLE_AT_MOST,
            why=WHY_NOT_IDLE,
        ),
        Result(
            number=11,
            work=f"memory in a {soak}",
            target=f"< {SLOPE_AT_MOST:.0f} MB/h",
            floor="",
            result=f"{slope:+.1f} MB/h, from {idle:.0f} to {samples[-1].megabytes:.0f} MB",
            ratio=None,
            met=slope < SLOPE_AT_MOST,
            why=WHY_SLOPE,
        ),
        Result(
            number=11,
            work=f"descriptors in a {soak}",
            target="no growth",
            floor="",
            result=f"from {before:.0f} to {after:.0f}",
            ratio=None,
            met=after <= before + DESCRIPTORS_MORE,
        ),
    ]


def _descriptors(samples: Sequence[Sample]) -> tuple[float, float]:
    """Return how many are open in the first third, and in the last."""
    many = max(1, len(samples) // THIRDS)
    first, last = samples[:many], samples[-many:]
    return (
        statistics.median(each.descriptors for each in first),
        statistics.median(each.descriptors for each in last),
    )


async def _soak(running: World, bot: psutil.Process, seconds: float) -> list[Sample]:
    """Each second so many commands of all kinds, each from somebody else, and a look at the bot."""
    people = cycle(user_id(number) for number in range(PEOPLE))
    kinds = cycle(_kinds())
    samples = []
    began = time.perf_counter()
    while (at := time.perf_counter() - began) < seconds:
        some: list[Mapping[str, str]] = []
        for _ in range(RATE):
            command, text = next(kinds)
            some += commands(running.app, [next(people)], command=command, text=text)
        answered = await load(running.address, running.app, some, connections=CONNECTIONS)
        if any(answer.status != httpx.codes.OK for answer in answered.answers):
            raise RuntimeError("a command was not answered")
        samples.append(
            Sample(
                seconds=at,
                megabytes=bot.memory_info().rss / MB,
                descriptors=bot.num_fds() if os.name == "posix" else 0,
            )
        )
        await asyncio.sleep(max(0.0, began + len(samples) - time.perf_counter()))
    return samples


def _kinds() -> Iterator[tuple[str, str]]:
    """Yield what people type: lists, requests that are delivered, names that mean nothing, and help."""
    for number in range(4):
        yield "/my-access", ""
        yield "/request-access", package_name(number)
        yield "/my-access", ""
        yield "/request-access", "no such package"
        yield "/request-access", "list"
