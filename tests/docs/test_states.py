"""The picture of a request's states is drawn from the moves that there are, and the site shows it as one."""

import re

from bot.requests.model import MOVES, State
from tests.docs.states import ARROWS, PICTURE, ROOT, picture

PAGE = ROOT / "docs" / "explanation" / "how-it-works.md"


def test_the_picture_has_each_move_and_no_other():
    """And both ways in which a request begins."""
    moves = {(before, after) for before, all_of_them in MOVES.items() for after in all_of_them}
    assert {each for each in ARROWS if each[0] is not None} == moves
    assert {after for before, after in ARROWS if before is None} == {State.RECEIVED, State.PENDING}


def test_the_picture_is_up_to_date():
    """`make docs` writes it."""
    assert PICTURE.read_text("utf-8") == picture(), "out of date: run `make docs`"


def test_the_table_beside_it_has_each_move():
    """In words, with whoever causes it."""
    table = PAGE.read_text("utf-8").partition("| From | To |")[2].partition("\n\n")[0]
    told = set()
    for before, after in re.findall(r"^\| ([\w, ]*) ?\| ([\w, ]+) \|", table, flags=re.MULTILINE):
        begins = [each.strip() or None for each in before.split(",")]
        told |= {(begin, end.strip()) for begin in begins for end in after.split(",")}
    assert told == set(ARROWS)


def test_no_page_shows_the_source_of_a_diagram():
    """What draws such sources needs a browser, and the network."""
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        assert "```mermaid" not in page.read_text("utf-8"), page
