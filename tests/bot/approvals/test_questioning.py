"""Asking and answering a question about a request: who may, while what waits, and what is drawn anew."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.approvals import questioning
from bot.approvals.in_time import NOTHING_TO_DECIDE
from bot.approvals.model import Outcome
from bot.approvals.questioning import (
    answer_question,
    ask_question,
    begin_question,
    open_question,
)
from bot.approvals.store import approver_questions
from bot.database import homes, tables
from bot.errors import LatchkeyError, NotAllowed, TooLate
from bot.packages.model import Stage
from bot.requests.model import State
from bot.requests.store import requests
from sandbox.tenant import seed
from tests.bot.samples import approver_question, terms, wish

OWN = "your own request"
GONE = "0" * 32 + "0000"


async def pending(store, **changes):
    """A request that waits for a decision."""
    facts = {"state": State.PENDING, "terms": terms(), "entra_id": seed.ANN, "deciders": ("U0BO",)}
    request = wish(**facts | changes)
    await store.run(requests.add, request)
    return request


async def asked(store, request, **changes):
    """A question that counts."""
    question, _ = await store.run(
        ask_question, "U0BO", request.id, approver_question(request, **changes)
    )
    settled = await store.run(
        approver_questions.settle, question, request, Outcome.ACCEPTED, entra_id=seed.BO
    )
    assert settled is not None
    return settled


async def over(store, request, state=State.CANCELED):
    """It is decided, or canceled, in another way."""
    await store.run(_end, request, state)


def _end(db, request, state):
    db.execute(
        sa.update(tables.requests).where(tables.requests.c.id == request.id).values(state=state)
    )


@pytest.mark.parametrize("stage", [0, 1])
async def test_whoever_has_asked_is_shown_the_card(harness, stage):
    """Also an approver without a card of their own, one of many: the answer comes with a button that shows it; of a later step, not."""
    bo = {"kind": "singleuser", "user_id": seed.BO}
    two = terms(stages=(Stage(approvers=(bo,)), Stage()))
    request = await pending(harness.store, deciders=("U0MIA",), entra_id=seed.ANN, terms=two)
    await asked(harness.store, request)
    await harness.store.run(_reach, request, stage)
    cards = harness.latchkey.services.reviews

    if stage:
        with pytest.raises(NotAllowed, match="Only those who decide"):
            await cards.find(slack_user="U0BO", request_id=request.id)
    else:
        found = await cards.find(slack_user="U0BO", request_id=request.id)
        card = await cards.drawn(found, team="T0LATCH")
        assert "latchkey_approve" in str(card)
        assert "admins may not" not in str(card)


async def test_a_card_of_a_request_that_is_gone_is_not_shown(harness):
    """Deleted since the list with its button was drawn."""
    with pytest.raises(TooLate, match="do not know that request"):
        await harness.latchkey.services.reviews.find(slack_user="U0DANA", request_id="gone")


def _reach(db, request, stage):
    db.execute(
        sa.update(tables.requests).where(tables.requests.c.id == request.id).values(stage=stage)
    )


@pytest.mark.parametrize("of", [{}, {"asked_by": "U0MIA", "wanted_for": "U0ANN"}])
@pytest.mark.parametrize("who", ["holder", "asked_by"])
async def test_nobody_asks_about_their_own_request(store, of, who):
    """Neither whoever asked nor whom it is for; not by a form that they have made up either."""
    request = await pending(store, **of)
    user = getattr(request, who)

    with pytest.raises(NotAllowed, match=OWN):
        await store.run(begin_question, user, request.id, request.ask_id)
    question = approver_question(request, slack_user=user)
    with pytest.raises(NotAllowed, match=OWN):
        await store.run(ask_question, user, request.id, question)
    assert await store.read(approver_questions.by_one, request.id, user) == []


async def test_the_form_says_what_it_is_about(store):
    """And what was asked before."""
    request = await pending(store)
    before = await asked(store, request, question="Which one?")

    form = await store.run(begin_question, "U0BO", request.id, request.ask_id)

    assert form.request.id == request.id
    assert [each.id for each in form.questions] == [before.id]
    assert form.counted == []


@pytest.mark.parametrize(
    ("ask_id", "why"),
    [(GONE, "do not know that request"), ("what is this?", "do not know that request")],
)
async def test_what_is_not_known_is_not_asked_about(store, ask_id, why):
    """Whatever the button carried."""
    with pytest.raises(TooLate, match=why):
        await store.run(begin_question, "U0BO", "x", ask_id)


@pytest.mark.parametrize("state", [each for each in State if each is not State.PENDING])
async def test_what_waits_for_no_decision_is_not_asked_about(store, state):
    """Nor answered."""
    request = await pending(store)
    question = await asked(store, request)
    await over(store, request, state)

    for work, *args in (
        (begin_question, request.id, request.ask_id),
        (ask_question, request.id, approver_question(request, question="And now?")),
    ):
        with pytest.raises(TooLate):
            await store.run(work, "U0BO", *args)
    with pytest.raises(TooLate):
        await store.run(open_question, "U0ANN", question.id)
    with pytest.raises(TooLate):
        await store.run(answer_question, "U0ANN", question.id, "This one")
    assert not (await store.read(approver_questions.find, question.id)).is_answered


async def test_a_card_of_another_stage_asks_nothing(store):
    """Its buttons were about what is over."""
    request = await pending(store)
    old = replace(request, stage=1).ask_id

    with pytest.raises(TooLate):
        await store.run(begin_question, "U0BO", request.id, old)


@pytest.mark.parametrize("outcome", [None, Outcome.ACCEPTED])
async def test_the_same_question_is_one_while_it_has_no_answer(store, outcome):
    """Judged already, or not yet."""
    request = await pending(store)
    first, _ = await store.run(ask_question, "U0BO", request.id, approver_question(request))
    if outcome is not None:
        await store.run(approver_questions.settle, first, request, outcome)

    again, about = await store.run(ask_question, "U0BO", request.id, approver_question(request))

    assert (again.id, about.id) == (first.id, request.id)


async def test_the_same_question_is_another_after_an_answer_or_a_refusal(store):
    """Whoever asks once more wants to know once more."""
    request = await pending(store)
    answered = await asked(store, request)
    await store.run(answer_question, "U0ANN", answered.id, "This one")
    second, _ = await store.run(ask_question, "U0BO", request.id, approver_question(request))
    assert second.id != answered.id
    await store.run(approver_questions.settle, second, request, Outcome.REFUSED, why="No.")

    third, _ = await store.run(ask_question, "U0BO", request.id, approver_question(request))

    assert third.id not in {answered.id, second.id}


async def test_other_words_are_another_question(store):
    """So are those of somebody else."""
    request = await pending(store)
    first = await asked(store, request)

    for user, words in (("U0BO", "And why?"), ("U0DANA", first.question)):
        question = approver_question(request, slack_user=user, question=words)
        other, _ = await store.run(ask_question, user, request.id, question)
        assert other.id == question.id


async def test_ten_questions_are_enough(store):
    """The eleventh is not saved."""
    request = await pending(store)
    for number in range(10):
        question = approver_question(request, question=str(number))
        await store.run(ask_question, "U0BO", request.id, question)

    with pytest.raises(LatchkeyError, match="10 questions"):
        await store.run(ask_question, "U0BO", request.id, approver_question(request))


@pytest.mark.parametrize(
    ("of", "requester", "holder"),
    [
        ({}, "U0ANN", "U0ANN"),
        ({"asked_by": "U0MIA", "wanted_for": "U0ANN"}, "U0MIA", "U0ANN"),
        # An extension that an admin has asked for at the command line is the holder's.
        ({"asked_by": "cli:olga"}, "U0ANN", "U0ANN"),
    ],
)
async def test_whom_a_question_goes_to(store, of, requester, holder):
    """Whoever asked for the access, and whom it is for."""
    request = await pending(store, **of)

    question, _ = await store.run(ask_question, "U0BO", request.id, approver_question(request))

    assert (question.requester, question.holder) == (requester, holder)


async def test_nobody_can_be_asked_who_is_not_in_slack(store):
    """Whoever has asked in Entra, and has no account here."""
    request = await pending(store, holder=None, asked_by="entra")

    with pytest.raises(NotAllowed, match="don't know them in Slack"):
        await store.run(ask_question, "U0BO", request.id, approver_question(request))


@pytest.mark.parametrize(
    ("of", "who", "may"),
    [
        ({}, "U0ANN", True),
        ({}, "U0MIA", False),
        ({}, "U0BO", False),
        ({"asked_by": "U0MIA", "wanted_for": "U0ANN"}, "U0ANN", True),
        ({"asked_by": "U0MIA", "wanted_for": "U0ANN"}, "U0MIA", True),
        ({"asked_by": "U0MIA", "wanted_for": "U0ANN"}, "U0BO", False),
        # Who has asked for the removal of somebody's access, say, is not whose it is.
        ({"asked_by": "U0DANA"}, "U0DANA", False),
    ],
)
async def test_who_answers(store, of, who, may):
    """Whoever asked for the access, and whom it is for; nobody else."""
    request = await pending(store, **of)
    question = await asked(store, request)

    if may:
        found, about = await store.run(open_question, who, question.id)
        assert (found.id, about.id) == (question.id, request.id)
        answered, about = await store.run(answer_question, who, question.id, "This")
        assert (answered.answered_by, about.id) == (who, request.id)
    else:
        for work, *args in ((open_question,), (answer_question, "This")):
            with pytest.raises(NotAllowed):
                await store.run(work, who, question.id, *args)


@pytest.mark.parametrize("outcome", [None, *(each for each in Outcome if each != Outcome.ACCEPTED)])
async def test_what_does_not_count_is_not_answered(store, outcome):
    """Nor what nobody knows."""
    request = await pending(store)
    question, _ = await store.run(ask_question, "U0BO", request.id, approver_question(request))
    if outcome is not None:
        await store.run(approver_questions.settle, question, request, outcome, why="No.")

    for question_id in (question.id, "nothing"):
        with pytest.raises(TooLate, match="do not know that question"):
            await store.run(open_question, "U0ANN", question_id)


async def test_a_question_has_one_answer(store):
    """The first."""
    request = await pending(store)
    question = await asked(store, request)
    await store.run(answer_question, "U0ANN", question.id, "This one")

    for work, *args in ((open_question,), (answer_question, "That one")):
        with pytest.raises(TooLate, match="answered already"):
            await store.run(work, "U0ANN", question.id, *args)
    assert (await store.read(approver_questions.find, question.id)).answer == "This one"


async def stale_homes(store):
    return set(await store.run(homes.claim_stale, lease=timedelta(hours=1), limit=9))


async def fresh_homes(store, *users):
    for user in users:
        await store.run(homes.mark_opened, user)
        assert user in await stale_homes(store)
        await store.run(homes.mark_published, user, admin=False, at=clock.now())


async def test_an_answer_is_seen_at_once_by_those_who_decide(store):
    """Their Homes are owed a redraw, and the requester's."""
    request = await pending(store)
    question = await asked(store, request)
    await fresh_homes(store, "U0ANN", "U0BO", "U0LEE")

    await store.run(answer_question, "U0ANN", question.id, "This one")

    assert await stale_homes(store) == {"U0ANN", "U0BO"}


@pytest.mark.parametrize("state", [State.PENDING, State.DENIED])
@pytest.mark.parametrize("outcome", Outcome)
async def test_a_question_counts_only_while_its_request_waits(store, state, outcome):
    """What was decided while whoever asks was looked up makes it late; only what counts is drawn anew."""
    request = await pending(store)
    question, _ = await store.run(ask_question, "U0BO", request.id, approver_question(request))
    await over(store, request, state)
    await fresh_homes(store, "U0ANN", "U0BO")
    counts = outcome is Outcome.ACCEPTED and state is State.PENDING
    is_late = outcome is Outcome.LATE or (outcome is Outcome.ACCEPTED and not counts)

    settled = await store.run(
        questioning._settle, question, request, outcome, why="Because.", entra_id=seed.BO
    )

    kept = await store.read(approver_questions.find, question.id)
    assert settled == kept
    assert kept.outcome is (Outcome.LATE if is_late else outcome)
    assert ("Because." in (kept.why or "")) is not is_late
    assert await stale_homes(store) == ({"U0ANN", "U0BO"} if counts else set())


async def test_who_was_quicker_has_settled_it(store):
    """The question stays as it is, and nothing is drawn anew; of one that is gone, what is known is said."""
    request = await pending(store)
    question = await asked(store, request)
    await fresh_homes(store, "U0ANN", "U0BO")

    again = await store.run(questioning._settle, question, request, Outcome.ACCEPTED)

    assert again == await store.read(approver_questions.find, question.id)
    gone = replace(question, id="gone")
    assert await store.run(questioning._settle, gone, request, Outcome.REFUSED) == gone
    assert await stale_homes(store) == set()


async def test_a_request_that_is_deleted_meanwhile_breaks_nothing(store):
    """The question is settled by what was known."""
    request = wish(state=State.PENDING, terms=terms())
    question = approver_question(request)

    assert await store.run(questioning._settle, question, request, Outcome.REFUSED) == question


# By hand, with the whole bot: who asks is read in Slack and Entra.


async def test_a_question_about_what_was_decided_meanwhile_is_late(harness):
    """Whoever asked reads that there is nothing to decide."""
    request = await harness.ask("finance-reports", reason="Q4")
    services = harness.latchkey.services
    question, _ = await services.questions.ask(
        ask_id=request.ask_id, slack_user="U0BO", team=None, text="Which?"
    )
    await harness.request_changes.cancel(slack_user="U0ANN", request_id=request.id)

    await harness.work()

    found = await harness.store.read(approver_questions.find, question.id)
    assert found.outcome is Outcome.LATE


async def test_who_asked_is_written_down(harness):
    """By their id in Entra."""
    request = await harness.ask("finance-reports", reason="Q4")
    await harness.latchkey.services.questions.ask(
        ask_id=request.ask_id, slack_user="U0BO", team=None, text="Which?"
    )

    await harness.work()

    (row,) = [each for each in await harness.audit(request) if "ask-question-acc" in each["verb"]]
    assert row["actor_entra_id"] == seed.BO


@pytest.mark.parametrize("user", ["U0BO", "U0MIA"])
@pytest.mark.parametrize("fault", [None, "graph", "slack", "slow", "late"])
async def test_who_may_not_ask_reads_why_if_that_is_known_in_time(harness, user, fault):
    """Otherwise the form opens, and it is judged when the question comes."""
    request = await harness.ask("finance-reports", reason="Q4")
    await harness.forget_what_was_read()
    if fault == "graph":
        harness.tenant.faults.set("unavailable", count=99)
    elif fault == "slow":
        harness.tenant.faults.set("slow", count=99, seconds=60)
    elif fault == "slack":
        harness.workspace.faults.set("fatal_error")
    elif fault == "late":
        await harness.request_changes.cancel(slack_user="U0ANN", request_id=request.id)

    why = await harness.latchkey.services.questions.find_reason_against(
        ask_id=request.ask_id, slack_user=user, team=None
    )

    if fault == "late":
        assert why == NOTHING_TO_DECIDE
    else:
        assert (why is not None) is (fault is None and user == "U0MIA")
