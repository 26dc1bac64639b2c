"""
How long the menu of packages takes to answer a letter, among 1,000 packages with names of 250 characters.

Everything but the database and the wire: the search, the order, and the options as they are sent.
"""

import functools
import json
import time
from collections.abc import Callable
from typing import Final

from benchmarks.table import Options, Result
from bot.messages.requests.package_menu import option_groups
from bot.packages import names as package_names
from bot.packages.index import PackageIndex
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy
from bot.packages.suggestions import Applicant, suggest

PACKAGES: Final = 1_000
CATALOGS: Final = 25
LONGEST_NAME: Final = 250
MOST_MS: Final = 25
TYPED: Final = {
    "nothing": "",
    "one letter": "d",
    "words": "data read 0042",
    "a slip": "Databsae raed 0042",
    "300 letters": "x" * 300,
}


def measure(options: Options) -> list[Result]:
    index = PackageIndex(_packages(PACKAGES))
    applicant = Applicant(
        entra_id="ann",
        has=frozenset(f"{number:08}" for number in range(0, PACKAGES, 10)),
        asked=frozenset(f"{number:08}" for number in range(5, PACKAGES, 10)),
    )
    taken = {
        label: _milliseconds(functools.partial(_answer, index, typed, applicant))
        for label, typed in TYPED.items()
    }
    label, worst = max(taken.items(), key=lambda each: each[1])
    return [
        Result(
            number=1,
            work=f"menu: a letter, among {PACKAGES:,} packages with names of {LONGEST_NAME} characters",
            target=f"≤ {MOST_MS} ms",
            floor="",
            result=f"words {taken['words']:.1f} ms, worst {worst:.1f} ms ({label})",
            ratio=None,
            met=worst <= MOST_MS,
        )
    ]


def _answer(index: PackageIndex, typed: str, applicant: Applicant) -> str:
    return json.dumps({"option_groups": option_groups(suggest(index, typed, applicant))})


def _packages(count: int) -> list[Package]:
    names = [
        (
            f"{number:08}",
            f"Database {'of a long name ' * 20}"[: LONGEST_NAME - 10] + f" {number:04}",
        )
        for number in range(count)
    ]
    slugs = package_names.slugs_for(names)
    return [
        Package(
            id=key,
            slug=slugs[key],
            name=name,
            catalog=f"Catalog {place % CATALOGS}",
            lasts="30 days",
            policies=(
                OfferedPolicy(id=f"p{key}", name="Initial", rank=1 + place % 3, lasts="30 days"),
            ),
        )
        for place, (key, name) in enumerate(names)
    ]


def _milliseconds(work: Callable[[], object]) -> float:
    """The best of three."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken) * 1e3
