"""An extension that is not at its end when the access ends: it is a request for new access, or it is closed and all are told."""

from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.transactions import IncompleteDecision
from bot.database import flags
from bot.errors import TooLate
from bot.people.model import Verb
from bot.requests.model import Kind, Request, State
from sandbox.tenant import seed
from tests.harness.by_hand import BotHarness
from tests.harness.world import APPROVALS, buttons, labels, said

DAY = timedelta(days=1)
ANN, BO = "U0ANN", "U0BO"
ENDED = "has ended before it was extended"


async def approve(harness: BotHarness, request: Request) -> None:
    await press(harness, request, "approve")
    await harness.work()


async def press(harness: BotHarness, request: Request, what: str) -> None:
    """Bo presses a button of his card; nobody has looked at the click yet."""
    await harness.talk()
    card = next(
        each
        for each in reversed(harness.told(BO))
        if any(button.startswith(what.capitalize()) for button in labels(each))
    )
    block = next(block for block in card.blocks if block.get("block_id", "").startswith("card:"))
    element = next(each for each in block["elements"] if each["action_id"] == f"latchkey_{what}")
    assert element["value"].startswith(request.id)
    await harness.workspace.click(
        user=BO,
        channel=card.channel,
        ts=card.ts,
        action_id=element["action_id"],
        block_id=block["block_id"],
        value=element["value"],
    )


async def for_less(harness: BotHarness, request: Request) -> IncompleteDecision:
    """Bo wants to set a shorter end, and has the form for it."""
    draft = await harness.approvals.decide(
        ask_id=request.ask_id,
        verb=Verb.APPROVE,
        slack_user=BO,
        team="T0LATCH",
        channel=None,
        for_less=True,
    )
    assert draft is not None
    return draft


async def extending(harness: BotHarness, *, evaluated: bool = True) -> Request:
    """Ann has the reports until in 10 days, and asks to extend them."""
    request = await harness.ask("finance-reports", reason="Q4")
    await approve(harness, request)
    await harness.finish()
    (held,) = harness.tenant.world.assignments.values()
    harness.shift(20 * DAY)
    taken = await harness.request_changes.extend(
        slack_user=ANN, assignment_id=held.id, reason="The year ends later"
    )
    if evaluated:
        await harness.work()
    return await harness.request(taken.request.id)


async def run_out(harness: BotHarness) -> None:
    harness.shift(11 * DAY)
    await harness.jobs.sync()


def adds(harness: BotHarness) -> int:
    return harness.posted("adminAdd")


async def test_a_pending_one_asks_for_new_access_under_the_same_card(harness):
    """Neither a second card in the channel nor a second request; the reason goes along."""
    request = await extending(harness)
    assert request.state is State.PENDING
    await harness.talk()

    await run_out(harness)
    await harness.finish()

    anew = await harness.request(request.id)
    assert (anew.kind, anew.state) == (Kind.ADD, State.PENDING)
    assert anew.justification == "The year ends later"
    cards = [
        each
        for each in harness.workspace.channel(APPROVALS).messages
        if "Approving gives it anew" in said(each) and "Approve" in labels(each)
    ]
    assert len(cards) == 1
    (told,) = [said(each) for each in harness.told(ANN) if ENDED in said(each)]
    assert "it is waiting for" in told

    await approve(harness, anew)
    await harness.finish()
    assert (await harness.request(request.id)).state is State.DELIVERED
    assert adds(harness) == 2
    assert harness.posted("adminUpdate") == 0


async def test_one_that_nobody_has_looked_at_asks_for_new_access(harness):
    """Received before the end, evaluated after it."""
    request = await extending(harness, evaluated=False)

    harness.shift(11 * DAY)
    await harness.finish()

    anew = await harness.request(request.id)
    assert (anew.kind, anew.state) == (Kind.ADD, State.PENDING)


async def test_an_approved_one_is_decided_anew(harness):
    """Granting was paused until after the end: nothing was sent, and new access needs a new decision."""
    request = await extending(harness)
    await harness.store.run(flags.pause, why="maintenance")
    await approve(harness, request)
    assert (await harness.request(request.id)).state is State.APPROVED

    await run_out(harness)
    await harness.store.run(flags.resume)
    await harness.finish()

    anew = await harness.request(request.id)
    assert (anew.kind, anew.state) == (Kind.ADD, State.PENDING)
    assert adds(harness) == 1


async def test_the_form_of_a_shorter_end_says_that_what_it_asked_has_changed(harness):
    """The request is being checked again, and somebody may have to decide it in a moment."""
    request = await extending(harness)
    draft = await for_less(harness, request)
    await run_out(harness)
    assert (await harness.request(request.id)).comes_to_a_decision

    with pytest.raises(TooLate, match="what it asked is decided, or has changed"):
        await harness.approvals.approve_until(
            decision_id=draft.decision.id, slack_user=BO, end=clock.now() + DAY, reason=""
        )


async def test_the_shorter_end_of_an_extension_does_not_hold_for_new_access(harness):
    """It was set for the extension: whoever decides about new access sees what is asked for now."""
    request = await extending(harness)
    await harness.store.run(flags.pause, why="maintenance")
    draft = await for_less(harness, request)
    wrong = await harness.approvals.approve_until(
        decision_id=draft.decision.id, slack_user=BO, end=clock.now() + 12 * DAY, reason=""
    )
    assert wrong is None
    await harness.work()
    assert (await harness.request(request.id)).approved_until is not None

    await run_out(harness)
    await harness.store.run(flags.resume)
    await harness.finish()

    anew = await harness.request(request.id)
    assert (anew.kind, anew.state, anew.approved_until) == (Kind.ADD, State.PENDING, None)


async def test_a_click_on_the_card_of_the_extension_does_not_give_new_access(harness):
    """Bo pressed Approve before the end, and it was looked at after it: he is told to look at the card as it is now."""
    request = await extending(harness)
    await press(harness, request, "approve")

    await run_out(harness)
    await harness.finish()

    anew = await harness.request(request.id)
    assert (anew.kind, anew.state) == (Kind.ADD, State.PENDING)
    assert adds(harness) == 1


async def test_what_somebody_has_ended_in_entra_is_not_asked_for_anew(harness):
    """The extension is closed, and both sides are told."""
    request = await extending(harness)
    await harness.talk()
    (held,) = harness.tenant.world.assignments.values()

    harness.tenant.remove_assignment(held.id)
    for _ in range(3):
        harness.shift(timedelta(minutes=10))
        await harness.jobs.sync()
    await harness.finish()

    closed = await harness.request(request.id)
    assert (closed.kind, closed.state) == (Kind.EXTEND, State.LAPSED)
    assert (
        "Your access to *Finance Reports* was not extended. The access ended before it could be extended. "
        "You can ask again."
    ) in [each.text for each in harness.told(ANN)]
    card = [m for m in harness.told(BO) if "asks to extend" in m.text][-1]
    assert labels(card) == []
    assert "Expired. The access ended before it could be extended." in said(card)


async def test_what_was_ended_before_anybody_had_looked_at_it_can_be_asked_for_again(harness):
    """It is refused, for nobody was asked; and that the way to the access is another request is said all the same."""
    request = await extending(harness, evaluated=False)
    (held,) = harness.tenant.world.assignments.values()
    harness.tenant.remove_assignment(held.id)
    await harness.finish()

    closed = await harness.request(request.id)
    assert (closed.kind, closed.state) == (Kind.EXTEND, State.REFUSED)
    assert any(
        "The access ended before it could be extended. You can ask again." in each.text
        for each in harness.told(ANN)
    )


async def test_what_they_may_not_have_any_more_is_refused(harness):
    """Eligibility is judged as for any new request."""
    request = await extending(harness)
    await harness.talk()
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    policy.settings["requestorSettings"]["enableTargetsToSelfAddAccess"] = False

    await run_out(harness)
    await harness.finish()

    refused = await harness.request(request.id)
    assert (refused.kind, refused.state) == (Kind.ADD, State.REFUSED)
    assert any("Refused." in said(each) for each in harness.told(BO))
    assert adds(harness) == 1


async def test_only_one_request_for_new_access_is_open(harness):
    """They have asked again themselves, before the end was known of: the extension is closed."""
    request = await extending(harness)
    harness.shift(11 * DAY)
    mine = await harness.ask("finance-reports", reason="Q1")
    assert mine.state is State.PENDING

    await harness.jobs.sync()
    await harness.finish()

    assert (await harness.request(request.id)).state is State.LAPSED
    assert (await harness.request(mine.id)).state is State.PENDING


@pytest.mark.parametrize("looks", [1, 3])
async def test_it_becomes_new_once(harness, looks):
    """However often it is looked at."""
    request = await extending(harness)
    for _ in range(looks):
        await run_out(harness)
        await harness.jobs.decisions.run()
    await harness.finish()

    assert (await harness.request(request.id)).round == 1


async def test_while_it_is_checked_again_nobody_reads_that_it_is_decided(harness):
    """Between the end and the new check: the question waits, and neither Answer nor Remind says that nobody has to decide."""
    request = await extending(harness)
    await harness.talk()
    asking = harness.latchkey.services.questions
    await asking.ask(ask_id=request.ask_id, slack_user=BO, team=None, text="Until when?")
    await harness.work()
    await harness.talk()
    (told,) = [each for each in harness.told(ANN) if "Until when?" in said(each)]
    (answer,) = [each for each in buttons(told) if each["text"]["text"] == "Answer"]

    await run_out(harness)
    await harness.talk()

    assert (await harness.request(request.id)).state is State.RECEIVED
    (told,) = [each for each in harness.told(ANN) if "Until when?" in said(each)]
    assert labels(told) == []
    assert "That request is being checked again." in said(told)
    with pytest.raises(TooLate, match="being checked again, so your answer was not saved"):
        await asking.answer(slack_user=ANN, question_id=answer["value"], text="Friday")
    with pytest.raises(TooLate, match="is being checked, and nobody has to decide it yet"):
        await harness.request_changes.remind(slack_user=ANN, request_id=request.id)

    await harness.work()
    await harness.talk()

    assert (await harness.request(request.id)).state is State.PENDING
    (told,) = [each for each in harness.told(ANN) if "Until when?" in said(each)]
    assert labels(told) == ["Answer"]
    await asking.answer(slack_user=ANN, question_id=answer["value"], text="Friday")


async def test_a_question_from_just_before_the_end_is_still_sent(harness):
    """It was asked while the extension waited, and is told while the request is checked again."""
    request = await extending(harness)
    await harness.talk()
    asking = harness.latchkey.services.questions
    await asking.ask(ask_id=request.ask_id, slack_user=BO, team=None, text="Until when?")
    await harness.jobs.decisions.run()

    await run_out(harness)
    assert (await harness.request(request.id)).state is State.RECEIVED
    await harness.talk()

    assert [each for each in harness.told(ANN) if "Until when?" in said(each)]
