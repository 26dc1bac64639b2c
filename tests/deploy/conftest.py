"""The tools that tests of deploy/ ask: of the `deploy` group's own environment, or of Debian."""

import functools
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.needed import skip_unless_needed

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "deploy"
ENVIRONMENT: Final = ROOT / ".venv" / "deploy" / "bin"

Run = Callable[..., subprocess.CompletedProcess[str]]


def ran(*command: str | Path, given: str | None = None, **more: Any) -> Any:
    """Run a program to its end, whatever that is."""
    return subprocess.run(  # noqa: S603
        [str(each) for each in command], capture_output=True, text=True, input=given, **more
    )


@pytest.fixture
def deploy_tool(request: Any) -> Callable[[str], Path]:
    """The path of a program in `.venv/deploy`, which `make .venv/ready-deploy` makes."""

    def tool(name: str) -> Path:
        if not (ENVIRONMENT / name).exists():
            skip_unless_needed(request.config, "DEPLOY", "there is no .venv/deploy")
        return ENVIRONMENT / name

    return tool


@pytest.fixture
def debian_tool(request: Any) -> Callable[[str], str]:
    """The path of a program that Debian has."""

    def tool(name: str) -> str:
        found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin") or ""
        if not found:
            skip_unless_needed(
                request.config, name.upper().replace("-", "_"), f"there is no {name}"
            )
        return found

    return tool


@pytest.fixture(scope="session")
def chart_program(request: Any) -> Iterator["subprocess.Popen[str]"]:
    """A process of `tests/deploy/chart.py`: Helm's library takes seconds to load."""
    python = ENVIRONMENT / "python"
    if not python.exists():
        skip_unless_needed(request.config, "DEPLOY", "there is no .venv/deploy")
    with subprocess.Popen(  # noqa: S603
        [python, ROOT / "tests/deploy/chart.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        yield program
        program.terminate()


@pytest.fixture(scope="session")
def render(chart_program: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Render the Helm chart with some values; see `tests/deploy/chart.py`."""

    @functools.cache
    def answer_to(line: str) -> str:
        chart_program.stdin.write(f"{line}\n")
        chart_program.stdin.flush()
        answer: str = chart_program.stdout.readline()
        return answer

    def rendered(values: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(answer_to(json.dumps(values)))
        return answer

    return rendered
