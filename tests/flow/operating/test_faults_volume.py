"""What is owed is found among much that is not."""

from datetime import timedelta

import pytest

from bot import chance, clock
from bot.database import Transaction
from bot.notifications.model import Notice
from bot.notifications.store import notices
from bot.requests.model import Kind, Request, State
from bot.requests.store import requests
from tests.harness.camera import life
from tests.harness.owed import at_rest
from tests.harness.simulation import simulation
from tests.harness.world import ANN, DANA, said

MANY = 250


def told_long_ago(db: Transaction, state: State) -> None:
    """Many requests that ended before, and whose people know."""
    at = clock.now() - timedelta(days=1)
    for number in range(MANY):
        request = Request(
            id=chance.new_id(),
            kind=Kind.ADD,
            state=state,
            holder=f"U{number}",
            asked_by=f"U{number}",
            package_id="package",
            package_name="Package",
            asked_at=at,
            updated_at=at,
            ended_at=at,
        )
        requests.add(db, request)
        key = Notice(key=f"{state}:{request.id}", kind="news", to=request.asked_by)
        notices.supersede(db, [key])


async def test_an_admin_hears_of_a_removal_among_hundreds_of_grants(database):
    """The grants of the last weeks, of which no admin need hear, do not hide it."""
    async with simulation(database) as around:
        outside = around.outside
        outside.tenant.world.delivery = timedelta(0)
        async with life(around) as world:
            await world.synced()
            await world.bot.store.run(told_long_ago, State.DELIVERED)
            await world.type(ANN, "/request-access marketing-campaign")
            await world.told(ANN, "You now have access")
            await at_rest(world.bot)
            await world.type(
                DANA, f"/access-admin remove <@{ANN}> marketing-campaign because moved"
            )
            await world.told(DANA, "no longer has access")


@pytest.mark.made_up("a target scope that Graph does not have")
async def test_the_admins_hear_of_rules_not_understood_among_hundreds_of_refusals(database):
    """Ordinary refusals, of which no admin need hear, do not hide the one that they must see to."""
    async with simulation(database) as around:
        outside = around.outside
        for policy in outside.tenant.world.policies.values():
            policy.allowed_target_scope = "somethingNewInEntra"
        async with life(around) as world:
            await world.synced()
            await world.bot.store.run(told_long_ago, State.REFUSED)
            await world.type(ANN, "/request-access marketing-campaign because I must")
            await world.told(ANN, "do not understand")
            await at_rest(world.bot)
            told = [said(each) for each in world.slack.channel("C0APPROVALS").messages]
            assert any("Marketing Campaign" in each for each in told)
