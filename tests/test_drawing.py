"""Which cases of a table a run takes: a run of pytest inside this one, over a file with some tables."""

import io
import re
import sys
from contextlib import redirect_stdout

import pytest

from tests.harness.drawing import not_drawn

CASES = 20
TABLES = """
import pytest


@pytest.mark.parametrize("case", range(20))
async def test_dear(case, simulated):
    pass


@pytest.mark.cases(3)
@pytest.mark.parametrize("case", range(20))
def test_marked(case):
    pass


@pytest.mark.parametrize("case", range(20))
def test_cheap(case):
    pass


async def test_alone(simulated):
    pass
"""
SETTINGS = """
[pytest]
addopts = --strict-markers --strict-config --import-mode=importlib
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
markers = timeout: a plugin's, which belongs to the run outside
"""
# What belongs to this process, not to a run.
OF_THIS_RUN = ("cacheprovider", "faulthandler", "timeout")
PLUGINS = ("tests.harness.plugin", "tests.harness.drawing")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Returns what pytest says, and the tests that it takes."""
    monkeypatch.setitem(sys.modules, "test_tables", None)
    monkeypatch.delitem(sys.modules, "test_tables")
    (tmp_path / "test_tables.py").write_text(TABLES)
    (tmp_path / "pytest.ini").write_text(SETTINGS)

    def ran(*options):
        plugins = [*(f"-p{name}" for name in PLUGINS), *(f"-pno:{name}" for name in OF_THIS_RUN)]
        output = io.StringIO()
        with redirect_stdout(output):
            code = pytest.main(
                ["-q", *plugins, f"-c{tmp_path / 'pytest.ini'}", *options, str(tmp_path)]
            )
        assert code == pytest.ExitCode.OK, output.getvalue()
        return output.getvalue()

    return ran


def taken(output):
    """How many cases of each table, and which."""
    found: dict[str, list[str]] = {}
    for name, case in re.findall(r"::(test_\w+)(?:\[(\d+)\])?", output):
        found.setdefault(name, []).append(case)
    return found


def test_dear_tables_are_drawn_and_others_run_whole(run):
    """One case of a table in simulated time, as many as its marker says of another, and each test that has no table."""
    found = taken(run("--collect-only", "--cases", "1", "--seed", "1"))

    assert {name: len(cases) for name, cases in found.items()} == {
        "test_dear": 1,
        "test_marked": 3,
        "test_cheap": CASES,
        "test_alone": 1,
    }


def test_each_case_is_drawn_by_some_seed():
    """Another run takes another, and the same seed the same."""
    cases = range(CASES)
    runs = [set(cases) - set(not_drawn(cases, 3, seed=f"{seed} a table")) for seed in range(50)]

    assert {len(drawn) for drawn in runs} == {3}
    assert set().union(*runs) == set(cases)
    assert runs[7] == set(cases) - set(not_drawn(cases, 3, seed="7 a table"))


@pytest.mark.parametrize("options", [(), ("--cases", "all"), ("--cases", "20")])
def test_all_cases_are_taken_where_nothing_else_is_said(run, options):
    """As `make check` does."""
    output = run("--collect-only", *options)

    assert [len(cases) for cases in taken(output).values()] == [CASES, CASES, CASES, 1]
    assert "left out" not in output


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_it_is_said_how_many_were_left_out(run, workers):
    """Once, whoever has counted them."""
    output = run("--cases", "1", *workers)

    assert output.count("36 more cases of the same facts were left out") == 1
    assert "25 passed" in output
