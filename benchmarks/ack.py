"""
How long people wait for the answer to a command, and how many are answered a second: targets 1 and 2.

Each command is of somebody else and becomes a durable request with its audit row, while the jobs work on those that
came before.  It is compared with an empty listener of Bolt's, turn by turn; whoever is not measured stands still.
"""

import asyncio
import os
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from benchmarks.floor import floor
from benchmarks.load import Load, commands, load, median_of
from benchmarks.stand_ins import user_id
from benchmarks.table import Database, Options, Result
from benchmarks.worlds import World, asking, world

MANY: Final = 32
COMMANDS: Final = {1: 200, MANY: 1_000}
QUICK_COMMANDS: Final = {1: 60, MANY: 300}
ROUNDS: Final = 5
QUICK_ROUNDS: Final = 3
SHARE: Final = 0.5
TIMES_P99, PLUS_MS = 2, 20
TIMES_ALONE: Final = 5
# Measured by itself, without HTTP and jobs: the transaction of one command takes 2.0 ms of CPU on SQLite and 3.5 ms on
# PostgreSQL; of 16 commands, 0.3 and 0.5 ms each.
CAUSE_OF_MANY: Final = (
    "the transaction is a large part of the CPU above the floor's, and while its commit reaches the disk, those whose commands "
    "are in it wait. Next: fewer statements, and jobs in a process of their own."
)
CAUSE_OF_ONE: Final = (
    "the commit waits for the disk, which the floor does not: see what one write takes. The rest is a transaction of ten "
    "statements, and the jobs' CPU for the request, which is among ours."
)
# What a short transaction appends to the log of a database.
WRITTEN: Final = b"x" * 8192
WRITES: Final = 50


@dataclass(kw_only=True)
class Rounds:
    """What was measured, round by round: CPU and writes that reached the disk in seconds."""

    floor: list[Load] = field(default_factory=list)
    ours: list[Load] = field(default_factory=list)
    floor_cpu: float = 0
    our_cpu: float = 0
    writes: list[float] = field(default_factory=list)

    def both(self, name: Literal["rps", "p50", "p99"]) -> tuple[float, float]:
        """The medians of ours and of the floor."""
        return median_of(self.ours, name), median_of(self.floor, name)

    @property
    def cpu(self) -> tuple[float, float]:
        """CPU milliseconds a command, of ours and of the floor; the jobs' are among ours."""
        ours, floor = (
            sum(len(each.answers) for each in loads) for loads in (self.ours, self.floor)
        )
        return self.our_cpu / ours * 1e3, self.floor_cpu / floor * 1e3


def measure(options: Options) -> list[Result]:
    return [
        result
        for database in options.databases
        for result in asyncio.run(_measure(database, options))
    ]


async def _measure(database: Database, options: Options) -> list[Result]:
    sizes = QUICK_COMMANDS if options.quick else COMMANDS
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    many, one = Rounds(), Rounds()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        people = (rounds + 1) * sum(sizes.values())
        bot = await stack.enter_async_context(world(database, folder, people=people))
        empty = await stack.enter_async_context(floor(bot.app.signing_secret, folder))
        asked = await _warm_up(bot, empty.said.strip(), sizes[MANY] // 2)
        for _ in range(rounds):
            for connections, measured in ((MANY, many), (1, one)):
                count = sizes[connections]
                with bot.standing_still():
                    users = (user_id(number) for number in range(count))
                    before = empty.cpu_seconds
                    measured.floor.append(
                        await load(
                            empty.said.strip(),
                            bot.app,
                            commands(bot.app, users),
                            connections=connections,
                        )
                    )
                    measured.floor_cpu += empty.cpu_seconds - before
                    measured.writes += durable_writes(folder)
                with empty.standing_still():
                    before = bot.bot.cpu_seconds
                    measured.ours.append(
                        await load(
                            bot.address,
                            bot.app,
                            asking(bot, asked, count),
                            connections=connections,
                        )
                    )
                    measured.our_cpu += bot.bot.cpu_seconds - before
                asked += count
        _insist_on_rows(bot, asked)
    return [_of_many(database, many), _of_one(database, one)]


def durable_writes(folder: Path) -> list[float]:
    """Return how many seconds some writes took until each was on the disk of *folder*: what no commit can be faster than."""
    seconds = []
    with (folder / "written").open("ab", buffering=0) as file:
        for _ in range(WRITES):
            began = time.perf_counter()
            file.write(WRITTEN)
            os.fdatasync(file.fileno())
            seconds.append(time.perf_counter() - began)
    return seconds


async def _warm_up(bot: World, empty: str, count: int) -> int:
    """Let both answer some commands; return how many people have asked."""
    users = (user_id(number) for number in range(count))
    await load(empty, bot.app, commands(bot.app, users), connections=MANY)
    await load(bot.address, bot.app, asking(bot, 0, count), connections=MANY)
    return count


def _insist_on_rows(bot: World, asked: int) -> None:
    found = bot.count("SELECT count(*) FROM request")
    noted = bot.count("SELECT count(*) FROM audit WHERE verb = 'ask-add'")
    if not asked == found == noted:
        raise RuntimeError(f"{asked} asked, and there are {found} requests and {noted} audit rows")


def _of_many(database: Database, rounds: Rounds) -> Result:
    ours, floor = rounds.both("rps")
    our_p99, floor_p99 = rounds.both("p99")
    ratio = ours / floor
    is_met = ratio >= SHARE and our_p99 <= TIMES_P99 * floor_p99 + PLUS_MS
    return Result(
        number=1,
        work=f"ack, {MANY} at once, jobs running, {database}",
        target=f"≥ {SHARE} x the floor's rps, p99 ≤ {TIMES_P99} x its p99 + {PLUS_MS} ms",
        floor=f"{floor:.0f} rps, p99 {floor_p99:.0f} ms, CPU {rounds.cpu[1]:.2f} ms each",
        result=f"{ours:.0f} rps, p50 {rounds.both('p50')[0]:.0f}, p99 {our_p99:.0f} ms, "
        f"CPU {rounds.cpu[0]:.2f} ms each",
        ratio=ratio,
        met=is_met,
        why=CAUSE_OF_MANY,
    )


def _of_one(database: Database, rounds: Rounds) -> Result:
    ours, floor = rounds.both("p50")
    is_met = ours <= TIMES_ALONE * floor
    return Result(
        number=2,
        work=f"ack, one at a time, kept connection, jobs running, {database}",
        target=f"≤ {TIMES_ALONE} x the floor's p50",
        floor=f"p50 {floor:.2f} ms, CPU {rounds.cpu[1]:.2f} ms each",
        result=f"p50 {ours:.2f}, p99 {rounds.both('p99')[0]:.1f} ms, CPU {rounds.cpu[0]:.2f} ms each; one write to "
        f"this disk {statistics.median(rounds.writes) * 1e3:.2f} ms",
        ratio=ours / floor,
        met=is_met,
        why=CAUSE_OF_ONE,
    )
