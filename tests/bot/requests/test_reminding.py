"""Having those reminded who decide: once a day, however often and wherever it is pressed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.errors import NotAllowed, TooLate
from bot.requests.model import State
from bot.requests.store import requests
from bot.requests.transactions.remind import remind
from tests.bot.samples import terms, wish

DAY = timedelta(days=1)


@pytest.fixture
async def waiting(store):
    """A request of Ann's about which Bo is asked."""
    request = wish(state=State.PENDING, terms=terms(), entra_id="ann", due_at=None)
    request = replace(request, deciders=("U0BO",))
    await store.run(requests.add, request)
    return request


async def test_they_are_reminded_once_a_day(store, waiting):
    """The second press within a day changes nothing and says why."""
    first = await store.run(remind, "U0ANN", waiting.id)
    assert first.reminded_at == first.nudge_at is not None

    with pytest.raises(TooLate, match="within the last day"):
        await store.run(remind, "U0ANN", waiting.id)

    assert (await store.run(requests.get, waiting.id)).reminded_at == first.reminded_at


async def test_many_presses_at_once_are_one(store, waiting):
    """On one replica or on several."""
    pressed = [store.run(remind, "U0ANN", waiting.id) for _ in range(8)]

    results = await asyncio.gather(*pressed, return_exceptions=True)

    assert sum(not isinstance(each, Exception) for each in results) == 1
    assert all(isinstance(each, TooLate) for each in results if isinstance(each, Exception))


async def test_a_reminder_disturbs_no_decision(store, waiting):
    """The row that a decision was read from still stands: its version is the same."""
    reminded = await store.run(remind, "U0ANN", waiting.id)

    assert reminded.version == waiting.version
    assert await store.run(requests.move, waiting, State.APPROVED) is not None


async def test_a_new_stage_may_be_reminded_of_at_once(store, waiting):
    """Others decide it."""
    await store.run(remind, "U0ANN", waiting.id)
    now = await store.run(requests.get, waiting.id)
    changes = {"stage": 1, "reminded_at": None, "deciders": ("U0MIA",)}
    await store.run(requests.move, now, State.PENDING, **changes)

    assert (await store.run(remind, "U0ANN", waiting.id)).reminded_at is not None


@pytest.mark.parametrize("user", ["U0BO", "U0CY", ""])
async def test_it_is_for_whoever_asked(store, waiting, user):
    """Nobody else has anybody reminded."""
    with pytest.raises(NotAllowed):
        await store.run(remind, user, waiting.id)


@pytest.mark.parametrize("state", [each for each in State if each is not State.PENDING])
async def test_what_waits_for_nobody_reminds_nobody(store, state):
    """It is decided, or not yet to be decided."""
    ended = clock.now() if state not in {State.RECEIVED, State.APPROVED, State.SUBMITTED} else None
    request = wish(state=state, terms=terms(), ended_at=ended)
    await store.run(requests.add, request)

    is_new = state is State.RECEIVED
    why = "nobody has to decide it yet" if is_new else "Nobody has to decide that request any more"
    with pytest.raises(TooLate, match=why):
        await store.run(remind, "U0ANN", request.id)


async def test_nobody_is_there_to_be_reminded(store):
    """No approver has been found in Slack; and what is not there is not there."""
    request = wish(state=State.PENDING, terms=terms(), due_at=None)
    await store.run(requests.add, request)

    with pytest.raises(TooLate, match="found nobody"):
        await store.run(remind, "U0ANN", request.id)
    with pytest.raises(TooLate, match="do not know that request"):
        await store.run(remind, "U0ANN", "no such request")
