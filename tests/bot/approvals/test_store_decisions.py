"""Decisions in the store: the database itself forbids deciding for oneself, and deciding twice."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot import clock
from bot.approvals.model import Outcome
from bot.approvals.store import decisions
from bot.database import Unusable
from bot.database.audit_log import audit
from bot.database.tables import decisions as decision_table
from bot.people.model import Verb
from bot.requests.store import requests
from tests.bot.samples import ANN, BO, LEASE, click, wish

OVER = timedelta(seconds=-1)


@pytest.fixture
async def request_(store):
    return await store.run(requests.add, wish(entra_id=ANN))


async def clicked(store, request_, **changes):
    made = click(request_, **changes)
    await store.run(
        decisions.add, made, holder=request_.holder, holder_entra_id=ANN, is_draft=False
    )
    return made


def accepted(request_: Any, **changes: Any) -> sa.Insert:
    """A decision for Ann's request that Bo has made, as any program might write it."""
    facts = {
        **vars(click(request_)),
        "proven_contexts": None,
        "outcome": "accepted",
        "entra_id": BO,
        "holder": "U0ANN",
        "holder_entra_id": ANN,
        "attempts": 0,
    }
    return decision_table.insert().values(**{**facts, **changes})


async def is_refused(store, statement):
    """Tell whether the database itself refuses to carry it out."""
    try:
        await store.run(lambda db: db.execute(statement).rowcount)
    except Unusable as error:
        return "contradicts another or one of its rules" in str(error)
    return False


async def test_the_database_refuses_self_approval(store, request_):
    """By Slack id, by Entra id, and when either is not known: whatever program writes it."""
    by_oneself: list[dict[str, Any]] = [
        {"slack_user": "U0ANN"},
        {"entra_id": ANN},
        {"slack_user": "U0ANN", "entra_id": ANN},
        {"entra_id": None},
        {"holder": None},
        {"holder_entra_id": None},
        {"holder": None, "holder_entra_id": None},
    ]

    taken = [each for each in by_oneself if not await is_refused(store, accepted(request_, **each))]

    assert taken == []


async def test_the_database_refuses_to_turn_a_click_into_self_approval(store, request_):
    """An update is checked like an insert."""
    made = await clicked(store, request_, slack_user="U0ANN")
    row = decision_table.update().where(decision_table.c.id == made.id)

    assert await is_refused(store, row.values(outcome="accepted", entra_id=BO))


async def test_the_database_takes_one_accepted_decision_for_each_stage_of_each_round(
    store, request_
):
    """And refuses a second one, whoever makes it."""
    decided: list[dict[str, Any]] = [
        {},
        {"stage": 1, "slack_user": "U0MIA", "entra_id": "mia"},
        {"round": 1},
    ]
    dana = {"slack_user": "U0DANA", "entra_id": "dana"}

    for each in decided:
        assert not await is_refused(store, accepted(request_, id=f"first {each}", **each))
        assert await is_refused(store, accepted(request_, id=f"Dana {each}", **{**each, **dana}))


async def test_the_database_takes_one_accepted_decision_of_each_person_in_each_round(
    store, request_
):
    """Whatever Slack account they use; in a new round they may decide again."""
    assert not await is_refused(store, accepted(request_, id="first"))

    assert await is_refused(store, accepted(request_, id="second", stage=1))
    assert await is_refused(store, accepted(request_, id="third", stage=1, slack_user="U0OTHER"))
    assert not await is_refused(store, accepted(request_, id="fourth", stage=1, round=1))


async def test_a_decision_needs_a_request(store, request_):
    """None hangs in the air."""
    assert await is_refused(store, accepted(request_, request_id="x"))


async def test_a_click_is_settled_once(store, request_):
    """The second judge finds it judged."""
    made = await clicked(store, request_)

    first = await store.run(decisions.settle, made, Outcome.ACCEPTED, entra_id=BO, name="Bo Berg")
    second = await store.run(decisions.settle, made, Outcome.REFUSED, why="No.")

    assert (first, second) == (True, False)
    (kept,) = await store.run(decisions.accepted_of, request_)
    assert (kept.outcome, kept.name) == (Outcome.ACCEPTED, "Bo Berg")


async def test_of_two_accepted_clicks_one_counts(store, request_):
    """The other hears that it did not win, and the transaction lives on."""
    one = await clicked(store, request_)
    two = await clicked(store, request_, slack_user="U0DANA", verb=Verb.DENY)

    assert await store.run(decisions.settle, one, Outcome.ACCEPTED, entra_id=BO)
    assert not await store.run(decisions.settle, two, Outcome.ACCEPTED, entra_id="dana")
    assert await store.run(decisions.settle, two, Outcome.LATE, why="Too late.")


async def test_settling_leaves_a_row(store, request_):
    """Accepted, refused or late: who, and why."""
    made = await clicked(store, request_)
    await store.run(decisions.settle, made, Outcome.REFUSED, why="A guest.", entra_id=BO)

    written = (await store.run(audit.rows, request_id=request_.id))[-1]
    assert (written["actor"], written["actor_entra_id"]) == ("U0BO", BO)
    assert (written["verb"], written["why"]) == ("approve-refused", "A guest.")


async def test_a_draft_is_not_weighed(store, request_):
    """Before its reason has come."""
    draft = click(request_, verb=Verb.DENY)
    await store.run(decisions.add, draft, holder="U0ANN", holder_entra_id=ANN, is_draft=True)
    assert await store.run(decisions.pending) == []

    assert await store.run(decisions.explain, draft.id, slack_user="U0BO", reason="No")

    (ready,) = await store.run(decisions.pending)
    assert ready.reason == "No"


async def owed(store, lease):
    return [each.id for each in await store.run(decisions.claim_unanswered, lease=lease)]


async def test_who_is_refused_is_owed_an_answer_until_it_is_given(store, request_):
    """Whoever is accepted sees the card change instead."""
    refused = await clicked(store, request_)
    accepted = await clicked(store, request_, slack_user="U0DANA")
    await store.run(decisions.settle, refused, Outcome.REFUSED, why="No.")
    await store.run(decisions.settle, accepted, Outcome.ACCEPTED, entra_id="dana")

    assert await owed(store, OVER) == [refused.id]
    assert await owed(store, OVER) == [refused.id]
    await store.run(decisions.answered, refused)
    assert await owed(store, OVER) == []


async def test_an_answer_is_given_by_one(store, request_):
    """The other replica leaves it alone while the lease lasts."""
    refused = await clicked(store, request_)
    await store.run(decisions.settle, refused, Outcome.REFUSED, why="No.")

    assert await owed(store, LEASE) == [refused.id]
    assert await owed(store, LEASE) == []


async def test_an_answer_is_tried_five_times(store, request_):
    """Then it is no longer of interest."""
    refused = await clicked(store, request_)
    await store.run(decisions.settle, refused, Outcome.REFUSED, why="No.")

    tries = [bool(await owed(store, OVER)) for _ in range(7)]

    assert tries == [True] * 5 + [False] * 2


async def test_clicks_are_weighed_in_their_order(store, request_):
    """Who came first is heard first."""
    late = await clicked(store, request_)
    early = await clicked(store, request_, slack_user="U0DANA", at=late.at.replace(year=2020))

    assert [each.id for each in await store.run(decisions.pending)] == [early.id, late.id]


async def test_a_click_is_judged_by_one(store, request_):
    """The others leave it alone while the lease lasts; when its judge has died, it comes back."""
    made = await clicked(store, request_)

    assert await store.run(decisions.claim, [made], lease=LEASE) == [made]
    assert await store.run(decisions.claim, [made], lease=LEASE) == []
    assert await store.run(decisions.pending) == []


async def test_the_click_of_a_judge_who_died_comes_back(store, request_):
    """It is free again when the lease is over."""
    made = await clicked(store, request_)
    await store.run(decisions.claim, [made], lease=OVER)

    assert await store.run(decisions.pending) == [made]
    assert await store.run(decisions.claim, [made], lease=LEASE) == [made]


async def test_clicks_are_claimed_in_their_order(store, request_):
    """Whoever was heard first is judged first."""
    made = [await clicked(store, request_, slack_user=each) for each in ("U0A", "U0B", "U0C")]
    turned = list(reversed(made))

    assert await store.run(decisions.claim, turned, lease=LEASE) == turned


async def test_a_postponed_click_comes_back(store, request_):
    """It is claimed when its time has come."""
    made = await clicked(store, request_)
    await store.run(decisions.postpone, made, until=clock.real().replace(year=2100))
    assert await store.run(decisions.pending) == []

    await store.run(decisions.postpone, made, until=clock.real())
    assert len(await store.run(decisions.pending)) == 1
