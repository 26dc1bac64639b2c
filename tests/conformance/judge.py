"""Holds what was recorded against Microsoft's metadata, and says what is not excused."""

import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.record import GUID, REQUEST, Message, Recorder

EXCUSED = Path(__file__).with_name("excused.yml")
_INDEX = re.compile(r"\[\d+\]")
# In a batch, the step comes first.
_STEP = re.compile(r"body\.requests\[(?P<number>\d+)\] (?P<where>.+)")


@dataclass(frozen=True)
class Excuse:
    """
    A known disagreement between Microsoft's pages and its metadata, and why it is one.

    Where only one of Microsoft's own clients says it, *needs* is the package that must be
    installed for that.
    """

    kind: str
    version: str
    operation: str
    code: str
    where: str
    reason: str
    needs: str | None = None

    @property
    def can_occur(self) -> bool:
        return self.needs is None or importlib.util.find_spec(self.needs) is not None


@dataclass(frozen=True)
class Problem:
    """Something that the metadata does not know; *where* without the positions in lists."""

    kind: str
    version: str
    operation: str
    code: str
    where: str
    words: str
    test: str

    def matches(self, excuse: Excuse) -> bool:
        return all(
            getattr(self, name) == getattr(excuse, name)
            for name in ("kind", "version", "operation", "code", "where")
        )

    def __str__(self) -> str:
        return f"{self.kind}, {self.version} {self.operation}: {self.words} (in {self.test})"


@dataclass
class Verdict:
    """What came of it."""

    totals: Counter[str]
    shapes: Counter[str] = field(default_factory=Counter)
    operations: set[tuple[str, str]] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    excused: Counter[Excuse] = field(default_factory=Counter)
    needless: list[Excuse] = field(default_factory=list)

    def summary(self) -> str:
        """One line with the counts."""
        counts = ", ".join(
            f"{self.totals[kind]:,} {kind}s ({self.shapes[kind]:,} different)"
            for kind in ("request", "answer")
        )
        return (
            f"conformance: {len(self.operations)} operations, {counts} held against Microsoft's"
            f" metadata; {len(self.excused)} disagreements excused, {len(self.problems)} problems"
        )


def load_checker(folder: Path) -> Any:
    """The checker that lies beside the metadata."""
    if "graphcheck" not in sys.modules:
        spec = importlib.util.spec_from_file_location("graphcheck", folder / "graphcheck.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["graphcheck"] = module
        spec.loader.exec_module(module)
    return sys.modules["graphcheck"]


def load_excuses(file: Path = EXCUSED) -> list[Excuse]:
    """The excused disagreements, each of which must say all there is to say."""
    return [Excuse(**entry) for entry in yaml.safe_load(file.read_text()) or []]


def judge(recorder: Recorder, checker: Any, excuses: Iterable[Excuse]) -> Verdict:
    """Check each shape once."""
    excuses = list(excuses)
    verdict = Verdict(recorder.totals)
    seen: set[tuple[str, ...]] = set()
    for message in recorder.messages:
        verdict.shapes[message.kind] += 1
        if template := _template(checker, message):
            verdict.operations.add((message.version, f"{message.method} {template}"))
        for found in _check(checker, message):
            operation, where = _place(checker, message, found.where)
            problem = Problem(
                message.kind,
                message.version,
                operation,
                found.code,
                where,
                str(found),
                message.test,
            )
            excuse = next((each for each in excuses if problem.matches(each)), None)
            key = (problem.kind, problem.version, operation, problem.code, where)
            if excuse is not None:
                verdict.excused[excuse] += 1
            elif key not in seen:
                seen.add(key)
                verdict.problems.append(problem)
    verdict.needless = [each for each in excuses if each.can_occur and each not in verdict.excused]
    return verdict


def _place(checker: Any, message: Message, where: str) -> tuple[str, str]:
    """Return the operation that a problem is about, and where it is there; each step of a batch is an operation of its own."""
    step = _STEP.fullmatch(where) if message.kind == REQUEST else None
    if step is not None:
        asked = message.body["requests"][int(step["number"])]
        path = asked["url"].partition("?")[0]
        message, where = replace(message, method=asked["method"], path=path), step["where"]
    known = _template(checker, message) or GUID.sub("{id}", message.path)
    where = _INDEX.sub("[]", where).replace(message.path, "…")
    return f"{message.method} {known}", GUID.sub("{id}", where)


def _template(checker: Any, message: Message) -> str | None:
    path, _ = checker.normalise(message.version, message.path, "", [])
    return checker.load(message.version).match(path)  # type: ignore[no-any-return]


def _check(checker: Any, message: Message) -> list[Any]:
    if message.kind == REQUEST:
        headers = {"ConsistencyLevel": message.consistency} if message.consistency else {}
        return checker.check_request(  # type: ignore[no-any-return]
            message.version,
            message.method,
            message.path,
            message.query,
            message.body,
            headers=headers,
            documented=True,
        )
    if message.is_refusal:
        return checker.check_error(message.body)  # type: ignore[no-any-return]
    return checker.check_response(  # type: ignore[no-any-return]
        message.version,
        message.path,
        message.body,
        method=message.method,
        status=message.status,
        query=message.query,
    )
