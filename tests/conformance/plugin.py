"""Records the run's conversations with Graph, and fails it when Microsoft's metadata disagrees."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.judge import Verdict, judge, load_checker, load_excuses
from tests.conformance.record import Recorder
from tests.conformance.taps import listen

METADATA = Path(__file__).resolve().parents[3] / "shared" / "conformance"
ABSENT = "conformance: skipped, there is no copy of Microsoft's metadata in {}"
KEY = "conformance"
MADE_UP = "made_up"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "Conversations with Graph against Microsoft's metadata")
    group.addoption(
        "--conformance",
        action="store_true",
        help="fail, too, when the metadata is not at hand or an excuse is not needed any more"
        " (for a run of all tests)",
    )
    group.addoption(
        "--metadata", type=Path, default=METADATA, help="the folder with metadata and checker"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MADE_UP}(what): this test says, or makes the stand-in say, on purpose what Graph does not"
        " know; it is not held against the metadata",
    )
    if (config.option.metadata / "graphcheck.py").is_file():
        config.pluginmanager.register(Conformance(config), "conformance-recorder")
    else:
        config.pluginmanager.register(Absent(config), "conformance-absent")


class Conformance:
    """Workers record and hand over what they have; whoever leads the run judges all of it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._recorder = Recorder()
        self._verdict: Verdict | None = None
        self._stop: Callable[[], None] = listen(self._recorder)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._recorder.is_on = item.get_closest_marker(MADE_UP) is None
        try:
            return (yield)
        finally:
            self._recorder.is_on = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        packed = getattr(node, "workeroutput", {}).get(KEY)
        # A worker that crashed hands over nothing, but then the run has failed anyway.
        if packed is not None:
            self._recorder.unpack(packed)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._stop()
        handed_over = getattr(self._config, "workeroutput", None)
        if handed_over is not None:
            handed_over[KEY] = self._recorder.packed()
            return
        checker = load_checker(self._config.option.metadata)
        self._verdict = judge(self._recorder, checker, load_excuses())
        failed = self._verdict.problems or (
            self._config.option.conformance and self._verdict.needless
        )
        if failed and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        verdict = self._verdict
        if verdict is None or not verdict.totals:
            return
        for problem in verdict.problems:
            terminalreporter.write_line(f"NOT IN THE METADATA {problem}", red=True)
        if self._config.option.conformance:
            for excuse in verdict.needless:
                terminalreporter.write_line(f"NEEDLESS EXCUSE {excuse}", red=True)
        terminalreporter.write_line(verdict.summary())


class Absent:
    """Says that nothing was checked."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._config.option.conformance and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(ABSENT.format(self._config.option.metadata))
