"""Groups that hide their members: what Graph does not show is not taken for nobody, wherever a group decides something."""

from dataclasses import replace

import pytest

from bot.packages.model import Stage
from bot.people.approvers import HiddenApprovers
from bot.requests.model import State
from sandbox.tenant import seed
from sandbox.tenant.model import Group
from tests.bot.packages.test_eligibility import CAMPAIGN, another_policy
from tests.bot.requests.test_recheck import approved, go_on
from tests.bot.samples import user, wish
from tests.harness.by_hand import BotHarness

HIDDEN = "b0000000-0000-4000-8000-0000000000b1"


def group(group_id: str) -> dict[str, str]:
    return {"@odata.type": "#microsoft.graph.groupMembers", "groupId": group_id}


def hide(harness: BotHarness, *members: str) -> None:
    """Make a group whose members Graph shows to no app without Member.Read.Hidden."""
    world = harness.tenant.world
    world.groups[HIDDEN] = Group(
        HIDDEN, "Insiders", world.now(), members=list(members), visibility="HiddenMembership"
    )


def approved_by_hidden(harness: BotHarness) -> None:
    """Let members of the group approve Finance Reports, and Bo in their place where nobody is found."""
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    (stage,) = policy.settings["requestApprovalSettings"]["stages"][:1]
    policy.settings["requestApprovalSettings"]["stages"] = [
        stage | {"primaryApprovers": [group(HIDDEN)], "fallbackPrimaryApprovers": [user(seed.BO)]}
    ]


@pytest.mark.parametrize("members", [(seed.ANN,), ()])
async def test_a_hidden_group_that_excludes_a_package_excludes_it(either, members):
    """Whether somebody is in it cannot be told, so they are not let in by guessing."""
    hide(either, *members)
    either.tenant.world.packages[CAMPAIGN].incompatible_groups.append(HIDDEN)

    request = await either.ask("marketing-campaign")

    assert request.state is State.REFUSED
    assert "who is in the group “Insiders”, which hides its members" in (request.why or "")
    assert request.tell_admins
    assert either.posted("adminAdd") == 0


async def test_with_the_permission_it_is_as_any_other_group(harness):
    """Member.Read.Hidden shows who is in it."""
    hide(harness, seed.CY)
    harness.tenant.permissions.add("Member.Read.Hidden")
    harness.tenant.revoke_tokens()
    harness.tenant.world.packages[CAMPAIGN].incompatible_groups.append(HIDDEN)

    assert (await harness.ask("marketing-campaign")).state is State.SUBMITTED


async def test_a_policy_for_a_hidden_group_may_be_the_one_that_applies(either):
    """Of two policies the more specific counts; that it is not theirs cannot be told."""
    hide(either, seed.ANN)
    another_policy(
        either,
        CAMPAIGN,
        allowed_target_scope="specificDirectoryUsers",
        specific_allowed_targets=[group(HIDDEN)],
    )

    request = await either.ask("marketing-campaign")

    assert request.state is State.REFUSED
    assert "whom it is for" in (request.why or "")


async def test_a_hidden_group_of_approvers_lets_no_fallback_decide(either):
    """Nobody to be seen in it is not nobody in it."""
    hide(either, seed.CY)
    approved_by_hidden(either)

    request = await either.ask("finance-reports because Q4")

    assert request.state is State.REFUSED
    assert "a group of approvers hides its members" in (request.why or "")


async def test_approvers_that_become_a_hidden_group_stop_the_grant(harness):
    """What was approved by others waits for nobody's guess."""
    hide(harness, seed.CY)
    request_id = await approved(harness)
    approved_by_hidden(harness)

    request = await go_on(harness, request_id)

    assert request.state is State.REFUSED
    assert harness.posted("adminAdd") == 0


async def test_the_fallback_of_a_hidden_group_is_not_let_in(harness):
    """Nor shown who is in it: that cannot be told."""
    hide(harness, seed.CY)
    stage = Stage(
        approvers=({"kind": "groupmembers", "group_id": HIDDEN},),
        fallback=({"kind": "singleuser", "user_id": seed.BO},),
    )
    request = wish(package_id=CAMPAIGN, entra_id=seed.ANN)
    approvers = harness.permissions.approvers

    with pytest.raises(HiddenApprovers):
        await approvers.find(stage, request, most=9)
    with pytest.raises(HiddenApprovers):
        await approvers.includes(stage, request, seed.BO)
    with pytest.raises(HiddenApprovers):
        await approvers.has_any(stage, request)
    beside = replace(stage, approvers=(*stage.approvers, stage.fallback[0]), fallback=())
    assert [each.id for each in await approvers.find(beside, request, most=9)] == [seed.BO]
    assert await approvers.includes(beside, request, seed.BO)
