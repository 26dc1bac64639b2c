"""The part of a list that fits into the console, and what it says of the rest."""

import pytest

from bot.console.model import ConsolePage, Tab
from bot.messages.admins.console.part import part
from bot.messages.blocks.parts import section
from bot.paging import Count, ListName, Mark, Page
from tests.harness.world import said


@pytest.mark.parametrize(
    ("count", "rest"),
    [
        (Count(3), "1 more comes after these."),
        (Count(4), "2 more come after these."),
        (Count(3, is_exact=False), "More than 1 more come after these."),
    ],
)
def test_the_rest_is_counted(count, rest):
    """Also where it is one."""
    shown = [[section("a")], [section("b")]]
    marks = tuple(Mark(at=None, id=each) for each in "ab")
    found = Page(rows=("a", "b"), marks=marks, count=count)

    blocks = part(ConsolePage(tab=Tab.ASSIGNMENTS), found, shown, ListName.ASSIGNMENTS)

    assert rest in said({"blocks": blocks})
