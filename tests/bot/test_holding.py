"""A request that fails too often is held, and the admins are told once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot import clock
from bot.health import Health
from bot.jobs import Tick
from bot.messages import asking
from bot.models import State, Verb
from bot.store import control, holds
from bot.trouble import HELD_AFTER
from sandbox.tenant import seed
from tests.bot.holding import ALWAYS, POST, cards, heal, held, try_often
from tests.harness.faults import answering, no_connection, silence_before
from tests.harness.world import labels, said


async def test_what_is_never_answered_clearly_is_held(harness):
    """Nothing is due about it any more, and the row says since when and why."""
    hold, request = await held(harness)

    assert request.state is State.APPROVED
    assert (request.due_at, request.failures) == (None, HELD_AFTER)
    assert request.held_at == hold.at
    assert hold.error == "GraphUnavailable"
    assert "did not answer in time" in hold.why
    assert [row["verb"] for row in await harness.audit(request)].count("hold") == 1

    sent = len(harness.line.sent)
    await try_often(harness, 3)
    assert len(harness.line.sent) == sent


@pytest.mark.parametrize(
    ("where", "fault", "state"),
    [
        ("GET .*/accessPackages/", answering(500), State.RECEIVED),
        ("GET .*/assignments$", answering(403), State.RECEIVED),
        (POST, answering(500), State.APPROVED),
        (POST, no_connection, State.APPROVED),
        (POST, answering(409, "Conflict"), State.APPROVED),
        ("GET .*/assignmentRequests/", answering(500), State.SUBMITTED),
    ],
)
async def test_wherever_it_fails_for_ever_it_is_held_there(harness, where, fault, state):
    """Before it is judged, before it is sent, and after."""
    _, request = await held(harness, where, fault)

    assert request.state is state


async def test_a_mistake_of_ours_is_held_too(harness):
    """An exception that nobody expects is as good a reason; the admins are told where to look."""

    async def broken(request, go_on):
        raise RuntimeError("never seen before")

    hold, _ = await held(harness, "GET .*/accessPackages/", broken)

    assert (hold.error, "Latchkey itself" in hold.why) == ("RuntimeError", True)


@pytest.mark.parametrize(
    ("where", "fault"), [(POST, answering(429)), ("GET .*/accessPackages/", answering(429))]
)
async def test_who_is_asked_to_wait_has_not_failed(harness, where, fault):
    """However often Graph says 429."""
    harness.line.on(where, fault, times=ALWAYS)
    request = await harness.ask("marketing-campaign")

    await try_often(harness, 2 * HELD_AFTER)

    request = await harness.request(request.id)
    assert (request.failures, request.held_at) == (0, None)
    assert request.due_at is not None


async def test_a_pause_is_no_failure(harness):
    """It waits for the pause's end."""
    await harness.store.run(control.pause, why="drill")
    request = await harness.ask("marketing-campaign")

    await try_often(harness, 2 * HELD_AFTER)

    assert (await harness.request(request.id)).failures == 0


async def test_a_delivery_under_way_is_no_failure(harness):
    """It is looked at for hours, less and less often; and one success forgets what failed before."""
    harness.tenant.world.delivery = timedelta(hours=9)
    request = await harness.ask("marketing-campaign")
    harness.line.on("GET .*/assignmentRequests/", answering(500), times=HELD_AFTER - 1)
    await try_often(harness, HELD_AFTER - 1)
    assert (await harness.request(request.id)).failures == HELD_AFTER - 1

    await try_often(harness, 2 * HELD_AFTER)

    request = await harness.request(request.id)
    assert (request.state, request.failures, request.held_at) == (State.SUBMITTED, 0, None)
    assert request.due_at is not None
    assert request.due_at - clock.real() > timedelta(minutes=4)


async def test_nothing_is_held_while_graph_fails_everybody(harness):
    """When the sweep fails as well, it is no fault of the request; once it works again, it counts."""
    harness.jobs.ticks["sync"] = Tick(every=timedelta(minutes=5), last_error="GraphUnavailable")
    harness.line.on(POST, silence_before, times=ALWAYS)
    request = await harness.ask("marketing-campaign")
    await try_often(harness, 2 * HELD_AFTER)
    assert (await harness.request(request.id)).held_at is None

    harness.jobs.ticks["sync"].last_error = None
    await try_often(harness, 2)

    assert (await harness.request(request.id)).held_at is not None


@pytest.mark.made_up("states that Graph does not have")
@pytest.mark.parametrize("state", ["somethingNew", "unknownFutureValue", ""])
async def test_a_state_that_nobody_knows_is_held(harness, state):
    """It is neither believed to be delivered nor polled for ever in silence."""
    request = await harness.ask("marketing-campaign")
    next(iter(harness.tenant.world.requests.values())).state = state

    await try_often(harness)
    await harness.talk()

    request = await harness.request(request.id)
    assert (request.state, request.held_at is not None) == (State.SUBMITTED, True)
    assert "a state that I do not know" in said(cards(harness)[0])
    assert harness.told("U0ANN") == []


async def test_a_result_that_never_shows_is_held(harness):
    """Graph has forgotten the request, and there is no access."""
    request = await harness.ask("marketing-campaign")
    harness.tenant.world.requests.clear()

    await try_often(harness)

    assert (await harness.request(request.id)).held_at is not None


async def test_others_go_on_beside_it(harness):
    """One request that cannot get through delays nobody else's."""
    hold, _ = await held(harness, f"GET .*/users/{seed.ANN}|GET .*/users$", answering(500))
    heal(harness)

    other = await harness.ask("marketing-campaign", user="U0CY")
    await harness.finish()

    assert (await harness.request(other.id)).state is State.DELIVERED
    assert [each.id for each, _ in await harness.store.run(holds.open_ones)] == [hold.id]


async def test_the_admins_get_one_card(harness):
    """Whose it is, where it stands and what went wrong, with what they can do about it."""
    await held(harness)

    for _ in range(3):
        await harness.talk()

    (card,) = cards(harness)
    assert labels(card) == ["Retry", "Give up"]
    for fact in ("Marketing Campaign", "<@U0ANN>", "It is approved", "did not answer in time"):
        assert fact in said(card)


async def test_a_held_request_can_be_withdrawn(harness):
    """Nothing was sent: its holder may still change their mind, and the card says so."""
    _, request = await held(harness, "GET .*/accessPackages/", answering(500))
    await harness.talk()

    await harness.desk.cancel(slack_user="U0ANN", request_id=request.id)
    await harness.talk()

    assert await harness.store.run(holds.open_ones) == []
    assert "It was withdrawn." in said(cards(harness)[0])
    assert labels(cards(harness)[0]) == []


async def test_what_is_held_is_counted_and_does_no_harm_to_readiness(harness):
    """A gauge to alarm by; the bot itself is well."""
    await held(harness)
    health = Health(store=harness.store, slack=harness.slack, jobs=harness.jobs)

    assert b"latchkey_held 1.0" in await health.metrics()
    assert await health.problems() == []


async def test_the_holder_sees_that_it_does_not_get_through(harness):
    """In their own list."""
    await held(harness)

    standing = await harness.desk.standing_of("U0ANN")
    shown = asking.my_access(standing.held, standing.waiting, extendable=standing.extendable)
    assert "the admins have been told" in said(shown)


async def test_a_post_that_takes_too_long_is_cut_off(harness):
    """However slowly its bytes drip: the settle time counts on it."""

    async def never(request: httpx.Request, go_on: object) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    harness.effects._waits = replace(harness.effects._waits, post=timedelta(milliseconds=50))
    harness.line.on(POST, never)

    request = await harness.ask("marketing-campaign")

    assert (request.state, request.failures) == (State.APPROVED, 1)
    assert request.intent_at is not None


async def test_one_strange_click_stops_nobody(harness):
    """A decision that cannot be weighed for a reason nobody expects is weighed again later; the rest goes on."""
    asked = await harness.ask("finance-reports because of the close")

    async def broken(request: httpx.Request, go_on: object) -> httpx.Response:
        raise RuntimeError("never seen before")

    harness.line.on("GET ", broken)
    await harness.desk.decide(
        ask_id=asked.ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
    )
    other = await harness.ask("marketing-campaign", user="U0CY")

    assert other.state is State.SUBMITTED
    await harness.expire_all_waits()
    await harness.work()
    assert (await harness.request(asked.id)).state is State.SUBMITTED


async def test_a_stop_leaves_no_lease_behind(harness):
    """What was claimed and not begun is free at once for whoever comes next."""
    request = await harness.ask("marketing-campaign")
    await harness.expire_all_waits()
    harness.jobs._stopping = True

    await harness.work()

    request = await harness.request(request.id)
    assert request.lease_until is None
    assert request.due_at is not None
    assert request.due_at <= clock.real()
