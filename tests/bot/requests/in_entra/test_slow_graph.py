"""However long Graph's answers take: each request ends, or is held and somebody is told, within a bound."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from bot import clock
from bot.errors import TooSlow
from bot.jobs import due
from bot.jobs.status import JobStatus
from bot.requests.model import Kind, State
from bot.requests.retry import HELD_AFTER
from bot.requests.store import claims, requests
from bot.timing import WAITS
from sandbox.tenant import seed
from sandbox.tenant.model import Request as GraphRequest
from tests.bot.samples import LEASE, wish
from tests.harness.by_hand import BotHarness, by_hand, standing
from tests.harness.faults import answering
from tests.harness.wires import Fault, GoOn

EVER = 10**6
MINUTE = timedelta(minutes=1)


def taking(seconds: float) -> Fault:
    """An answer that takes its time; the client waits ten seconds for it."""

    async def slow(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        await asyncio.sleep(min(seconds, 10))
        if seconds > 10:
            raise httpx.ReadTimeout("no answer in time", request=request)
        return await go_on()

    return slow


def make_popular(harness: BotHarness, *, requests: int, state: str = "delivered") -> None:
    """Others have asked for the campaign in the last months, and it is over with them."""
    world = harness.tenant.world
    harness.tenant._service.page_size = 20
    for _ in range(requests):
        made = GraphRequest(
            id=world.new_id(),
            request_type="adminAdd",
            created_at=clock.now() - timedelta(days=30),
            package_id=seed.MARKETING_CAMPAIGN,
            policy_id=harness.policy_of(seed.MARKETING_CAMPAIGN).id,
            target_id=seed.CY,
            requestor_id=None,
            state=state,
            status="Fulfilled",
            completed_at=clock.now() - timedelta(days=30),
        )
        world.requests[made.id] = made


async def worked_for(harness: BotHarness, time: timedelta) -> None:
    """The jobs run as they would, for so long: whenever a request is due."""
    end = clock.real() + time
    while clock.real() < end:
        await harness.jobs.requests.run()
        await harness.jobs.messages.run()
        next_at = (await harness.store.read(due.look)).next_at or end
        pause = max(min(next_at, end) - clock.real(), MINUTE / 3)
        await asyncio.sleep(pause.total_seconds())
        harness.tenant.tick()


async def test_a_popular_package_is_granted(harness):
    """What others have long got is not looked through."""
    make_popular(harness, requests=1_100)
    harness.line.on("GET .*assignmentRequests", taking(0.9), times=EVER)

    taken = await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    await worked_for(harness, timedelta(minutes=3))

    assert (await harness.request(taken.request.id)).state is State.DELIVERED
    pages = sum(each.endswith("assignmentRequests") for each in harness.line.sent)
    assert pages < 15


async def restarted(harness: BotHarness) -> BotHarness:
    """Let another process find what was asked; it cannot know what has been posted."""
    await harness.bot.stop()
    return await standing(harness.around)


async def test_after_a_restart_a_popular_package_is_granted(harness):
    """Everything is looked through once, which takes longer than a lease; the worker says that it is at it."""
    make_popular(harness, requests=1_100)
    taken = await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    again = await restarted(harness)
    again.line.on("GET .*assignmentRequests", taking(1.2), times=EVER)

    began = clock.real()
    await worked_for(again, timedelta(minutes=3))

    assert (await again.request(taken.request.id)).state is State.DELIVERED
    assert again.posted("adminAdd") == 1_101
    assert clock.real() - began > LEASE


async def test_a_removal_does_not_depend_on_how_popular_a_package_is(harness):
    """A stolen laptop does not wait for a list of months, after a restart either."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    make_popular(harness, requests=3_000)
    await harness.permissions.refresh()
    taken = await harness.request_changes.remove(
        slack_user="U0DANA", assignment_id=held.id, reason="stolen laptop"
    )
    again = await restarted(harness)
    again.line.on("GET .*assignmentRequests", taking(2), times=EVER)
    again.line.sent.clear()

    await worked_for(again, timedelta(minutes=1))

    assert (await again.request(taken.request.id)).state is State.DELIVERED
    assert again.tenant.world.assignments[held.id].state == "expired"
    assert len(again.line.sent) < 20


@pytest.mark.parametrize("kind", [Kind.ADD, Kind.REMOVE])
@pytest.mark.parametrize("after_a_restart", [False, True])
@pytest.mark.parametrize("latency", ["short", "lease", "long", "for ever"])
async def test_whatever_graph_takes_each_request_ends_or_is_held(
    database, kind, after_a_restart, latency
):
    """And somebody is told: the holder that it is done, or the admins that it is not."""
    seconds = {"short": 0.3, "lease": 4, "long": 9.5, "for ever": 30}[latency]
    async with by_hand(database) as harness:
        if kind is Kind.REMOVE:
            await harness.ask("marketing-campaign")
            await harness.finish()
            (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
            taken = await harness.request_changes.return_access(
                slack_user="U0ANN", assignment_id=held.id
            )
        else:
            taken = await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")
        make_popular(harness, requests=400)
        told_before = len(harness.told("U0ANN"))
        works = await restarted(harness) if after_a_restart else harness
        works.line.on(".*", taking(seconds), times=EVER)

        await worked_for(works, WAITS.step * 4 + timedelta(hours=HELD_AFTER / 2))

        request = await works.request(taken.request.id)
        assert not request.is_open or request.held_at is not None
        if request.held_at is not None:
            alarms = [each.text for each in works.workspace.channels["C0APPROVALS"].messages]
            assert any("failed too often" in each for each in alarms)
        else:
            assert request.state is State.DELIVERED
            assert len(works.told("U0ANN")) == told_before + 1
        assert works.posted("adminAdd") <= 401


async def test_a_step_without_end_is_cut_off_and_held(harness):
    """Three of them are enough: nobody waits half a day for twelve."""

    async def never(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        await asyncio.sleep(WAITS.step.total_seconds() * 2)
        return await go_on()

    harness.line.on("GET .*accessPackages/", never, times=EVER)
    taken = await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")

    await worked_for(harness, WAITS.step * 4)

    request = await harness.request(taken.request.id)
    assert request.held_at is not None
    alarms = [str(each.blocks) for each in harness.workspace.channels["C0APPROVALS"].messages]
    assert any(TooSlow.__name__ in each for each in alarms)
    assert harness.posted("adminAdd") == 0


async def test_while_graph_fails_everybody_the_admins_hear_of_each_request(harness):
    """Nothing is held then, and still nobody waits in silence."""
    harness.jobs.statuses["sync"] = JobStatus(
        every=timedelta(minutes=5), last_error="GraphUnavailable"
    )
    harness.line.on(".*", answering(503), times=EVER)
    taken = await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")

    await worked_for(harness, timedelta(hours=HELD_AFTER / 2))

    request = await harness.request(taken.request.id)
    assert request.failures >= HELD_AFTER
    assert request.held_at is None
    alarms = [each.text for each in harness.workspace.channels["C0APPROVALS"].messages]
    assert sum("does not answer me at all" in each for each in alarms) == 1


async def test_a_claim_is_renewed_by_whoever_has_it(store):
    """For as long again; nobody who has let go of it, or lost it, gets it back."""
    await store.run(requests.add, wish())
    (mine,) = await store.run(claims.take, lease=LEASE, limit=10)
    assert await store.run(claims.renew, mine, lease=LEASE * 2)
    assert await store.run(claims.take, lease=LEASE, limit=10) == []

    await store.run(claims.release, mine, due_at=clock.real(), attempts=0)
    assert not await store.run(claims.renew, mine, lease=LEASE)
    (theirs,) = await store.run(claims.take, lease=LEASE, limit=10)
    assert not await store.run(claims.renew, mine, lease=LEASE)
    assert await store.run(claims.renew, theirs, lease=LEASE)


async def test_the_age_of_what_is_open_is_counted(harness):
    """By state, from when it was got on with: also of what is put off again and again."""
    await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    harness.shift(timedelta(hours=2))

    figures = (await harness.latchkey.exposition.metrics()).decode()

    (line,) = [
        each
        for each in figures.splitlines()
        if each.startswith('latchkey_oldest_open_seconds{state="received"}')
    ]
    assert 7_200 <= float(line.split()[-1]) < 7_300
    assert 'latchkey_oldest_open_seconds{state="approved"} 0.0' in figures


@pytest.mark.parametrize(
    ("state", "moved", "begins", "hours"),
    [
        # Whoever approves may take days; what comes of it is not late for that.
        (State.SUBMITTED, timedelta(hours=1), None, 1),
        (State.APPROVED, timedelta(minutes=0), None, 0),
        # It was to be sent at once, whenever it begins.
        (State.APPROVED, timedelta(hours=2), timedelta(days=2), 2),
        (State.SUBMITTED, timedelta(days=3), timedelta(days=2), 0),
        (State.SUBMITTED, timedelta(days=3), timedelta(hours=-5), 5),
        (State.SUBMITTED, timedelta(hours=3), timedelta(hours=-5), 3),
    ],
)
async def test_what_is_late_is_counted_from_when_it_could_be_done(
    store, state, moved, begins, hours
):
    """Since it was got on with or, once Entra has it, since its access was to begin."""
    now = clock.now()
    await store.run(
        requests.add,
        wish(
            state=state,
            asked_at=now - timedelta(days=9),
            updated_at=now - moved,
            starts_at=begins and now + begins,
        ),
    )

    (seconds,) = (await store.read(claims.oldest_open_seconds)).values()

    assert hours * 3_600 <= seconds < hours * 3_600 + 60
