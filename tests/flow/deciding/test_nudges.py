"""Nobody is forgotten: whoever has not decided is nudged in their day, and whoever waits sees for whom, and reminds them."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.notifications.model import Occasion
from sandbox.tenant import seed
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    MIA,
    World,
    eventually,
    labels,
    living,
    said,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STILL = "A decision is still needed about Finance Reports"
# A Monday, ten in the morning in Berlin, half past two in the afternoon in Kolkata.
MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


async def on_monday(world: World) -> None:
    """Let it be Monday morning."""
    await world.later(MONDAY - world.outside.clock.now())


def nudges(world: World, user: str) -> list[str]:
    return [said(each) for each in world.direct(user) if "still needed" in each.text]


async def asked(world: World, text: str = "finance-reports because Q4") -> None:
    await on_monday(world)
    await world.type(ANN, f"/request-access {text}")
    await world.card(BO if "finance" in text else MIA)


async def test_whoever_waits_sees_for_whom_since_when_and_at_which_step(world):
    """In /my-access, in Home, and in a message when a step is done, which says no more once that is over."""
    await world.slack.open_home(user=ANN)
    await asked(world, "production-database because of the outage")

    mine = said((await world.type(ANN, "/my-access")).message)
    assert f"waiting for <@{MIA}> (since" in mine
    assert ", step 1 of 2)" in mine
    await eventually(lambda: f"waiting for <@{MIA}> (since" in said(world.home(ANN)))
    await world.press(MIA, await world.card(MIA), "Approve")

    told = await world.told(ANN, "Mia Moreau approved step 1 of 2")
    await eventually(lambda: f"waiting for <@{BO}>" in said(told), about=said(told))
    assert ", step 2 of 2)" in said(told)
    assert labels(told) == ["Remind"]
    await world.press(BO, await world.card(BO), "Approve")
    await world.give_reason(BO, "The outage is real")
    await world.told(ANN, "You now have access")
    await eventually(lambda: "waiting" not in said(told))
    assert labels(told) == []


async def test_an_approver_is_nudged_once_with_the_card(world):
    """After four hours, by default; the card in it decides, and is redrawn as any other."""
    await asked(world)
    await world.later(3 * HOUR)
    assert nudges(world, BO) == []

    await world.later(2 * HOUR)

    nudge = await world.told(BO, "has been waiting for your decision since")
    assert labels(nudge) == ["Approve", "Approve for less", "Deny", "Ask a question"]
    await world.later(2 * HOUR)
    assert len(nudges(world, BO)) == 1
    await world.press(BO, nudge, "Approve")
    await world.told(ANN, "You now have access")
    await eventually(lambda: "Approved by" in said(nudge) and labels(nudge) == [])
    assert "has been waiting" not in said(nudge)
    assert len(world.direct(BO)) == 2


async def test_what_is_due_in_the_night_comes_in_the_morning(world):
    """Asked at five in the afternoon, due at nine in the evening, nudged after seven the next day."""
    await asked(world)
    await world.later(7 * HOUR)
    await world.type(CY, "/request-access finance-reports because Q4")
    await world.card(BO, "Cy Chen")
    await world.later(5 * HOUR)
    assert not any("Cy Chen" in each for each in nudges(world, BO))

    await world.later(9 * HOUR)

    await eventually(lambda: any("for Cy Chen" in each for each in nudges(world, BO)))


async def test_nobody_is_nudged_about_what_is_decided(world):
    """Nor about what was withdrawn."""
    await asked(world)
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not yet")
    await world.told(ANN, "was denied")

    await world.later(5 * HOUR)

    assert nudges(world, BO) == []


async def test_an_approver_is_nudged_before_the_deadline(world):
    """A day before, by default; that is a Sunday, so on Monday morning."""
    await asked(world)
    await world.later(5 * HOUR)
    await world.told(BO, "has been waiting for your decision since")

    await world.later(13 * DAY + 17 * HOUR)

    await world.told(BO, "expires .* unless it is decided before")
    assert len(nudges(world, BO)) == 2


async def test_whoever_asked_reminds_them_once_a_day(world):
    """By a button in their list, which is gone for a day then; pressed elsewhere in vain."""
    await asked(world)
    mine = (await world.type(ANN, "/my-access")).message
    assert labels(mine) == ["Remind", "Cancel", "Past requests"]

    await world.press(ANN, mine, "Remind")
    await world.press(ANN, mine, "Remind")

    await world.told(BO, f"<@{ANN}> asks you to look at this request again")
    again = (await world.type(ANN, "/my-access")).message
    assert labels(again) == ["Cancel", "Past requests"]
    assert "You had them reminded" in said(again)
    verbs = [verb for _, verb, _ in await world.deeds()]
    assert verbs.count("remind") == 1
    await world.later(DAY)
    await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Remind")
    await world.told(BO, "asks you to look at this request again", times=2)


async def test_nobody_else_reminds_them(world):
    """The button of somebody's list is theirs."""
    await asked(world)
    mine = (await world.type(ANN, "/my-access")).message

    await world.press(CY, mine, "Remind")

    await world.later(HOUR)
    assert nudges(world, BO) == []
    assert "remind" not in [verb for _, verb, _ in await world.deeds()]


async def test_a_reminder_in_the_night_comes_in_the_morning(world):
    """Whoever asked may be in another zone, or work late."""
    await asked(world)
    await world.later(13 * HOUR)
    before = len(nudges(world, BO))

    await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Remind")
    await world.later(HOUR)
    assert len(nudges(world, BO)) == before
    await world.later(9 * HOUR)

    await world.told(BO, "asks you to look at this request again")


ESCALATING = """
packages:
  Finance Reports:
    escalate_after: 2h
    nudge_after: none
"""


def file(tmp_path, text):
    path = tmp_path / "latchkey.yml"
    path.write_text(text)
    return str(path)


def with_alternates(outside):
    """Mia may decide about the finance reports as well, from the fifth day on."""
    for policy in outside.tenant.world.policies.values():
        if policy.package_id == seed.FINANCE_REPORTS:
            stage = policy.settings["requestApprovalSettings"]["stages"][0]
            stage["isEscalationEnabled"] = True
            stage["durationBeforeEscalation"] = "P5D"
            stage["escalationApprovers"] = [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}
            ]


async def test_a_package_escalates_to_the_policys_own_alternates(database, tmp_path):
    """In its own minutes, and not only in the policy's days; the admins are not bothered."""
    async with living(
        database,
        prepare=with_alternates,
        LATCHKEY_PACKAGE_SETTINGS=file(tmp_path, ESCALATING),
    ) as world:
        await asked(world)
        assert world.cards(MIA) == []

        await world.later(3 * HOUR)

        await world.press(MIA, await world.card(MIA), "Approve")
        await world.told(ANN, "You now have access")
        assert not any(
            "Nobody has decided" in said(each) for each in world.slack.channel(APPROVALS).messages
        )


async def test_what_nobody_decides_is_shown_to_the_admins(database, tmp_path):
    """Below the card that their channel has; where the policy has no alternates, and the admins may decide."""
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=file(tmp_path, ESCALATING)) as world:
        await asked(world)

        await world.later(3 * HOUR)

        def told():
            return [
                each
                for each in world.slack.channel(APPROVALS).messages
                if "is still not decided: it is" in said(each)
            ]

        await eventually(told)
        await world.later(DAY)
        (reply,) = told()
        assert reply.thread_ts == (await world.card(APPROVALS)).ts
        assert f"waiting for <@{BO}>" in said(reply)


async def test_who_may_not_decide_is_not_escalated_to(database, tmp_path):
    """Where the admins do not decide what has approvers, these are nudged instead."""
    async with living(
        database,
        LATCHKEY_PACKAGE_SETTINGS=file(tmp_path, ESCALATING),
        LATCHKEY_ADMINS_DECIDE="never",
    ) as world:
        await asked(world)

        await world.later(3 * HOUR)

        await world.told(BO, "has been waiting for your decision since")
        assert not any(
            "Nobody has decided" in said(each) for each in world.slack.channel(APPROVALS).messages
        )


@pytest.mark.parametrize("occasion", list(Occasion))
def test_every_occasion_fits_into_a_key(occasion):
    """The longest key of a notice has 200 characters."""
    longest = f"nudge:{'0' * 36}:{occasion}:20260301T120000:{'U' * 32}"
    assert len(longest) <= 200
