"""Test what a card says about whoever asks: what is known, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.messages.approvals import approval_card
from bot.messages.approvals.evidence import evidence_lines
from bot.requests.model import Evidence, State
from tests.bot.samples import wish

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 11, 30, tzinfo=UTC)


def lines(evidence: Evidence) -> list[str]:
    return [block["elements"][0]["text"] for block in evidence_lines(evidence)]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, []),
        ({"title": "Campaign lead"}, ["Campaign lead"]),
        ({"department": "Marketing"}, ["Marketing"]),
        (
            {"title": "Lead", "department": "Marketing", "manager": "Mia", "is_guest": False},
            ["Lead, Marketing · manager Mia · a member in Entra"],
        ),
        ({"is_guest": True}, ["A guest in Entra"]),
        ({"holders": 0}, ["Nobody else has it now"]),
        ({"holders": 1}, ["1 other person has it"]),
        ({"holders": 7, "colleagues": 4}, ["7 others have it"]),
        (
            {"holders": 7, "colleagues": 4, "department": "R&D"},
            ["R&amp;D", "7 others have it, 4 of them in R&amp;D"],
        ),
        ({"holders": 1_000}, ["About a thousand others, or more, have it"]),
        ({"had_until": END}, ["Had it until <!date^1795996800^{date_short}|2026-11-30>"]),
        ({"denied_at": NOVEMBER}, ["Was denied it on <!date^1793491200^{date_short}|2026-11-01>"]),
    ],
)
def test_what_is_known_is_said_and_nothing_else(known, said):
    """Each fact by itself and with others."""
    assert lines(Evidence(**known)) == said


def test_when_they_had_it_is_said_with_both_ends():
    """As far as the tables know when it began."""
    [line] = lines(Evidence(had_from=NOVEMBER, had_until=END))

    assert line.startswith("Had it from <!date^1793491200")
    assert "to <!date^1795996800" in line


def test_names_from_the_directory_format_nothing():
    """A department may be called anything."""
    [person, _] = lines(Evidence(department="*<!channel>*", holders=2, colleagues=1))

    assert "<!channel>" not in person
    assert "*" not in person


def test_the_card_has_it_below_its_title():
    """The first thing that is read after who asks for what."""
    one = replace(wish(state=State.PENDING), evidence=Evidence(title="Campaign lead"))

    blocks = approval_card.card(one, [])["blocks"]

    assert blocks[1]["elements"][0]["text"] == "Campaign lead"


def test_facts_about_somebody_else_than_whoever_asks_name_them():
    """Where a manager asks for a report, the title of the report is no manager's."""
    one = replace(
        wish(state=State.PENDING, asked_by="U0MIA", wanted_for="cy"),
        evidence=Evidence(title="Designer", holders=0),
    )

    shown = approval_card.card(one, [])["blocks"]

    assert shown[1]["elements"][0]["text"] == f"<@{one.holder}>: Designer"
    assert shown[2]["elements"][0]["text"] == f"<@{one.holder}>: Nobody else has it now"


def test_an_end_is_said_so_that_it_stays_true():
    """The card is read after the access has ended, or lasts longer, too."""
    known = Evidence(has_from=NOVEMBER, has_until=END)
    [line] = lines(known)
    assert line.endswith("unless extended")
    assert " now" not in line
