"""What people have asked Entra for at My Access, and got before Latchkey saw it, is no drift; what an admin gave there is."""

from datetime import timedelta

import pytest

from bot.database.audit_log import audit
from sandbox.tenant import lifecycle, seed
from sandbox.tenant.model import Expiration
from sandbox.tenant.requests import NewRequest, accept
from tests.flow.administering.test_console import opened, pressed, shows, sought
from tests.flow.administering.test_drift import UNASKED, cards, checked
from tests.flow.entra.test_entra_decides import ASK, deciding
from tests.flow.entra.test_entra_edges import let_managers_ask, policy_of
from tests.flow.entra.test_made_in_entra import ask_there
from tests.harness.accounts import connect
from tests.harness.world import ANN, MIA, eventually

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


async def test_what_somebody_got_because_another_asked_there_is_none(world):
    """A policy lets managers ask; once there is access, Entra shows who has asked, and for whom."""
    let_managers_ask(world, True)
    tenant = world.tenant.world
    asked = NewRequest(
        request_type="userAdd",
        package_id=seed.FINANCE_REPORTS,
        target_id=seed.ANN,
        justification="For Ann",
    )
    accept(tenant, asked, user=tenant.users[seed.MIA])
    await world.later(timedelta(hours=2))
    assert tenant.assignments_of(seed.FINANCE_REPORTS, user_id=seed.ANN)
    await connect(world, MIA)
    await checked(world)
    assert not cards(world)
    await checked(world)
    noted = [
        (row["actor_entra_id"], row["subject_entra_id"])
        for row in await world.bot.store.run(audit.rows)
        if row["verb"] == "asked-in-entra"
    ]
    assert noted == [(seed.MIA, seed.ANN)]
    await opened(world)
    await pressed(world, "People")
    await shows(world, "Choose a person")
    await sought(world, "Ann Abara")
    await shows(world, f"Asked for in Microsoft Entra by <@{MIA}>")


# As what Entra shows the end of a request that names none.
UNNAMED_ENDS = [None, "notSpecified", "afterDuration", "noExpiration"]


async def extended_there(world):
    """Ann has asked in Slack, and has kept it longer at My Access, where nobody had to approve that."""
    await connect(world, ANN)
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    ask_there(world, seed.ANN, kind="userUpdate")
    # A sync sees the new end.
    await world.later(timedelta(minutes=20))
    await world.later(timedelta(hours=2))
    [held] = world.tenant.world.assignments_of(seed.FINANCE_REPORTS, user_id=seed.ANN)
    return held


@pytest.mark.parametrize("shown", UNNAMED_ENDS)
async def test_what_somebody_has_extended_there_is_none(world, shown):
    """However Entra shows the end of a request that names none."""
    world.tenant.world.unnamed_end = shown
    await extended_there(world)
    await checked(world)
    assert not cards(world)


@pytest.mark.parametrize("shown", UNNAMED_ENDS)
async def test_what_somebody_has_extended_there_is_none_under_a_policy_that_gives_less_by_now(
    world, shown
):
    """When it was asked for it gave more, and its end was seen to move then."""
    world.tenant.world.unnamed_end = shown
    held = await extended_there(world)
    policy_of(world).expiration = Expiration("afterDuration", duration=timedelta(days=7))
    assert held.end - world.outside.clock.now() > timedelta(days=20)
    await checked(world)
    assert not cards(world)


@pytest.mark.parametrize("by", [timedelta(days=3650), None])
@pytest.mark.parametrize("shown", UNNAMED_ENDS)
async def test_an_end_that_an_admin_moved_after_somebody_extended_it_there_is_told(
    world, shown, by
):
    """That they have asked for something says nothing of what they have not asked for, however Entra shows it."""
    world.tenant.world.unnamed_end = shown
    held = await extended_there(world)
    await world.later(timedelta(hours=2))
    lifecycle.move_end(world.tenant.world, held, held.end + by if by else None)
    await world.later(timedelta(hours=2))
    await checked(world)
    await eventually(lambda: len(cards(world)) == 1, about="the card")


async def test_what_somebody_has_extended_there_is_none_once_graph_has_forgotten_it(world):
    """It lasts for longer than Graph remembers requests."""
    policy_of(world).expiration = Expiration("afterDuration", duration=timedelta(days=365))
    await connect(world, ANN)
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=200))
    ask_there(world, seed.ANN, kind="userUpdate")
    await world.later(timedelta(hours=2))
    await world.later(LONG_AGO)
    world.tenant.world.requests.clear()
    await checked(world)
    assert not cards(world)


async def test_an_end_that_an_admin_moved_there_is_told(world):
    """Although the holder has extended it before, in Slack, where Entra decided that."""
    await connect(world, ANN)
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    shown = (await world.type(ANN, "/my-access")).message
    await world.extend(ANN, shown)
    await world.told(ANN, "now lasts")
    [held] = world.tenant.world.assignments_of(seed.FINANCE_REPORTS, user_id=seed.ANN)
    lifecycle.move_end(world.tenant.world, held, held.end + timedelta(days=90))
    await world.later(timedelta(hours=2))
    await checked(world)
    await eventually(lambda: len(cards(world)) == 1, about="the card")


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
