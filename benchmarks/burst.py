"""
A burst of commands while thousands of messages are owed and Graph is down: target 3.

Everything must be taken, nothing turned away, and what was confirmed must be there afterwards.
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from benchmarks.floor import floor
from benchmarks.load import Load, commands, load
from benchmarks.owing import owe_messages
from benchmarks.stand_ins import user_id
from benchmarks.table import Database, Options, Result
from benchmarks.worlds import asking, world

CONNECTIONS: Final = 200
COMMANDS: Final = 5_000
OWED: Final = 10_000
QUICK_COMMANDS: Final = 1_000
QUICK_OWED: Final = 1_000
P99_MS: Final = 1_000
# Whatever is known of whoever asks.
CONFIRMED: Final = "you may have"


def measure(options: Options) -> list[Result]:
    return [asyncio.run(_measure(database, options)) for database in options.databases]


async def _measure(database: Database, options: Options) -> Result:
    count = QUICK_COMMANDS if options.quick else COMMANDS
    owed = QUICK_OWED if options.quick else OWED
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bot = await stack.enter_async_context(world(database, folder, people=count))
        empty = await stack.enter_async_context(floor(bot.app.signing_secret, folder))
        with bot.standing_still():
            users = (user_id(number) for number in range(count))
            least = await load(
                empty.said.strip(), bot.app, commands(bot.app, users), connections=CONNECTIONS
            )
        await bot.switch("graph", "unavailable")
        owe_messages(bot.database, owed)
        ours = await load(bot.address, bot.app, asking(bot, 0, count), connections=CONNECTIONS)
        rows = bot.count("SELECT count(*) FROM request WHERE kind = 'add' AND holder LIKE 'U1P%'")
        still_owed = bot.count("SELECT count(*) FROM request WHERE news_due_at IS NOT NULL")
    return _result(database, least, ours, rows=rows, owed=(owed, still_owed))


def _result(
    database: Database, least: Load, ours: Load, *, rows: int, owed: tuple[int, int]
) -> Result:
    confirmed = ours.saying(CONFIRMED)
    asked = len(ours.answers)
    return Result(
        number=3,
        work=f"burst of {asked:,}, {CONNECTIONS} at once, {owed[0]:,} messages owed, Graph down, {database}",
        target=f"all taken, none lost, p99 < {P99_MS / 1e3:g} s",
        floor=f"{least.rps:.0f} rps, p99 {least.p99:.0f} ms",
        result=f"{confirmed:,} confirmed, {rows:,} rows, {asked - confirmed:,} turned away; {ours.rps:.0f} rps, "
        f"p50 {ours.p50:.0f}, p99 {ours.p99:.0f}, longest {ours.percentile(100):.0f} ms; {owed[1]:,} still owed",
        ratio=ours.rps / least.rps,
        met=confirmed == rows == asked and ours.p99 < P99_MS,
    )
