"""The walks of docs/explanation/architecture.md: each file that a step names has a part in it."""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from tests.harness.world import ANN, APPROVALS, BO, DANA, living

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "explanation" / "architecture.md"
REMINDED: Final = "Your access to .* ends|Ending soon|About your access to"
FILE: Final = re.compile(r"`((?:bot|handlers|graph)/[\w/]+\.py)`")


def walk(name: str) -> set[str]:
    """The files that the second column names in the walk of that name."""
    part = re.split(r"^#+ ", PAGE.read_text().partition(f"### {name}: ")[2], flags=re.MULTILINE)[0]
    columns = [line.split("|")[2] for line in part.splitlines() if re.match(r"\| \d", line)]
    return {file for column in columns for file in FILE.findall(column)}


@contextmanager
def recording() -> Iterator[set[str]]:
    """Note the files of the repository in which a function is called, by this thread and those that begin in here."""
    codes, files = set(), set[str]()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            codes.add(frame.f_code)

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield files
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
        paths = {Path(code.co_filename) for code in codes}
        files |= {path.relative_to(ROOT).as_posix() for path in paths if path.is_relative_to(ROOT)}


@pytest.mark.parametrize("name", ["Approve", "Ask", "Remind"])
def test_a_walk_names_files(name):
    """So that finding all of them means something."""
    assert len(walk(name)) > 5


async def test_ask_and_approve_go_as_described(database):
    """From the command to the card, and from the click to the message."""
    async with living(database) as world:
        with recording() as passed:
            await world.type(ANN, "/request-access finance-reports because Q4")
            card = await world.card(APPROVALS)
        assert walk("Ask") - passed == set()

        with recording() as passed:
            await world.press(DANA, card, "Approve")
            await world.told(ANN, "You now have access")
        assert walk("Approve") - passed == set()


async def test_remind_goes_as_described(database):
    """From access that Entra has to the message, and to the press on it."""
    async with living(database) as world:
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.press(BO, await world.card(BO), "Approve")
        await world.told(ANN, "You now have access")
        with recording() as passed:
            await world.later(timedelta(days=24))
            await world.extend(ANN, await world.told(ANN, REMINDED))
        assert walk("Remind") - passed == set()
