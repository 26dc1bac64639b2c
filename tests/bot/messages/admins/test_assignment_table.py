"""The table of who has what stays within Slack's limits, and leads on to what it has no room for."""

import pytest

from bot.messages.admins import assignment_table
from bot.messages.blocks.pages import MESSAGE
from bot.paging import Count, ListName, Place
from tests.bot.samples import held, page
from tests.slack_limits.limits import Limits, load_second
from tests.slack_limits.plugin import CHECKER

MARKUP = "*bold* <!channel> & <https://evil|_x_> `c` " * 6
EMOJI = "👩‍👩‍👧" * 40


@pytest.mark.parametrize("name", ["Ann Abara", MARKUP, EMOJI], ids=["short", "markup", "emoji"])
def test_as_many_rows_as_a_message_takes(name):
    """Of forty; the others are a press away."""
    rows = [held(id=f"{n:036}", holder_name=name[:250], package_name=name[:250]) for n in range(40)]
    listed = page(rows, most=40)
    made = assignment_table.assignments(
        listed.__class__(rows=listed.rows, marks=listed.marks, count=Count(10_000), skipped=0),
        place=Place(list=ListName.ASSIGNMENTS),
        package=None,
        notes=(),
        removing={rows[0].id},
    )
    assert Limits(load_second(CHECKER)).of_message(made) == []
    assert MESSAGE.has(made["blocks"])
    cells = next(each for each in made["blocks"] if each["type"] == "data_table")["rows"]
    assert cells[1][-1]["text"] == "being removed"
    assert len(cells) > 10
    assert made["blocks"][-1]["elements"][0]["action_id"] == "latchkey_more"
    assert f"1 to {len(cells) - 1} of 10,000." in made["blocks"][-2]["elements"][0]["text"]
