"""People of one name are told apart where an admin removes access."""

import pytest

from bot.assignments.model import Assignment
from bot.console.model import ConsolePage, Tab
from bot.messages.admins import removal_forms
from bot.messages.admins.access_list import assignments
from bot.messages.admins.console.assignments import assignment_list
from bot.messages.admins.removal_forms import About
from bot.paging import Count, ListName, Place
from tests.bot.samples import held, page
from tests.harness.world import said

ONE, OTHER = "a0000000-0000-4000-8000-0000000000e1", "a0000000-0000-4000-8000-0000000000e2"
PLACE = Place(list=ListName.ASSIGNMENTS)


def of(entra_id: str, name: str, *, holder: str | None = None) -> Assignment:
    return held(id=f"of {entra_id}", entra_id=entra_id, holder=holder, holder_name=name)


ROWS = [of(ONE, "Mia Moreau"), of(OTHER, "mia moreau"), of("x", "Bo Berg")]
# Where Slack mentions them, a mention tells them apart; a choice mentions nobody.
IN_SLACK = [of(ONE, "Mia Moreau", holder="U0MIA"), of(OTHER, "Mia Moreau", holder="U0MIM")]


@pytest.mark.parametrize("where", ["list", "console", "everything"])
def test_a_row_has_the_id_of_who_shares_a_name(where):
    """And of nobody else."""
    shown = {
        "list": lambda rows: assignments(page(rows), place=PLACE),
        "console": lambda rows: {
            "blocks": assignment_list(
                ConsolePage(tab=Tab.ASSIGNMENTS),
                page(rows),
                place=PLACE,
                package=None,
                whom=None,
                notes=(),
                removing=(),
                why={},
            )
        },
        "everything": lambda rows: removal_forms.everything(
            rows, About(), count=Count(len(rows)), whose="Everybody's access"
        ),
    }[where]

    assert f"Mia Moreau (`{ONE}`)" in said(shown(ROWS))
    assert f"mia moreau (`{OTHER}`)" in said(shown(ROWS))
    assert "Bo Berg (" not in said(shown(ROWS))
    assert ONE not in said(shown(IN_SLACK))
    assert "<@U0MIM>" in said(shown(IN_SLACK))


@pytest.mark.parametrize("rows", [ROWS, IN_SLACK])
def test_a_choice_has_the_id_of_who_shares_a_name(rows):
    """Whole, however long the name is."""
    choices = said(removal_forms.several(rows, About()))
    assert f"Mia Moreau ({ONE})" in choices
    assert "Bo Berg (" not in choices

    long = [of(each, "M" * 250) for each in (ONE, OTHER)]
    options = removal_forms.several(long, About())["blocks"][0]["element"]["options"]
    texts = [each["text"]["text"] for each in options]
    assert [each.partition("(")[2] for each in texts] == [f"{ONE})", f"{OTHER})"]
    assert max(map(len, texts)) <= 75


def test_who_is_not_in_slack_is_named_with_the_id_before_one_access_is_removed():
    """The form shows nobody beside them, and there may be others of the name."""
    shown = said(removal_forms.one(ROWS[0], About(), automatic=False))
    assert f"Mia Moreau (`{ONE}`) has" in shown
