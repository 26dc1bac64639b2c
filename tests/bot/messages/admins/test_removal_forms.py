"""Test the preview of what one confirmation removes: all of it is in it, and what is not is counted."""

import re

import pytest

from bot.messages.admins.removal_forms import About, everything
from bot.paging import Count
from tests.bot.samples import held
from tests.harness.world import said


@pytest.mark.parametrize("count", [1, 2, 4, 5, 6, 7, 10, 11, 99, 100])
def test_nothing_is_said_to_be_left_out_that_is_shown(count):
    """However many lines stand together."""
    rows = [
        held(id=f"a{number}", holder=None, holder_name=f"Holder {number}")
        for number in range(count)
    ]

    shown = said(everything(rows, About(), count=Count(count), whose="Everything that they have"))

    assert len(re.findall(r"Holder \d+", shown)) == count
    assert "more." not in shown
    assert f"{count} to be removed" in shown


def test_no_line_is_cut():
    """With the longest names, all of them escaped: lines that are shown and lines that are not make all of them."""
    rows = [
        held(
            id=f"a{number}",
            holder=None,
            holder_name=f"Holder {number}",
            package_name="&" * 256,
        )
        for number in range(100)
    ]

    shown = said(everything(rows, About(), count=Count(100), whose="Everything"))

    left = re.search(r"and (\d+) more", shown)
    lines = re.findall(r"Holder \d+: \*(&amp;){256}\*", shown)
    assert len(lines) + (int(left[1]) if left else 0) == 100
