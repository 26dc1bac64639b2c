"""
From the last click to "You now have access": how long people wait beyond what Entra takes.

The real bot between the stand-ins, over sockets, in one process.  Each person asks for a package that nobody has to
decide.  The delay is what the message comes later than the click plus what Entra takes: two seconds, and seven, which no
look of ours coincides with.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks.table import Options, Result
from sandbox.run import StandIns, serving_bot, stand_ins
from tests.harness import crowd
from tests.harness.world import GENERAL

NUMBER: Final = 8
PACKAGES: Final = 10
MINUTE: Final = 60.0


@dataclass(frozen=True)
class Load:
    """
    How to ask.

    Attributes:
        rate: Requests a minute.
        number: How many are measured.
        takes: Seconds until Entra has delivered.
    """

    rate: int
    number: int
    takes: float


LOADS: Final = (Load(1, 8, 2), Load(1, 8, 7), Load(100, 200, 2), Load(100, 100, 7))
FEWER: Final = (Load(1, 3, 2), Load(1, 3, 7), Load(100, 30, 2))
# Somebody who asks alone need not wait for the next minute: nobody else is there.
LONE_PAUSE: Final = 2.0
LOOK: Final = 0.02
PATIENCE: Final = 60.0
P50_TARGET: Final = 1.0
P95_TARGET: Final = 2.0


def measure(options: Options) -> list[Result]:
    """One request a minute, and a hundred."""
    return asyncio.run(_measured(FEWER if options.quick else LOADS))


async def _measured(loads: Sequence[Load]) -> list[Result]:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        async with stand_ins(Path(folder), socket_mode=False) as outside:
            people = sum(each.number for each in loads)
            wishes = iter(crowd.ready(outside, people=people, packages=PACKAGES))
            outside.environment |= {"LATCHKEY_SYNC_SECONDS": "3600"}
            async with serving_bot(outside) as latchkey:
                while latchkey.jobs.statuses["sync"].last_success is None:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK)
                for each in loads:
                    outside.tenant.world.delivery = timedelta(seconds=each.takes)
                    some = [next(wishes) for _ in range(each.number)]
                    lines.append(_line(await _asked(outside, some, rate=each.rate), each))
    return lines


async def _asked(outside: StandIns, wishes: list[tuple[str, str]], *, rate: int) -> list[float]:
    """Seconds from each command to its message."""
    if rate == 1:
        waited = []
        for wish in wishes:
            waited.append(await _one(outside, *wish))
            await asyncio.sleep(LONE_PAUSE)
        return waited
    began = time.perf_counter()
    under_way = []
    for number, wish in enumerate(wishes):
        await asyncio.sleep(max(began + number * MINUTE / rate - time.perf_counter(), 0))
        under_way.append(asyncio.create_task(_one(outside, *wish)))
    return list(await asyncio.gather(*under_way))


async def _one(outside: StandIns, user: str, slug: str) -> float:
    began = time.perf_counter()
    await outside.workspace.command(
        user=user, channel=GENERAL, command="/request-access", text=slug
    )

    def is_told() -> bool:
        messages = outside.workspace.dm(user).messages
        return any(each.by_app and "You now have access" in each.text for each in messages)

    async with asyncio.timeout(PATIENCE):
        while not is_told():  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
    return time.perf_counter() - began


def _line(waited: list[float], load: Load) -> Result:
    later = sorted(each - load.takes for each in waited)
    p50 = statistics.median(later)
    p95 = later[min(round(0.95 * len(later)), len(later) - 1)]
    return Result(
        number=NUMBER,
        work=f"click to message at {load.rate} a minute, {load.number} requests, D = {load.takes:g} s",
        target=f"p50 ≤ D + {P50_TARGET:g} s, p95 ≤ D + {P95_TARGET:g} s",
        floor="",
        result=f"p50 D + {p50:.2f} s, p95 D + {p95:.2f} s",
        ratio=None,
        met=p50 <= P50_TARGET and p95 <= P95_TARGET,
    )
