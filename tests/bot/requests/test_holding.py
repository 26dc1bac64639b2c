"""A request that fails too often is held, and the admins are told once; one who may tries it again or gives it up."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from bot import clock
from bot.database import flags
from bot.database.audit_log import audit
from bot.database.replicas.wire import NoWire
from bot.errors import NotAllowed, TooLate
from bot.jobs.status import JobStatus
from bot.messages.overviews import my_access
from bot.monitoring.figures import Figures
from bot.people.model import Verb
from bot.requests.model import Hold, Kind, Request, State
from bot.requests.retry import HELD_AFTER
from bot.requests.store import holds
from bot.serving.exposition import Exposition
from bot.serving.health import Health
from bot.timing import WAITS
from sandbox.slack.model import Message
from sandbox.tenant import seed
from tests.bot.rows import tamper
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering, no_connection, silence_after, silence_before
from tests.harness.wires import Fault, GoOn
from tests.harness.world import labels, said

POST = "POST .*/assignmentRequests"
# The lists in which a request is looked for come in one envelope.
LOOK = r"GET .*/assignmentRequests$"
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


async def repair(harness: BotHarness, hold: Hold, verb: Verb, user: str = "U0DANA") -> None:
    await harness.request_changes.repair(slack_user=user, hold_id=hold.id, verb=verb)
    await harness.work()
    await harness.talk()


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
        found.held, found.waiting, asked=found.asked, extendable=found.extendable
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


async def test_retry_starts_afresh(harness):
    """What was in the way is gone: it goes on to its end, and the card says who saw to it."""
    hold, request = await held(harness)
    await harness.talk()
    heal(harness)

    await repair(harness, hold, Verb.RETRY)
    await harness.finish()

    assert (await harness.request(request.id)).state is State.DELIVERED
    assert harness.posted("adminAdd") == 1
    (card,) = cards(harness)
    assert labels(card) == []
    assert "Tried again by <@U0DANA>" in said(card)
    assert "retry" in [row["verb"] for row in await harness.audit(request)]


async def test_what_fails_on_is_held_again(harness):
    """After as many failures as before, with a card of its own."""
    hold, request = await held(harness)
    await harness.talk()
    await repair(harness, hold, Verb.RETRY)
    assert (await harness.request(request.id)).failures <= 1

    await try_often(harness)
    await harness.talk()

    assert len(cards(harness)) == 2
    assert [labels(each) for each in cards(harness)] == [[], ["Retry", "Give up"]]


async def test_what_is_given_up_has_failed(harness):
    """Nothing of it is in Graph: the holder is told, and may ask again."""
    hold, request = await held(harness)
    await harness.talk()
    heal(harness)

    await repair(harness, hold, Verb.GIVE_UP)
    await harness.talk()

    assert (await harness.request(request.id)).state is State.FAILED
    assert harness.posted("adminAdd") == 0
    (told,) = harness.told("U0ANN")
    assert "Dana" in told.text
    assert "gave it up. You can ask again." in told.text
    assert "Given up by <@U0DANA>" in said(cards(harness)[0])
    alarms = harness.workspace.channels["C0APPROVALS"].messages
    assert sum(":warning:" in each.text for each in alarms) == 1
    rows = [(row["actor"], row["verb"], row["after"]) for row in await harness.audit(request)]
    assert rows[-2:] == [("U0DANA", "give-up", None), ("U0DANA", "move", "failed")]

    await harness.ask("marketing-campaign")
    await harness.finish()
    assert harness.posted("adminAdd") == 1


async def test_what_is_found_in_graph_is_not_given_up(harness):
    """The POST had worked, and only the looks had failed: it is adopted."""
    harness.line.on(POST, silence_after)
    await harness.ask("marketing-campaign")
    harness.line.on(LOOK, answering(500), times=ALWAYS)
    await try_often(harness)
    ((hold, request),) = await harness.store.run(holds.open_ones)
    assert request.intent_at is not None
    await harness.talk()
    heal(harness)

    await repair(harness, hold, Verb.GIVE_UP)
    await harness.finish()

    assert (await harness.request(request.id)).state is State.DELIVERED
    assert harness.posted("adminAdd") == 1
    assert "Delivered." in said(cards(harness)[-1])


async def test_nothing_is_given_up_before_a_late_write_would_show(harness):
    """Whoever asks again is posted anew, so the look must have proved something."""
    hold, request = await held(harness, lately=True)
    heal(harness)

    await repair(harness, hold, Verb.GIVE_UP)
    waiting = await harness.request(request.id)
    assert (waiting.state, waiting.due_at) == (State.APPROVED, waiting.settles_at)

    await asyncio.sleep(WAITS.settle.total_seconds())
    await harness.work()

    assert (await harness.request(request.id)).state is State.FAILED


async def test_what_graph_may_still_do_is_not_lost(harness):
    """Given up after Graph had taken it on: the sync adopts what is delivered after all."""
    request = await harness.ask("marketing-campaign")
    harness.line.on("GET .*/assignmentRequests/", answering(500), times=ALWAYS)
    await try_often(harness)
    ((hold, _),) = await harness.store.run(holds.open_ones)

    await repair(harness, hold, Verb.GIVE_UP)
    await harness.talk()
    assert (await harness.request(request.id)).state is State.FAILED
    assert "/my-access will show it" in harness.told("U0ANN")[-1].text

    heal(harness)
    harness.shift(timedelta(seconds=10))
    await harness.tenant_sync.run()
    (row,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    assert row.package_id == request.package_id


async def test_giving_up_needs_graph(harness):
    """While it cannot be searched, nothing is given up; after as many failures it is held again."""
    hold, request = await held(harness)
    harness.line.on(LOOK, answering(500), times=ALWAYS)

    await repair(harness, hold, Verb.GIVE_UP)
    assert (await harness.request(request.id)).state is State.APPROVED
    await try_often(harness)

    ((again, request),) = await harness.store.run(holds.open_ones)
    assert again.id != hold.id
    assert request.give_up_by is None


@pytest.mark.parametrize("verb", [Verb.RETRY, Verb.GIVE_UP])
@pytest.mark.parametrize("user", ["U0ANN", "U0BO", "U0CY"])
async def test_only_admins_repair(harness, verb, user):
    """Neither the holder nor an approver; and the attempt leaves its row."""
    hold, request = await held(harness)

    with pytest.raises(NotAllowed):
        await harness.request_changes.repair(slack_user=user, hold_id=hold.id, verb=verb)

    assert (await harness.request(request.id)).held_at is not None
    refused = [row for row in await harness.store.run(audit.rows) if row["verb"] == "refused"]
    assert [row["actor"] for row in refused] == [user]


async def test_nobody_gives_up_what_is_about_their_own_access(harness):
    """It may be its removal; trying again is anybody's who is an admin."""
    harness.policy_of(seed.MARKETING_CAMPAIGN).allowed_target_scope = "allMemberUsers"
    harness.line.on(POST, silence_before, times=ALWAYS)
    await harness.ask("marketing-campaign", user="U0DANA")
    await try_often(harness)
    ((hold, request),) = await harness.store.run(holds.open_ones)

    with pytest.raises(NotAllowed, match="your own access"):
        await harness.request_changes.repair(
            slack_user="U0DANA", hold_id=hold.id, verb=Verb.GIVE_UP
        )
    await repair(harness, hold, Verb.RETRY)

    assert (await harness.request(request.id)).held_at is None


async def test_who_is_no_admin_any_more_gives_nothing_up(harness):
    """Read afresh just before: the request is held as it was, and the admins are told why."""
    hold, request = await held(harness)
    await harness.talk()
    heal(harness)
    await harness.request_changes.repair(slack_user="U0DANA", hold_id=hold.id, verb=Verb.GIVE_UP)
    harness.workspace.usergroups["S0IAM"].users = ["U0BO"]

    await harness.work()
    await harness.talk()

    request = await harness.request(request.id)
    assert (request.state, request.held_at is not None) == (State.APPROVED, True)
    assert "Only Latchkey's admins" in said(cards(harness)[-1])
    assert labels(cards(harness)[-1]) == ["Retry", "Give up"]


@pytest.mark.parametrize("first", [Verb.RETRY, Verb.GIVE_UP])
async def test_a_second_press_is_late(harness, first):
    """Two admins, one hold: the second is told what the first has done."""
    hold, _ = await held(harness)
    heal(harness)
    await repair(harness, hold, first)

    with pytest.raises(TooLate, match="already"):
        await harness.request_changes.repair(slack_user="U0DANA", hold_id=hold.id, verb=Verb.RETRY)


async def test_a_held_removal_that_is_given_up_leaves_the_access(harness):
    """The admin who wanted it is told, not the holder."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (row,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    harness.line.on(POST, silence_before, times=ALWAYS)
    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=row.id)
    await try_often(harness, HELD_AFTER + 1)
    ((hold, request),) = await harness.store.run(holds.open_ones)
    assert (request.id, request.kind) == (taken.request.id, Kind.REMOVE)
    heal(harness)

    await repair(harness, hold, Verb.GIVE_UP)

    (kept,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    assert kept.state == "live"
