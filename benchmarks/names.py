"""
How long it takes to understand what people type, among thousands of packages: part of every ack.

The longest texts that Slack sends, and names that share their letters.
"""

import functools
import time
from collections.abc import Callable
from typing import Final

from benchmarks.table import Options, Result
from bot.packages import names as package_names
from bot.packages.index import PackageIndex
from bot.packages.model import Package

PACKAGES: Final = 4_000
QUICK_PACKAGES: Final = 500
MOST_MS: Final = 50
TYPED: Final = {
    "a name": "Database 0042 - read access - self approval because I am on call",
    "a slip": "Database 0042 - raed acces - self aproval because I am on call",
    "1,000 dashes": " - ".join("a" for _ in range(1_000)),
    "because": "because " * 500,
    "4,000 letters": "database-read-access" * 200,
    "one letter": "a" * 4_000,
}


def measure(options: Options) -> list[Result]:
    count = QUICK_PACKAGES if options.quick else PACKAGES
    index = PackageIndex(_packages(count))
    taken = {
        (label, name): _milliseconds(functools.partial(work, typed))
        for label, typed in TYPED.items()
        for name, work in (("read", index.read), ("nearest", index.nearest))
    }
    (label, name), worst = max(taken.items(), key=lambda each: each[1])
    usual = taken["a name", "read"]
    return [
        Result(
            number=1,
            work=f"names: what was typed, among {count:,} packages",
            target=f"≤ {MOST_MS} ms for the worst text",
            floor="",
            result=f"a name {usual:.2f} ms, worst {worst:.1f} ms ({name}, {label})",
            ratio=None,
            met=worst <= MOST_MS,
        )
    ]


def _packages(count: int) -> list[Package]:
    names = [
        (f"{number:08}", f"Database {number:04} - read access - self approval")
        for number in range(count)
    ]
    slugs = package_names.slugs_for(names)
    return [Package(id=key, slug=slugs[key], name=name, catalog="General") for key, name in names]


def _milliseconds(work: Callable[[], object]) -> float:
    """The best of three."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken) * 1e3
