"""What changes while a request is in Entra: the policy's stages, and whether whoever asked may have it at all."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.tenant import lifecycle, seed
from sandbox.tenant.errors import bad_request
from sandbox.tenant.requests import NewRequest, accept
from tests.flow.administering.test_holding import cards as held_cards
from tests.flow.entra.test_entra_decides import ASK, FILE, POST, asked, deciding, in_entra
from tests.flow.entra.test_entra_edges import policy_of
from tests.flow.entra.test_entra_fresh_sign_in import asked_before
from tests.harness.accounts import connect
from tests.harness.world import ANN, BO, CY, World, eventually, said


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


async def posted_while(world: World, change: Callable[[], None]) -> None:
    """Let the policy change between Latchkey's check and the POST."""
    await connect(world, ANN)
    world.tenant.faults.set("slow", count=1, seconds=5, only=POST)
    await world.type(ANN, ASK)
    await eventually(lambda: world.tenant.faults.counts["slow"], about="the POST is on its way")
    change()
    await eventually(lambda: world.tenant.world.requests, about="it is there")


async def test_a_decision_that_the_policy_asks_for_meanwhile_is_asked_for(world):
    """When it was read nobody had to decide; Entra waits for Bo."""
    policy = policy_of(world)
    stages = policy.approval["stages"]
    policy.approval.update(isApprovalRequiredForAdd=False, stages=[])

    def change() -> None:
        policy.approval.update(isApprovalRequiredForAdd=True, stages=stages)

    await posted_while(world, change)
    await world.card(BO)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")


async def test_a_second_stage_of_meanwhile_is_asked_for(world):
    """When it was read there was one."""
    policy = policy_of(world)

    def change() -> None:
        [one] = policy.approval["stages"]
        cy = {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY}
        policy.approval["stages"] = [one, {**one, "primaryApprovers": [cy]}]

    await posted_while(world, change)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.card(CY)
    await connect(world, CY)
    await world.press(CY, await world.card(CY), "Approve")
    await world.told(ANN, "You now have access")


async def test_a_decision_of_which_nothing_can_be_read_comes_before_the_admins(world):
    """Under no policy may Ann ask any more: it is not looked for in silence for ever."""
    policy = policy_of(world)
    stages = policy.approval["stages"]
    policy.approval.update(isApprovalRequiredForAdd=False, stages=[])

    def change() -> None:
        policy.approval.update(isApprovalRequiredForAdd=True, stages=stages)

    await posted_while(world, change)
    policy.allowed_target_scope = "specificDirectoryUsers"
    await asyncio.sleep(3 * 3600)
    assert "does not name" in said(held_cards(world)[-1])


async def test_whoever_is_disabled_meanwhile_gets_nothing_by_a_press(world):
    """The approver is told why, and nothing goes to Entra; to deny stays possible."""
    await asked(world)
    await connect(world, BO)
    world.tenant.world.users[seed.ANN].account_enabled = False
    # Longer than what was read a moment ago counts.
    await asyncio.sleep(120)
    card = await world.card(BO)
    await world.press(BO, card, "Approve")
    await world.whispered(BO, card.channel, "whoever asked may not have this any more")
    assert not any(stage.reviewed_by for stage in in_entra(world, "pendingApproval").stages)
    await world.press(BO, card, "Deny")
    await world.give_reason(BO, "She has left")
    await eventually(lambda: _is_denied(world), about="it is denied")


def _is_denied(world: World) -> bool:
    return any(each.state == "denied" for each in world.tenant.world.requests.values())


def out_of_scope(world: World) -> None:
    """The policy is for others now."""
    policy_of(world).allowed_target_scope = "specificDirectoryUsers"


def takes_no_requests(world: World) -> None:
    """The policy takes no new requests."""
    policy_of(world).settings["requestorSettings"]["enableTargetsToSelfAddAccess"] = False


def excluded(world: World) -> None:
    """They have got what does not go with it."""
    tenant = world.tenant.world
    tenant.packages[seed.FINANCE_REPORTS].incompatible_packages.append(seed.MARKETING_CAMPAIGN)
    package = tenant.packages[seed.MARKETING_CAMPAIGN]
    [policy] = tenant.policies_of(package.id)[:1]
    asked_by_an_admin = NewRequest(
        request_type="adminAdd", package_id=package.id, policy_id=policy.id, target_id=seed.ANN
    )
    accept(tenant, asked_by_an_admin, user=None)
    tenant.advance()


def catalog_off(world: World) -> None:
    """Nobody can ask for anything of its catalog."""
    tenant = world.tenant.world
    tenant.catalogs[tenant.packages[seed.FINANCE_REPORTS].catalog_id].state = "unpublished"


def asks_for_more(world: World) -> None:
    """A reason is wanted of whoever asks from now on."""
    policy_of(world).approval["isRequestorJustificationRequired"] = True


CHANGES = [out_of_scope, takes_no_requests, excluded, catalog_off, asks_for_more]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
async def test_what_waits_in_entra_is_approved_whatever_new_requests_would_meet(change, world):
    """At My Access it could be: what is against it by now, Entra says, and not Latchkey."""
    await asked(world)
    await connect(world, BO)
    change(world)
    # Longer than what was read a moment ago counts.
    await asyncio.sleep(120)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access to \\*Finance Reports")
    assert in_entra(world, "delivered").stages[0].reviewed_by == seed.BO


async def test_what_entra_refuses_by_now_is_said_in_its_words(world, monkeypatch):
    """And nothing is approved."""
    await asked(world)
    await connect(world, BO)
    takes_no_requests(world)

    def refuses(*args: Any, **named: Any) -> None:
        raise bad_request("You don't meet policy requirements.")

    monkeypatch.setattr(lifecycle, "decide", refuses)
    card = await world.card(BO)
    await world.press(BO, card, "Approve")
    await world.whispered(BO, card.channel, "Microsoft Entra refused it: .*meet policy")
    assert (await world.states())[-1] == "add pending"


async def test_whom_entra_does_not_let_decide_any_more_reads_that(world):
    """Not Graph's own words; and whom the policy names by now has the card in their place."""
    await asked(world)
    await connect(world, BO)
    [stage] = policy_of(world).approval["stages"]
    stage["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY, "description": "Cy"}
    ]
    stage["fallbackPrimaryApprovers"] = []
    # Longer than what was read a moment ago counts.
    await asyncio.sleep(120)
    card = await world.card(BO)

    await world.press(BO, card, "Approve")

    told = await world.whispered(BO, card.channel, "Microsoft Entra does not let you decide")
    assert "refused it" not in told
    await eventually(lambda: not world.cards(BO), about="Bo's card is gone")
    await connect(world, CY)
    await world.press(CY, await world.card(CY), "Approve")
    await world.told(ANN, "You now have access")


async def test_what_is_beyond_the_catalogs_by_now_is_not_approved_from_slack(database, tmp_path):
    """Which catalogs Latchkey may touch, Entra does not know."""

    def open_another(world: World) -> None:
        tenant = world.tenant.world
        [general] = tenant.catalogs.values()
        tenant.catalogs["c0"] = replace(general, id="c0", display_name="Projects")

    bounds = {"LATCHKEY_CATALOGS": "Projects"}
    async with asked_before(
        database, tmp_path, FILE, before=FILE, meanwhile=open_another, later=bounds
    ) as world:
        card = await world.card(BO)
        await world.press(BO, card, "Approve")
        await world.whispered(BO, card.channel, "not set up to handle that package")
        assert not in_entra(world, "pendingApproval").stages[0].reviewed_by


async def test_a_stage_that_graph_does_not_show_as_decided_yet_is_not_decided_again(world):
    """Whoever decides the next one is not told that Entra refuses them: their press waits until Graph shows the first."""
    policy = policy_of(world)
    [one] = policy.approval["stages"]
    cy = {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY}
    policy.approval["stages"] = [one, {**one, "primaryApprovers": [cy]}]
    await asked(world)
    for user in (BO, CY):
        await connect(world, user)
    await world.press(BO, await world.card(BO), "Approve")
    card = await world.card(CY)
    first, second = in_entra(world, "pendingApproval").stages
    known = (first.status, second.status)
    first.status, second.status = "InProgress", "NotStarted"
    await world.press(CY, card, "Approve")
    await asyncio.sleep(60)
    assert not second.reviewed_by
    first.status, second.status = known
    await world.told(ANN, "You now have access")
    assert [each.reviewed_by for each in in_entra(world, "delivered").stages] == [seed.BO, seed.CY]
    assert not [each for each in await world.deeds() if each[1] == "approve-refused"]
