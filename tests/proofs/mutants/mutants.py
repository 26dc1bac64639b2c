"""
Changes authorization, identity and state in one place after another, and counts which changes no test notices.

Run with ``python -m tests.proofs.mutants.mutants [FILE[:BEGINNING] …]``, where BEGINNING is that of what is said of a
change, such as a class and a function: ``bot/people/approvers.py:Approvers.find``.
Sentences for people and log lines stay as they are.  Nothing on the disk is changed: each mutant lives in a process of
its own, and one at a time.
"""

import importlib
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tests.proofs.mutants.changes import changes_of
from tests.proofs.mutants.equivalents import EQUIVALENTS
from tests.proofs.mutants.targets import TARGETS, Target
from tests.proofs.mutants.trial import Afresh, Outcome, try_in_place

# Not changed by anything, so loaded once for all.
LASTING: Final = (
    *("alembic.command", "freezegun", "hypothesis.stateful", "pytest_asyncio.plugin", "uvicorn"),
    *("pydantic_settings", "slack_bolt.adapter.socket_mode.aiohttp", "slack_bolt.async_app"),
    *(
        "graph",
        "graph.sign_in.auth",
        "sandbox.page",
        "sandbox.serving",
        "sandbox.slack",
        "sandbox.tenant",
    ),
)
# How far it is.
SAYS_EVERY: Final = 50
EQUIVALENT: Final = "equivalent"
COLUMNS: Final = (*Outcome, EQUIVALENT)


def _trials(target: Target) -> Iterator[tuple[str, str]]:
    """Try all changes of a target; yields what each was, with its place, and how it ended."""
    # The one after the other, for one core; and those that need more than a new body of a function at the end.
    in_place: list[Outcome | None] = []
    for outcome in try_in_place(target):
        in_place.append(outcome)
        if len(in_place) % SAYS_EVERY == 0:
            _say(f"{target.file}: {len(in_place)} of {sum(1 for _ in changes_of(target))} so far")
    afresh = Afresh(target)
    equivalents = EQUIVALENTS.get(target.file, {})
    for change, outcome in zip(changes_of(target), in_place, strict=True):
        where = f"{change.file}:{change.line}: {change.said}"
        if change.said in equivalents and outcome is not Outcome.NOTICED:
            yield where, EQUIVALENT
        elif outcome is None or outcome is Outcome.SURVIVED:
            if outcome:
                _say(f"once more, all anew:  {where}")
            yield where, afresh.try_out(change)
        else:
            yield where, outcome


def _count(target: Target) -> Counter[str]:
    """Print what no test noticed; return how many trials ended how."""
    counted: Counter[str] = Counter()
    for where, outcome in _trials(target):
        counted[outcome] += 1
        if outcome not in (Outcome.NOTICED, EQUIVALENT):
            _say(f"{outcome}  {where}")
    return counted


def _targets(wanted: list[str]) -> Iterator[Target]:
    known = {target.file: target for target in TARGETS}
    for each in wanted or known:
        file, _, only = each.partition(":")
        if file not in known:
            raise SystemExit(f"no target: {file}")
        yield replace(known[file], only=only)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    for lasting in LASTING:
        importlib.import_module(lasting)
    if changeable := [
        name for name in sys.modules if name.partition(".")[0] in {"bot", "handlers"}
    ]:
        raise SystemExit(f"loaded too early: {', '.join(changeable)}")
    rows = []
    every: Counter[str] = Counter()
    for target in [*_targets(sys.argv[1:])]:
        begun = time.monotonic()
        counted = _count(target)
        every += counted
        took = time.monotonic() - begun
        figures = "".join(f"{counted[each]:>12}" for each in COLUMNS)
        rows.append(f"{target.file:<48}{counted.total():>8}{figures}{took:>8.0f} s")
        _say(rows[-1])
    _say(f"\n{'module':<48}{'changes':>8}{''.join(f'{each:>12}' for each in COLUMNS)}{'took':>10}")
    _say("\n".join(rows))
    sys.exit(any(every[bad] for bad in (Outcome.SURVIVED, Outcome.TIMED_OUT, Outcome.CRASHED)))
