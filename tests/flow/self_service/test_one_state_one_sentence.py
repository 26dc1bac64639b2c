"""One state is said in the same words wherever it is shown: Home, the list, the reminder, and the answer to who asks again."""

import re
from datetime import timedelta

import pytest

from tests.harness.world import ANN, BO, CY, DANA, MIA, eventually, said


def stands(shown):
    """Return how a text says that a request stands."""
    found = re.search(r"waiting for .*?\((?:[^()]|\([^)]*\))*\)", said(shown))
    return found[0] if found else None


async def everywhere(world, user, package):
    """Return how it stands in every place where its requester reads that."""
    listed = (await world.type(user, "/my-access")).message
    again = (await world.type(user, f"/request-access {package}")).message
    await world.slack.open_home(user=user)
    home = await eventually(lambda: stands(world.home(user)), about="it in Home")
    return {"list": stands(listed), "again": stands(again), "home": home}


async def test_a_request_that_waits(world):
    """For Bo."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO, "Finance Reports")

    found = await everywhere(world, ANN, "finance-reports")

    assert set(found.values()) == {found["home"]}
    assert f"waiting for <@{BO}> (since" in found["home"]


async def test_a_second_stage(world):
    """And the news of the first one."""
    await world.type(CY, "/request-access production-database because INC-42")
    await world.press(MIA, await world.card(MIA, "Production Database"), "Approve")
    news = await world.told(CY, "approved step 1 of 2")
    await world.card(BO, "Production Database")
    await eventually(lambda: f"<@{BO}>" in said(news), about="the deciders in the news")

    found = await everywhere(world, CY, "production-database")

    assert set(found.values()) == {stands(news)}
    assert f"<@{BO}> or <@{DANA}>" in found["home"]
    assert "step 2 of 2" in found["home"]


@pytest.mark.parametrize("days", [24, 30])
async def test_an_extension_that_waits(world, days):
    """In the reminder in which it was asked for, too, once it is known who decides."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO, "Finance Reports"), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=days - 0.5))
    reminder = await world.told(ANN, "must approve that")
    await world.extend(ANN, reminder)
    await eventually(lambda: world.cards(BO, "asks to extend"), about="the card")
    await eventually(lambda: f"<@{BO}>" in (stands(reminder) or ""), about="the reminder")

    found = await everywhere(world, ANN, "finance-reports")

    assert set(found.values()) == {stands(reminder)}
