"""Test that what waits is decided under what its policy says by now: who is named since is asked within the hour, and nobody waits for who is not."""

import asyncio
import copy
from datetime import timedelta

import pytest

from bot.requests.evaluation import evaluator
from sandbox.tenant import seed
from tests.flow.deciding.test_nobody_left import approved_by
from tests.harness.owed import every_request
from tests.harness.world import ANN, APPROVALS, BO, CY, MIA, eventually, labels, living, said

ASK = "/request-access finance-reports because Q4"
AN_HOUR_AND_MORE = timedelta(hours=1, minutes=10).total_seconds()
CHANGED = (
    "What is asked for, its policy, or who may decide it, has changed: it needs a new decision"
)


async def rounds(world):
    return [each.round for each in await world.bot.store.run(every_request)]


async def extend_is_done(world):
    return "extend delivered" in await world.states()


def policy_of(world, package=seed.FINANCE_REPORTS):
    [policy] = world.tenant.world.policies_of(package)
    return policy


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_who_is_named_since_is_asked_within_the_hour(database, version):
    """The one before reads that their card is out of date, and the asker for whom it waits."""
    async with living(database, GRAPH_API_VERSION=version) as world:
        await world.type(ANN, ASK)
        before = await world.card(BO)
        approved_by(world, seed.MIA)
        await asyncio.sleep(AN_HOUR_AND_MORE)

        card = await world.card(MIA)
        assert CHANGED in said(card)
        await eventually(lambda: labels(before) == [], about="the card of before is over")
        assert "This card is out of date" in said(before)
        assert CHANGED in said(await world.card(APPROVALS))
        shown = said((await world.type(ANN, "/my-access")).message)
        assert f"waiting for <@{MIA}>" in shown
        assert world.posts() == []

        await world.press(MIA, card, "Approve")
        told = said(await world.told(ANN, "You now have access"))
        assert "Approved by Mia Moreau" in told
        assert len(world.posts()) == 1


async def test_a_press_on_the_card_of_before_approves_nothing(database):
    """It reads that another decision is asked for by now."""
    async with living(database) as world:
        await world.type(ANN, ASK)
        before = copy.deepcopy(await world.card(BO))
        approved_by(world, seed.MIA)
        await asyncio.sleep(AN_HOUR_AND_MORE)
        await world.card(MIA)

        await world.press(BO, before, "Approve")
        await eventually(lambda: "card is out of date" in str(world.direct(BO)), about="too late")
        assert await world.states() == ["add pending"]
        assert world.posts() == []


async def test_what_has_not_changed_is_asked_once(world):
    """However long it waits."""
    await world.type(ANN, ASK)
    await world.card(BO)
    await asyncio.sleep(5 * AN_HOUR_AND_MORE)

    assert len(world.cards(BO)) == 1
    assert await rounds(world) == [0]


async def test_the_first_step_is_decided_anew_when_the_second_is_another_by_then(world):
    """What somebody has approved was another thing."""
    approved_by(world, seed.BO, steps=2)
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await eventually(lambda: any("Step 2 of 2" in said(each) for each in world.cards(APPROVALS)))
    policy_of(world).approval["stages"][1]["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}
    ]
    await asyncio.sleep(AN_HOUR_AND_MORE)

    card = await world.card(BO)
    assert "Step 1 of 2" in said(card)
    assert CHANGED in said(card)
    await world.press(BO, card, "Approve")
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.told(ANN, "You now have access")


async def test_an_extension_is_asked_for_anew_too(world):
    """Its access goes on meanwhile."""
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    await world.extend(ANN, (await world.type(ANN, "/my-access")).message)
    await world.card(BO, "asks to extend")
    approved_by(world, seed.MIA)
    await asyncio.sleep(AN_HOUR_AND_MORE)

    await world.press(MIA, await world.card(MIA, "asks to extend"), "Approve")
    await eventually(lambda: world.posts("adminUpdate"), about="the extension")
    await eventually(lambda: extend_is_done(world), about="delivered")


async def test_whoever_decides_is_looked_for_while_the_package_cannot_be_read(world):
    """What it says by now is read the next time."""
    approved_by(world, seed.BO)
    await world.type(ANN, ASK)
    await world.card(BO)
    world.tenant.faults.set("unavailable", only="^GET .*accessPackages/")
    approved_by(world, seed.MIA)
    await asyncio.sleep(AN_HOUR_AND_MORE)
    assert await rounds(world) == [0]
    assert world.tenant.faults.counts["unavailable"]

    world.tenant.faults.clear()
    await asyncio.sleep(AN_HOUR_AND_MORE)
    await world.card(MIA)
    assert await rounds(world) == [1]


async def test_what_takes_no_approval_any_more_waits_for_who_was_asked(world):
    """Nothing is granted because time passes; it goes on when they approve, or is asked for anew."""
    await world.type(ANN, ASK)
    await world.card(BO)
    policy_of(world).settings["requestApprovalSettings"] |= {
        "isApprovalRequiredForAdd": False,
        "stages": [],
    }
    await asyncio.sleep(AN_HOUR_AND_MORE)
    assert await world.states() == ["add pending"]
    assert await rounds(world) == [0]

    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")


async def test_what_they_may_not_have_any_more_is_left_to_the_decision(world):
    """Whether they belong to those whom it is for may be another thing tomorrow."""
    await world.type(ANN, ASK)
    await world.card(BO)
    policy_of(world).settings["allowedTargetScope"] = "specificDirectoryUsers"
    policy_of(world).settings["specificAllowedTargets"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY}
    ]
    await asyncio.sleep(AN_HOUR_AND_MORE)

    assert await world.states() == ["add pending"]
    assert await rounds(world) == [0]
    assert CY not in str(world.direct(ANN))


async def test_what_is_another_thing_each_hour_is_not_asked_without_end(world, monkeypatch):
    """Somebody who approves it has it looked at once more, just before it is granted."""
    monkeypatch.setattr(evaluator, "MOST_ROUNDS", 2)
    await world.type(ANN, ASK)
    await world.card(BO)
    for approver in (seed.MIA, seed.BO, seed.MIA, seed.BO):
        approved_by(world, approver)
        await asyncio.sleep(AN_HOUR_AND_MORE)

    assert await rounds(world) == [2]
    assert await world.states() == ["add pending"]


async def one_more_is_named(world):
    """Let Ann ask, and Mia be named beside Bo and Cy; return the cards of before, which are over."""
    approved_by(world, seed.BO, seed.CY)
    await world.synced()
    await world.type(ANN, ASK)
    before = {each: await world.card(each) for each in (BO, CY)}
    approved_by(world, seed.BO, seed.CY, seed.MIA)
    await asyncio.sleep(AN_HOUR_AND_MORE)
    for card in before.values():
        await eventually(lambda card=card: labels(card) == [], about="the card of before is over")
    return before


async def test_the_card_of_before_says_nothing_of_what_others_decide_since(database, tmp_path):
    """While one more approval is needed, nothing is decided, and its reader decides by the new one."""
    file = tmp_path / "latchkey.yml"
    file.write_text("packages:\n  Finance Reports: {quorum: 2}\n", "utf-8")
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=str(file)) as world:
        before = await one_more_is_named(world)
        await world.press(CY, await world.card(CY), "Approve")
        await world.told(ANN, "1 of 2 approvals")
        await eventually(lambda: "Approved by" in said(before[BO]), about="it is drawn again")

        assert "This card is out of date. Whoever decides now has a new one." in said(before[BO])
        assert "is decided" not in said(before[BO])
        assert "Your part is done. Now it waits for" in said(before[CY])
        assert "Approve" in labels(await world.card(BO))


async def test_the_card_of_a_step_says_that_its_reader_is_asked_about_the_next(database):
    """Whoever has not decided the first of two may decide the second, by another card."""
    async with living(database) as world:
        approved_by(world, seed.BO, seed.CY, steps=2)
        await world.synced()
        await world.type(ANN, ASK)
        before = await world.card(BO)
        await world.press(CY, await world.card(CY), "Approve")
        await eventually(lambda: len(world.cards(BO)) == 2, about="the card of the next step")

        await eventually(lambda: "This card is out of date" in said(before), about="it says so")
        assert "nothing is left for you" not in said(before)
