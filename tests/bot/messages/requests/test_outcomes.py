"""What people are told of the end of a request."""

from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.model import Outcome
from bot.messages.approvals import approval_card
from bot.messages.requests import outcomes
from bot.notifications import outcome_notices
from bot.packages.eligibility import Refusal, RefusalReason
from bot.packages.refusals import to_person
from bot.people.model import Verb
from bot.requests.model import Kind, State
from tests.bot.messages.every_message import request, texts_of
from tests.bot.samples import click, policy


@pytest.mark.parametrize("will_remind", [True, False])
def test_a_delivery_promises_a_reminder_if_there_will_be_one(will_remind):
    """Not without an end, nor for a day only."""
    one = request(state=State.DELIVERED, ends_at=None)
    said = texts_of(outcomes.delivered(one, by=None, will_remind=will_remind))

    assert "no end date" in said
    assert ("remind" in said) is will_remind


@pytest.mark.parametrize("kind", [Kind.ADD, Kind.EXTEND])
@pytest.mark.parametrize(("will_remind", "ends"), [(True, True), (False, True), (False, False)])
def test_what_is_too_short_for_a_reminder_says_so(kind, will_remind, ends):
    """Nobody waits for one that will not come; without an end there is nothing to say."""
    end = clock.now() + timedelta(hours=2) if ends else None
    one = request(kind=kind, state=State.DELIVERED, ends_at=end)
    said = texts_of(outcomes.delivered(one, by=None, will_remind=will_remind))

    assert ("too short for a reminder" in said) is (ends and not will_remind)


def test_a_denial_names_only_who_denied():
    """Who had approved an earlier step is said to have approved."""
    one = request(state=State.DENIED)
    decided = [
        click(one, name="Mia Moreau", outcome=Outcome.ACCEPTED, verb=Verb.APPROVE),
        click(one, name="Dana Diaz", outcome=Outcome.ACCEPTED, verb=Verb.DENY),
    ]
    [(_, said)] = outcome_notices.notices_for_request(
        one, decided=decided, admin_channel="C0ADMIN", will_remind=False
    )
    assert "was denied by Dana Diaz. Mia Moreau had approved it before." in said["text"]


def test_a_long_reason_is_shown_whole_to_whom_it_is_for():
    """A thousand characters with their line breaks: the form takes as many."""
    reason = "\n".join([f"{number}. Go there." for number in range(60)])[:994] + " & end"
    denied = outcomes.denied(request(state=State.DENIED, why=reason), by="Bo")
    asks = approval_card.card(request(justification=reason), [])
    removed = request(
        kind=Kind.REMOVE, state=State.DELIVERED, asked_by="U0DANA", justification=reason
    )
    for said in (denied, asks, outcomes.removed(removed, told="U0ANN")):
        shown = [block["text"]["text"] for block in said["blocks"] if "text" in block]
        assert reason in shown


@pytest.mark.parametrize(
    ("chosen", "is_over", "again"),
    [(None, True, False), ("policy", True, True), (None, False, True), ("policy", False, True)],
)
def test_asking_again_is_offered_of_what_another_policy_may_give(chosen, is_over, again):
    """Whoever chose a policy that is over may choose another; whoever could choose none is refused each time."""
    over = policy(expiration={"type": "afterDateTime", "endDateTime": "2026-01-31T12:00:00Z"})
    reason = RefusalReason.ENDED if is_over else RefusalReason.NO_POLICY
    why = to_person(Refusal(reason=reason, policy=over))
    one = request(state=State.REFUSED, why=why, wanted_policy_id=chosen)
    [(_, said)] = outcome_notices.notices_for_request(
        one, decided=[], admin_channel="C0ADMIN", will_remind=False
    )
    assert ("Ask again" in texts_of(said)) is again
