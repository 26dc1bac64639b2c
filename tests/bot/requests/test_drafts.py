"""A decision that lacks its reason: kept as a draft, refused early, or completed by whoever began it."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from bot.approvals.model import Outcome
from bot.approvals.transactions import IncompleteDecision
from bot.errors import TooLate
from bot.people.model import Verb
from bot.requests.model import Request, State
from sandbox.tenant import seed
from tests.bot.clicking import READ_PEOPLE, asked, decide, found, press
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering
from tests.harness.wires import GoOn


async def draft_of(harness: BotHarness, request: Request, user: str) -> IncompleteDecision:
    """Somebody presses Deny, and has not said why yet."""
    draft = await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.DENY, slack_user=user, team="T0LATCH", channel=None
    )
    assert draft is not None
    return draft


async def test_a_draft_can_only_be_completed_by_its_owner(harness):
    """Once."""
    about = (await draft_of(harness, await asked(harness), "U0BO")).decision.id

    with pytest.raises(TooLate):
        await harness.approvals.explain(decision_id=about, slack_user="U0CY", reason="Ha")
    await harness.approvals.explain(decision_id=about, slack_user="U0BO", reason="No")
    with pytest.raises(TooLate):
        await harness.approvals.explain(decision_id=about, slack_user="U0BO", reason="Yes")


async def test_who_may_not_decide_is_refused_before_giving_a_reason(harness):
    """At once, and it is written down."""
    draft = await draft_of(harness, await asked(harness), "U0MIA")

    assert await harness.approvals.refuse_early(draft)

    decision = await found(harness, draft.decision)
    assert decision.outcome == Outcome.REFUSED
    assert "not among those" in (decision.why or "")
    assert (decision.entra_id, decision.name) == (seed.MIA, "Mia Moreau")


@pytest.mark.parametrize("changes", [{}, {"round": 1}, {"stage": 1, "slack_user": "U0MIA"}])
async def test_who_may_decide_or_is_late_is_asked_for_a_reason(harness, changes):
    """What is late is said when the reason has come: the card may be drawn anew meanwhile."""
    pressed = await press(harness, await asked(harness), verb=Verb.DENY, **changes)

    assert await harness.decision_processor.refuse_early(pressed) is False

    assert (await found(harness, pressed)).outcome is None


@contextmanager
def busy_database(harness: BotHarness) -> Iterator[None]:
    # SQLite would wait for the lock by the machine's own clock.
    harness.store.run_here(lambda db: db.exec_driver_sql("PRAGMA busy_timeout=0"))
    with contextlib.closing(sqlite3.connect(str(harness.store.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def slack_refuses(harness: BotHarness) -> Iterator[None]:
    harness.workspace.faults.set("revoked", only="users.info")
    yield
    harness.workspace.faults.clear()


@contextmanager
def graph_refuses(harness: BotHarness) -> Iterator[None]:
    harness.line.on(READ_PEOPLE, answering(403))
    yield


@contextmanager
def graph_is_slow(harness: BotHarness) -> Iterator[None]:
    async def slowly(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        await asyncio.sleep(2)
        return await go_on()

    harness.line.on(READ_PEOPLE, slowly)
    yield


@pytest.mark.parametrize("trouble", [busy_database, slack_refuses, graph_refuses, graph_is_slow])
async def test_what_cannot_be_read_in_time_is_left_for_later(harness, trouble):
    """The form opens; the click is judged when its reason has come."""
    draft = await draft_of(harness, await asked(harness), "U0MIA")

    with trouble(harness):
        assert not await harness.approvals.refuse_early(draft)

    assert await harness.approvals.refuse_early(draft)


@pytest.mark.parametrize("reason", [None, " \u200b\u202e \n"], ids=["none", "blanks"])
async def test_a_denial_without_a_reason_denies_nothing(harness, reason):
    """Spaces and invisible characters explain nothing."""
    request = await decide(harness, await asked(harness), "U0BO", Verb.DENY, reason=reason)

    assert request.state is State.PENDING
