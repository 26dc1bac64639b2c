"""A whole run of pytest with the plugin, inside this one, over an invented metadata."""

import gc
import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from tests.conformance.invented import METADATA

pytestmark = pytest.mark.made_up("the requests of the run inside are that run's own affair")

SETTINGS = """
[pytest]
addopts = --strict-markers --strict-config --import-mode=importlib
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""
# What belongs to this process, not to a run.
OF_THIS_RUN = ("cacheprovider", "faulthandler", "timeout")
SENDING = """
import httpx
import pytest
from graph import Graph, StaticToken

KNOWN = "/users/ann"


async def send(path):
    answer = httpx.MockTransport(lambda request: httpx.Response(200, json={{"id": "ann"}}))
    async with httpx.AsyncClient(transport=answer) as http:
        graph = Graph(http, StaticToken("t"), url="https://graph.test", version="v1.0")
        await (graph.users.get("ann") if path == KNOWN else graph.catalogs.get("general"))


async def test_one():
    await send(KNOWN)


{marker}
async def test_two():
    await send({path!r})
"""
MARKER = 'pytest.mark.made_up("for this test")'


@pytest.fixture(autouse=True)
def all_that_is_left():
    """Collected once; each run inside ends with ten collections of everything that there is."""
    gc.collect()
    gc.freeze()


def run(folder: Path, *options: str, path: str = "/users/ann", marker: str = "") -> tuple[int, str]:
    """Exit code and output of pytest over a file that sends two requests, the second for *path*."""
    marker = f"@{marker}" if marker else ""
    (folder / "test_sending.py").write_text(SENDING.format(path=path, marker=marker))
    (folder / "pytest.ini").write_text(SETTINGS)
    without = [f"-pno:{name}" for name in OF_THIS_RUN]
    settings = f"-c{folder / 'pytest.ini'}"
    output = io.StringIO()
    with redirect_stdout(output):
        code = pytest.main(
            ["-qs", "-ptests.conformance.plugin", *without, settings, *options, str(folder)]
        )
    return code, output.getvalue()


@pytest.fixture(autouse=True)
def modules_of_its_own(monkeypatch):
    """The run inside loads its own checker and its own tests."""
    for name in ("graphcheck", "test_sending"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def metadata(tmp_path):
    """An invented metadata, in a folder."""
    folder = tmp_path / "metadata"
    folder.mkdir()
    (folder / "graphcheck.py").write_text(METADATA)
    return f"--metadata={folder}"


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_problem_fails_the_run(tmp_path, metadata, workers):
    """With workers and without, although every test passed."""
    code, output = run(tmp_path, metadata, *workers, path="/elsewhere")

    assert code == pytest.ExitCode.TESTS_FAILED, output
    assert "2 passed" in output
    assert "NOT IN THE METADATA request, v1.0 GET" in output
    assert "unknown-path" in output
    assert "2 requests (2 different)" in output


def test_what_is_made_up_is_not_held_against_the_metadata(tmp_path, metadata):
    """A test says so by its marker; the other one counts."""
    code, output = run(tmp_path, metadata, path="/elsewhere", marker=MARKER)

    assert code == pytest.ExitCode.OK, output
    assert "conformance: 1 operations, 1 requests (1 different)" in output


def test_without_metadata_the_check_is_skipped_and_says_so(tmp_path):
    """The suite needs nothing but the checkout."""
    code, output = run(tmp_path, f"--metadata={tmp_path / 'nowhere'}", path="/elsewhere")

    assert code == pytest.ExitCode.OK, output
    assert "conformance: skipped, there is no copy of Microsoft's metadata in" in output


@pytest.mark.parametrize("reason", ["no metadata", "needless excuses"])
def test_the_option_demands_the_whole_check(tmp_path, metadata, reason):
    """It fails without the metadata, and for excuses that nothing needs."""
    if reason == "no metadata":
        metadata = f"--metadata={tmp_path / 'nowhere'}"

    code, output = run(tmp_path, metadata, "--conformance")

    assert code == pytest.ExitCode.TESTS_FAILED, output
    assert ("skipped" if reason == "no metadata" else "NEEDLESS EXCUSE") in output
