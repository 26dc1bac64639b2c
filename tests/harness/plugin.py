"""Gives each simulated or generated test a seed, and says how to repeat one that failed."""

import asyncio
import gc
import os
import secrets
import shutil
import signal
import zlib
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pytest_asyncio.plugin import LoopFactory

from tests.harness.by_hand import BotHarness, by_hand
from tests.harness.loop import SimulatedLoop, Stuck
from tests.harness.sql import share_compiled_statements

# The fixture that a test in simulated time uses, directly or through another one.
SIMULATED = "simulated"
HASH_SEED = "PYTHONHASHSEED"
LONG = ("tests/proofs/", "tests/browser/", "tests/real/")
MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own there
# Seconds of CPU: ten times the longest test's.
MOST_CPU = 600
# Objects of Python's youngest generation, and collections of each before the next older one's: dozens of MB.
COLLECTED_AT = (30_000, 10, 20)
# Bytes that the folders of two runs never reach.
ROOM = 2 * 2**30


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("simulation", "Tests in simulated time").addoption(
        "--seed", type=int, help="repeat the run with this seed; a fresh one without"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:
        handed_over = getattr(config, "workerinput", {})
        config.option.seed = handed_over.get("seed", secrets.randbelow(2**31))
    if config.option.hypothesis_seed is None:
        # Generated tests as well: one number repeats the whole run.
        config.option.hypothesis_seed = config.option.seed
    share_compiled_statements()
    _keep_databases_in_memory()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The long ones first: whoever is done with them takes the many short ones.
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    for item in items:
        if is_simulated(item):
            # It waits for nothing, so a busy machine must not make it fail: see `pytest_runtest_call`.
            item.add_marker(pytest.mark.timeout(0))


def pytest_collection_finish() -> None:
    """
    Take thousands of tests and all modules out of each garbage collection, and collect less often.

    The first was a seventh of the CPU of short tests, and the second is a twentieth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """End a simulated test that works for ever; whoever waits for ever is `Stuck` already."""
    if not is_simulated(item):
        return (yield)

    def too_much(number: int, frame: Any) -> None:
        raise Stuck(f"no end after {MOST_CPU} s of CPU")

    before = signal.signal(signal.SIGPROF, too_much)
    signal.setitimer(signal.ITIMER_PROF, MOST_CPU)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def is_simulated(item: pytest.Item) -> bool:
    """Tell whether a test runs in simulated time."""
    return SIMULATED in getattr(item, "fixturenames", ())


def _keep_databases_in_memory() -> None:
    """Let pytest's folders lie in memory where there is room: on a disk, two thirds of a commit are waiting."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the run's seed to a worker, who would draw one of its own."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_report_header(config: pytest.Config) -> str:
    return f"simulated time: {_options(config)}"


@pytest.hookimpl
def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, LoopFactory]:
    if is_simulated(item):
        return {SIMULATED: partial(SimulatedLoop, seed_of(config, item.nodeid))}
    return {"real": asyncio.new_event_loop}


def seed_of(config: pytest.Config, nodeid: str) -> int:
    """The seed of one test: another one in each run, the same for the same ``--seed``."""
    seed: int = config.option.seed
    return seed ^ zlib.crc32(nodeid.partition("[")[0].encode())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.passed and hasattr(item.config, "workerinput"):
        # What a passed test has logged is shown to nobody, and sending it was a thirtieth of the CPU.
        report.sections.clear()
    if report.failed:
        marker = item.get_closest_marker("asyncio")
        shares_a_world = marker is not None and marker.kwargs.get("loop_scope") == "module"
        # What came before in the same world may be part of it.
        again = item.nodeid.partition("::")[0] if shares_a_world else item.nodeid
        report.sections.append(
            ("to repeat it exactly", f"{_hash_seed()} pytest {_options(item.config)} '{again}'")
        )
    return report


def _options(config: pytest.Config) -> str:
    return f"--seed {config.option.seed}"


def _hash_seed() -> str:
    # The order of a set of words follows it.
    return (
        f"{HASH_SEED}={os.environ.get(HASH_SEED, '0 (and as it was not set, perhaps only then)')}"
    )


@pytest.fixture
def simulated() -> None:
    """The test runs in simulated time: see `tests.harness.loop`."""


@pytest.fixture
def database(simulated: None, tmp_path: Path, sqlite_template: Path) -> Path:
    """An empty, migrated SQLite file for a bot in simulated time."""
    file = tmp_path / "latchkey.db"
    shutil.copy(sqlite_template, file)
    return file


@pytest.fixture
async def harness(database: Path) -> AsyncIterator[BotHarness]:
    """A bot by hand, on SQLite, that has read the tutorial's world and knows that Dana is its admin."""
    async with by_hand(database) as made:
        yield made
