"""
Of each table of cases in simulated time `make test` takes some, drawn anew in every run; `make check` takes all.

Each fact is tried in every run, with another case of it each time.  Tables of plain functions are cheap, and run whole.
"""

import random
from collections import defaultdict
from typing import Any, Final

import pytest

from tests.harness.plugin import is_simulated

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
    config.addinivalue_line(
        "markers", "cases(n): of this table n cases are drawn where others have fewer"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not drawn; each worker draws the same."""
    if config.option.cases is None:
        return
    tables: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if is_simulated(item) or item.nodeid.startswith(PROOFS):
            tables[item.nodeid.partition("[")[0]].append(item)
    left_out = {item for name, cases in tables.items() for item in _not_drawn(config, name, cases)}
    if left_out:
        config.stash[LEFT_OUT] = len(left_out)
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _not_drawn(config: pytest.Config, name: str, cases: list[pytest.Item]) -> list[pytest.Item]:
    marker = cases[0].get_closest_marker("cases")
    most = max([config.option.cases, *(marker.args if marker else ())])
    if len(cases) <= most:
        return []
    chance = random.Random(f"{config.option.seed} {name}")  # noqa: S311
    return chance.sample(cases, len(cases) - most)


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
