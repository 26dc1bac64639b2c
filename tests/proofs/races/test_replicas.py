"""Two replicas on one PostgreSQL database, and people who do things at the same moment."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.requests.model import State
from sandbox.slack import Message
from sandbox.slack.model import Person
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.harness.camera import empty_postgresql
from tests.harness.owed import at_rest, every_request, rows_of
from tests.harness.simulation import LIFELIKE, simulation
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    DANA,
    GENERAL,
    World,
    begun,
    buttons,
    eventually,
    said,
)

CROWD = [f"U0CROWD{number}" for number in range(8)]
FINANCE = "/request-access finance-reports because I close the quarter"


@asynccontextmanager
async def replicas(database: str) -> AsyncIterator[tuple[World, World]]:
    """Two bots on one database; each payload of Slack's goes to any one of them."""
    async with simulation(database, socket_mode=True, pauses=LIFELIKE) as around:
        outside = around.outside
        outside.tenant.world.delivery = timedelta(0)
        # Graph takes a second request for the same thing: whoever makes one is caught.
        outside.tenant.world.lenient = True
        for user in CROWD:
            _join(outside.tenant.world.users, outside.workspace.people, user)
        outside.workspace.channel(GENERAL).members |= set(CROWD)
        yield await begun(around), await begun(around)


def _join(users: dict[str, User], people: dict[str, Person], slack_id: str) -> None:
    """One more colleague of Ann's, in Entra and in Slack."""
    mail = f"{slack_id.lower()}@contoso.example"
    entra_id = f"f0000000-0000-4000-8000-{CROWD.index(slack_id):012d}"
    users[entra_id] = replace(
        users[seed.ANN], id=entra_id, display_name=slack_id, mail=mail, user_principal_name=mail
    )
    people[slack_id] = replace(
        people[ANN], id=slack_id, name=slack_id.lower(), real_name=slack_id, email=mail
    )


@pytest.fixture
async def pair(simulated, postgresql):
    """Two replicas on an empty database, in simulated time."""
    async with replicas(next(empty_postgresql(postgresql))) as made:
        yield made


async def both_at_rest(pair: tuple[World, World]) -> None:
    for world in pair:
        await at_rest(world.bot)


async def asked_by_crowd(world: World) -> list[str]:
    """Everybody asks, twice at once; the requests, once all of their cards are there."""
    await asyncio.gather(*(world.type(user, FINANCE) for user in CROWD for _ in range(2)))
    await eventually(
        lambda: len(world.cards(APPROVALS)) >= len(CROWD) and len(world.cards(BO)) >= len(CROWD),
    )
    found = await world.bot.store.run(every_request)
    return [each.id for each in found]


def card_of(world: World, place: str, request_id: str) -> Message:
    return next(
        card
        for card in world.cards(place)
        if any(button["value"].startswith(request_id) for button in buttons(card))
    )


async def approve(world: World, user: str, card: Message) -> None:
    await world.press(user, card, "Approve")


async def test_a_crowd_and_two_approvers_at_once_make_one_grant_each(pair):
    """Double commands, double clicks by two people, two replicas: one request, decision, grant and message each."""
    world, _ = pair
    ids = await asked_by_crowd(world)
    assert len(ids) == len(CROWD)
    clicks = [
        approve(world, user, card_of(world, place, each))
        for each in ids
        for user, place in ((BO, BO), (DANA, APPROVALS))
        for _ in range(2)
    ]
    await asyncio.gather(*clicks)
    await both_at_rest(pair)

    made = Counter(
        (each.request_type, each.target_id) for each in world.tenant.world.requests.values()
    )
    assert len(made) == len(CROWD)
    assert set(made.values()) == {1}, "assignment requests in Graph for one person"
    decided = await world.bot.store.run(rows_of, "decision")
    counted = Counter(each["request_id"] for each in decided if each["outcome"] == "accepted")
    assert counted == Counter(ids), "decisions that count"
    # Pressed again before it was judged, it is one click.
    pressed = {(each["request_id"], each["slack_user"]) for each in decided}
    assert len(pressed) == 2 * len(ids), "everybody's click is on record"
    assert len(decided) <= 4 * len(ids)
    assert Counter(len(world.direct(user)) for user in CROWD) == {1: len(CROWD)}
    assert all("You now have access" in said(world.direct(user)[0]) for user in CROWD)
    assert len(world.cards(APPROVALS)) == len(world.cards(BO)) == len(CROWD)


async def test_whoever_comes_second_is_told_who_was_first(pair):
    """Every click that did not count is answered, once, with the name of the one that did."""
    world, _ = pair
    ids = await asked_by_crowd(world)
    await asyncio.gather(
        *(approve(world, BO, card_of(world, BO, each)) for each in ids),
        *(approve(world, DANA, card_of(world, APPROVALS, each)) for each in ids),
    )
    await both_at_rest(pair)
    late = [each for each in await world.bot.store.run(rows_of, "decision") if each["why"]]
    assert len(late) == len(ids)
    answers = [said(each) for each in world.direct(BO)] + world.whispers(DANA, APPROVALS)
    assert len([each for each in answers if "already approved by" in each]) == len(ids)


async def test_a_withdrawal_and_an_approval_at_once_end_in_one_of_the_two(pair):
    """Either it is withdrawn and nothing reaches Graph, or it is granted once and the person knows."""
    world, _ = pair
    ids = await asked_by_crowd(world)
    requests = {each.id: each for each in await world.bot.store.run(every_request)}
    lists = await asyncio.gather(*(world.type(user, "/my-access") for user in CROWD))
    shown = {
        requests_holder: outcome.message
        for requests_holder, outcome in zip(CROWD, lists, strict=True)
    }

    async def withdraw(user: str) -> None:
        message = shown[user]
        assert message is not None
        await world.press(user, message, "Cancel")

    await asyncio.gather(
        *(approve(world, BO, card_of(world, BO, each)) for each in ids),
        *(withdraw(requests[each].holder or "") for each in ids),
    )
    await both_at_rest(pair)
    granted = Counter(each.target_id for each in world.tenant.world.requests.values())
    for request in await world.bot.store.run(every_request):
        expected = {State.CANCELED: 0, State.DELIVERED: 1}[request.state]
        assert granted[request.entra_id or ""] == expected, request.state


async def test_two_replicas_remind_once(pair):
    """Both see what ends soon at the same moment."""
    world, _ = pair
    ids = await asked_by_crowd(world)
    await asyncio.gather(*(approve(world, BO, card_of(world, BO, each)) for each in ids))
    await both_at_rest(pair)
    before = Counter({user: len(world.direct(user)) for user in CROWD})
    world.outside.clock.shift(timedelta(days=24))
    await eventually(lambda: all(len(world.direct(user)) > before[user] for user in CROWD))
    for each in pair:
        await each.synced()
    await both_at_rest(pair)
    told = Counter({user: len(world.direct(user)) for user in CROWD}) - before
    assert told == Counter(CROWD)
