"""Once somebody has signed in to Microsoft, another Slack account that only has their address reads nothing of what they have."""

from datetime import timedelta

import pytest

from bot.assignments.store import links
from tests.flow.access.test_endings import REMINDED
from tests.harness.accounts import (
    begin_as_second_account,
    connect,
    connectable,
    email_of,
    link_of,
    move_address,
    sign_in_by,
)
from tests.harness.world import ANN, CY, ENTRA_ID, GENERAL, eventually, labels, said

ELSEWHERE = "connected to another Slack account"


@pytest.fixture
async def world(database):
    async with connectable(database) as made:
        yield made


@pytest.fixture
async def twice(world):
    """Ann has access; Cy's account had her address for a while, and was known as hers before she signed in by her own."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await begin_as_second_account(world, of=ANN, to=CY)
    await world.later(timedelta(minutes=1))
    return world


async def ann_signs_in(world):
    """By her own account, to which the address has come back."""
    move_address(world, of=CY, to=ANN)
    await connect(world, ANN)


async def test_its_list_says_why_and_the_other_one_has_everything(twice):
    before = (await twice.type(CY, "/my-access")).message
    assert "Marketing Campaign" in said(before)

    await ann_signs_in(twice)

    now = (await twice.type(CY, "/my-access")).message
    assert ELSEWHERE in said(now)
    assert ELSEWHERE in now.text
    assert "Marketing Campaign" not in said(now)
    assert "You have no access" not in said(now)
    mine = (await twice.type(ANN, "/my-access")).message
    assert "Marketing Campaign" in said(mine)
    assert ELSEWHERE not in said(mine)


async def test_its_home_says_so_as_well(twice):
    await twice.slack.open_home(user=CY)
    await eventually(lambda: "*Marketing Campaign* until" in said(twice.home(CY)))

    await ann_signs_in(twice)

    # Also where nobody opens it anew.
    await eventually(lambda: ELSEWHERE in said(twice.home(CY)))
    assert "*Marketing Campaign* until" not in said(twice.home(CY))
    await twice.slack.open_home(user=ANN)
    await eventually(lambda: "*Marketing Campaign* until" in said(twice.home(ANN)))
    assert ELSEWHERE not in said(twice.home(ANN))


async def test_an_old_button_takes_nothing_away_and_says_why(twice):
    before = (await twice.type(CY, "/my-access")).message
    await ann_signs_in(twice)

    await twice.press(CY, before, "Return")

    await twice.whispered(CY, GENERAL, ELSEWHERE)
    await twice.later(timedelta(minutes=5))
    (held,) = twice.tenant.world.assignments.values()
    assert held.is_live


async def test_a_reminder_that_went_there_says_nothing_new(twice):
    """Of what becomes of the access, whoever has signed in reads alone."""
    await twice.bot.store.run(links.link, ENTRA_ID[ANN], holders=[CY])
    await twice.later(timedelta(days=24))
    reminder = await twice.told(CY, REMINDED)
    await ann_signs_in(twice)

    await twice.press(ANN, (await twice.type(ANN, "/my-access")).message, "Return")

    await twice.told(ANN, "you have returned")
    await eventually(lambda: ELSEWHERE in said(reminder), about="the reminder")
    assert not labels(reminder)
    assert "Marketing Campaign" not in said(reminder)


async def test_signed_in_it_counts_again(twice):
    """Both are theirs then."""
    await ann_signs_in(twice)
    move_address(twice, of=ANN, to=CY)
    page = await sign_in_by(twice, await link_of(twice, CY), email_of(ANN, twice))
    assert page.heading == "Your Microsoft account is connected", page.shown

    for user in (ANN, CY):
        mine = (await twice.type(user, "/my-access")).message
        assert "Marketing Campaign" in said(mine)
        assert ELSEWHERE not in said(mine)
