"""One request in Graph is one request of ours: nobody's new one is taken to be what another row of ours has followed already."""

import pytest
import sqlalchemy as sa

from bot.database import Transaction
from bot.database.tables import requests
from sandbox.tenant import lifecycle, seed
from tests.flow.entra.test_entra_decides import deciding
from tests.flow.entra.test_made_in_entra import A_LOOK, seen
from tests.harness.accounts import connect
from tests.harness.world import ANN, BO, World, eventually

POST = "^POST .*ssignmentRequests$"


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


async def followed(world: World) -> list[str | None]:
    """Graph's ids of what our rows follow."""

    def read(db: Transaction) -> list[str | None]:
        query = sa.select(requests.c.graph_request_id).where(requests.c.kind == "add")
        return list(db.execute(query).scalars())

    return await world.bot.store.read(read)


async def had_and_returned(world: World) -> str:
    """Ann has asked at My Access, got it, and given it back, all within a few minutes; Graph's id of that request."""
    there = await seen(world)
    stage = there.current_stage
    assert stage is not None
    lifecycle.decide(
        world.tenant.world, there, stage.id, user_id=seed.BO, approve=True, justification="Yes."
    )
    await world.told(ANN, "You now have access")
    shown = (await world.type(ANN, "/my-access")).message
    assert shown is not None
    await world.press(ANN, shown, "Return")
    await eventually(lambda: _is_returned(world), about="it is given back")
    return there.id


async def _is_returned(world: World) -> bool:
    return "remove delivered" in await world.states()


def _has(world: World) -> bool:
    tenant = world.tenant.world
    tenant.advance()
    found = tenant.assignments_of(seed.FINANCE_REPORTS, user_id=seed.ANN)
    return any(each.state == "delivered" for each in found)


async def test_what_has_been_followed_before_is_not_what_was_sent_now(world):
    """Its POST has no clear answer; what Ann has made at My Access a few minutes ago is looked at, and was another."""
    before = await had_and_returned(world)
    world.tenant.faults.set("unavailable", count=1, only=POST)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.later(A_LOOK)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access", times=2)
    ids = await followed(world)
    assert len(ids) == len(set(ids)) == 2
    assert before in ids
    assert _has(world)
