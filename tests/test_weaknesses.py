"""The check of the dependencies fails on a known weakness, and never passes over what it could not check."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

JUDGE = Path(__file__).parents[1] / ".ci" / "weaknesses.py"
FINE = {"name": "fine", "version": "1.0", "vulns": []}
WEAK = {
    "name": "weak",
    "version": "1.0",
    "vulns": [{"id": "CVE-2030-1", "fix_versions": ["1.1"], "aliases": [], "description": "x"}],
}
SKIPPED = {"name": "unknown", "skip_reason": "Dependency not found: unknown (1.0)"}


def judged(tmp_path, report, trouble=""):
    """The exit code and the words for a report, an object or any text."""
    files = tmp_path / "report.json", tmp_path / "trouble"
    if report is not None:
        files[0].write_text(report if isinstance(report, str) else json.dumps(report))
    files[1].write_text(trouble)
    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, JUDGE, *files], capture_output=True, text=True, check=False
    )
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


@pytest.mark.parametrize("others", [[], [FINE], [SKIPPED], [SKIPPED, FINE]])
def test_a_known_weakness_fails(tmp_path, others):
    """And is named, with the version that mends it."""
    code, said = judged(tmp_path, {"dependencies": [*others, WEAK]})

    assert code == 1
    assert "weak 1.0: CVE-2030-1, fixed in 1.1" in said


def test_without_a_known_weakness_it_passes(tmp_path):
    """With the number of what was checked."""
    assert judged(tmp_path, {"dependencies": [FINE, FINE]}) == (
        0,
        "2 dependencies checked, 0 known weaknesses.\n",
    )


def test_what_the_list_does_not_know_is_named(tmp_path):
    """It is not among the checked ones."""
    code, said = judged(tmp_path, {"dependencies": [FINE, SKIPPED]})

    assert code == 0
    assert "NOT CHECKED against the list of known weaknesses: 1 of 2 dependencies (unknown)" in said
    assert "1 dependencies checked" in said


@pytest.mark.parametrize("report", [None, "", "{"])
def test_without_a_report_nothing_was_checked(tmp_path, report):
    """No network: loudly, with the reason, and without failing."""
    code, said = judged(tmp_path, report, trouble="Traceback\nProxyError: no way out")

    assert code == 0
    assert "NOT CHECKED against the list of known weaknesses: the dependencies." in said
    assert "ProxyError: no way out" in said
    assert "dependencies checked" not in said
