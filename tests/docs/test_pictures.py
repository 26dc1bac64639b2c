"""Every picture in the documents is drawn by a test, and stands in a document."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURES = {file.stem for file in (ROOT / "docs" / "pictures").glob("*.png")}


def test_each_is_drawn_by_make_pictures():
    """So that none shows what has long changed."""
    sources = "\n".join(
        file.read_text() for file in (ROOT / "tests" / "browser" / "pictures").glob("*.py")
    )
    kept = re.findall(r'"([\w-]+)",\s*drawn', sources)
    looped = re.findall(r'\("U0\w+", "([a-z-]+)"', sources)

    assert {*kept, *looped} == PICTURES


def test_each_stands_in_a_document():
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = re.findall(r"pictures/([\w-]+)\.png", "\n".join(each.read_text() for each in documents))

    assert set(shown) == PICTURES
