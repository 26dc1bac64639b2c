"""
How long it takes to understand what people type, among thousands of packages.

Run it with ``python -m benchmarks.names``.  The longest texts that Slack sends, and names that share their letters.
"""

import functools
import time
from collections.abc import Callable

import click

from bot import naming
from bot.models import Package
from bot.package_index import PackageIndex

COUNTS = (500, 4_000)
TYPED = {
    "a name": "Database 0042 - read access - self approval because I am on call",
    "a slip": "Database 0042 - raed acces - self aproval because I am on call",
    "1,000 dashes": " - ".join("a" for _ in range(1_000)),
    "because": "because " * 500,
    "4,000 letters": "database-read-access" * 200,
    "one letter": "a" * 4_000,
}


def packages(count: int) -> list[Package]:
    names = [
        (f"{number:08}", f"Database {number:04} - read access - self approval")
        for number in range(count)
    ]
    slugs = naming.slugs_for(names)
    return [Package(id=key, slug=slugs[key], name=name, catalog="General") for key, name in names]


def milliseconds(work: Callable[[], object]) -> float:
    """The best of three."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken) * 1e3


def measure() -> None:
    for count in COUNTS:
        known = packages(count)
        indexed = milliseconds(functools.partial(PackageIndex, known))
        click.echo(f"{count} packages: indexed in {indexed:.0f} ms")
        index = PackageIndex(known)
        for label, typed in TYPED.items():
            click.echo(f"  {label:14} {_measured(index, typed)}")


def _measured(index: PackageIndex, typed: str) -> str:
    return "   ".join(
        f"{name} {milliseconds(functools.partial(work, typed)):6.2f} ms"
        for name, work in (
            ("read", index.read),
            ("nearest", index.nearest),
            ("search", index.search),
        )
    )


if __name__ == "__main__":
    measure()
