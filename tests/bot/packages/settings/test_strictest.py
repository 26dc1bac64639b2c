"""Test what holds when two settings may be meant: of each question the stricter answer, and the first one's words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.packages.patterns import Pattern
from bot.packages.settings.model import BreakGlass, BreakGlassPeople, PackageSettings, ReasonRule
from bot.packages.settings.strictest import strictest

HOUR = timedelta(hours=1)
ANYBODY, ON_CALL = BreakGlassPeople.IN_POLICY, BreakGlassPeople.ON_CALL
PLAIN = PackageSettings()
TICKET = ReasonRule(pattern=Pattern("INC-[0-9]+"), hint="A ticket, please.")
CHANGE = ReasonRule(pattern=Pattern("CHG-[0-9]+"), hint="A change, please.")
WIDE = BreakGlass(lasts=2 * HOUR, review_within=3 * HOUR, people=ANYBODY, most_a_week=5)
NARROW = BreakGlass(lasts=HOUR, review_within=HOUR, people=ON_CALL, most_a_week=1)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {}, {}),
        ({"fresh_sign_in": True}, {}, {"fresh_sign_in": True}),
        ({}, {"fresh_sign_in": True}, {"fresh_sign_in": True}),
        ({"auth_context": "c1"}, {"auth_context": "c2"}, {"auth_context": "c1"}),
        ({}, {"auth_context": "c2"}, {"auth_context": "c2"}),
        ({"auth_context": "c1"}, {}, {"auth_context": "c1"}),
        ({"reason": TICKET}, {"reason": CHANGE}, {"reason": TICKET}),
        ({}, {"reason": CHANGE}, {"reason": CHANGE}),
        ({"reason": TICKET}, {}, {"reason": TICKET}),
        ({"break_glass": WIDE}, {}, {}),
        ({}, {"break_glass": WIDE}, {}),
        ({"break_glass": WIDE}, {"break_glass": WIDE}, {"break_glass": WIDE}),
        ({"break_glass": WIDE}, {"break_glass": NARROW}, {"break_glass": NARROW}),
        ({"break_glass": NARROW}, {"break_glass": WIDE}, {"break_glass": NARROW}),
        # Each of its limits by itself.
        *(
            (
                {"break_glass": replace(WIDE, **limit)},
                {"break_glass": replace(NARROW, **limit)},
                {"break_glass": replace(NARROW, **limit)},
            )
            for limit in (
                {"lasts": HOUR},
                {"review_within": HOUR},
                {"people": ANYBODY},
                {"most_a_week": 2},
            )
        ),
        ({"channel": "C0ONE"}, {"channel": "C0OTHER"}, {"channel": "C0ONE"}),
        ({}, {"channel": "C0OTHER", "escalate_after": HOUR, "owner": "U0BO"}, {}),
        ({"escalate_after": HOUR}, {}, {"escalate_after": HOUR}),
        ({"opens": "https://one.example"}, {}, {"opens": "https://one.example"}),
        (
            {"opens": "https://one.example"},
            {"opens": "https://other.example"},
            {"opens": "https://one.example"},
        ),
        ({"opens": "https://one.example"}, {"opens": None}, {"opens": None}),
        ({"opens": None}, {"opens": "https://other.example"}, {"opens": None}),
        # Who decides is said beside them.
        ({"entra_decides": True}, {"entra_decides": True}, {}),
    ],
)
def test_nothing_is_allowed_that_either_forbids(one, other, expected):
    """And whatever is no question of strictness is the first one's."""
    found = strictest(replace(PLAIN, **one), replace(PLAIN, **other), entra_decides=False)

    assert found == replace(PLAIN, **expected)


@pytest.mark.parametrize(
    ("one", "other", "needed"),
    [
        ((1,), (3,), [3] * 10),
        ((3,), (1,), [3] * 10),
        ((1, 3), (2,), [2, 3, *[2] * 8]),
        ((2,), (1, 3), [2, 3, *[2] * 8]),
        ((1, 3), (2, 1, 2), [2, 3, 2, *[1] * 7]),
        ((1, 3), (2, 1), [2, 3, *[1] * 8]),
    ],
)
def test_of_each_stage_the_greater_number_must_approve(one, other, needed):
    """One number holds for all stages, and a list for as many as it has."""
    found = strictest(
        PackageSettings(quorum=one), PackageSettings(quorum=other), entra_decides=False
    )

    assert [found.approvals_needed(stage) for stage in range(10)] == needed
    assert len(found.quorum) == (1 if len(set(needed)) == 1 else 10)


def test_where_entra_decides_it_is_asked_nothing_that_it_does_not_know():
    """Neither quorums nor emergencies, nor an escalation of Latchkey's."""
    full = replace(
        PLAIN,
        quorum=(2, 3),
        escalate_after=HOUR,
        break_glass=WIDE,
        channel="C0ONE",
        reason=TICKET,
        fresh_sign_in=True,
    )

    assert strictest(full, full, entra_decides=True) == replace(
        full, quorum=(1,), escalate_after=None, break_glass=None, entra_decides=True
    )
