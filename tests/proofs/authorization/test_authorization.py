"""The page of rights says what the table says, and the states that it names are those in which something happens."""

import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import clock
from bot.approvals.model import Outcome
from bot.approvals.processing import DecisionProcessor
from bot.approvals.questioning import QuestionProcessor, answer_question
from bot.approvals.store import approver_questions
from bot.approvals.transactions import take_decision
from bot.database import open_store
from bot.database.tables import decisions
from bot.database.tables import requests as request_table
from bot.errors import TooLate
from bot.people.model import Verb
from bot.people.permissions import Actor
from bot.requests.model import MOVES, State
from bot.requests.store import claims, holds, requests
from bot.requests.transactions import repair as repairs
from bot.requests.transactions.cancel import cancel
from tests.bot.samples import approver_question, click, terms, wish
from tests.proofs.authorization.authorization import ALLOWED, IN_STATE, ROLES, page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "authorization.md"
CANCEL = [(state, state in IN_STATE[Verb.CANCEL]) for state in State]


def test_the_page_says_what_the_table_says():
    """Written anew by `python -m tests.proofs.authorization.authorization > docs/reference/authorization.md`."""
    assert PAGE.read_text() == page()


def test_every_role_has_its_row():
    """And every verb is somebody's."""
    assert set(ROLES) == set(ALLOWED)
    assert set().union(*ALLOWED.values()) == set(Verb)


def test_only_open_requests_can_be_moved():
    """The states in which a verb counts are among those that have a way out."""
    for verb, states in IN_STATE.items():
        assert states <= set(MOVES), verb


@pytest.fixture
def small(sqlite_template, tmp_path):
    """A store on SQLite."""
    file = tmp_path / "latchkey.db"
    file.write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite+pysqlite:///{file}")
    yield store
    store.close()


async def _in_state(store, state, *, in_entra=False):
    facts: dict[str, Any] = {"ended_at": clock.now()} if state not in MOVES else {}
    if state is State.PENDING and not in_entra:
        facts = {"due_at": None}
    request = wish(state=state, terms=terms(), entra_id="ann", **facts)
    await store.run(requests.add, request)
    return request


@pytest.mark.parametrize(("state", "has_effect"), CANCEL)
async def test_a_request_is_withdrawn_in_these_states_only(small, state, has_effect):
    """By the one who asked; afterwards they are told that it is too late."""
    request = await _in_state(small, state)

    if has_effect:
        canceled = await small.run(cancel, "U0ANN", request.id)
        assert canceled.state is State.CANCELED
        return
    with pytest.raises(TooLate):
        await small.run(cancel, "U0ANN", request.id)
    assert (await small.run(requests.find, request.id)).state is state


@pytest.mark.parametrize(
    ("state", "verb"), list(itertools.product(State, (Verb.RETRY, Verb.GIVE_UP)))
)
async def test_a_request_is_repaired_in_these_states_only(small, state, verb):
    """A worker holds it in those states, pending where Entra decides; in any other nothing is held, and no press counts."""
    request = await _in_state(small, state, in_entra=True)
    taken = await small.run(claims.take, lease=timedelta(seconds=60), limit=1)
    if taken:
        await small.run(holds.put, taken[0], failures=1, error="Some", why="Because.")
    held = await small.run(holds.open_ones)

    assert [each.id for _, each in held] == [request.id] * (state in IN_STATE[verb])
    for hold, _ in held:
        dana = Actor(slack_user="U0DANA", is_admin=True)
        freed = await small.run(repairs.repair, "U0DANA", hold.id, verb, dana)
        assert (freed.held_at, freed.state) == (None, state)
        with pytest.raises(TooLate):
            await small.run(repairs.repair, "U0DANA", hold.id, verb, dana)


@pytest.mark.parametrize(
    ("state", "verb"), list(itertools.product(State, (Verb.APPROVE, Verb.DENY)))
)
async def test_a_decision_counts_in_these_states_only(harness, state, verb):
    """Bo may decide, and is late unless it waits for him."""
    asked = await harness.ask("finance-reports because of the close")
    assert asked.state is State.PENDING
    await harness.store.run(lambda db: db.execute(request_table.update().values(state=state)))
    decision = replace(click(asked, verb=verb), reason="It is fine.")
    await harness.store.run(take_decision, decision)

    # Without a worker between: only what the click itself does counts.
    decision_processor: DecisionProcessor = harness.decision_processor
    await decision_processor.process(decision)

    now = await harness.request(asked.id)
    counted = await harness.store.run(_outcome, decision.id)
    assert (counted is Outcome.ACCEPTED) is (state in IN_STATE[verb])
    assert (now.state is state) is (state not in IN_STATE[verb])


@pytest.mark.parametrize("state", list(State))
async def test_a_question_is_sent_in_these_states_only(harness, state):
    """Bo may decide, and asks about what waits for him; of anything else nobody is asked."""
    asked = await harness.ask("finance-reports because of the close")
    question = approver_question(asked)
    await harness.store.run(approver_questions.add, question)
    await harness.store.run(lambda db: db.execute(request_table.update().values(state=state)))
    processor = QuestionProcessor(store=harness.store, processor=harness.decision_processor)

    done = await processor.process(question)

    assert (done.outcome is Outcome.ACCEPTED) is (state in IN_STATE[Verb.ASK_QUESTION])
    assert done.outcome in {Outcome.ACCEPTED, Outcome.LATE}


@pytest.mark.parametrize("state", list(State))
async def test_a_question_is_answered_in_these_states_only(small, state):
    """By whoever has asked for the access; where nothing waits any more, they are told so."""
    request = await _in_state(small, state)
    question = approver_question(request)
    await small.run(approver_questions.add, question)
    await small.run(approver_questions.settle, question, request, Outcome.ACCEPTED)

    if state in IN_STATE[Verb.ANSWER_QUESTION]:
        answered, _ = await small.run(answer_question, "U0ANN", question.id, "The EU's")
        assert answered.is_answered
        return
    with pytest.raises(TooLate):
        await small.run(answer_question, "U0ANN", question.id, "The EU's")


def _outcome(db, decision_id):
    found = db.execute(decisions.select().where(decisions.c.id == decision_id)).mappings().one()
    return Outcome(found["outcome"])
