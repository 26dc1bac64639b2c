"""What is said of a request for somebody else that has expired: nobody reads that nobody decided, where somebody had."""

import pytest

from bot.messages.requests.on_behalf import outcome_for_asker, outcome_for_beneficiary
from bot.packages.model import Stage
from bot.requests.model import State
from tests.bot.samples import BO, terms, wish
from tests.harness.world import said

APPROVER = {"kind": "singleuser", "user_id": BO}


def expired(*quorums, stage=0, approvals=0):
    """A request of Mia's for Ann that has expired in this stage, with so many approvals of it."""
    stages = tuple(Stage(approvers=(APPROVER,), quorum=each) for each in quorums)
    return wish(
        state=State.LAPSED,
        asked_by="U0MIA",
        wanted_for="U0ANN",
        terms=terms(stages=stages),
        stage=stage,
        approvals=approvals,
    )


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (expired(1), "has expired: nobody decided it in time."),
        (expired(1, 1), "has expired: nobody decided it in time."),
        (expired(1, 1, stage=1), "has expired: nobody decided step 2 of 2 in time."),
        (expired(2), "has expired: nobody decided it in time."),
        (expired(2, approvals=1), "has expired: it got 1 of 2 approvals in time."),
        (expired(1, 3, stage=1, approvals=2), "has expired: it got 2 of 3 approvals in time."),
    ],
)
def test_what_was_not_decided_is_said(request_, says):
    """To whoever asked; the other reads that it is over, and no more."""
    assert says in said(outcome_for_asker(request_, by=None))
    told = said(outcome_for_beneficiary(request_))
    assert "has expired." in told
    assert "obody" not in told
