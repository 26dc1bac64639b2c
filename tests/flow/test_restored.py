"""An older copy of the database is put back: what Entra has done since is found there, and not done again."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.database import audit
from bot.people.model import Verb
from bot.requests.model import State
from bot.requests.store import holds
from tests.harness.camera import Camera, Photograph, empty_sqlite, life, restore
from tests.harness.owed import every_request, waits_pass
from tests.harness.simulation import simulation
from tests.harness.world import BO, World, eventually
from tests.proofs.crash_sweep.deeds import DELIVERY
from tests.proofs.crash_sweep.stories import STORIES, Story
from tests.proofs.sabotage import switched_off

# One story for each thing that Entra is asked for.
ASKING = ("approval", "extension", "grant", "removal")
# How far Entra has come by the time that the copy is put back.
UNDER_WAY, DONE = "under way", "done"
# Nobody puts a copy back in the moment in which something was asked for.
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def databases(simulated, sqlite_template, tmp_path):
    """Addresses of empty databases."""
    return empty_sqlite(sqlite_template, tmp_path)


def newest(photograph: Photograph) -> dict[str, object]:
    """The request that the story is about, as a copy of the database has it; empty before it was asked."""
    rows = sorted(photograph.rows["request"], key=lambda row: row["asked_at"])
    return rows[-1] if rows else {}


def copies(album: list[Photograph]) -> list[Photograph]:
    """One copy for each way in which the request stands, told apart by its state and its intent."""
    kept = {}
    for photograph in album:
        row = newest(photograph)
        kept[row.get("kind"), row.get("state"), row.get("intent_at") is None] = photograph
    return list(kept.values())


async def go_on(world: World) -> None:
    """Whoever must decide does so again, time passes, and everything comes to its end."""
    await only_left(world, {State.PENDING, State.SUBMITTED})
    for request in await world.bot.store.run(every_request):
        if request.state is State.PENDING:
            # The card in Slack shows what has been lost; App Home and the admins' list show the row.
            await world.bot.services.approvals.decide(
                ask_id=request.ask_id,
                verb=Verb.APPROVE,
                slack_user=BO,
                team=world.slack.team_id,
                channel=None,
            )
    await only_left(world, {State.SUBMITTED})
    world.outside.clock.shift(2 * DELIVERY)
    await only_left(world, set())


async def only_left(world: World, states: set[State]) -> None:
    """Wait until every request that has not ended is in one of *states*."""

    async def so() -> bool:
        await world.bot.store.run(waits_pass)
        world.bot.jobs.wake()
        found = await world.bot.store.run(every_request)
        return all(not each.is_open or each.state in states for each in found)

    await eventually(so, about=f"no open request but in {states}")


async def check(world: World, story: Story) -> None:
    """Check what Entra was asked for, who holds what, and that nothing is left for an admin to repair."""
    made = Counter(each.request_type for each in world.tenant.world.requests.values())
    assert made == story.in_graph, "assignment requests in Entra"
    assert world.holders(story.group) == story.holders
    assert await world.bot.store.run(holds.open_ones) == []
    ended = {each.state for each in await world.bot.store.run(every_request)}
    # Refused: "You have it already"; which is so.
    assert ended <= {State.DELIVERED, State.REFUSED}
    rows = await world.bot.store.run(audit.rows)
    assert [row for row in rows if row["verb"] == "hold"] == []


@pytest.mark.parametrize("entra", [DONE, UNDER_WAY])
@pytest.mark.parametrize("name", ASKING)
async def test_what_entra_has_been_asked_is_not_asked_again(name, entra, databases):
    """A copy from each state of a request's life, put back after its grant, or in the middle of it."""
    assert await asked_too_often(STORIES[name], entra, databases) == []


async def asked_too_often(story: Story, entra: str, databases: Iterator[str]) -> list[str]:
    """Put each copy back and let a new bot go on from it; what came of it that should not, a line for each."""
    async with simulation(next(databases)) as around:
        outside = around.outside
        # Entra's own refusal of a second request does not help.
        outside.tenant.world.lenient = True
        outside.tenant.world.delivery = DELIVERY
        camera = Camera(around)
        async with life(around) as world:
            await world.synced()
            if story.before is not None:
                await story.before(world)
            with camera.watching():
                await story.act(world)
        album = camera.album
        asked = next(
            number for number, each in enumerate(album) if "taken assignmentRequests" in each.step
        )
        now = album[-1] if entra == DONE else album[asked]
        wrong = []
        for copy in copies(album if entra == DONE else album[: asked + 1]):
            restored = replace(copy, tenant=now.tenant, slack=now.slack, at=now.at + A_MINUTE)
            await restore(around, restored, database=next(databases))
            try:
                async with life(around) as world:
                    await go_on(world)
                    await check(world, story)
            except AssertionError as error:
                wrong.append(f"{copy.step}, {newest(copy).get('state')}: {error}")
        return wrong


async def test_a_copy_without_the_look_would_ask_twice(databases):
    """The proof itself can fail: an approved removal or extension is posted anew without the look."""
    with switched_off("no look after a start"):
        wrong = await asked_too_often(STORIES["extension"], UNDER_WAY, databases)
    assert any("assignment requests in Entra" in each for each in wrong)
