"""What people have asked Entra for at My Access, and got before Latchkey saw it, is no drift; what an admin gave there is."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.flow.test_drift import UNASKED, cards, checked
from tests.flow.test_entra_decides import deciding
from tests.flow.test_entra_edges import policy_of
from tests.flow.test_made_in_entra import ask_there

A_WHILE = timedelta(minutes=2)
LONG_AGO = timedelta(days=100)


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    """Entra decides about the package, and asks nobody."""
    more = {"LATCHKEY_DRIFT_HOURS": "24", "GRAPH_API_VERSION": request.param}
    async with deciding(database, tmp_path, **more) as made:
        await checked(made)
        policy_of(made).approval.update(isApprovalRequiredForAdd=False, stages=[])
        yield made


def gives(world, user):
    """An administrator assigns it in the portal."""
    end = world.outside.clock.now() + timedelta(days=200)
    return world.tenant.assign(seed.FINANCE_REPORTS, user, end=end)


async def test_what_somebody_got_by_asking_there_is_none(world):
    """Nobody had to approve it, so it never waited there."""
    ask_there(world, seed.ANN)
    await world.later(timedelta(hours=2))
    await checked(world)
    assert not cards(world)


async def test_what_an_admin_gave_there_is_told(world):
    """Beside what somebody asked for; and it stays so when Graph has forgotten all requests."""
    ask_there(world, seed.ANN)
    gives(world, seed.CY)
    await world.later(timedelta(hours=2))
    await checked(world)
    assert len(cards(world, UNASKED)) == 1
    await world.later(LONG_AGO)
    world.tenant.world.requests.clear()
    await checked(world)
    assert len(cards(world, UNASKED)) == 1


async def test_what_somebody_asked_for_is_none_once_graph_has_forgotten_it(world):
    """It was given for longer than Graph remembers requests."""
    policy_of(world).expiration = type(policy_of(world).expiration)(type="noExpiration")
    ask_there(world, seed.ANN)
    await world.later(LONG_AGO)
    world.tenant.world.requests.clear()
    await checked(world)
    assert world.tenant.world.assignments_of(seed.FINANCE_REPORTS, user_id=seed.ANN)
    assert not cards(world)


async def test_nothing_is_told_while_it_cannot_be_read(world):
    """And nothing passes that was told."""
    gives(world, seed.CY)
    await checked(world)
    await world.later(A_WHILE)
    assert len(cards(world)) == 1
    gives(world, seed.ANN)
    world.tenant.faults.set("forbidden", count=100, only="^GET .*ssignmentRequests$")
    await checked(world)
    await world.later(A_WHILE)
    assert len(cards(world)) == 1
    world.tenant.faults.clear()
    await checked(world)
    await world.later(A_WHILE)
    assert len(cards(world)) == 2
