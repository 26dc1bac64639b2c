"""Somebody decides for an approver who is away: made by command, form or admin, told, listed, and over when it is over."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot import clock
from bot.errors import NotAllowed
from bot.people.model import Delegation, Verb
from bot.people.store import delegations
from sandbox.tenant import seed
from tests.harness.accounts import move_address
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    EVE,
    GENERAL,
    GUS,
    MIA,
    World,
    buttons,
    eventually,
    labels,
    living,
    said,
)

DAY = timedelta(days=1)
ASK = "/request-access finance-reports because Q4"


def cards_of(world: World, user: str) -> int:
    return len(world.cards(user))


async def test_an_approver_lets_somebody_decide(world):
    """Both get the card, the delegate decides, and everybody reads for whom; Entra, too."""
    answer = await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    assert f"<@{CY}> may decide for you" in answer.text
    await world.told(CY, f"you may decide for <@{BO}>")

    await world.type(ANN, ASK)
    await world.card(BO)
    mine = await eventually(lambda: _waiting(world), about="both are asked")
    assert mine
    await world.press(CY, await world.card(CY), "Approve")

    await world.told(ANN, "Approved by Cy Chen for Bo Berg")
    for place in (BO, CY, APPROVALS):
        await eventually(
            lambda place=place: f"Approved by <@{CY}> for <@{BO}>" in said(world.cards(place)[-1])
        )
    (post,) = world.posts("adminAdd")
    assert f"Cy Chen ({seed.CY}) for Bo Berg ({seed.BO})" in str(post.body)


async def test_an_approver_reads_what_was_decided_in_their_name(world):
    """In their own list, as the delegate does in theirs; nobody else reads it, and an admin does in the audit log of either."""
    await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    await world.told(CY, f"you may decide for <@{BO}>")
    await world.type(ANN, ASK)
    await world.press(CY, await world.card(CY), "Approve")
    await world.told(ANN, "Approved by Cy Chen for Bo Berg")

    for user in (BO, CY):
        listed = said((await world.type(user, "/my-access decided")).message)
        assert listed.count(f"Approved by <@{CY}> for <@{BO}>") == 1
    for other in (ANN, DANA):
        theirs = said((await world.type(other, "/my-access decided")).message)
        assert "You have not decided anything." in theirs
    for user in (BO, CY):
        await world.type(DANA, f"/access-admin audit <@{user}>")
        await eventually(
            lambda: f"<@{CY}> · *approve-accepted*" in said(world.form(DANA)), about="the row"
        )
        await world.slack.close(user=DANA, view_id=world.form(DANA).id)


async def test_what_a_delegate_decides_for_themselves_is_in_nobody_elses_list(world):
    """Cy is Bo's delegate and an approver, too: what counts as Cy's own is not Bo's."""
    stage = world.tenant.world
    [policy] = [each for each in stage.policies.values() if each.package_id == seed.FINANCE_REPORTS]
    for each in policy.approval["stages"]:
        each["primaryApprovers"] = [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY}
        ]
    await world.synced()
    await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    await world.told(CY, f"you may decide for <@{BO}>")
    await world.type(ANN, ASK)
    await world.press(CY, await world.card(CY), "Approve")
    await world.told(ANN, "Approved by Cy Chen")

    listed = said((await world.type(BO, "/my-access decided")).message)
    assert "You have not decided anything." in listed
    await world.type(DANA, f"/access-admin audit <@{BO}>")
    await eventually(lambda: "*delegate*" in said(world.form(DANA)), about="the audit log")
    assert "approve-accepted" not in said(world.form(DANA))


async def _waiting(world: World) -> bool:
    mine = said((await world.type(ANN, "/my-access")).message)
    return f"waiting for <@{BO}> or <@{CY}> (since" in mine


async def test_what_waits_already_is_shown_to_the_delegate(world):
    """As soon as they are one; and no more, when they are none."""
    await world.type(ANN, ASK)
    await world.card(BO)
    assert world.cards(CY) == []

    await world.type(BO, f"/my-access delegate <@{CY}> for 2 days")
    card = await world.card(CY)
    # Whoever was never told that they decide is not told that they no longer do.
    await world.told(CY, f"you may decide for <@{BO}>")

    listed = (await world.type(BO, "/my-access delegate")).message
    assert f"<@{CY}> may decide for you until" in said(listed)
    await world.press(BO, listed, "Cancel")
    await world.told(CY, f"You no longer decide for <@{BO}>", times=2)
    await eventually(lambda: "not asked about this request any more" in said(card))
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "Approved by Bo Berg")


async def test_a_delegate_whose_time_is_over_decides_nothing(world):
    """Whatever card they still have."""
    await world.type(BO, f"/my-access delegate <@{CY}> for 2 hours")
    await world.type(ANN, ASK)
    card = await world.card(CY)
    await world.later(timedelta(hours=2))

    await world.press(CY, card, "Approve")

    await eventually(lambda: _refused(world))
    assert await world.states() == ["add pending"]


async def _refused(world: World) -> bool:
    return "approve-refused" in [verb for _, verb, _ in await world.deeds()]


async def test_an_admin_lets_somebody_decide_for_an_approver(world):
    """Both are told; it is in the admin's list, and the approver may end it."""
    answer = await world.type(DANA, f"/access-admin delegate <@{BO}> to <@{CY}> for 3 days")
    assert f"<@{CY}> may decide for <@{BO}>" in said(answer.message) or "looking" in answer.text

    told = await world.told(BO, f"<@{DANA}> lets <@{CY}> decide for you")
    await world.told(CY, f"<@{DANA}> has arranged it")
    listed = await world.type(DANA, "/access-admin delegate")
    assert f"<@{CY}> may decide for <@{BO}> until" in said(listed.message)
    await world.press(BO, told, "Cancel")
    await world.told(CY, "You no longer decide", times=2)
    await world.told(DANA, f"<@{CY}> no longer decides for <@{BO}>")
    verbs = [(actor, verb) for actor, verb, _ in await world.deeds() if "delegate" in verb]
    assert verbs == [(DANA, "delegate"), (BO, "undelegate")]


@pytest.mark.parametrize("user", [ANN, BO, CY, MIA, GUS, EVE])
async def test_nobody_else_lets_somebody_decide_for_others(world, user):
    """Not the approver by the admins' command, either; and nothing stays of it but the refusal."""
    await world.type(user, f"/access-admin delegate <@{BO}> to <@{user}> until friday")
    mine = await world.type(user, f"/my-access delegate <@{DANA}> to <@{CY}> until friday")

    assert user == EVE or "for yourself only" in mine.text
    assert "delegate" not in [verb for _, verb, _ in await world.deeds()]


async def test_an_admin_reads_that_who_they_are_cannot_be_read_now(world):
    """That is no fault of Latchkey's; nor is it that somebody's second account is still to be told of."""
    command = f"/access-admin delegate <@{BO}> to <@{CY}> for 3 days"
    world.slack.faults.set("fatal_error", only="users.info", on=True)
    await world.type(DANA, command)
    await world.whispered(DANA, GENERAL, "Slack or Entra cannot be read just now")
    world.slack.faults.clear()
    await world.type(ANN, ASK)
    await world.card(APPROVALS)
    move_address(world, of=ANN, to=CY)
    world.slack.faults.set("fatal_error", only="conversations.open", on=True)
    await world.type(DANA, command)
    await world.whispered(DANA, GENERAL, "the first one and the admins are being told of it")
    assert "delegate" not in await _verbs(world)


@pytest.mark.parametrize("setting", ["never", "fallback", "always"])
async def test_no_admin_makes_themselves_somebodys_delegate(database, setting):
    """What an admin may not decide as one they would decide in the approver's name, whom nobody has asked."""
    async with living(database, LATCHKEY_ADMINS_DECIDE=setting) as world:
        await world.type(DANA, f"/access-admin delegate <@{BO}> to <@{DANA}> for 3 days")
        await world.whispered(DANA, GENERAL, "Nobody makes themselves somebody’s delegate")
        assert "delegate" not in await _verbs(world)
        assert "refused" in await _verbs(world)
        assert world.direct(BO) == []


@pytest.mark.parametrize("setting", ["always", "fallback", "never"])
async def test_no_admin_makes_another_admin_somebodys_delegate_where_admins_do_not_decide(
    database, setting
):
    """The approver may; and an admin may, whose own say counts as much."""
    admins = {"LATCHKEY_ADMINS": f"{DANA},{MIA}", "LATCHKEY_ADMINS_DECIDE": setting}
    async with living(database, **admins) as world:
        answer = await world.type(DANA, f"/access-admin delegate <@{BO}> to <@{MIA}> for 3 days")
        if setting == "always":
            await world.told(MIA, f"<@{DANA}> has arranged it")
            return
        await world.whispered(DANA, GENERAL, "no admin lets another one decide")
        assert "may decide" not in said(answer.message)
        assert "delegate" not in await _verbs(world)
        assert "refused" in await _verbs(world)
        assert world.direct(BO) == []

        await world.type(BO, f"/my-access delegate <@{MIA}> until tomorrow")
        await world.told(MIA, f"you may decide for <@{BO}>")


async def test_a_delegation_that_an_admin_has_made_for_themselves_counts_for_nothing(database):
    """As one from before may be."""
    async with living(database, LATCHKEY_ADMINS_DECIDE="never") as world:
        now = clock.now()
        made = Delegation(
            id="d",
            delegator=BO,
            delegate=DANA,
            made_by=DANA,
            made_at=now,
            ends_at=now + timedelta(days=9),
        )
        await world.bot.store.run(delegations.add, made)
        await world.type(ANN, "/request-access finance-reports because Q4")

        await world.press(DANA, await world.card(APPROVALS), "Approve")

        await eventually(lambda: _refused(world))
        assert await world.states() == ["add pending"]


@pytest.mark.parametrize(("setting", "is_asked"), [("always", True), ("fallback", False)])
async def test_an_admin_whom_another_has_named_is_asked_only_if_they_may_decide(
    database, setting, is_asked
):
    """Of a delegation from before; nobody is sent a card whose buttons are in vain."""
    admins = {"LATCHKEY_ADMINS": f"{DANA},{MIA}", "LATCHKEY_ADMINS_DECIDE": setting}
    async with living(database, **admins) as world:
        now = clock.now()
        arranged = [
            Delegation(
                id=str(place),
                delegator=BO,
                delegate=delegate,
                made_by=DANA,
                made_at=now,
                ends_at=now + timedelta(days=9),
            )
            for place, delegate in enumerate((MIA, CY))
        ]
        for each in arranged:
            await world.bot.store.run(delegations.add, each)
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.card(CY)
        # By then everybody has theirs who gets one; in which order, is left to chance.
        await asyncio.sleep(60)
        assert cards_of(world, MIA) == is_asked


async def test_whoever_asks_has_not_chosen_who_decides(world):
    """An admin's own request waits for the approver, or for a delegate whom somebody else has named."""
    (policy,) = world.tenant.world.policies_of(seed.FINANCE_REPORTS)
    policy.approval["stages"][0]["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.BO}
    ]
    await world.type(DANA, f"/access-admin delegate <@{BO}> to <@{CY}> for 3 days")
    await world.told(CY, f"<@{DANA}> has arranged it")
    await world.type(DANA, ASK)

    card = await world.card(BO)
    ask_id = next(each["value"] for each in buttons(card) if each["text"]["text"] == "Approve")
    await world.bot.services.approvals.decide(
        ask_id=ask_id, verb=Verb.APPROVE, slack_user=CY, team="T0LATCH", channel=None
    )
    await eventually(lambda: _refused(world))
    assert await world.states() == ["add pending"]
    assert cards_of(world, CY) == 0
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(DANA, "You now have access")


async def test_the_delegate_may_decline(world):
    """And the approver hears of it."""
    await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    told = await world.told(CY, f"you may decide for <@{BO}>")

    await world.press(CY, told, "I can't")

    await world.told(BO, f"<@{CY}> no longer decides for you")
    await eventually(lambda: labels(told) == [])


@pytest.mark.parametrize("user", [ANN, MIA, GUS, EVE])
async def test_nobody_else_ends_it(world, user):
    """Whoever else knows its id; what they tried is in the audit log."""
    await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    (button,) = buttons(await world.told(CY, f"you may decide for <@{BO}>"))

    with pytest.raises(NotAllowed, match="for somebody else"):
        await world.bot.services.delegations.cancel(slack_user=user, delegation_id=button["value"])

    verbs = [verb for _, verb, _ in await world.deeds()]
    assert "refused" in verbs
    assert "undelegate" not in verbs


async def test_an_admin_ends_it(world):
    """And both are told."""
    await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    await world.told(CY, f"you may decide for <@{BO}>")
    listed = (await world.type(DANA, "/access-admin delegate")).message

    await world.press(DANA, listed, "Cancel")

    await world.told(CY, "You no longer decide", times=2)
    await world.told(BO, f"<@{CY}> no longer decides for you")


@pytest.mark.parametrize("whom", [GUS, EVE])
async def test_a_delegate_who_may_decide_nothing_is_of_no_use(world, whom):
    """A guest, and somebody of another company: it is canceled, and the approver told why."""
    await world.type(BO, f"/my-access delegate <@{whom}> until tomorrow")

    await world.told(BO, f"<@{whom}> no longer decides for you. Only full members")
    assert world.direct(whom) == []


@pytest.mark.parametrize(("approver", "whom"), [(BO, GUS), (BO, EVE), (GUS, CY)])
async def test_an_admin_reads_at_once_that_somebody_cannot_decide(world, approver, whom):
    """Nothing is made of it, and nobody is told anything else."""
    await world.type(DANA, f"/access-admin delegate <@{approver}> to <@{whom}> until tomorrow")

    await world.whispered(DANA, GENERAL, "Only full members of this workspace")
    assert "delegate" not in await _verbs(world)
    assert world.direct(whom) == []


async def _verbs(world: World) -> list[str]:
    return [verb for _, verb, _ in await world.deeds()]


@pytest.mark.parametrize("whom", [GUS, EVE])
async def test_who_may_decide_nothing_sees_no_card(world, whom):
    """Neither of what waits when they are named, nor of what comes meanwhile; nobody reads that they are asked."""
    await world.type(ANN, ASK)
    await world.card(BO)

    await world.type(BO, f"/my-access delegate <@{whom}> until tomorrow")
    await world.type(CY, ASK)

    await world.told(BO, f"<@{whom}> no longer decides for you. Only full members")
    await eventually(lambda: cards_of(world, BO) == 2)
    await world.looked_at_everything()
    assert world.direct(whom) == []
    assert [f"<@{whom}>" in said(each) for each in world.cards(BO)] == [False, False]


async def test_a_delegate_who_leaves_is_asked_no_more(world):
    """Their card loses what it said as soon as it is looked again whom to ask; the approver's names them no more."""
    await world.type(BO, f"/my-access delegate <@{CY}> for 5 days")
    await world.type(ANN, ASK)
    card = await world.card(CY)
    await world.told(CY, f"you may decide for <@{BO}>")

    world.outside.tenant.disable_user(seed.CY)

    await eventually(
        lambda: "not asked about this request any more" in said(card), seconds=2 * 3_600
    )
    await eventually(lambda: f"<@{CY}>" not in said(world.cards(BO)[-1]))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"<@{BO}> until tomorrow", "Nobody is their own delegate"),
        ("@nobody until tomorrow", "pick the person from Slack"),
        (f"<@{CY}>", "until when"),
        (f"<@{CY}> until yesterday", "until when"),
        (f"<@{CY}> until 2020-01-01", "has passed"),
        (f"<@{CY}> for 52 weeks", "too long"),
    ],
)
async def test_what_is_not_understood_is_said(world, text, answer):
    """And nobody decides for anybody."""
    assert answer in (await world.type(BO, f"/my-access delegate {text}")).text
    assert "delegate" not in [verb for _, verb, _ in await world.deeds()]


async def test_the_form_in_home_lets_somebody_decide(world):
    """It is offered to whoever is asked to decide; Home shows who does, with Cancel."""
    await world.slack.open_home(user=BO)
    await world.type(ANN, ASK)
    await eventually(lambda: "Let somebody decide for me" in labels(world.home(BO)))
    await world.press_home(BO, "Let somebody decide for me")
    form = await eventually(lambda: world.form(BO), about="the form")
    until = int((world.outside.clock.now() + DAY).timestamp())

    outcome = await world.slack.submit(
        user=BO,
        view_id=form.id,
        values={"delegate": {"delegate": CY}, "until": {"until": until}},
    )

    assert outcome.ok, outcome
    await world.card(CY)
    await eventually(lambda: f"<@{CY}> may decide for you until" in said(world.home(BO)))
    await world.press_home(BO, "Cancel")
    await eventually(lambda: f"<@{CY}> may decide for you" not in said(world.home(BO)))


async def test_a_delegate_is_nudged_too_and_hears_the_outcome_by_their_card(world):
    """They are asked like the approver; who decided is on both cards."""
    await world.later(datetime(2027, 3, 1, 9, 0, tzinfo=UTC) - world.outside.clock.now())
    await world.type(BO, f"/my-access delegate <@{CY}> for 5 days")
    await world.type(ANN, ASK)
    await world.card(CY)

    await world.later(timedelta(hours=5))

    await world.told(BO, "has been waiting for your decision since")
    await world.press(BO, await world.card(BO), "Approve")
    await eventually(lambda: f"Approved by <@{BO}>" in said(world.cards(CY)[-1]))


async def test_why_somebody_has_access_names_the_delegate_and_the_approver(world):
    """An admin reads both, as everywhere where a decision is named."""
    await world.type(BO, "/my-access delegate @mia for 3 days")
    await world.told(MIA, "you may decide for")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.told(ANN, "You now have access")

    await world.type(DANA, "/access-admin people @ann")

    approved = f"Approved by <@{MIA}> for <@{BO}> "
    await eventually(lambda: approved in said(world.form(DANA)), about=approved)


@pytest.mark.parametrize(
    ("by", "command", "left"),
    [
        (BO, "/my-access delegate", "Nobody decides for you"),
        (DANA, "/access-admin delegate", "Nobody decides for anybody else"),
    ],
)
async def test_canceling_in_a_list_redraws_it(world, by, command, left):
    """What it said is over; a second press, by which it is over already, does so, too."""
    await world.type(BO, f"/my-access delegate <@{CY}> for 3 days")
    listed, stale = [(await world.type(by, command)).message for _ in range(2)]
    assert f"<@{CY}> may decide for" in said(stale)

    for each in (listed, stale):
        await world.press(by, each, "Cancel")
        await eventually(lambda each=each: left in said(each), about="redrawn")
        assert "may decide for" not in said(each).split(left)[0]
        assert "Cancel" not in labels(each)
