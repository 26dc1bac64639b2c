"""Test what is said of a click that comes too late: who has decided before, or why there is nothing left."""

from dataclasses import replace

import pytest

from bot import clock
from bot.approvals.in_time import why_late
from bot.approvals.model import Outcome
from bot.packages.model import Stage
from bot.people.model import Verb
from bot.requests.model import ENDED_MEANWHILE, NOT_CONNECTED, State
from tests.bot.samples import ANN, BO, click, terms, wish

TWO = Stage(quorum=2)


def approved(request, name, *, stage=0, verb=Verb.APPROVE):
    return click(
        request, name=name, entra_id=name, stage=stage, verb=verb, outcome=Outcome.ACCEPTED
    )


@pytest.mark.parametrize(
    ("state", "stage", "who", "said"),
    [
        (State.LAPSED, 0, ["Bo"], "That request has expired"),
        (State.CANCELED, 0, ["Bo"], "Whoever asked has canceled that request"),
        (State.REFUSED, 0, ["Bo"], "That request is already refused"),
        (State.LAPSED, 1, ["Bo", "Mia"], "That was already approved by Bo and by Mia"),
        (State.APPROVED, 0, ["Bo", "Mia"], "That was already approved by Bo and by Mia"),
        (State.PENDING, 1, ["Bo", "Mia"], "That was already approved by Bo and by Mia"),
    ],
)
def test_a_step_that_lacked_an_approval_was_not_approved(state, stage, who, said):
    """Whoever comes too late to a step that takes two reads that it was approved only if both are there."""
    request = wish(state=state, stage=stage, terms=terms(stages=(TWO, Stage())))
    late = replace(approved(request, "Dana"), outcome=None)

    why = why_late(late, request, [approved(request, each) for each in who], entra_id=BO)

    assert why.startswith(said), why


def test_a_denial_of_a_step_that_takes_two_is_named():
    """Although somebody had approved it."""
    request = wish(state=State.DENIED, terms=terms(stages=(TWO,)))
    counted = [approved(request, "Bo"), approved(request, "Mia", verb=Verb.DENY)]

    why = why_late(replace(approved(request, "Dana"), outcome=None), request, counted, entra_id=BO)

    assert why.startswith("That was already denied by Mia")


def said_of(request):
    """Return what is said of a click on a card about it that comes too late."""
    return why_late(replace(approved(request, "Dana"), outcome=None), request, [], entra_id=BO)


@pytest.mark.parametrize("why", [ENDED_MEANWHILE, NOT_CONNECTED])
def test_what_expired_for_a_reason_of_its_own_says_that(why):
    """It was not for lack of a decision, and may not be there to be made again."""
    assert said_of(wish(state=State.LAPSED, why=why)) == f"That request has expired. {why}"


@pytest.mark.parametrize(
    "request_",
    [
        wish(state=State.RECEIVED, round=1),
        wish(state=State.APPROVED, terms=terms(entra_decides=True)),
    ],
    ids=["being checked again", "on its way to Entra"],
)
def test_what_comes_to_a_decision_is_not_called_over(request_):
    """A new card may follow in seconds."""
    assert request_.comes_to_a_decision

    assert said_of(request_).startswith("Nobody has to decide that request just now")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.PENDING, "That request has expired"),
        (State.CANCELED, "Whoever asked has canceled that request"),
        (State.DENIED, "That request is already denied"),
    ],
)
def test_only_what_nobody_has_decided_or_withdrawn_has_expired(state, said):
    """A click after the time to decide it reads what has become of it before."""
    assert said_of(wish(state=state, lapses_at=clock.now())).startswith(said)


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize(
    ("who", "may_see"), [(BO, True), (ANN, False), (ANN.upper(), False), (None, False)]
)
def test_whoever_asks_reads_no_hidden_name_by_any_slack_account(hidden, who, may_see):
    """It is the person in Entra who may not know, and whoever is not known may be that person."""
    request = wish(
        state=State.APPROVED, entra_id=ANN, terms=terms(stages=(Stage(hides_approvers=hidden),))
    )
    late = replace(approved(request, "Dana"), outcome=None, slack_user="U0ANOTHER")

    why = why_late(late, request, [approved(request, "Bo")], entra_id=who)

    assert ("Bo" in why) is (may_see or not hidden)
