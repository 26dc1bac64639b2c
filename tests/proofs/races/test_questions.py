"""Two approvers ask before deciding, and whoever asked answers, at the same moment on two replicas."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from random import Random
from typing import Any, Final

import pytest

from bot.app import Latchkey
from bot.approvals.model import ApproverQuestion, Outcome
from bot.approvals.store import approver_questions
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.errors import TooLate
from bot.packages import policy_terms
from bot.packages.model import Stage
from bot.people.model import Verb
from bot.requests.model import Request, State
from bot.requests.store import requests
from sandbox.tenant import seed
from tests.bot.samples import approver_question, terms, wish
from tests.harness.camera import empty_postgresql
from tests.harness.loop import simulated as simulated_loop
from tests.harness.simulation import LIFELIKE, simulation
from tests.harness.world import ANN, BO, MIA
from tests.proofs.races.racing import Pair, abreast, decides, two_replicas

# On PostgreSQL, of each kind; RACES says how many in all.
MET: Final = max(int(os.environ.get("RACES", "32")) // 8, 1)
# In simulated time, of each kind.
SIMULATED: Final = 60
WAITS_SECONDS: Final = 0.3
# Whoever waits for the row that the other has locked does not come.
TOGETHER_SECONDS: Final = 0.4
WRITES: Final = ("INSERT INTO approver_question", "UPDATE approver_question", "UPDATE request ")
APPROVERS: Final = tuple({"kind": "singleuser", "user_id": each} for each in (seed.BO, seed.MIA))
WHICH: Final = "Which report?"

Deed = Callable[[Latchkey, Request], Awaitable[str | None]]


def _pending(db: Transaction) -> Request:
    """A request that Bo or Mia decides."""
    new = wish()
    asked = requests.add(db, replace(new, package_id=f"package-{new.id}", entra_id=seed.ANN))
    assert asked is not None
    agreed = terms(stages=(Stage(approvers=APPROVERS),))
    moved = requests.move(
        db, asked, State.PENDING, terms=asdict(agreed), terms_hash=policy_terms.hash_of(agreed)
    )
    assert moved is not None
    return moved


def _asked(db: Transaction) -> tuple[Request, ApproverQuestion]:
    """The same, with a question of Bo's that Ann may answer."""
    request = _pending(db)
    question = approver_question(request)
    approver_questions.add(db, question)
    counts = approver_questions.settle(db, question, request, Outcome.ACCEPTED)
    assert counts is not None
    return request, counts


def asks(user: str, text: str = WHICH) -> Deed:
    """Send the form of a question, and have it judged here."""

    async def do(bot: Latchkey, request: Request) -> str | None:
        question, _ = await bot.services.questions.ask(
            ask_id=request.ask_id, slack_user=user, team="T0LATCH", text=text
        )
        settled = await bot.jobs.question_processor.process(question)
        return None if settled.outcome is Outcome.ACCEPTED else str(settled.why)

    return do


def answers(question: ApproverQuestion, text: str) -> Deed:
    """Send the form of the answer."""

    async def do(bot: Latchkey, request: Request) -> str | None:
        await bot.services.questions.answer(slack_user=ANN, question_id=question.id, text=text)
        return None

    return do


async def _said(deed: Deed, bot: Latchkey, request: Request) -> str | None:
    """Return None where it counted, or why it did not."""
    try:
        return await deed(bot, request)
    except TooLate as refused:
        return str(refused)


async def _at_once(bots: Pair, request: Request, *deeds: Deed, chance: Random | None) -> list[Any]:
    async def act(deed: Deed, bot: Latchkey) -> str | None:
        await asyncio.sleep(chance.uniform(0, WAITS_SECONDS) if chance else 0)
        return await _said(deed, bot, request)

    return await asyncio.gather(*map(act, deeds, bots))


def _rows(db: Transaction, request: Request) -> list[Any]:
    return list(audit.rows(db, request_id=request.id))


def _verbs(db: Transaction, request: Request) -> Counter[str]:
    return Counter(row["verb"] for row in _rows(db, request))


async def two_people_ask(bots: Pair, chance: Random | None) -> str:
    """Both questions count, once each."""
    request = await bots[0].store.run(_pending)
    said = await _at_once(bots, request, asks(BO, "First?"), asks(MIA, "Second?"), chance=chance)
    assert said == [None, None]
    found = await bots[0].store.read(approver_questions.accepted_of, request.id)
    assert sorted((each.slack_user, each.question) for each in found) == sorted(
        ((BO, "First?"), (MIA, "Second?"))
    )
    verbs = await bots[0].store.read(_verbs, request)
    assert verbs["ask-question-accepted"] == 2
    return "both"


async def one_form_is_sent_twice(bots: Pair, chance: Random | None) -> str:
    """The same question is one, whichever replica takes it."""
    request = await bots[0].store.run(_pending)
    said = await _at_once(bots, request, asks(BO), asks(BO), chance=chance)
    assert said == [None, None]
    found = await bots[0].store.read(approver_questions.accepted_of, request.id)
    assert len(found) == 1
    verbs = await bots[0].store.read(_verbs, request)
    assert verbs["ask-question-accepted"] == 1
    return "one"


async def one_answers_twice(bots: Pair, chance: Random | None) -> str:
    """One of two answers counts, and the other is told so."""
    request, question = await bots[0].store.run(_asked)
    deeds = answers(question, "The first"), answers(question, "The second")
    said = await _at_once(bots, request, *deeds, chance=chance)
    counted = said.index(None)
    assert "answered already" in str(said[1 - counted])
    now = await bots[0].store.read(approver_questions.find, question.id)
    assert now is not None
    assert now.answer == ("The first", "The second")[counted]
    verbs = await bots[0].store.read(_verbs, request)
    assert verbs["answer-question"] == 1
    return ("first", "second")[counted]


async def one_answers_while_it_is_decided(bots: Pair, chance: Random | None) -> str:
    """The decision counts; an answer counts before it, or not at all, and whoever answers is told which."""
    request, question = await bots[0].store.run(_asked)
    deeds = answers(question, "The EU's"), decides(MIA, Verb.APPROVE)
    answered, decided = await _at_once(bots, request, *deeds, chance=chance)
    assert decided is None
    rows = [row["verb"] for row in await bots[0].store.read(_rows, request)]
    now = await bots[0].store.read(approver_questions.find, question.id)
    assert now is not None
    if answered is None:
        assert now.answer == "The EU's"
        assert rows.index("answer-question") < rows.index("approve-accepted")
        return "answered"
    assert "an answer would change nothing" in answered
    assert now.answer is None
    assert "answer-question" not in rows
    return "too late"


async def one_asks_while_it_is_decided(bots: Pair, chance: Random | None) -> str:
    """A question counts before the decision, or not at all."""
    request = await bots[0].store.run(_pending)
    asked, decided = await _at_once(
        bots, request, asks(BO), decides(MIA, Verb.APPROVE), chance=chance
    )
    assert decided is None
    rows = [row["verb"] for row in await bots[0].store.read(_rows, request)]
    if asked is None:
        assert rows.index("ask-question-accepted") < rows.index("approve-accepted")
        return "asked"
    assert "out of date" in asked
    assert "ask-question-accepted" not in rows
    return "too late"


# By their ends: in simulated time each of them comes about.
RACES: Final[dict[str, tuple[Callable[[Pair, Random | None], Awaitable[str]], set[str]]]] = {
    "two people ask": (two_people_ask, {"both"}),
    "one form is sent twice": (one_form_is_sent_twice, {"one"}),
    "one answers twice": (one_answers_twice, {"first", "second"}),
    "an answer and a decision": (one_answers_while_it_is_decided, {"answered", "too late"}),
    "a question and a decision": (one_asks_while_it_is_decided, {"asked", "too late"}),
}


@pytest.mark.parametrize("name", sorted(RACES))
async def test_questions_hold_in_whatever_order_chance_has_people_act(name, database):
    """On SQLite, in simulated time."""
    race, ends = RACES[name]
    found: set[str] = set()
    async with simulation(database, pauses=LIFELIKE) as around:
        first, second = [(await around.start(works=False)).latchkey for _ in range(2)]
        chance = simulated_loop().chance
        for _ in range(SIMULATED):
            found.add(await race((first, second), chance))
    assert found == ends


@pytest.mark.timeout(120 + 10 * MET)
@pytest.mark.parametrize("name", sorted(RACES))
async def test_questions_hold_where_two_meet_between_two_statements(name, postgresql):
    """On PostgreSQL, held before the first write until both are there, or one waits for the row of the other."""
    race, _ = RACES[name]
    async with two_replicas(next(empty_postgresql(postgresql))) as bots:
        for _ in range(MET):
            with abreast(bots, write=WRITES, seconds=TOGETHER_SECONDS):
                await race(bots, None)
