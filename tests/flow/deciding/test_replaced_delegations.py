"""An approver lengthens or replaces what lets somebody decide: what was approved before goes on counting, and messages say what is so."""

import asyncio

import pytest

from bot.database import flags
from tests.flow.deciding.test_fresh_sign_in import approving, asked, nothing_is_approved
from tests.flow.deciding.test_proven_delegations import let_decide, link_to_prove, proven
from tests.harness.accounts import approve, email_of, sign_in_by
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, World, eventually, labels, said

PLAIN = "defaults: {approval: none}\n"
LONGER, SAME, SHORTER = "2027-03-01", "2027-02-01", "2027-01-25"


async def _lengthen(world: World, until: str = LONGER) -> None:
    await world.type(BO, f"/my-access delegate <@{CY}> until {until}")


async def _is(world: World, state: str) -> bool:
    return (await world.states())[-1] == state


async def _cancel(world: World) -> None:
    listed = (await world.type(BO, "/my-access delegate")).message
    assert listed is not None
    await world.press(BO, listed, "Cancel")


@pytest.mark.parametrize("change", [LONGER, SAME, SHORTER, "canceled", "canceled, and anew"])
async def test_between_the_approval_and_the_grant(database, tmp_path, change):
    """What is lengthened, once or twice, takes nothing back; what is shortened or canceled does."""
    async with approving(database, tmp_path, PLAIN) as world:
        await let_decide(world)
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.bot.store.run(flags.pause, why="a test")
        await world.press(CY, await world.card(CY), "Approve")
        await eventually(lambda: _is(world, "add approved"), about="approved")
        await asyncio.sleep(1)
        if change.startswith("canceled"):
            await _cancel(world)
        else:
            await _lengthen(world, change)
            await asyncio.sleep(1)
            await _lengthen(world, change)
        if change.endswith("anew"):
            await asyncio.sleep(1)
            await _lengthen(world)
        await world.bot.store.run(flags.resume)
        if change in (LONGER, SAME):
            await world.told(ANN, "Approved by Cy Chen for Bo Berg")
            await eventually(lambda: _is(world, "add delivered"), about="delivered")
        else:
            await eventually(lambda: _is(world, "add pending"), about="asked anew")
            await nothing_is_approved(world)


@pytest.mark.parametrize("signs_in", [True, False])
async def test_where_a_sign_in_is_taken_the_new_one_counts_once_it_is_proven_too(
    database, tmp_path, signs_in
):
    """Whoever has the approver's session alone lengthens nothing that was proven."""
    async with approving(database, tmp_path) as world:
        await proven(world)
        await asked(world)
        link = await approve(world, CY)
        await world.bot.store.run(flags.pause, why="a test")
        await sign_in_by(world, link, email_of(CY, world))
        await eventually(lambda: _is(world, "add approved"), about="approved")
        await asyncio.sleep(1)
        await _lengthen(world)
        if signs_in:
            await sign_in_by(world, await link_to_prove(world), email_of(BO, world))
        await world.bot.store.run(flags.resume)
        if signs_in:
            await world.told(ANN, "Approved by Cy Chen for Bo Berg")
            await eventually(lambda: _is(world, "add delivered"), about="delivered")
        else:
            await eventually(lambda: _is(world, "add pending"), about="asked anew")
            await nothing_is_approved(world)


async def test_what_was_said_before_is_replaced(database, tmp_path):
    """Neither is told any more that it is proven, or until when it was."""
    async with approving(database, tmp_path) as world:
        await proven(world)
        signed = await world.told(BO, "You have signed in to Microsoft for letting")
        told = await world.told(CY, "has signed in to Microsoft for letting you")
        made = await world.told(CY, "you may decide for")
        await _lengthen(world, SHORTER)
        for each in (signed, told, made):
            await eventually(lambda each=each: "was replaced" in said(each), about="redrawn")
            assert labels(each) == []
        assert f"<@{CY}>" in said(signed)
        assert f"<@{BO}>" in said(told)
        new = await world.told(CY, "this counts only once")
        assert labels(new) == ["I can't"]


async def test_what_an_admin_has_arranged_is_replaced_as_well(database, tmp_path):
    """Nobody signs in for what is over: the button goes with it."""
    async with approving(database, tmp_path) as world:
        await world.type(DANA, f"/access-admin delegate <@{BO}> to <@{CY}> until {SAME}")
        told = await world.told(BO, "decide for you until")
        assert "Sign in for it" in labels(told)
        await world.type(DANA, f"/access-admin delegate <@{BO}> to <@{CY}> until {LONGER}")
        await eventually(lambda: "was replaced" in said(told), about="redrawn")
        assert labels(told) == []
        await world.told(BO, "decide for you until")


# -- pressed again at once -------------------------------------------------------------------------


async def test_whoever_was_refused_as_unproven_is_heard_once_it_is_proven(database, tmp_path):
    """Within the minute: what they were told to ask for has been done."""
    async with approving(database, tmp_path) as world:
        await asked(world)
        await let_decide(world)
        world.slack.channel(APPROVALS).members.add(CY)
        card = await world.card(APPROVALS)
        for verb in ("Approve", "Deny"):
            await world.press(CY, card, verb)
            await world.whispered(CY, APPROVALS, "has not signed in for that")
        await sign_in_by(world, await link_to_prove(world), email_of(BO, world))
        before = len(world.whispers(CY, APPROVALS))
        await sign_in_by(world, await approve(world, CY), email_of(CY, world))
        await world.told(ANN, "Approved by Cy Chen for Bo Berg")
        assert len(world.whispers(CY, APPROVALS)) == before


async def test_whoever_was_not_among_those_who_decide_is_heard_once_they_are(database, tmp_path):
    """Within the minute, by the same button of the same card."""
    async with approving(database, tmp_path, PLAIN) as world:
        await world.type(ANN, "/request-access finance-reports because Q4")
        world.slack.channel(APPROVALS).members.add(CY)
        card = await world.card(APPROVALS)
        await world.press(CY, card, "Approve")
        await world.whispered(CY, APPROVALS, "not among those who may decide")
        await let_decide(world)
        await world.press(CY, card, "Approve")
        await world.told(ANN, "Approved by Cy Chen for Bo Berg")


async def test_an_unproven_delegate_denies_nothing_that_their_approver_has_approved(
    database, tmp_path
):
    """Of a stage that takes more approvals: for that they decide as a delegate, too."""
    text = "packages:\n  Finance Reports: {approval: fresh sign-in, auth_context: c1, quorum: 2}\n"
    async with approving(database, tmp_path, text) as world:
        await let_decide(world)
        await asked(world)
        await sign_in_by(world, await approve(world, BO), email_of(BO, world))
        await eventually(lambda: "1 of 2" in said(world.cards(BO)[-1]), about="Bo's counts")
        world.slack.channel(APPROVALS).members.add(CY)
        await world.press(CY, await world.card(APPROVALS), "Deny")
        await world.whispered(CY, APPROVALS, "has not signed in for that")
        assert world.form(CY) is None
        assert await _is(world, "add pending")
