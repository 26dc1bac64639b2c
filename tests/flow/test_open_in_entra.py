"""Where Latchkey decides, and the same is asked for in Entra already, which shows no app for whom: the truth is said at once."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from sandbox.tenant import lifecycle, seed
from sandbox.tenant.model import Request
from sandbox.tenant.requests import NewRequest, accept
from tests.flow.test_entra_edges import let_managers_ask, policy_of
from tests.flow.test_holding import cards as held_cards
from tests.flow.test_on_behalf import ask_past_the_form
from tests.harness.world import ANN, BO, MIA, World, eventually, labels, living

ASK = "/request-access finance-reports because Q4"


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database):
    async with living(database, GRAPH_API_VERSION=request.param) as made:
        let_managers_ask(made, True)
        await made.synced()
        yield made


def ask_there(
    world: World, by: str, *, kind: str = "userAdd", assignment_id: str | None = None
) -> Request:
    """Somebody asks at My Access for Ann."""
    tenant = world.tenant.world
    tenant.advance()
    new = NewRequest(
        request_type=kind,
        package_id=seed.FINANCE_REPORTS,
        assignment_id=assignment_id,
        target_id=seed.ANN,
        justification="Made there",
    )
    made = accept(tenant, new, user=tenant.users[by])
    tenant.announce()
    return made


@dataclass(frozen=True)
class Asked:
    """Who has asked at My Access for Ann, who asks in Slack for her, and what they are told."""

    there: str
    here: str
    told: str


CASES = {
    "both times Ann": Asked(seed.ANN, ANN, "which you have made there, or somebody has"),
    "Mia for Ann there": Asked(seed.MIA, ANN, "which you have made there, or somebody has"),
    "Mia for Ann here": Asked(seed.ANN, MIA, "which they have made there, or somebody has"),
}


def grants(world: World) -> int:
    return len(world.posts("adminAdd"))


@pytest.mark.parametrize("name", CASES)
async def test_what_is_open_there_is_said_at_once(name, world):
    """Nothing is tried again and again, and no admin has to look; what was asked for there is decided there."""
    case = CASES[name]
    there = ask_there(world, case.there)
    if case.here == ANN:
        await world.type(ANN, ASK)
    elif world.bot.settings.graph_api_version == "beta":
        pytest.skip("beta does not say that managers may ask")
    else:
        await ask_past_the_form(world, MIA, ANN)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(case.here, case.told)
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    tried = grants(world)
    assert tried == 1
    await world.later(timedelta(hours=3))
    assert grants(world) == tried
    assert held_cards(world) == []
    assert await world.states() == ["add refused"]
    assert there.state == "pendingApproval"


async def test_they_can_ask_again_when_that_is_over(world):
    """And get it then."""
    there = ask_there(world, seed.MIA)
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "already has an open request")
    lifecycle.cancel(world.tenant.world, there)
    await world.later(timedelta(minutes=5))
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")


async def test_an_extension_that_waits_there_is_said_at_once(world):
    """Asked for at My Access, and then in Slack."""
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    policy_of(world).approval["isApprovalRequiredForUpdate"] = True
    await world.later(timedelta(days=20))
    [held] = world.tenant.world.assignments_of(seed.FINANCE_REPORTS, user_id=seed.ANN)
    ask_there(world, seed.ANN, kind="userUpdate", assignment_id=held.id)
    shown = (await world.type(ANN, "/my-access")).message
    assert shown is not None
    await world.extend(ANN, shown)
    await eventually(lambda: len(world.cards(BO)) == 2, about="the card")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "already has an open request")
    tried = len(world.posts("adminUpdate"))
    await world.later(timedelta(hours=3))
    assert len(world.posts("adminUpdate")) == tried
    assert held_cards(world) == []
    assert (await world.states())[-1] == "extend refused"
