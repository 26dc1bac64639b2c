"""Whoever names another person behind "for" is shown the form for that, and asks for nothing for themselves."""

import pytest

from sandbox.tenant.seed import FINANCE_REPORTS
from tests.flow.asking.test_on_behalf import NOT_FOR_OTHERS, allow
from tests.harness.world import ANN, APPROVALS, CY, MIA, eventually, labels, said


@pytest.mark.parametrize("typed", ["finance-reports for @cy because Q4", "@cy finance-reports: Q4"])
async def test_the_command_opens_the_form(world, typed):
    """Slack sends no id behind it: they are chosen in the form, which has the reason."""
    allow(world, FINANCE_REPORTS)
    await world.synced()

    answer = (await world.type(MIA, f"/request-access {typed}")).message

    assert "for somebody else, please choose them" in said(answer)
    assert labels(answer) == ["Open the form"]
    assert await world.states() == []
    await world.press(MIA, answer, "Open the form")
    form = await eventually(lambda: world.form(MIA), about="the form")
    fields = {block["block_id"]: block for block in form.blocks if "block_id" in block}
    assert fields["reason"]["element"]["initial_value"] == "Q4"
    assert "initial_user" not in fields["for_whom"]["element"]


async def test_a_message_opens_the_form_with_the_person(world):
    """There Slack sends the id, and the form is for them."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    dm = world.slack.dm(MIA).id

    await world.slack.say(user=MIA, channel=dm, text="finance-reports for @cy who closes it")

    answer = await world.told(MIA, "please fill in the form")
    assert f"for <@{CY}>" in said(answer)
    await world.press(MIA, answer, "Open the form")
    form = await eventually(lambda: world.form(MIA), about="the form")
    fields = {block["block_id"]: block for block in form.blocks if "block_id" in block}
    assert fields["for_whom"]["element"]["initial_user"] == CY
    sent = await world.slack.submit(
        user=MIA,
        view_id=form.id,
        values={"for_whom": {"latchkey_for_whom": CY}, "reason": {"reason": "who closes it"}},
    )
    assert sent.ok
    await world.card(APPROVALS, "Mia Moreau asks for Finance Reports for Cy Chen")


async def test_whoever_may_ask_for_nobody_reads_that(world):
    """And does not ask for themselves by mistake."""
    answer = (await world.type(ANN, "/request-access finance-reports for @cy")).message

    assert NOT_FOR_OTHERS in said(answer)
    assert labels(answer) == []
    assert await world.states() == []


async def test_oneself_is_nobody_else(world):
    """Whoever names themselves asks as usual."""
    dm = world.slack.dm(ANN).id
    await world.slack.say(user=ANN, channel=dm, text="finance-reports for @ann")

    answer = await world.told(ANN, "Finance Reports")
    assert "please fill in" not in said(answer)
