"""Packages that Entra decides about: people ask and approve there in their own name, and Slack shows it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.tenant import seed
from sandbox.tenant.model import Request
from tests.harness.accounts import SETTINGS, connect, registered
from tests.harness.world import ANN, BO, World, living

FILE = "packages:\n  Finance Reports: {decides: entra}\n  Production Database: {decides: entra}\n"
ASK = "/request-access finance-reports because Q4"


@asynccontextmanager
async def deciding(
    database: Path | str, tmp_path: Path, *, text: str = FILE, **more: Any
) -> AsyncIterator[World]:
    """A world in which Entra decides about some packages."""
    file = tmp_path / "latchkey.yml"
    file.write_text(text, "utf-8")
    settings: dict[str, Any] = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": str(file), **more}
    async with living(database, prepare=registered, **settings) as made:
        yield made


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


def in_entra(world: World, state: str) -> Request:
    """The one request of somebody's own that is in that state in Entra."""
    found = [
        each
        for each in world.tenant.world.requests.values()
        if each.request_type.startswith("user") and each.state == state
    ]
    assert len(found) == 1, [(each.request_type, each.state) for each in found]
    return found[0]


async def asked(world: World) -> None:
    """Ann has connected her account, and asked; Bo has a card."""
    await connect(world, ANN)
    await world.type(ANN, ASK)
    await world.card(BO)


def nothing_granted_by_the_app(world: World) -> bool:
    return not world.posts("adminAdd") and not world.posts("AdminAdd")


async def test_somebody_asks_and_an_approver_approves_in_their_own_name(world):
    """Entra shows who has asked and who has approved, and no app."""
    await asked(world)
    there = in_entra(world, "pendingApproval")
    assert there.requestor_id == seed.ANN
    assert (await world.states())[-1] == "add pending"
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    assert there.state == "delivered"
    assert [stage.reviewed_by for stage in there.stages] == [seed.BO]
    assert (await world.states())[-1] == "add delivered"
    assert nothing_granted_by_the_app(world)


async def test_the_request_is_kept_until_the_account_is_connected(world):
    """And goes on by itself then; nothing is sent before."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    assert not world.posts("userAdd")
    assert (await world.states())[-1] == "add approved"
    await connect(world, ANN)
    await world.card(BO)
    assert in_entra(world, "pendingApproval").requestor_id == seed.ANN


async def test_an_approver_without_an_account_is_told_how(world):
    """Nothing is decided until they have connected, and then the same button does it."""
    await asked(world)
    await world.press(BO, await world.card(BO), "Approve")
    await world.whispered(
        BO, (await world.card(BO)).channel, "Please connect your Microsoft account"
    )
    assert in_entra(world, "pendingApproval")
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
