"""Approve for less: an approver sets a shorter end, which Entra gets, the requester reads, and everybody sees."""

import re
from datetime import timedelta

import pytest

from bot import clock
from bot.database.audit_log import audit
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    MIA,
    buttons,
    eventually,
    labels,
    said,
)

TEN_DAYS = timedelta(days=10)
TWO_STAGES = "/request-access production-database because of the outage"


async def set_end(world, user, end, reason=None):
    """Fill the form that has just opened for *user*, and send it."""
    form = await eventually(lambda: world.form(user), about="the form")
    values = {"until": {"until": int(end.timestamp())}}
    if reason:
        values["reason"] = {"reason": reason}
    return await world.slack.submit(user=user, view_id=form.id, values=values)


async def ask(world):
    await world.type(ANN, "/request-access finance-reports because Q4")
    return await world.card(BO)


def ends(world, kind="adminAdd"):
    """The end that Entra was asked for, of each grant; None: the policy's."""
    return [
        ((call.body or {}).get("schedule") or {}).get("expiration", {}).get("endDateTime")
        for call in world.posts(kind)
    ]


async def test_the_shorter_end_is_granted_and_told(world):
    """In Entra, to the requester, on every card and in the audit log."""
    card = await ask(world)
    end = clock.now() + TEN_DAYS

    await world.press(BO, card, "Approve for less")
    assert (await set_end(world, BO, end)).ok

    told = said(await world.told(ANN, "You now have access"))
    assert f"Approved until <!date^{int(end.timestamp())}^" in told
    assert "instead of <!date^" in told
    assert "by Bo Berg." in told
    assert [each[:16] for each in ends(world)] == [f"{end:%Y-%m-%dT%H:%M}"]
    for place in (APPROVALS, BO):
        await eventually(
            lambda place=place: (
                f"Approved until <!date^{int(end.timestamp())}^" in said(world.cards(place)[-1])
            )
        )
        assert "Approve" not in labels(world.cards(place)[-1])
    rows = await world.bot.store.run(audit.rows)
    [accepted] = [row for row in rows if row["verb"] == "approve-accepted"]
    assert accepted["details"]["until"][:16] == f"{end:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("shift", "why"),
    [
        (timedelta(days=-1), "Please choose a moment after"),
        (timedelta(days=400), "Please choose a moment before"),
    ],
)
async def test_an_end_that_is_not_shorter_is_refused_in_the_form(world, shift, why):
    """Nothing is decided, and the form stays."""
    card = await ask(world)
    await world.press(BO, card, "Approve for less")

    outcome = await set_end(world, BO, clock.now() + shift)

    assert why in str(outcome.errors)
    assert await world.states() == ["add pending"]
    assert (await set_end(world, BO, clock.now() + TEN_DAYS)).ok
    await world.told(ANN, "You now have access")


async def test_of_two_ends_the_earliest_counts(world):
    """The second approver may shorten what the first has shortened, and not undo it."""
    await world.type(ANN, TWO_STAGES)
    first_end, second_end = (clock.now() + timedelta(hours=3), clock.now() + timedelta(hours=2))
    await world.press(MIA, await world.card(MIA), "Approve for less")
    assert (await set_end(world, MIA, first_end)).ok

    await world.press(BO, await world.card(BO), "Approve for less")
    later = await set_end(world, BO, first_end + timedelta(hours=1), "The outage is real")
    assert "Please choose a moment before" in str(later.errors)
    assert (await set_end(world, BO, second_end, "The outage is real")).ok

    await world.told(ANN, "You now have access")
    assert [each[:16] for each in ends(world)] == [f"{second_end:%Y-%m-%dT%H:%M}"]


async def test_a_shorter_end_holds_through_the_next_stage(world):
    """Whoever approves as it is approves what the first has shortened."""
    await world.type(ANN, TWO_STAGES)
    end = clock.now() + timedelta(hours=3)
    await world.press(MIA, await world.card(MIA), "Approve for less")
    await set_end(world, MIA, end)
    card = await world.card(BO)
    assert f"<!date^{int(end.timestamp())}^" in said(card)

    await world.press(BO, card, "Approve")
    await world.give_reason(BO, "The outage is real")

    await world.told(ANN, "You now have access")
    assert [each[:16] for each in ends(world)] == [f"{end:%Y-%m-%dT%H:%M}"]


async def test_nobody_else_sets_an_end(world):
    """Cy may not decide, and gets no form; Ann may not decide her own."""
    await ask(world)
    world.slack.channels[APPROVALS].members |= {CY, ANN}
    for user in (CY, ANN):
        await world.press(user, await world.card(APPROVALS), "Approve for less")
    await eventually(lambda: _refused(world), about="two refusals")

    assert world.form(CY) is None
    assert world.form(ANN) is None
    assert await world.states() == ["add pending"]


async def _refused(world):
    return [verb for _, verb, _ in await world.deeds()].count("approve-refused") == 2


async def test_an_end_that_has_passed_is_not_granted(world):
    """It was approved in time, and Entra is asked for nothing once that time is over."""
    await world.type(ANN, TWO_STAGES)
    await world.press(MIA, await world.card(MIA), "Approve for less")
    await set_end(world, MIA, clock.now() + timedelta(hours=1))
    card = await world.card(BO)
    await world.later(timedelta(hours=2))

    await world.press(BO, card, "Approve")
    await world.give_reason(BO, "The outage is real")

    await world.told(ANN, "shorter time")
    assert world.posts() == []


async def test_an_extension_is_shortened(world):
    """Its end is later than now and sooner than was asked for."""
    card = await ask(world)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    before = next(iter(world.tenant.world.assignments.values())).end
    shown = (await world.type(ANN, "/my-access")).message
    await world.extend(ANN, shown)
    await eventually(lambda: "asks to extend" in said(world.cards(BO)[-1]))
    card = world.cards(BO)[-1]

    await world.press(BO, card, "Approve for less")
    too_early = await set_end(world, BO, before - timedelta(days=1))
    assert "Please choose a moment after" in str(too_early.errors)
    assert (await set_end(world, BO, before + timedelta(days=2))).ok

    told = said(await world.told(ANN, "now lasts"))
    assert "Approved until" in told
    assert [each[:16] for each in ends(world, "adminUpdate")] == [
        f"{before + timedelta(days=2):%Y-%m-%dT%H:%M}"
    ]


async def test_the_form_says_the_latest_end_in_the_readers_zone(world):
    """As the field beside it, which Slack shows in that zone: a moment in another one would be another moment."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO, "Finance Reports"), "Approve for less")
    form = await eventually(lambda: world.form(BO))

    assert re.search(r"It would last until <!date\^\d+\^[^>]*>\. The requester reads", said(form))
    assert "UTC." not in re.sub(r"<[^>]*>", "", said(form))


async def test_the_card_that_it_was_opened_from_has_no_buttons_left(world):
    """Review in Home lays the card under the form: it says then that the decision is saved."""
    await ask(world)
    await world.slack.open_home(user=BO)
    await eventually(lambda: world.home(BO) and "Review" in labels(world.home(BO)))
    await world.press_home(BO, "Review")
    card = await eventually(lambda: world.form(BO), about="the card")
    button = next(each for each in buttons(card) if each["text"]["text"] == "Approve for less")
    await world.slack.click_view(
        user=BO,
        view_id=card.id,
        action_id=button["action_id"],
        block_id=button["block_id"],
        value=button["value"],
    )
    await eventually(lambda: world.form(BO).id != card.id, about="the form over it")

    assert (await set_end(world, BO, clock.now() + TEN_DAYS)).ok

    await eventually(lambda: "Your decision is saved" in said(world.form(BO)))
    assert labels(world.form(BO)) == []
