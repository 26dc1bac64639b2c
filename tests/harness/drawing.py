"""
Of each table of cases in simulated time `make test` takes one, drawn anew in every run; `make check` takes all.

Each fact is tried in every run, with another case of it each time.  Most tables of plain functions are cheap, and run whole;
the marker ``cases`` says of how many cases of a table are taken where that is not so.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import pytest

from tests.harness.plugin import is_simulated

T = TypeVar("T")

ALL: Final = "all"
# What a worker counts, and the run adds up.
LEFT_OUT: Final = pytest.StashKey[int]()
OUTPUT: Final = "cases_left_out"
PROOFS: Final = "tests/proofs/"


def _how_many(value: str) -> int | None:
    return None if value == ALL else int(value)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("simulation").addoption(
        "--cases",
        type=_how_many,
        default=None,
        metavar="N",
        help="draw so many cases of each table of tests in simulated time; all without, or with 'all'",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = 0
    config.addinivalue_line("markers", "cases(n): this table is dear, and n of its cases are drawn")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not drawn; each worker draws the same."""
    if config.option.cases is None:
        return
    tables: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if is_simulated(item) or item.nodeid.startswith(PROOFS) or item.get_closest_marker("cases"):
            tables[item.nodeid.partition("[")[0]].append(item)
    left_out: set[pytest.Item] = set()
    for name, cases in tables.items():
        marker = cases[0].get_closest_marker("cases")
        most = max([config.option.cases, *(marker.args if marker else ())])
        left_out.update(not_drawn(cases, most, seed=f"{config.option.seed} {name}"))
    if left_out:
        config.stash[LEFT_OUT] = len(left_out)
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def not_drawn(cases: Sequence[T], most: int, *, seed: str) -> list[T]:
    """Draw *most* of the cases, and return the others."""
    return random.Random(seed).sample(cases, max(len(cases) - most, 0))  # noqa: S311


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[OUTPUT] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """All workers have left out the same."""
    config = node.config
    config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get(OUTPUT, config.stash[LEFT_OUT])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if left_out := config.stash[LEFT_OUT]:
        terminalreporter.write_line(
            f"{left_out:,} more cases of the same facts were left out, by the seed; "
            f"`make test CASES=all` runs every one, as `make check` does"
        )
