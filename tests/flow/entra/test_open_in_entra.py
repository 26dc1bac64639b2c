"""Where Latchkey decides, and the same is asked for in Entra already, which shows no app for whom: the truth is said at once."""

from datetime import timedelta

import pytest

from bot import clock
from bot.database import Transaction
from bot.database.tables import requests
from sandbox.tenant import lifecycle, seed
from sandbox.tenant.model import Request
from sandbox.tenant.requests import NewRequest, accept
from tests.flow.administering.test_holding import cards as held_cards
from tests.flow.asking.test_on_behalf import ask_past_the_form
from tests.flow.entra.test_entra_edges import let_managers_ask, policy_of
from tests.flow.operating.test_faults_graph import POST
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


# Who has asked at My Access for Ann, and who asks in Slack for her.
CASES = {
    "both times Ann": (seed.ANN, ANN),
    "Mia for Ann there": (seed.MIA, ANN),
    "Mia for Ann here": (seed.ANN, MIA),
}
TOLD = "already has an open request for this access, made at My Access or by Latchkey before"


def grants(world: World) -> int:
    return len(world.posts("adminAdd"))


@pytest.mark.parametrize(
    ("world", "name"),
    # Beta does not say that managers may ask.
    [("v1.0", name) for name in CASES]
    + [("beta", name) for name, (_, asker) in CASES.items() if asker == ANN],
    indirect=["world"],
)
async def test_what_is_open_there_is_said_at_once(name, world):
    """Nothing is tried again and again, and no admin has to look; what was asked for there is decided there."""
    by, asker = CASES[name]
    there = ask_there(world, by)
    if asker == ANN:
        await world.type(ANN, ASK)
    else:
        await ask_past_the_form(world, MIA, ANN)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(asker, TOLD)
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    tried = grants(world)
    assert tried == 2
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
    await world.told(ANN, TOLD)
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
    await world.told(ANN, TOLD)
    tried = len(world.posts("adminUpdate"))
    await world.later(timedelta(hours=3))
    assert len(world.posts("adminUpdate")) == tried
    assert held_cards(world) == []
    assert (await world.states())[-1] == "extend refused"


@pytest.mark.parametrize("fault", [None, "throttle", "unauthorized"])
async def test_what_was_sent_before_is_found_however_late_entra_shows_it(world, fault):
    """That Entra knows of a request is then no reason to refuse it: it is this one, whatever comes of a try in between."""
    world.tenant.world.delivery = timedelta(hours=2)
    world.tenant.faults.set("lag", seconds=600)
    world.tenant.faults.set("error_after", count=1, only=POST)
    await world.type(ANN, "/request-access marketing-campaign because Q4")
    await eventually(lambda: grants(world) == 1, about="the lost answer")
    if fault == "throttle":
        world.tenant.faults.set("throttle", count=1, only=POST, retry_after="1")
    elif fault == "unauthorized":
        world.tenant.faults.set("unauthorized", count=3, only=POST)
    await eventually(lambda: _states_are(world, ["add submitted"]), about="it is found")
    await world.later(timedelta(hours=2))
    await world.told(ANN, "You now have access")
    assert [each.split()[-1] for each in await world.states()] == ["delivered"]
    assert len(world.tenant.world.requests) == 1


async def test_what_an_admin_has_given_up_may_be_what_is_open(world):
    """Then it is not said that somebody has made it at My Access."""
    world.tenant.world.delivery = timedelta(days=3)
    await world.type(ANN, "/request-access marketing-campaign because Q4")
    await eventually(lambda: grants(world), about="the request in Entra")
    await eventually(lambda: _states_are(world, ["add submitted"]), about="it is taken")
    await world.bot.store.run(_give_up)
    world.bot.jobs.wake_all()
    await world.told(ANN, "gave it up")
    await world.type(ANN, "/request-access marketing-campaign because it is still wanted")
    await world.told(ANN, TOLD)


async def _states_are(world: World, states: list[str]) -> bool:
    return await world.states() == states


def _give_up(db: Transaction) -> None:
    db.execute(requests.update().values(give_up_by="cli:olga", due_at=clock.real()))
