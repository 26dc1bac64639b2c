"""The moves a request may make: those that the page draws, and no other."""

import re
from pathlib import Path

import pytest

from bot.models import ENDED, MOVES, OPEN, State

PAGE = Path(__file__).parents[2] / "docs" / "how-it-works.md"
ARROWS = set(re.findall(r"^    (\w+) --> (\w+): ", PAGE.read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("before", State)
def test_the_table_of_moves_is_the_diagram(before):
    """Nothing is in the one that is not in the other."""
    drawn = {after for start, after in ARROWS if start == before}

    assert {str(after) for after in MOVES.get(before, ())} == drawn


def test_a_request_is_open_while_a_move_leads_away():
    """And has ended in every other state."""
    leading = {start for start, _ in ARROWS}

    assert {str(state) for state in OPEN} == leading
    assert {str(state) for state in ENDED} == {str(state) for state in State} - leading
