"""Extend asks why, where somebody must know; whoever decides reads that, and what there is to be extended."""

import copy
from datetime import timedelta

import pytest

from bot.errors import NotAllowed
from sandbox.tenant.seed import MARKETING_CAMPAIGN
from tests.harness.world import ANN, APPROVALS, BO, CY, World, eventually, living, said


async def with_reports(world: World) -> None:
    """Ann has the reports for 10 more days."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))


async def test_extend_asks_why_and_the_card_says_it(world):
    """The form says what it would bring; the card has the reason, the present end, since when, and the first reason."""
    await with_reports(world)
    shown = (await world.type(ANN, "/my-access")).message

    await world.press(ANN, shown, "Extend")
    form = await eventually(lambda: world.form(ANN))
    assert "New end:" in said(form)
    assert "Why do you still need it?" in said(form)
    assert await world.states() == ["add delivered"]

    await world.slack.submit(
        user=ANN, view_id=form.id, values={"reason": {"reason": "The audit takes longer"}}
    )

    card = said(await world.card(APPROVALS, "asks to extend"))
    assert "The audit takes longer" in card
    assert "Why they asked for it at first" in card
    assert "Q4" in card
    assert "as had it since" in card
    assert "it ends" in card
    assert await world.states() == ["add delivered", "extend pending"]


async def test_without_the_reason_nothing_is_asked_for(world):
    """The policy wants one: the form stays open and says so, and it is not asked twice."""
    await with_reports(world)
    shown = (await world.type(ANN, "/my-access")).message
    await world.press(ANN, shown, "Extend")
    form = await eventually(lambda: world.form(ANN))

    await world.slack.submit(user=ANN, view_id=form.id, values={"reason": {"reason": "  "}})
    assert await world.states() == ["add delivered"]

    await world.slack.submit(user=ANN, view_id=form.id, values={"reason": {"reason": "Audit"}})
    await world.card(APPROVALS, "asks to extend")
    assert await world.states() == ["add delivered", "extend pending"]


async def test_a_form_that_was_left_open_extends_once(world):
    """Slack has heard no answer: sent again when that is over, it asks nobody once more."""
    await with_reports(world)
    shown = (await world.type(ANN, "/my-access")).message
    await world.press(ANN, shown, "Extend")
    form = copy.deepcopy(await eventually(lambda: world.form(ANN)))
    why = {"reason": {"reason": "The audit takes longer"}}
    await world.slack.submit(user=ANN, view_id=form.id, values=why)
    await world.press(BO, await world.card(BO, "asks to extend"), "Approve")
    await world.told(ANN, "now lasts")
    await world.later(timedelta(days=5))

    world.leave_open(form)
    outcome = await world.slack.submit(user=ANN, view_id=form.id, values=why)

    assert "You have sent this form before" in str(outcome.errors)
    assert await world.states() == ["add delivered", "extend delivered"]


async def test_the_settings_say_what_a_reason_must_contain(database, tmp_path):
    """Also where the policy wants neither a reason nor an approval."""
    settings = tmp_path / "latchkey.yml"
    settings.write_text(
        "packages:\n"
        "  Marketing Campaign:\n"
        "    reason_pattern: CHG-[0-9]+\n"
        "    reason_hint: Name a ticket, such as CHG-1234.\n"
    )
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=str(settings)) as world:
        await world.type(CY, "/request-access marketing-campaign because CHG-1")
        await world.told(CY, "You now have access")
        await world.later(timedelta(days=20))
        shown = (await world.type(CY, "/my-access")).message
        assert shown is not None

        await world.extend(CY, shown, why="please")
        assert await world.states() == ["add delivered"]
        form = world.form(CY)
        assert form is not None
        assert "Name a ticket" in said(form)
        await world.slack.submit(
            user=CY, view_id=form.id, values={"reason": {"reason": "CHG-2 goes on"}}
        )

        await world.told(CY, "now lasts")


async def test_where_nobody_must_know_it_is_extended_at_once(world):
    """No form: one press."""
    await world.type(CY, "/request-access marketing-campaign")
    await world.told(CY, "You now have access")
    await world.later(timedelta(days=20))

    await world.press(CY, (await world.type(CY, "/my-access")).message, "Extend")

    await world.told(CY, "now lasts")
    assert world.form(CY) is None


async def test_the_reason_gives_nobody_else_the_right(world):
    """The right is checked when the form is sent, whatever id it carries."""
    await with_reports(world)
    (held,) = world.tenant.world.assignments.values()

    with pytest.raises(NotAllowed):
        await world.bot.services.request_changes.extend(
            slack_user=CY, assignment_id=held.id, reason="Mine"
        )

    assert await world.states() == ["add delivered"]


async def campaign_wants_reasons(world: World, *, asking: bool) -> None:
    """Ann has the campaign for ten more days, whose policy wants a reason by now, and may let nobody ask any more."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    (policy,) = world.tenant.world.policies_of(MARKETING_CAMPAIGN)
    policy.settings["requestApprovalSettings"]["isRequestorJustificationRequired"] = True
    policy.settings["requestorSettings"]["enableTargetsToSelfAddAccess"] = asking


async def test_a_reason_that_the_policy_wants_since_the_press_is_asked_for(world):
    """It is extended by what the policy says when it is: Entra takes no extension without the reason either."""
    await campaign_wants_reasons(world, asking=True)

    await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Extend")

    await world.told(ANN, "only given with a reason")
    assert await world.states() == ["add delivered", "extend refused"]


async def test_where_nobody_can_ask_any_more_extending_takes_a_reason(world):
    """Where its policy wants one, as where people can ask."""
    await campaign_wants_reasons(world, asking=False)
    await world.bot.jobs.tenant_sync.run()

    await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Extend")
    form = await eventually(lambda: world.form(ANN))
    await world.slack.submit(user=ANN, view_id=form.id, values={"reason": {"reason": " "}})
    assert await world.states() == ["add delivered"]
    await world.slack.submit(user=ANN, view_id=form.id, values={"reason": {"reason": "Audit"}})

    await world.told(ANN, "now lasts")
