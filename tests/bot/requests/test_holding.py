"""A request that fails too often is held, and the admins are told once; one who may tries it again or gives it up."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from bot import clock
from bot.database import flags
from bot.database.replicas.wire import NoWire
from bot.jobs.status import JobStatus
from bot.messages.overviews import my_access
from bot.monitoring.figures import Figures
from bot.people.model import Verb
from bot.requests.model import Hold, Request, State
from bot.requests.retry import HELD_AFTER
from bot.requests.store import holds
from bot.serving.exposition import Exposition
from bot.serving.health import Health
from bot.timing import WAITS
from sandbox.slack.model import Message
from sandbox.tenant import seed
from tests.bot.rows import tamper
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering, no_connection, silence_before
from tests.harness.wires import Fault, GoOn
from tests.harness.world import labels, said

POST = "POST .*/assignmentRequests"
ALWAYS = 10_000


async def try_often(harness: BotHarness, times: int = HELD_AFTER) -> None:
    """As many steps as it takes, none of which counts on what another has read."""
    for _ in range(times):
        await harness.forget_what_was_read()
        await harness.expire_all_waits(settled=True)
        await harness.work()


def heal(harness: BotHarness) -> None:
    """Nothing goes wrong on the line any more."""
    harness.line._faults.clear()


def cards(harness: BotHarness) -> list[Message]:
    """Return what the admins were told of held requests."""
    return [
        each
        for each in harness.workspace.channels["C0APPROVALS"].messages
        if "failed too often in a row" in each.text
    ]


async def failed_for_ever(
    harness: BotHarness, where: str = POST, fault: Fault = silence_before
) -> tuple[Hold, Request]:
    """A request that has failed as often as it takes, and no less."""
    harness.line.on(where, fault, times=ALWAYS)
    request = await harness.ask("marketing-campaign")
    await try_often(harness, HELD_AFTER - 1 - request.failures)
    assert await harness.store.run(holds.open_ones) == []
    await try_often(harness, 1)
    ((hold, request),) = await harness.store.run(holds.open_ones)
    return hold, request


async def held(
    harness: BotHarness,
    where: str = POST,
    fault: Fault = silence_before,
    *,
    lately: bool = False,
) -> tuple[Hold, Request]:
    """
    A request that has failed twice, and the second time counts as often as it takes: for what comes of it.

    Args:
        lately: A write that comes late might still show; otherwise it would have by now.
    """
    harness.line.on(where, fault, times=ALWAYS)
    request = await harness.ask("marketing-campaign")
    await tamper(harness.store, request, failures=HELD_AFTER - 1)
    await try_often(harness, 1)
    if not lately:
        await asyncio.sleep(WAITS.settle.total_seconds())
    ((hold, request),) = await harness.store.run(holds.open_ones)
    return hold, request


async def test_what_is_never_answered_clearly_is_held(harness):
    """Nothing is due about it any more, and the row says since when and why."""
    hold, request = await failed_for_ever(harness)

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
    _, request = await failed_for_ever(harness, where, fault)

    assert request.state is state


async def test_a_mistake_of_ours_is_held_too(harness):
    """An exception that nobody expects is as good a reason; the admins are told where to look."""

    async def broken(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        raise RuntimeError("never seen before")

    hold, _ = await failed_for_ever(harness, "GET .*/accessPackages/", broken)

    assert (hold.error, "Latchkey itself" in hold.why) == ("RuntimeError", True)


async def pause(harness: BotHarness) -> None:
    await harness.store.run(flags.pause, why="drill")


async def throttle_posts(harness: BotHarness) -> None:
    harness.line.on(POST, answering(429), times=ALWAYS)


async def throttle_reads(harness: BotHarness) -> None:
    harness.line.on("GET .*/accessPackages/", answering(429), times=ALWAYS)


@pytest.mark.parametrize("ask_to_wait", [pause, throttle_posts, throttle_reads])
async def test_who_is_asked_to_wait_has_not_failed(harness, ask_to_wait):
    """However often Graph says 429, and as long as granting is paused."""
    await ask_to_wait(harness)
    request = await harness.ask("marketing-campaign")

    await try_often(harness, 2 * HELD_AFTER)

    request = await harness.request(request.id)
    assert (request.failures, request.held_at) == (0, None)
    assert request.due_at is not None


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
    """When the sync fails as well, it is no fault of the request; once it works again, it counts."""
    harness.jobs.statuses["sync"] = JobStatus(
        every=timedelta(minutes=5), last_error="GraphUnavailable"
    )
    harness.line.on(POST, silence_before, times=ALWAYS)
    request = await harness.ask("marketing-campaign")
    await try_often(harness, 2 * HELD_AFTER)
    assert (await harness.request(request.id)).held_at is None

    harness.jobs.statuses["sync"].last_error = None
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
    harness.tenant.world.delivery = timedelta(hours=9)
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
    """The card says whose it is, where it stands and what went wrong, with what they can do about it."""
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

    await harness.request_changes.cancel(slack_user="U0ANN", request_id=request.id)
    await harness.talk()

    assert await harness.store.run(holds.open_ones) == []
    assert "Canceled by the requester." in said(cards(harness)[0])
    assert labels(cards(harness)[0]) == []


async def test_what_is_held_is_counted_and_does_no_harm_to_readiness(harness):
    """A gauge to alarm by; the bot itself is well."""
    await held(harness)
    figures = Figures()
    health = Health(store=harness.store, jobs=harness.jobs, wire=NoWire(), figures=figures)
    exposition = Exposition(store=harness.store, jobs=harness.jobs, health=health, figures=figures)

    assert b"latchkey_held 1.0" in await exposition.metrics()
    assert await health.problems() == []


async def test_the_holder_sees_that_it_does_not_get_through(harness):
    """In their own list."""
    await held(harness)

    found = await harness.request_lists.access_overview("U0ANN")
    shown = my_access.my_access(
        found.held, found.waiting, reader="U0ANN", asked=found.asked, held_under=found.held_under
    )
    assert "the admins have been told" in said(shown)


async def test_a_post_that_takes_too_long_is_cut_off(harness):
    """However slowly its bytes drip: the settle time counts on it."""

    async def never(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    harness.line.on(POST, never)

    request = await harness.ask("marketing-campaign")

    assert (request.state, request.failures) == (State.APPROVED, 1)
    assert request.intent_at is not None
    assert clock.now() - request.intent_at < WAITS.post + timedelta(seconds=1)


async def test_one_strange_click_stops_nobody(harness):
    """A decision that cannot be processed for a reason nobody expects is processed again later; the rest goes on."""
    asked = await harness.ask("finance-reports because of the close")

    async def broken(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        raise RuntimeError("never seen before")

    harness.line.on("GET ", broken)
    await harness.approvals.decide(
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

    await harness.jobs.stop()
    await harness.work()

    request = await harness.request(request.id)
    assert request.lease_until is None
    assert request.due_at is not None
    assert request.due_at <= clock.real()
