"""Several replicas on one database: what is read for everybody is read once, whoever of them lives."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.assignments.store import assignments
from bot.database.audit_log import audit
from bot.database.replicas import turns
from bot.requests.store import claims
from bot.timing import WAITS
from tests.harness.faults import and_then
from tests.harness.simulation import LOOKS, simulation
from tests.harness.world import ANN, APPROVALS, DANA, World, eventually

SYNC = timedelta(seconds=int(LOOKS["LATCHKEY_SYNC_SECONDS"]))
ROSTER = timedelta(minutes=1)
PACKAGES = "/accessPackages?"
GROUPS = "/usergroups.users.list?"
A_WHILE = timedelta(seconds=30)
HOURS = timedelta(hours=1)
# What nobody wakes a job for is not looked for, so that simulated hours are cheap.
SELDOM = str(HOURS.total_seconds())
FINANCE = "finance-reports because Q4"


@pytest.fixture
async def around(simulated, database):
    """Stand-ins without a bot; Entra delivers at once."""
    async with simulation(database) as made:
        made.outside.tenant.world.delivery = timedelta(0)
        yield made


@pytest.fixture
def replicas(around):
    """Starts so many replicas, and waits until each knows how everything stands."""

    async def start(number, **environment):
        settings = {"LATCHKEY_POLL_SECONDS": SELDOM, **environment}
        bots = [await around.start(**settings) for _ in range(number)]
        for bot in bots:
            await eventually(lambda bot=bot: bot.latchkey.jobs.statuses["sync"].last_success)
        await later(SYNC)
        return bots

    return start


@pytest.fixture
def calls(around):
    """Return how often each call was made, by its whole address."""
    counted: Counter[str] = Counter()

    def count(process, what):
        when, _, call = what.partition(" ")
        if when == "before" and "://" in call:
            counted[call] += 1

    around.moment = count
    return counted


def named(calls, part):
    return sum(times for call, times in calls.items() if part in call)


async def later(by):
    await asyncio.sleep(by.total_seconds())


async def at_work(bots):
    """The replica that has begun to read Graph for all, which takes it a while."""
    for bot in bots:
        bot.line.on("GET .*/assignments$", and_then(lambda: later(A_WHILE)))

    def owner():
        return next((bot for bot in bots if bot.latchkey.jobs.fence.turn is not None), None)

    return await eventually(owner, about="a sync")


async def given(world):
    """Ann asks for the reports, Dana approves, and Entra delivers."""
    await world.type(ANN, f"/request-access {FINANCE}")
    await world.press(DANA, await world.card(APPROVALS), "Approve")
    await world.told(ANN, "You now have access")


async def standing(bot, name="sync"):
    return await bot.latchkey.store.read(turns.get, name)


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_graph_and_slack_are_read_for_everybody_once_an_interval(number, replicas, calls):
    """Not once a replica: of each call an hour sees as many, however many replicas there are."""
    await replicas(number, LATCHKEY_ADMINS="S0IAM")
    calls.clear()

    await later(HOURS)

    most = {"microsoft": HOURS / SYNC + 1, "slack": HOURS / ROSTER + 1}
    too_many = {
        call: times
        for call, times in calls.items()
        if times > most["microsoft" if "microsoft" in call else "slack"]
    }
    assert too_many == {}
    assert named(calls, PACKAGES) >= HOURS / SYNC - 1
    assert named(calls, GROUPS) >= HOURS / ROSTER - 2
    # Ten minutes long it is known who is a full member.
    assert named(calls, "/users.info?") <= HOURS / timedelta(minutes=10) + 1


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_requests_cost_as_many_calls_however_many_replicas_there_are(
    number, around, replicas, calls
):
    """Whoever has a click or a request at work keeps it from the others."""
    bots = await replicas(number, LATCHKEY_POLL_SECONDS="2")
    world = World(around.outside, bots[0].latchkey)
    calls.clear()

    await given(world)
    await later(timedelta(minutes=1))

    # When it is asked for, and once more before it is given.
    assert [call for call, n in calls.items() if n > 2 and "microsoft" in call] == []


async def test_every_replica_knows_who_the_admins_are(around, replicas):
    """Whichever has asked Slack."""
    bots = await replicas(3, LATCHKEY_ADMINS="S0IAM")
    around.outside.workspace.usergroups["S0IAM"].users.append("U0CY")
    await later(2 * ROSTER)

    assert [bot.latchkey.jobs.permissions.is_known_admin("U0CY") for bot in bots] == [True] * 3


async def test_a_dead_replica_is_followed_by_another(replicas, calls):
    """As soon as its lease is over."""
    bots = await replicas(2)
    died = await at_work(bots)
    await died.die()
    (left,) = [bot for bot in bots if bot is not died]
    before = (await standing(left)).succeeded_at

    await later(WAITS.lease + 2 * A_WHILE)

    assert (await standing(left)).succeeded_at > before


async def test_a_frozen_replica_does_not_write_its_old_sync_over_a_newer_one(around, replicas):
    """It wakes with a list from before its sleep; meanwhile another replica has read what is new."""
    bots = await replicas(2)
    await given(World(around.outside, bots[0].latchkey))
    (held,) = around.outside.tenant.world.assignments.values()
    ends = held.end
    frozen: list[object] = []

    def freeze(bot):
        def act():
            if not frozen:
                frozen.append(bot)
                bot.process.freeze(SYNC)

        return act

    for bot in bots:
        bot.line.on("GET .*/assignments$", and_then(freeze(bot)))
    await eventually(lambda: frozen, about="a sync")
    held.end = ends + timedelta(days=30)
    await later(SYNC - timedelta(seconds=5))
    (awake,) = [bot for bot in bots if bot is not frozen[0]]
    row = await awake.latchkey.store.read(assignments.find, held.id)
    assert row.ends_at == held.end
    seen = await awake.latchkey.store.read(audit.rows)

    await later(timedelta(seconds=20))

    assert await awake.latchkey.store.read(assignments.find, held.id) == row
    assert await awake.latchkey.store.read(audit.rows) == seen


async def test_a_replica_that_stops_in_the_middle_of_a_sync_leaves_it_to_the_next(replicas):
    """Nobody waits for its lease."""
    bots = await replicas(2)
    stopped = await at_work(bots)
    await stopped.stop()
    (left,) = [bot for bot in bots if bot is not stopped]

    assert (await standing(left)).lease_until is None


async def test_every_replica_says_how_the_sync_is_doing(around, replicas):
    """Whoever does it: /readyz of one that only looks on is no better and no worse."""
    bots = await replicas(3)
    around.outside.tenant.faults.set("unavailable", True)
    await later(3 * SYNC + A_WHILE)
    statuses = [bot.latchkey.jobs.statuses["sync"] for bot in bots]
    assert all("GraphUnavailable" in (status.last_error or "") for status in statuses)

    around.outside.tenant.faults.set("unavailable", False)
    await later(3 * SYNC)
    assert [status.last_error for status in statuses] == [None] * 3
    assert len({status.last_success for status in statuses}) == 1


async def died_right_after_asking(around, bots, world):
    """Ann has asked, and the replica that took it down died with the very commit."""
    before = around.moment

    def die(process, what):
        if what == "after a transaction" and around.wires.said:
            around.moment = before
            process.die()

    around.moment = die
    # Slack has its answer or has not; what counts is in the database.
    await world.type(ANN, f"/request-access {FINANCE}")
    (left,) = [bot for bot in bots if bot.is_up]
    return left


async def posted_cards(around, seconds):
    await asyncio.sleep(seconds)
    return World(around.outside, around.bots[0].latchkey).cards(APPROVALS)


async def test_what_one_replica_commits_wakes_the_others_at_once(around, replicas):
    """Nobody looks by the clock for an hour here, and the one that took it down is dead."""
    bots = await replicas(2)
    await died_right_after_asking(around, bots, World(around.outside, bots[0].latchkey))

    assert len(await posted_cards(around, 2)) == 1


async def test_what_nobody_heard_of_is_found_by_the_clock(around, replicas):
    """Wakeups may get lost."""
    around.wires.lose = lambda: True
    bots = await replicas(2, LATCHKEY_POLL_SECONDS="10")
    await died_right_after_asking(around, bots, World(around.outside, bots[0].latchkey))

    assert len(await posted_cards(around, 15)) == 1


async def test_what_is_left_when_a_replica_stops_wakes_the_others(harness):
    """They wait for no lease, and for no look by the clock."""
    taken = await harness.requests.ask(slack_user=ANN, text=FINANCE, reason=None)
    (request,) = await harness.store.run(claims.take, lease=WAITS.lease, limit=1)
    assert request.id == taken.request.id
    said = harness.around.wires.said
    harness.jobs.loop.is_stopping = True

    await harness.jobs.requests.step(request, {})

    assert harness.around.wires.said == said + 1
    assert len(await harness.store.run(claims.take, lease=WAITS.lease, limit=1)) == 1


@pytest.mark.parametrize(
    ("why", "said"), [(None, "notifications"), ("Because", "the clock (Because)")]
)
async def test_readyz_says_how_a_replica_is_woken(why, said, harness):
    """And stays ready: the clock is enough."""
    harness.latchkey.wire.silent_because = why

    assert harness.latchkey.health.wakes_by == said
