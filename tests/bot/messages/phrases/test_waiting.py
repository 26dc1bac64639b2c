"""Test for whom a request waits: for any one of those who are asked, for so many of them, or for all."""

import pytest

from bot.messages.approvals import approval_card, nudging
from bot.messages.phrases.waiting import named_deciders, waiting_for
from bot.notifications.model import Occasion
from bot.packages.model import Stage
from bot.requests.model import State
from tests.bot.samples import SOME_DAY, terms, wish
from tests.harness.world import said

BO, MIA, LEE = "U0BO", "U0MIA", "U0LEE"


def waiting(quorum, approvals, *deciders):
    stages = (Stage(), Stage(quorum=quorum))
    return wish(
        state=State.PENDING,
        stage=1,
        terms=terms(stages=stages),
        approvals=approvals,
        deciders=deciders,
        lapses_at=SOME_DAY,
        waits_since=SOME_DAY,
    )


@pytest.mark.parametrize(
    ("quorum", "approvals", "deciders", "named"),
    [
        (1, 0, (BO,), "<@U0BO>"),
        (1, 0, (BO, MIA), "<@U0BO> or <@U0MIA>"),
        (2, 0, (BO, MIA), "<@U0BO> and <@U0MIA>"),
        (2, 0, (BO,), "<@U0BO>"),
        (2, 0, (BO, MIA, LEE), "2 of <@U0BO>, <@U0MIA> and <@U0LEE>"),
        (2, 1, (MIA, LEE), "<@U0MIA> or <@U0LEE>"),
        (3, 1, (MIA, LEE), "<@U0MIA> and <@U0LEE>"),
        (
            2,
            0,
            tuple(f"U{each}" for each in range(6)),
            "2 of <@U0>, <@U1>, <@U2>, <@U3>, <@U4> and 1 more",
        ),
        (2, 0, (), ""),
    ],
)
def test_whom_it_waits_for(quorum, approvals, deciders, named):
    """As many as it still needs, and no fewer."""
    request = waiting(quorum, approvals, *deciders)

    assert named_deciders(request, reader=None) == named
    assert named in waiting_for(request, reader=None)


def test_all_of_those_who_are_asked_are_named_on_the_card():
    """However many of them it takes."""
    assert "Asked: <@U0BO>, <@U0MIA> and <@U0LEE>." in said(
        approval_card.card(waiting(2, 0, BO, MIA, LEE), [])
    )


@pytest.mark.parametrize("approvals", [0, 1])
def test_nobody_is_said_to_have_decided_nothing_who_may_have(approvals):
    """One of two has approved: neither the card, nor a nudge, nor what the admins read says that nobody has."""
    request = waiting(2, approvals, BO, MIA)
    texts = [
        said(approval_card.card(request, [])),
        nudging.escalated(request),
        nudging.waits(request),
        *(
            said(
                nudging.nudge(request, [], questions=[], occasion=occasion, reader=MIA, asked=True)
            )
            for occasion in Occasion
        ),
    ]

    assert not any("obody decide" in each or "obody has decided" in each for each in texts)
