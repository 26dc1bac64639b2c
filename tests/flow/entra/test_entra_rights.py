"""Test who is asked, and who is refused, where Entra decides: whom the policy names, and nobody else."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from sandbox.tenant.model import Group
from tests.flow.access.test_package_settings import FINANCE, with_channels
from tests.flow.administering.test_pending_list import review
from tests.flow.entra.test_entra_decides import ASK, FILE, asked, deciding, in_entra
from tests.harness.accounts import connect, registered
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, MIA, eventually, labels, said

DECISIONS = {"Approve", "Deny"}


# The channel of the people who decide is not the admins'.
ELSEWHERE = FILE.replace("{decides: entra}", f"{{decides: entra, channel: {FINANCE}}}")


def prepared(outside):
    registered(outside)
    with_channels(outside)
    outside.workspace.channels[FINANCE].members.add(CY)


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


@pytest.fixture(params=["v1.0", "beta"])
async def elsewhere(request, database, tmp_path):
    async with deciding(
        database, tmp_path, text=ELSEWHERE, prepare=prepared, GRAPH_API_VERSION=request.param
    ) as made:
        yield made


@pytest.fixture(params=["v1.0", "beta"])
async def partly(request, database, tmp_path):
    """Latchkey decides about the other package, so that a delegate may decide something."""
    text = f"packages:\n  Finance Reports: {{decides: entra, channel: {FINANCE}}}\n"
    async with deciding(
        database, tmp_path, text=text, prepare=prepared, GRAPH_API_VERSION=request.param
    ) as made:
        yield made


async def shown_to_admins(world):
    """The card in the admins' channel."""
    return await eventually(
        lambda: next(iter(world.cards(APPROVALS)), None), about="the admins' card"
    )


def approval_calls(world):
    return [each for each in world.tenant.calls if "AssignmentApprovals" in each.path]


async def test_the_admins_see_it_and_decide_nothing(world):
    """Their channel has the whole card without a button that decides; the approver's has them."""
    await asked(world)
    shown = await shown_to_admins(world)
    assert not DECISIONS & set(labels(shown))
    assert "only the approvers whom its policy names" in said(shown)
    assert set(labels(await world.card(BO))) >= DECISIONS


async def test_the_admins_list_has_no_button_that_decides(world):
    """Nor has the whole card that is opened from it."""
    await asked(world)
    shown = (await world.type(DANA, "/access-admin pending")).message
    assert not DECISIONS & set(labels(shown))
    form = await review(world, DANA, shown, "Ann Abara")
    assert "only the approvers whom its policy names" in said(form)
    assert not DECISIONS & set(labels(form))


async def test_an_admin_is_refused_before_graph_is_asked(elsewhere):
    """An admin who is an approver by no policy presses the button on the channel's card."""
    world = elsewhere
    await asked(world)
    await connect(world, DANA)
    before = len(approval_calls(world))
    card = await world.card(FINANCE)
    await world.press(DANA, card, "Approve")
    await world.whispered(DANA, card.channel, "only from the approvers whom the policy names")
    assert len(approval_calls(world)) == before
    assert in_entra(world, "pendingApproval")
    assert (await world.states())[-1] == "add pending"


async def test_a_delegate_is_neither_asked_nor_heard(partly):
    """Entra knows no delegates of Latchkey's."""
    world = partly
    await world.type(BO, f"/my-access delegate <@{CY}> for 3 days")
    await world.told(CY, "decide for")
    await asked(world)
    await world.later(timedelta(minutes=5))
    assert not world.cards(CY)
    await connect(world, CY)
    before = len(approval_calls(world))
    card = await world.card(FINANCE)
    await world.press(CY, card, "Approve")
    await world.whispered(CY, card.channel, "only from the approvers whom the policy names")
    assert len(approval_calls(world)) == before


async def test_escalation_approvers_are_asked_when_entra_asks_them(world):
    """By the policy's own clock."""
    policy = next(
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == seed.FINANCE_REPORTS
    )
    policy.approval["stages"][0] |= {
        "isEscalationEnabled": True,
        "durationBeforeEscalation": "P1D",
        "escalationApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}],
    }
    await world.synced()
    await connect(world, MIA)
    await asked(world)
    assert not world.cards(MIA)
    await world.later(timedelta(days=1, minutes=5))
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.told(ANN, "You now have access")
    assert [each.reviewed_by for each in in_entra(world, "delivered").stages] == [seed.MIA]


async def test_a_policy_that_finds_nobody_is_said_as_it_is(world):
    """No admin decides it here, and the card says who can mend it."""
    policy = next(
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == seed.FINANCE_REPORTS
    )
    stage = policy.approval["stages"][0]
    empty = Group(
        id=world.tenant.world.new_id(), display_name="Nobody", created_at=policy.created_at
    )
    world.tenant.world.groups[empty.id] = empty
    stage["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.groupMembers", "groupId": empty.id}
    ]
    await world.synced()
    await connect(world, ANN)
    await world.type(ANN, ASK)
    await eventually(
        lambda: any("please name an approver" in said(each) for each in world.cards(APPROVALS)),
        about="the warning",
    )
    assert "An admin decides" not in said(await shown_to_admins(world))


async def test_a_step_whose_approver_has_decided_the_one_before_is_said_as_it_is(world):
    """The policy names them, so nobody reads that it finds nobody who can decide it."""
    for policy in world.tenant.world.policies.values():
        for stage in policy.approval["stages"]:
            stage["primaryApprovers"] = [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.BO}
            ]
            stage["fallbackPrimaryApprovers"] = []
    await world.synced()
    for person in (ANN, BO):
        await connect(world, person)
    await world.type(ANN, "/request-access production-database because of the outage")
    await world.press(BO, await world.card(BO), "Approve")
    await eventually(
        lambda: (
            "nobody for this step who has not decided an earlier one"
            in said(world.cards(APPROVALS)[-1])
        ),
        about="why nobody is asked",
    )
    assert "finds nobody who can decide" not in said(world.cards(APPROVALS)[-1])
