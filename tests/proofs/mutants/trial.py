"""
Try the tests on one change after another, each in a process of its own, and tell how each ended.

Two ways, of which each has what the other has not.  `try_in_place` imports and collects everything once; each change is a
new body of a function, or a new plain value, that is there already: whoever has imported it from its module has the changed
one.  `Afresh` imports everything anew, as a start of the program does: for what else modules and classes compute when they are
imported, and for the last word about what has survived the first way.
"""

import ast
import gc
import importlib.util
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum, auto
from functools import cache, cached_property
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, TextIO, cast

import pytest

from tests.proofs.mutants.changes import Change, changes_of
from tests.proofs.mutants.targets import Target, files_of

OPTIONS: Final = (
    *("-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"),
    # Chance must not decide who is noticed, and only our tests may notice.
    *("--seed=1", "--metadata=none"),
    # Its alarm would take the place of ours.
    "--timeout=0",
)
# Of CPU, as many times what the tests need without any change, and some seconds more.
ENDLESS: Final = 4
ENDLESS_BESIDE: Final = 10
# By the clock: whoever waits for ever.  A slow machine reaches it as well, so it is no answer.
WAITED_SECONDS: Final = 900
# Where the files of databases cost no waiting for a disk.
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own in it
# Names pytest's folder.
FOLDER: Final = "PYTEST_DEBUG_TEMPROOT"
MOST_MEMORY: Final = 6 * 2**30


class Outcome(StrEnum):
    """How a trial ended."""

    NOTICED = auto()
    SURVIVED = auto()
    # It used many times the CPU that the tests need.
    ENDLESS = auto()
    # It was given up, and says nothing.
    TIMED_OUT = "timed out"
    # Its process ended in a way of its own, which says nothing either.
    CRASHED = auto()


# The exit code of a trial whose change is more than can be put in place; none of pytest's.
NOT_IN_PLACE: Final = 70
# A test failed; what they import cannot be imported (in a test's module, and in what all tests share).
NOTICING: Final = frozenset(
    {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR}
)


@dataclass(frozen=True)
class Trial:
    """The end of a trial, None if the change could not be put in place, and the CPU that it took."""

    outcome: Outcome | None
    cpu_seconds: float


def _forked(do: Callable[[], int], most_cpu: int) -> Trial:
    """Do something in a process of its own, whose exit code is pytest's."""
    child = os.fork()
    if not child:
        code: int = pytest.ExitCode.INTERNAL_ERROR
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (most_cpu, most_cpu + 5))
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.alarm(WAITED_SECONDS)
            code = do()
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    return Trial(_outcome(status), used.ru_utime + used.ru_stime)


def _outcome(status: int) -> Outcome | None:
    if os.WIFSIGNALED(status):
        ended = {signal.SIGXCPU: Outcome.ENDLESS, signal.SIGALRM: Outcome.TIMED_OUT}
        return ended.get(signal.Signals(os.WTERMSIG(status)), Outcome.CRASHED)
    code = os.WEXITSTATUS(status)
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise LookupError("no test was collected")
    if code == NOT_IN_PLACE:
        return None
    if code == pytest.ExitCode.OK:
        return Outcome.SURVIVED
    return Outcome.NOTICED if code in NOTICING else Outcome.CRASHED


def _limit(clean: Trial, target: Target) -> int:
    """Return the CPU that a trial may take, by what the tests took without any change."""
    if clean.outcome is not Outcome.SURVIVED:
        files = " ".join(files_of(target))
        raise SystemExit(f"{target.file}: the tests fail without any change: {files}")
    return int(clean.cpu_seconds * ENDLESS) + ENDLESS_BESIDE


def _arguments(target: Target) -> list[str]:
    chosen = () if target.on_both else ("-k", "not postgresql")
    return [*OPTIONS, *chosen, *files_of(target)]


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder for the files of tests; whoever is ended leaves some."""
    return tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


# -- in place ------------------------------------------------------------------------------


def try_in_place(target: Target) -> Iterator[Outcome | None]:
    """Yield how the trial of each change of a target ended, in their order; None where it cannot be tried in this way."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(reading)
            _be_silent()
            with os.fdopen(writing, "w", buffering=1) as told, _folder() as folder:
                os.environ[FOLDER] = folder
                collected = _Collected(target, told)
                code = pytest.main(_arguments(target), plugins=[collected])
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        # Nothing, when they could not even be collected.
        _limit(Trial(Outcome(told.readline().strip() or Outcome.NOTICED), 0), target)
        for line in told:
            said = line.strip()
            yield Outcome(said) if said else None
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(f"{target.file}: the trials did not come to their end")


class _Collected:
    """Tries every change as soon as the tests are collected, in place of running them."""

    def __init__(self, target: Target, told: TextIO) -> None:
        self._target = target
        self._told = told

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        _set_up(session)
        functions = _functions_in(self._target.file)
        clean, took = self._try(session, _Patch(), WAITED_SECONDS)
        self._told.write(f"{clean.outcome}\n")
        # The quick ones first.
        order = sorted(range(len(took)), key=took.__getitem__)
        session.items[:] = [session.items[place] for place in order]
        for change in changes_of(self._target):
            patch = _patch(change, functions)
            if patch is None:
                self._told.write("\n")
                continue
            trial, took = self._try(session, patch, _limit(clean, self._target))
            self._told.write(f"{trial.outcome or ''}\n")
            if trial.outcome is Outcome.NOTICED:
                # What noticed one change notices its neighbors.
                session.items.insert(0, session.items.pop(len(took) - 1))
        return True

    def _try(
        self, session: pytest.Session, patch: "_Patch", limit: int
    ) -> tuple[Trial, list[float]]:
        """Run the tests with a change; the seconds of CPU of each test belong to the answer."""
        reading, writing = os.pipe()

        def run() -> int:
            if not patch.apply():
                return NOT_IN_PLACE
            items = session.items
            with os.fdopen(writing, "w", buffering=1) as tell:
                for item, following in zip(items, [*items[1:], None], strict=True):
                    begun = time.process_time()
                    item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
                    tell.write(f"{time.process_time() - begun:.3f}\n")
                    if session.testsfailed:
                        return pytest.ExitCode.TESTS_FAILED
            return pytest.ExitCode.OK

        trial = _forked(run, limit)
        os.close(writing)
        with os.fdopen(reading) as told:
            return trial, [float(each) for each in told]


def _set_up(session: pytest.Session) -> None:
    """Run one test of each file here, so that what is set up once for all tests is there in every trial."""
    for item in {item.path: item for item in reversed(session.items)}.values():
        # With the session itself as what comes next, only what is the session's own stays.
        item.ihook.pytest_runtest_protocol(item=item, nextitem=session)


def _functions_in(file: str) -> dict[tuple[str, int], list[FunctionType]]:
    """Return the functions of a module that are there, by their name in it and their first line."""
    found: dict[tuple[str, int], list[FunctionType]] = {}
    # What is frozen is not listed.
    gc.unfreeze()
    path = str(Path(file).resolve())
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == path:
            code = each.__code__
            found.setdefault((code.co_qualname, code.co_firstlineno), []).append(each)
    gc.freeze()
    return found


@dataclass(frozen=True, kw_only=True)
class _Patch:
    """What a change makes of functions that are there."""

    bodies: Mapping[FunctionType, CodeType] = field(default_factory=dict)

    def apply(self) -> bool:
        """Put the change in place; False if it is more than that."""
        for function, body in self.bodies.items():
            function.__code__ = body
        return True


@dataclass(frozen=True, kw_only=True)
class _NewValues(_Patch):
    """What a change makes of a module's plain values, for the module and whoever has imported them by name."""

    module: str
    code: CodeType

    def apply(self) -> bool:
        namespace: dict[str, Any] = {"__name__": self.module}
        try:
            exec(self.code, namespace)  # noqa: S102
        except Exception:
            # Not swallowed: the change is tried once more where everything is imported anew, and fails there.
            return False
        there = vars(sys.modules[self.module])
        values = {
            each: value
            for each, value in namespace.items()
            if each in there
            and _is_plain(value)
            and _is_plain(there[each])
            and repr(value) != repr(there[each])
        }
        for module, name, its_name in _names_of(self.module):
            if name in values:
                vars(module)[its_name] = values[name]
        return bool(values)


def _patch(
    change: Change, functions: Mapping[tuple[str, int], list[FunctionType]]
) -> _Patch | None:
    """Return what a change makes of what is there; None if it is not only that."""
    if change.function is None:
        name = change.file.removesuffix(".py").replace("/", ".")
        return _NewValues(module=name, code=change.compiled())
    bodies = {
        function: code
        for code in _codes(change.compiled())
        if code.co_qualname == change.function
        for function in functions.get((code.co_qualname, code.co_firstlineno), ())
    }
    alike = all(
        len(function.__code__.co_freevars) == len(code.co_freevars)
        for function, code in bodies.items()
    )
    return _Patch(bodies=bodies) if bodies and alike else None


def _names_of(module: str) -> Iterator[tuple[ModuleType, str, str]]:
    """Yield who has each name of a module: the module itself, and whoever says that it imports it, by which name."""
    own = sys.modules[module]
    yield from ((own, name, name) for name in [*vars(own)])
    for other in [*sys.modules.values()]:
        for said in _imports_of(other):
            if said.module == module and not said.level:
                yield from ((other, each.name, each.asname or each.name) for each in said.names)


def _is_plain(value: object) -> bool:
    """Tell whether a value means the same whichever copy of its module has made it."""
    if isinstance(value, dict):
        return all(_is_plain(each) for each in (*value.keys(), *value.values()))
    if type(value) in (tuple, list, frozenset, set):
        return all(_is_plain(each) for each in cast(Iterable[object], value))
    return type(value) in (str, int, float, bool, timedelta, type(None))


@cache
def _imports_of(module: ModuleType) -> tuple[ast.ImportFrom, ...]:
    """Return what one of our modules imports by name, while it is imported itself."""
    path = Path(getattr(module, "__file__", None) or os.devnull)
    is_ours = path.suffix == ".py" and path.is_relative_to(Path.cwd()) and ".venv" not in path.parts
    body = ast.parse(path.read_text()).body if is_ours else []
    return tuple(each for each in body if isinstance(each, ast.ImportFrom))


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


# -- afresh --------------------------------------------------------------------------------


class _Loader(SourceFileLoader):
    """Loads the changed module in place of the module."""

    def __init__(self, file: str, code: CodeType) -> None:
        super().__init__(file.removesuffix(".py").replace("/", "."), file)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)


class Afresh:
    """Tries changes of a target in processes that import everything anew."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @cached_property
    def _most_cpu(self) -> int:
        return _limit(self._run(None, WAITED_SECONDS), self._target)

    def try_out(self, change: Change) -> Outcome:
        """Tell how the trial of a change ended."""
        return self._run(change.compiled(), self._most_cpu).outcome or Outcome.CRASHED

    def _run(self, code: CodeType | None, limit: int) -> Trial:
        with _folder() as folder:

            def run() -> int:
                _be_silent()
                os.environ[FOLDER] = folder
                if code is not None:
                    sys.meta_path.insert(0, _Loader(self._target.file, code))
                return pytest.main(_arguments(self._target))

            return _forked(run, limit)
