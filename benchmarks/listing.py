"""
Target 6: what it takes to list all assignments, against httpx with the same models, all of them kept.

Both read pages of a hundred from memory, turn by turn, each in a process of its own.
"""

import functools
import statistics
from typing import Any, Final

from benchmarks.apart import Cost, apart, measured
from benchmarks.entra import EM, ROOT, Entra
from benchmarks.table import Options, Result
from graph.models import AccessPackageAssignment

COUNTS: Final = (10_000, 50_000)
QUICK_COUNTS: Final = (5_000, 20_000)
PACKAGES: Final = 200
ROUNDS: Final = 3
AT_MOST: Final = 0.35
WHY: Final = "each item is validated as the peer's are; what is saved is to keep them, and to look through what is kept. Next: validate a page at a time."
# Megabytes more at five times as many: what an allocator keeps, and no list.
FLAT: Final = 5.0


def measure(options: Options) -> list[Result]:
    counts = QUICK_COUNTS if options.quick else COUNTS
    costs = {count: _rounds(count) for count in counts}
    few, many = (costs[count][0] for count in counts)
    results = []
    for count in counts:
        ours, peer = costs[count]
        ratio = ours.seconds / peer.seconds
        results.append(
            Result(
                number=6,
                work=f"list {count:,} assignments",
                target=f"CPU ≤ {AT_MOST} x httpx + pydantic, kept",
                floor=_said(peer),
                result=_said(ours),
                ratio=ratio,
                met=ratio <= AT_MOST,
                why=WHY,
            )
        )
    more = many.megabytes - few.megabytes
    results.append(
        Result(
            number=6,
            work=f"memory from {counts[0]:,} to {counts[1]:,}",
            target="flat",
            floor=f"+{costs[counts[1]][1].megabytes - costs[counts[0]][1].megabytes:.0f} MB",
            result=f"{more:+.1f} MB",
            ratio=None,
            met=more <= FLAT,
        )
    )
    return results


def _rounds(count: int) -> tuple[Cost, Cost]:
    """The medians of ours and of the peer's."""
    entra = Entra(assignments=count, packages=PACKAGES)
    ours, peer = [], []
    for _ in range(ROUNDS):
        ours.append(apart(functools.partial(measured, functools.partial(_streamed, entra))))
        peer.append(apart(functools.partial(measured, functools.partial(_kept, entra))))
    return _median(ours), _median(peer)


async def _streamed(entra: Entra) -> None:
    read = 0
    async for item in entra.graph().assignments.stream(state="delivered"):
        read += isinstance(item.read, AccessPackageAssignment)
    _check(read, entra)


async def _kept(entra: Entra) -> None:
    kept: list[AccessPackageAssignment] = []
    url: str | None = f"{ROOT}{EM}/assignments?$expand=target,accessPackage,assignmentPolicy"
    async with entra.client() as http:
        while url is not None:
            page: dict[str, Any] = (await http.get(url)).json()
            kept += [AccessPackageAssignment.model_validate(item) for item in page["value"]]
            url = page.get("@odata.nextLink")
    _check(len(kept), entra)


def _check(read: int, entra: Entra) -> None:
    if read != entra.assignments:
        raise RuntimeError(f"{read} of {entra.assignments} assignments were read")


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        seconds=statistics.median(each.seconds for each in costs),
        megabytes=statistics.median(each.megabytes for each in costs),
    )


def _said(cost: Cost) -> str:
    return f"{cost.seconds:.2f} s CPU, +{cost.megabytes:.0f} MB"
