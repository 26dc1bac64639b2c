"""Test what a delivered request costs in calls to Graph, whatever else there is and was."""

import asyncio
import shutil
from datetime import timedelta

import pytest

from bot.requests.shared_reads import FRESH
from sandbox.tenant import seed
from tests.harness import crowd
from tests.harness.simulation import LIFELIKE, Simulation, simulation
from tests.harness.world import eventually

# Of one request: its person, what they have; the package, what it gives, whom it excludes, its policy, its open
# requests; the POST, and a look at what has come of it.
LONE = 9
# The same where Graph wants the open requests state by state.
LONE_BY_STATE = LONE + 3
CROWD_EACH = 2
# How long each call takes where that counts; and so many after each other come before the POST, which is one more.
CALL_SECONDS = 1
ROUNDS_BEFORE_THE_POST = 4


@pytest.fixture
async def shop(simulated, tmp_path, sqlite_template):
    """Stand-ins whose Entra delivers after two seconds, and a page of it holds twenty of anything."""
    shutil.copy(sqlite_template, tmp_path / "latchkey.db")
    async with simulation(tmp_path / "latchkey.db", pauses=LIFELIKE) as around:
        around.outside.tenant.world.delivery = timedelta(seconds=2)
        yield around


async def spent(shop: Simulation, *, people: int, packages: int, old: int = 0) -> crowd.Spent:
    """Return what so many people spend who ask at once."""
    outside = shop.outside
    wishes = crowd.ready(outside, people=people, packages=packages)
    for number in range(packages if old else 0):
        crowd.old_requests(outside, old, about=crowd.package_id(number), holder=seed.CY)
    bot = await shop.start(**crowd.SETTINGS)
    await eventually(lambda: bot.latchkey.jobs.statuses["sync"].last_success)
    return await crowd.asked_for(outside, [bot], wishes)


async def test_a_lone_request_reads_each_thing_once(shop):
    """One look serves for the judgment and the grant, and the result comes with the request."""
    found = await spent(shop, people=1, packages=1)

    assert found.operations <= LONE, found.kinds
    assert max(found.kinds.values()) == 1


async def test_what_does_not_wait_for_another_is_read_with_it(shop):
    """The person; the package, beside whom it excludes and who has asked; what it gives; their access, beside the policy."""
    (wish,) = crowd.ready(shop.outside, people=1, packages=1)
    bot = await shop.start(**crowd.SETTINGS)
    await eventually(lambda: bot.latchkey.jobs.statuses["sync"].last_success)
    shop.outside.tenant.faults.set("slow", rate=1.0, seconds=CALL_SECONDS)
    asked_at = shop.outside.tenant.world.now()

    await crowd.asked_for(shop.outside, [bot], [wish])

    (made,) = shop.outside.tenant.world.requests.values()
    rounds = (made.created_at - asked_at).total_seconds() / CALL_SECONDS
    assert rounds < ROUNDS_BEFORE_THE_POST + 2


async def test_what_is_over_costs_nothing(shop):
    """A package with a past: its lists are asked for by state."""
    shop.outside.tenant._service.page_size = 20

    found = await spent(shop, people=1, packages=1, old=300)

    assert found.operations <= LONE, found.kinds


async def test_where_graph_joins_no_states_it_is_asked_so_once(shop):
    """Then each state is a list of its own."""
    shop.outside.tenant.world.joins_states = False

    first = await spent(shop, people=1, packages=1)
    assert first.operations == LONE_BY_STATE + 1, first.kinds

    (bot,) = shop.bots
    await asyncio.sleep(FRESH.total_seconds() * 2)
    second = await crowd.asked_for(
        shop.outside, [bot], [(crowd.person(shop.outside, 1), crowd.slug(0))]
    )
    assert second.operations == LONE_BY_STATE, second.kinds


async def test_a_crowd_shares_what_is_no_persons_own(shop):
    """Twenty people and one package."""
    found = await spent(shop, people=20, packages=1)

    assert found.operations_each <= CROWD_EACH, found.kinds
    assert found.kinds["POST /assignmentRequests"] == found.requests
    assert found.calls_each <= CROWD_EACH


async def test_a_crowd_at_a_package_with_a_past_shares_as_much(shop):
    """The same with hundreds of old requests, several pages of each list."""
    shop.outside.tenant._service.page_size = 30

    found = await spent(shop, people=20, packages=1, old=300)

    assert found.operations_each <= CROWD_EACH, found.kinds


async def test_a_list_of_holders_goes_on_where_its_first_page_ends(shop):
    """More holders than a page, and fewer pages than people who ask."""
    shop.outside.tenant._service.page_size = 12

    found = await spent(shop, people=30, packages=1)

    assert found.kinds["GET /assignmentRequests/{id}"] == 0, found.kinds
    assert found.operations_each <= CROWD_EACH, found.kinds


async def test_a_package_that_many_have_is_asked_about_each_person(shop):
    """A list of its holders would be longer than the crowd, and grow."""
    shop.outside.tenant._service.page_size = 2

    found = await spent(shop, people=20, packages=1)

    lists = sum(number for kind, number in found.kinds.items() if kind.endswith(" delivered"))
    assert lists <= 12, found.kinds
    assert found.operations_each <= 5, found.kinds


async def test_open_requests_are_read_to_their_end_before_what_people_have(shop):
    """What is delivered meanwhile leaves one list for the other: it must be in the second when it is in the first no more."""
    (wish,) = crowd.ready(shop.outside, people=1, packages=1)
    crowd.old_requests(shop.outside, 9, about=crowd.package_id(0), holder=seed.CY)
    for each in shop.outside.tenant.world.requests.values():
        # They wait in Entra for somebody.
        each.state, each.completed_at = "pendingApproval", None
    shop.outside.tenant._service.page_size = 2
    bot = await shop.start(**crowd.SETTINGS)
    await eventually(lambda: bot.latchkey.jobs.statuses["sync"].last_success)
    calls = shop.outside.tenant.calls
    before = len(calls)

    await crowd.asked_for(shop.outside, [bot], [wish])

    read = [each.path.rpartition("/")[2] for each in calls[before:] if each.method == "GET"]
    posted = [each.method for each in calls[before:]].index("POST")
    pages = [place for place, path in enumerate(read[:posted]) if path == "assignmentRequests"]
    held = [place for place, path in enumerate(read[:posted]) if path == "assignments"]
    assert len(pages) > 1
    assert held
    assert max(pages) < min(held)
