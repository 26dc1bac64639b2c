"""Graph fails in every way it can, and each request is still granted once."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.requests.model import State
from tests.harness.camera import life
from tests.harness.owed import at_rest, every_request, waits_pass
from tests.harness.simulation import simulation
from tests.harness.world import ANN, World, eventually, said

MARKETING = "/request-access marketing-campaign"
POST = "^POST .*assignmentRequests$"


@pytest.fixture
async def world(database):
    """A tenant that delivers at once, and takes a second request for the same thing if it is sent one."""
    # Nobody here waits ten seconds for an answer that does not come.
    async with simulation(database) as around:
        outside = around.outside
        outside.tenant.world.delivery = timedelta(0)
        outside.tenant.world.lenient = True
        async with life(around) as made:
            await made.synced()
            yield made


async def told(world: World) -> None:
    """Wait until Ann has her access and has been told, and nothing is left to do."""
    await eventually(lambda: any("You now have access" in said(each) for each in world.direct(ANN)))
    await at_rest(world.bot)


async def readyz(world: World) -> httpx.Response:
    transport = httpx.ASGITransport(world.bot.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
        return await http.get("/readyz")


def in_graph(world: World) -> Counter[str]:
    return Counter(each.request_type for each in world.tenant.world.requests.values())


AFTER_IT_HAPPENED: dict[str, tuple[str, dict[str, Any]]] = {
    "no answer in time": ("timeout_after", {}),
    "504": ("error_after", {}),
    "the connection is cut": ("cut_after", {}),
    "half an answer": ("truncated", {}),
}
BEFORE_IT_HAPPENED: dict[str, tuple[str, dict[str, Any]]] = {
    "429 with a fraction": ("throttle", {"retry_after": "0.25"}),
    "429 without a time": ("throttle", {"retry_after": ""}),
    "503": ("unavailable", {}),
    "a page of HTML": ("html", {}),
    "401": ("unauthorized", {}),
}


@pytest.mark.parametrize("how", [*AFTER_IT_HAPPENED, *BEFORE_IT_HAPPENED])
async def test_a_post_that_goes_wrong_makes_one_request(how, world):
    """Whatever the answer was, Graph has exactly one request in the end, and Ann hears of it once."""
    fault, settings = (AFTER_IT_HAPPENED | BEFORE_IT_HAPPENED)[how]
    world.tenant.faults.set(fault, count=1, only=POST, **settings)
    await world.type(ANN, MARKETING)
    await told(world)
    assert world.tenant.faults.counts[fault] == 1
    assert in_graph(world) == Counter(adminAdd=1)
    assert len(world.direct(ANN)) == 1


async def test_what_happened_unseen_is_adopted_and_not_posted_again(world):
    """After a 504 that was none, no second POST leaves at all."""
    world.tenant.faults.set("error_after", count=1, only=POST)
    await world.type(ANN, MARKETING)
    await told(world)
    assert len(world.posts()) == 1


async def test_a_write_that_comes_late_is_waited_for(world):
    """Graph does it after we gave up waiting and have looked in vain: adopted, not posted again."""
    world.tenant.faults.set("slow", only=POST, seconds=30)
    await world.type(ANN, MARKETING)
    await eventually(lambda: world.tenant.faults.counts["slow"])
    world.tenant.faults.clear()
    await told(world)
    assert len(world.posts()) == 1
    assert in_graph(world) == Counter(adminAdd=1)


async def test_a_list_that_lags_behind_is_waited_for(world):
    """The first looks do not show the request that a lost answer was about; it is adopted all the same."""
    world.tenant.faults.set("lag", seconds=25)
    world.tenant.faults.set("error_after", count=1, only=POST)
    await world.type(ANN, MARKETING)
    await told(world)
    assert len(world.posts()) == 1
    assert in_graph(world) == Counter(adminAdd=1)


async def test_nothing_is_sent_to_graph_before_it_may_be(world):
    """The pause that Graph asks for is kept, to the fraction of a second."""
    world.tenant.faults.set("throttle", count=1, only=POST, retry_after="1.25")
    await world.type(ANN, MARKETING)
    await eventually(lambda: len(world.posts()) == 2)
    first, second = world.posts()
    assert second.at - first.at >= timedelta(seconds=1.2)


async def test_a_bot_without_graph_takes_requests_says_so_and_catches_up_alone(world):
    """Everything that Graph must be asked for waits; asking does not."""
    world.tenant.faults.set("unavailable", retry_after="0")
    answered = await world.type(ANN, MARKETING)
    assert answered.ok
    assert "I am checking whether" in (answered.text or "")
    world.bot.jobs.wake_all()
    await eventually(lambda: world.bot.jobs.statuses["sync"].last_error)
    unready = await readyz(world)
    assert unready.status_code == 503
    assert any(each.startswith("graph:") for each in unready.json()["problems"])
    assert not world.tenant.world.requests
    world.tenant.faults.clear()
    await told(world)
    await world.synced()
    assert (await readyz(world)).status_code == 200
    assert in_graph(world) == Counter(adminAdd=1)


async def test_a_page_said_to_be_elsewhere_is_not_fetched(world):
    """The tables stay as they are, /readyz says why, and the next good list is believed again."""
    before = await world.bot.services.request_forms.offered_packages()
    world.tenant._service.page_size = 1
    world.tenant.faults.set("foreign_next_link", only="^GET .*accessPackages$")
    world.bot.jobs.wake_all()
    await eventually(lambda: world.bot.jobs.statuses["sync"].last_error)
    assert "under our own address" in str((await readyz(world)).json()["problems"])
    assert await world.bot.services.request_forms.offered_packages() == before
    world.tenant.faults.clear()
    await world.synced()
    assert (await readyz(world)).status_code == 200


async def test_a_storm_of_faults_neither_loses_nor_doubles(world):
    """A fifth of all calls fails, one way or another, until everything is done; then it is counted."""
    for fault in ("throttle", "unavailable", "error_after", "cut_after", "truncated", "html"):
        # A pause of nothing: the storm tests what is done, not how long it takes.
        again = {"retry_after": "0"} if fault in {"throttle", "unavailable"} else {}
        world.tenant.faults.set(fault, rate=0.04, **again)
    await asyncio.gather(
        world.type(ANN, MARKETING),
        world.type("U0CY", MARKETING),
        world.type("U0DANA", "/request-access board-papers"),
    )

    async def done() -> bool:
        await world.bot.store.run(waits_pass)
        world.bot.jobs.wake()
        found = await world.bot.store.run(every_request)
        return len(found) == 3 and all(each.state is State.DELIVERED for each in found)

    await eventually(done)
    world.tenant.faults.clear()
    await at_rest(world.bot)
    made = Counter(each.target_id for each in world.tenant.world.requests.values())
    assert set(made.values()) == {1}
    assert [len(world.direct(each)) for each in (ANN, "U0CY", "U0DANA")] == [1, 1, 1]
