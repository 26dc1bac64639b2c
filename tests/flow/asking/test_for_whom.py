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


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("finance-reports for @cy", "for @cy"),
        ("finance-reports for @bo while he is away", "for @bo while he is away"),
        ("@cy finance-reports to close Q4", "to close Q4"),
    ],
)
async def test_whoever_may_ask_for_nobody_else_may_ask_for_themselves(world, typed, reason):
    """They read who may, ask for nothing by mistake, and a press asks for themselves with what they have said."""
    answer = (await world.type(ANN, f"/request-access {typed}")).message

    assert NOT_FOR_OTHERS in said(answer)
    assert "Do you need *Finance Reports* yourself?" in said(answer)
    assert f"Your reason: {reason}" in said(answer)
    assert labels(answer) == ["Ask for Finance Reports"]
    assert await world.states() == []
    await world.press(ANN, answer, "Ask for Finance Reports")
    card = await world.card(APPROVALS, "asks for Finance Reports")
    assert reason in said(card)


@pytest.mark.parametrize("asker", [ANN, MIA])
@pytest.mark.parametrize(
    "reason",
    [
        "to cover for @bo while he is away",
        "as I stand in for @bo this week",
        "since I do it for @bo",
        "so the books are closed for @bo",
        "for the audit, for @bo",
        "because I do it for @bo",
        ": asked for @bo",
        ", for @bo",
    ],
)
async def test_somebody_in_the_reason_changes_nothing(world, asker, reason):
    """It is asked for as usual, with all that was said, also by whoever may ask for others."""
    allow(world, FINANCE_REPORTS)
    await world.synced()

    await world.type(asker, f"/request-access finance-reports {reason}")

    card = await world.card(APPROVALS, "asks for Finance Reports")
    assert reason.removeprefix("because").strip(":, ") in said(card)


async def test_a_name_may_have_a_person_in_it(world):
    """The longest name counts, as without a person: nothing of it says for whom it is."""
    world.tenant.world.packages[FINANCE_REPORTS].display_name = "Board Papers for @board"
    await world.synced()

    await world.type(ANN, "/request-access board papers for @board: Q4")

    await world.card(APPROVALS, "asks for Board Papers for @board")


async def test_the_bot_is_nobody_whom_it_is_for(world):
    """Whoever writes to it by its name means what stands behind."""
    dm = world.slack.dm(ANN).id
    bot = world.slack.people[world.slack.bot_user_id].name

    await world.slack.say(user=ANN, channel=dm, text=f"@{bot} finance-reports because Q4")

    answer = await world.told(ANN, "Do you need .*Finance Reports")
    assert "Your reason: Q4" in said(answer)


async def test_oneself_is_nobody_else(world):
    """Whoever names themselves asks as usual."""
    dm = world.slack.dm(ANN).id
    await world.slack.say(user=ANN, channel=dm, text="finance-reports for @ann")

    answer = await world.told(ANN, "Finance Reports")
    assert "please fill in" not in said(answer)
