"""An older copy of the database is put back: what Entra has done since is found there, and not done again."""

import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.database.audit_log import audit
from bot.people.model import Verb
from bot.requests.model import State
from bot.requests.store import holds
from sandbox.tenant import seed
from tests.harness.accounts import SETTINGS, connect, registered
from tests.harness.camera import Camera, Photograph, empty_sqlite, life, restore
from tests.harness.owed import every_request, waits_pass
from tests.harness.simulation import simulation
from tests.harness.world import ANN, BO, World, begun, eventually, labels, said
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


@dataclass(frozen=True)
class Restored:
    """A world whose database can be copied, and the copy put back; each starts the bot anew, and gives the world of then."""

    world: World
    copy: Callable[[], Awaitable[World]]
    restored: Callable[[], Awaitable[World]]


@asynccontextmanager
async def decided_by_entra(database: Path, tmp_path: Path, version: str) -> AsyncIterator[Restored]:
    """Ann and Bo have connected their accounts, Entra decides, and there is a copy of the database of then."""
    file = tmp_path / "latchkey.yml"
    file.write_text("defaults: {decides: entra}\n", "utf-8")
    copied = tmp_path / "copy.db"
    async with simulation(database) as around:
        registered(around.outside)
        around.outside.tenant.world.delivery = timedelta(0)
        around.outside.environment |= {
            **SETTINGS,
            "LATCHKEY_PACKAGE_SETTINGS": str(file),
            "GRAPH_API_VERSION": version,
        }

        async def restored() -> World:
            await around.bots[0].stop()
            around.outside.clock.shift(A_MINUTE)
            return await begun(around, DATABASE_URL=f"sqlite:///{copied}")

        async def copy() -> World:
            await around.bots[0].stop()
            shutil.copyfile(database, copied)
            return await begun(around)

        world = await begun(around)
        for user in (ANN, BO):
            await connect(world, user)
        yield Restored(await copy(), copy, restored)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_an_ask_of_after_the_copy_is_not_said_to_be_made_in_my_access(
    version, database, tmp_path
):
    """It is followed, decided and told like any other; nobody is told what Entra does not show."""
    async with decided_by_entra(database, tmp_path, version) as around:
        world = around.world
        await world.type(ANN, "/request-access finance-reports because Q4")
        before = await world.card(BO)
        world = await around.restored()
        await world.told(ANN, "Microsoft Entra has a request of yours for .* that I did not know")
        assert not [each for each in world.direct(ANN) if "in My Access" in said(each)]
        await eventually(lambda: world.cards(BO)[-1].ts != before.ts, about="another card")
        card = await world.card(BO)
        assert "Q4" in said(card)
        assert "[latchkey" not in said(card)
        await world.press(BO, card, "Approve")
        await world.told(ANN, "You now have access to \\*Finance Reports")
        [there] = world.tenant.world.requests.values()
        assert (there.state, there.stages[0].reviewed_by) == ("delivered", seed.BO)
        [asked] = [row for row in await world.bot.store.run(audit.rows) if row["verb"] == "ask-add"]
        assert asked["details"]["found_in"] == "entra"
        assert "made_in" not in asked["details"]


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_an_extension_of_after_the_copy_likewise(version, database, tmp_path):
    """And nobody is offered to ask for it once more."""
    async with decided_by_entra(database, tmp_path, version) as around:
        world = around.world
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.press(BO, await world.card(BO), "Approve")
        await world.told(ANN, "You now have access")
        world = await around.copy()
        world.outside.clock.shift(timedelta(days=20))
        shown = (await world.type(ANN, "/my-access")).message
        assert shown is not None
        await world.extend(ANN, shown, why="Q1 as well")
        await eventually(lambda: len(world.cards(BO)) == 2, about="the card of the extension")
        world = await around.restored()
        await world.told(ANN, "a request of yours to extend .* that I did not know")
        assert "Extend" not in labels((await world.type(ANN, "/my-access")).message)
        await eventually(lambda: len(world.cards(BO)) == 3, about="the card after the restore")
        await world.press(BO, await world.card(BO), "Approve")
        await world.told(ANN, "Your access to .* now lasts")
        assert [each.request_type for each in world.tenant.world.requests.values()] == [
            "userAdd",
            "userUpdate",
        ]
