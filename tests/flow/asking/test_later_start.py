"""Access that is asked for from a later day on: whoever asked hears that it is decided, and not only when it begins."""

from datetime import timedelta

import pytest

from bot import clock
from sandbox.tenant.seed import FINANCE_REPORTS, MARKETING_CAMPAIGN
from tests.flow.asking.test_on_behalf import allow
from tests.harness.world import ANN, BO, MIA, eventually, living, said

LATER = timedelta(days=5)
BEGINS = "begins <!date"


@pytest.fixture
async def world(database):
    """Whoever asks for Finance Reports may say from when on; so may a manager for their people."""
    async with living(database) as made:
        allow(made, FINANCE_REPORTS)
        for policy in made.tenant.world.policies.values():
            policy.settings["requestorSettings"]["allowCustomAssignmentSchedule"] = True
        await made.synced()
        yield made


async def ask(world, user, package_id=FINANCE_REPORTS, **values):
    """Fill in the form, from a later day on; return that moment."""
    await world.type(user, "/request-access")
    form = await eventually(lambda: world.form(user), about="the form")
    await world.slack.suggest(user=user, view_id=form.id, action_id="latchkey_package", query="")
    await world.slack.click_view(
        user=user, view_id=form.id, action_id="latchkey_package", value=[package_id]
    )
    await eventually(lambda: "From when?" in said(world.form(user)), about="its dates")
    start = clock.now() + LATER
    given = {"start": {"start": int(start.timestamp())}, "reason": {"reason": "Q4"}}
    sent = await world.slack.submit(user=user, view_id=form.id, values=given | values)
    assert sent.ok
    return start


async def test_who_asked_hears_that_it_is_approved_and_when_it_begins(world):
    """Once; and when it is there, they read that."""
    start = await ask(world, ANN)
    await world.press(BO, await world.card(BO), "Approve")

    told = said(await world.told(ANN, BEGINS))

    assert "was approved by Bo Berg" in told
    assert f"<!date^{int(start.timestamp())}^" in told
    await world.later(LATER + timedelta(minutes=1))
    await world.told(ANN, "You now have access to \\*Finance Reports")
    await world.told(ANN, BEGINS)


async def test_where_nobody_decides_they_hear_when_it_begins(world):
    """The check may have refused it."""
    await ask(world, ANN, MARKETING_CAMPAIGN)

    told = said(await world.told(ANN, BEGINS))

    assert told.startswith("Your access to *Marketing Campaign* begins")


async def test_of_what_is_asked_for_somebody_else_both_hear(world):
    """Each of them once."""
    await ask(world, MIA, for_whom={"latchkey_for_whom": ANN})
    await world.press(BO, await world.card(BO), "Approve")

    told = said(await world.told(ANN, BEGINS))
    # It was not her request that was approved.
    assert told.startswith("Your access to *Finance Reports* begins")
    await world.told(MIA, f"The access of <@{ANN}> to \\*Finance Reports\\* begins")
