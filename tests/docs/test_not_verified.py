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


def test_every_row_is_tried_or_has_a_reason():
    """Each by one; and no words are of a row that is gone."""
    words = [each for experiment in EXPERIMENTS for each in experiment.rows] + list(BY_HAND)
    matches = {row: [each for each in words if row.startswith(each)] for row in rows()}

    not_once = {row: found for row, found in matches.items() if len(found) != 1}
    assert not_once == {}, "write an experiment, or the reason in bot/cli/rehearsal/by_hand.py"
    assert set(words) - {each for found in matches.values() for each in found} == set()
