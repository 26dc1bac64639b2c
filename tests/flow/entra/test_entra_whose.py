"""Where Entra decides: nobody else's request is taken for one of ours, whatever its words say, and none is decided."""

import asyncio
from datetime import timedelta

import pytest

from bot.database.tables import requests
from sandbox.tenant import seed
from tests.flow.entra.test_entra_decides import ASK, FILE, deciding
from tests.flow.entra.test_made_in_entra import ask_there
from tests.harness.accounts import SETTINGS, connect, registered
from tests.harness.simulation import simulation
from tests.harness.world import ANN, BO, begun, eventually, said


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_anothers_request_with_our_tag_is_not_taken_for_ours(version, database, tmp_path):
    """Ann's waits for her account, Cy writes its tag at My Access, and Latchkey looks for it after a restart."""
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE)
    settings = {
        **SETTINGS,
        "LATCHKEY_PACKAGE_SETTINGS": str(file),
        "GRAPH_API_VERSION": version,
    }
    async with simulation(database) as around:
        registered(around.outside)
        around.outside.tenant.world.delivery = timedelta(0)
        world = await begun(around, **settings)
        await world.type(ANN, ASK)
        await world.told(ANN, "Please connect your Microsoft account")
        [ours] = await world.bot.store.run(_ids)
        await connect(world, BO)
        await around.bots[-1].stop()
        ask_there(world, seed.CY, why=f"Q4 [latchkey {ours}]")
        world = await begun(around, **settings)
        await connect(world, ANN)

        card = await world.card(BO, "Ann Abara")
        await world.press(BO, card, "Approve")
        await world.told(ANN, "You now have access")

        made = {each.requestor_id: each.state for each in world.tenant.world.requests.values()}
        assert made == {seed.ANN: "delivered", seed.CY: "pendingApproval"}
        given = world.tenant.world.assignments.values()
        assert [each.target_id for each in given if each.package_id == seed.FINANCE_REPORTS] == [
            seed.ANN
        ]


async def test_nobody_elses_request_is_decided(database, tmp_path):
    """However the row came to point there: Entra shows whose it is."""
    async with deciding(database, tmp_path) as world:
        for person in (ANN, BO):
            await connect(world, person)
        await world.type(ANN, ASK)
        card = await world.card(BO, "Ann Abara")
        there = ask_there(world, seed.CY)
        await world.bot.store.run(_points_to, there.id)

        await world.press(BO, card, "Approve")
        await eventually(
            lambda: any("somebody else's request" in each for each in _said_to(world, BO)),
            about="why nothing is sent",
        )

        await asyncio.sleep(300)
        assert {each.state for each in world.tenant.world.requests.values()} == {"pendingApproval"}


def _ids(db):
    return list(db.execute(requests.select()).scalars())


def _points_to(db, graph_id):
    db.execute(requests.update().where(requests.c.holder == ANN).values(graph_request_id=graph_id))


def _said_to(world, user):
    whispered = world.whispers(user, "C0APPROVALS")
    return [*(said(each) for each in world.direct(user)), *whispered]
