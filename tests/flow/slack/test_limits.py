"""Slack takes so many calls a minute and no more: everybody is asked, heard and answered all the same."""

import asyncio
from datetime import timedelta

import pytest

from sandbox.slack.model import Person
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.harness.world import ANN, APPROVALS, BO, MIA, eventually, living, said

APPROVERS = 20
ASKERS = 14


def crowd(outside):
    """Twenty approvers of Finance Reports, and people who ask for it; all of Slack's limits on."""
    world, slack = outside.tenant.world, outside.workspace
    slack.tiers.enforce()
    group = world.groups[seed.SECURITY_REVIEWERS]
    group.members.clear()
    for number in range(APPROVERS + ASKERS):
        user_id = f"a1000000-0000-4000-8000-{number:012d}"
        # Everybody is found by the second of two addresses only.
        mail, upn = f"mail{number}@contoso.example", f"nr{number}@contoso.example"
        world.users[user_id] = User(user_id, f"Nr {number}", upn, world.now(), mail=mail)
        slack.people[f"U1{number:03d}"] = Person(
            id=f"U1{number:03d}",
            name=f"nr{number}",
            real_name=f"Nr {number}",
            email=upn,
            team_id="T0LATCH",
        )
        slack.channels["C0GENERAL"].members.add(f"U1{number:03d}")
        if number < APPROVERS:
            group.members.append(user_id)
    policy = next(p for p in world.policies.values() if p.package_id == seed.FINANCE_REPORTS)
    policy.settings["requestApprovalSettings"]["stages"][0]["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.groupMembers", "groupId": seed.SECURITY_REVIEWERS}
    ]


@pytest.fixture
async def crowded(database):
    async with living(database, prepare=crowd) as world:
        yield world


async def test_many_approvers_and_many_requests_wait_for_no_search(crowded):
    """Fourteen requests at once: each is pending, and its card in the channel, within seconds; then come the others."""
    began = crowded.outside.clock.machine_seconds()
    for number in range(APPROVERS, APPROVERS + ASKERS):
        await crowded.type(f"U1{number:03d}", "/request-access finance-reports because Q4")

    await eventually(lambda: len(crowded.cards(APPROVALS)) == ASKERS)
    assert crowded.outside.clock.machine_seconds() - began < 60

    def everybody_has_all():
        return all(len(crowded.cards(f"U1{n:03d}")) == ASKERS for n in range(APPROVERS))

    await eventually(everybody_has_all)
    # Each approver was searched for once, by two addresses at most.
    searches = [
        c for c in crowded.slack.calls if c.method == "users.lookupByEmail" and c.status != 429
    ]
    assert len(searches) <= 2 * APPROVERS + 2 * ASKERS + 20


async def test_clicks_in_vain_starve_no_decision(database):
    """Mia presses once a second for three minutes; Bo's approval counts within seconds."""
    async with living(database, prepare=lambda outside: outside.workspace.tiers.enforce()) as world:
        await world.type(ANN, "/request-access finance-reports because Q4")
        card = await world.card(APPROVALS)
        own = await world.card(BO)
        for _ in range(180):
            await world.press(MIA, card, "Approve")
            await asyncio.sleep(1)
        began = world.outside.clock.machine_seconds()

        await world.press(BO, own, "Approve")

        await world.told(ANN, "You now have access")
        assert world.outside.clock.machine_seconds() - began < 30
        assert "usergroups.users.list" not in world.slack.tiers.refused
        assert "users.info" not in world.slack.tiers.refused


async def test_a_day_under_the_limits_is_like_any_other(database):
    """A request, its approval, its delivery and its reminder."""
    async with living(database, prepare=lambda outside: outside.workspace.tiers.enforce()) as world:
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.press(BO, await world.card(BO), "Approve")
        assert "Approved by Bo Berg" in said(await world.told(ANN, "You now have access"))
        await world.later(timedelta(days=24))
        await eventually(lambda: len(world.direct(ANN)) == 2)
