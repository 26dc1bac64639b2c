"""Each row of the page "Not verified" is tried by `latchkey rehearse`, or has a reason why no program can."""

import re
from pathlib import Path

from bot.cli.rehearsal.by_hand import BY_HAND
from bot.cli.rehearsal.table import EXPERIMENTS

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "not-verified.md"


def rows():
    """The first cell of each row about Entra and Slack."""
    found = re.findall(r"^\| (.+?) \| ", PAGE.read_text(), flags=re.MULTILINE)
    return [each for each in found if each != "What"]


def _beginnings(row, words):
    """Those of *words* that the row begins with."""
    return [each for each in words if row.startswith(each)]


def test_every_row_is_tried_or_has_a_reason():
    """Not both; and no words are of a row that is gone."""
    tried = {each for experiment in EXPERIMENTS for each in experiment.rows}
    matches = {row: _beginnings(row, tried) for row in rows()}
    reasons = {row: _beginnings(row, BY_HAND) for row in rows()}

    nowhere = [row for row in rows() if not matches[row] and not reasons[row]]
    assert nowhere == [], "write an experiment, or the reason in bot/cli/rehearsal/by_hand.py"
    assert [row for row in rows() if matches[row] and reasons[row]] == [], "tried, and by hand"
    assert {row: found for row, found in reasons.items() if len(found) > 1} == {}
    used = {each for found in (*matches.values(), *reasons.values()) for each in found}
    assert (tried | set(BY_HAND)) - used == set(), "of a row that is gone"
