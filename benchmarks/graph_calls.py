"""
Calls to Graph for each delivered request, in simulated time: how many there are does not depend on the machine.

Entra delivers after two seconds.  Counted are operations, each call in an envelope (`$batch`) for one, and HTTP calls.
What a request costs today is compared with what it would cost alone: that is what a crowd shares.  With several replicas,
each reads for itself what its requests share: target 12.
"""

import asyncio
import contextlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks.table import Options, Result
from bot.database import open_store
from bot.database.schema import migrate
from sandbox.tenant import seed
from tests.harness import crowd
from tests.harness.loop import SimulatedLoop
from tests.harness.simulation import LIFELIKE, simulation
from tests.harness.world import eventually

NUMBER: Final = 5
DELIVERY: Final = timedelta(seconds=2)
LONE_TARGET: Final = 6
CROWD_TARGET: Final = 2.5
PACKAGES: Final = 10
PEOPLE: Final = 1_000
REPLICAS: Final = (2, 4)
REPLICAS_NUMBER: Final = 12
NOT_MORE: Final = 1.1
OLD: Final = 100_000
# Of the quick form.
FEWER_PEOPLE: Final = 200
LESS_OLD: Final = 2_000
WHY_LONE: Final = (
    "each of the nine authorizes: the person, what they have, the package, what it gives, the groups that it excludes, "
    "its policy whole, its open requests; then the POST and one look.  Microsoft documents no $expand that would bring "
    "two of them at once, and one that silently brought nothing would grant what is excluded"
)
WHY_REPLICAS: Final = (
    "of a package, a replica's requests share what they read within that replica, and each of several reads it anew.  Next: "
    "let a replica take the due requests of one package together"
)


def measure(options: Options) -> list[Result]:
    """A lone request, a crowd, and both after many old ones."""
    people, old = (FEWER_PEOPLE, LESS_OLD) if options.quick else (PEOPLE, OLD)
    lone = _run(people=1, packages=1)
    lone_old = _run(people=1, packages=1, old=old)
    many = _run(people=people, packages=PACKAGES)
    many_old = _run(people=people, packages=PACKAGES, old=old)
    of_replicas = [
        _of_replicas(each, _run(people=people, packages=PACKAGES, replicas=each), alone=many)
        for each in REPLICAS
    ]
    return [
        _line("a lone request", lone, target=LONE_TARGET, why=WHY_LONE),
        _line(f"the same with {old:,} old requests", lone_old, target=LONE_TARGET, why=WHY_LONE),
        _line(f"each of {people:,} for {PACKAGES} packages", many, target=CROWD_TARGET),
        _line(f"the same with {old:,} old requests", many_old, target=CROWD_TARGET),
        *of_replicas,
    ]


def _line(work: str, spent: crowd.Spent, *, target: float, why: str = "") -> Result:
    met = spent.operations_each <= target
    kinds = ", ".join(f"{number} {kind}" for kind, number in spent.kinds.most_common(4))
    return Result(
        number=NUMBER,
        work=f"Graph operations: {work}",
        target=f"≤ {target:g}",
        floor="",
        result=f"{spent.operations_each:.2f} operations, {spent.calls_each:.2f} HTTP calls",
        ratio=None,
        met=met,
        why=why or f"most of it: {kinds}",
    )


def _of_replicas(number: int, spent: crowd.Spent, *, alone: crowd.Spent) -> Result:
    ratio = spent.operations_each / alone.operations_each
    return Result(
        number=REPLICAS_NUMBER,
        work=f"Graph operations: each of {spent.requests:,} for {PACKAGES} packages, {number} replicas",
        target=f"≤ {NOT_MORE} x those of one",
        floor=f"{alone.operations_each:.2f}",
        result=f"{spent.operations_each:.2f} operations, {spent.calls_each:.2f} HTTP calls",
        ratio=ratio,
        met=ratio <= NOT_MORE,
        why=WHY_REPLICAS,
    )


def _run(*, people: int, packages: int, old: int = 0, replicas: int = 1) -> crowd.Spent:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "latchkey.db"
        with contextlib.closing(open_store(f"sqlite+pysqlite:///{database}")) as store:
            migrate.upgrade(store)
        with asyncio.Runner(loop_factory=lambda: SimulatedLoop(1)) as runner:
            return runner.run(
                _spent(database, people=people, packages=packages, old=old, replicas=replicas)
            )


async def _spent(
    database: Path, *, people: int, packages: int, old: int, replicas: int
) -> crowd.Spent:
    async with simulation(database, pauses=LIFELIKE) as around:
        outside = around.outside
        outside.tenant.world.delivery = DELIVERY
        wishes = crowd.ready(outside, people=people, packages=packages)
        for number in range(packages if old else 0):
            about = crowd.package_id(number)
            crowd.old_requests(outside, old // packages, about=about, holder=seed.CY)
        bots = [await around.start(**crowd.SETTINGS) for _ in range(replicas)]
        for bot in bots:
            await eventually(lambda bot=bot: bot.latchkey.jobs.statuses["sync"].last_success)
        return await crowd.asked_for(outside, bots, wishes)
