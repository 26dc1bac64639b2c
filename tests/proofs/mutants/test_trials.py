"""Each way in which a trial of a changed module may end is told from the others, with a module made up for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

MODULE = '''"""A module."""

import os

MOST = 10
FEWEST = 3


def end():
    """Return nothing: whoever calls it otherwise ends the process."""
    return os.kill(os.getpid(), 0 * 9)


def kind(number):
    """Tell what kind of number it is."""
    while number > 100:
        number -= 100
    return "big" if number > MOST else "small"


def is_known(number):
    """Tell something that no test asks for."""
    return number == 1


def taken_over(number):
    """Return what another module has taken over by its name."""
    return number != 0
'''
OTHER = '''"""Another module."""

from made_up import taken_over

IS_THERE = taken_over(1)
# A value of its own, under the name of another one's.
FEWEST = 3
'''
TESTS = '''"""Tests."""

import pytest
from other import FEWEST, IS_THERE, taken_over

from made_up import end, kind


@pytest.mark.parametrize(
    ("number", "expected"), [(1, "small"), (10, "small"), (11, "big"), (100, "big"), (101, "small"), (111, "big")]
)
def test_kinds(number, expected):
    """Each."""
    assert kind(number) == expected


def test_the_other_ones_own():
    """It is not the first module's."""
    assert FEWEST == 3


def test_it_lives():
    """Nobody ends it."""
    assert end() is None


def test_what_was_taken_over():
    """Through the other module."""
    assert IS_THERE
    assert not taken_over(0)
'''
OPTION = '''"""As the project's own."""


def pytest_addoption(parser):
    """Take them, and do nothing with them."""
    parser.addoption("--seed")
    parser.addoption("--metadata")
'''
SCRIPT = """
import json
from tests.proofs.mutants import trial
from tests.proofs.mutants.mutants import _trials
from tests.proofs.mutants.targets import Target

trial.ENDLESS_BESIDE = 1
found = _trials(Target(file="made_up.py", tests=("test_made_up.py",)))
print(json.dumps({where.partition(": ")[2]: str(outcome) for where, outcome in found}))
"""


def test_each_end_of_a_trial_is_told_by_its_name(tmp_path):
    """Noticed in another module's copy and in a constant; survived where no test looks; endless by its CPU, not by a clock."""
    (tmp_path / "tests").mkdir()
    for name, text in {
        "made_up.py": MODULE,
        "other.py": OTHER,
        "conftest.py": OPTION,
        "tests/test_made_up.py": TESTS,
    }.items():
        (tmp_path / name).write_text(text)
    root = Path(__file__).parents[3]

    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        check=True,
    )

    ends = json.loads(ran.stdout.splitlines()[-1])
    assert {change: end for change, end in ends.items() if end != "noticed"} == {
        "kind: number > 100  ->  True": "endless",
        "kind: number -= 100  ->  pass": "endless",
        "FEWEST: 3  ->  4": "survived",
        "end: return os.kill(os.getpid(), 0 * 9)  ->  return None": "survived",
        "end: 9  ->  10": "survived",
        "end: 0  ->  1": "crashed",
        "is_known: return number == 1  ->  return None": "survived",
        "is_known: number == 1  ->  number != 1": "survived",
        "is_known: 1  ->  2": "survived",
    }
    assert ends["taken_over: number != 0  ->  number == 0"] == "noticed"
