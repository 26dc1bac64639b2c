"""Test who decides: one or two stages, with a reason or without, at once or too late."""

import asyncio
from datetime import timedelta

import pytest

from bot.notifications.approvals.card_news import card_for
from bot.notifications.store import notices
from sandbox.slack import Message
from sandbox.tenant.seed import DATABASE_OPERATORS, FINANCE_REPORTS, MARKETING_RESOURCES
from tests.flow.access.test_leaver import as_leaver
from tests.flow.administering.test_console import pressed, shows, with_reason
from tests.harness.owed import at_rest, every_request, rows_of
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    ENTRA_ID,
    GUS,
    MIA,
    World,
    buttons,
    eventually,
    labels,
    living,
    said,
)


async def test_access_is_announced_only_when_graph_shows_it(database):
    """As long as Entra works on it, nobody is told that they have it."""
    async with living(database, delivery=timedelta(hours=2)) as world:
        await world.type(ANN, "/request-access marketing-campaign")
        await eventually(lambda: world.posts("adminAdd"))
        await world.later(timedelta(hours=1))

        assert "being set up by Entra" in str((await world.type(ANN, "/my-access")).text)
        assert world.direct(ANN) == []
        assert ENTRA_ID[ANN] not in world.holders(MARKETING_RESOURCES)

        await world.later(timedelta(hours=2))
        await world.told(ANN, "You now have access")
        assert len(world.posts()) == 1


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_alternates_whom_the_policy_asks_after_no_time_are_asked_at_once(database, version):
    """Entra lets them decide together with the first ones."""
    async with living(database, GRAPH_API_VERSION=version) as world:
        for policy in world.tenant.world.policies.values():
            for stage in policy.approval["stages"]:
                stage |= {
                    "isEscalationEnabled": True,
                    "durationBeforeEscalation": "PT0S",
                    "escalationApprovers": [
                        {"@odata.type": "#microsoft.graph.singleUser", "userId": ENTRA_ID[CY]}
                    ],
                }
        await world.synced()
        await world.type(ANN, "/request-access finance-reports because Q4")

        await world.press(CY, await world.card(CY), "Approve")

        assert "Approved by Cy Chen" in said(await world.told(ANN, "You now have access"))


async def test_a_denial_tells_why_and_by_whom(world):
    """Deny asks for a reason; the requester reads it, and every card shows it."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(APPROVALS)
    await world.card(BO)

    await world.press(DANA, card, "Deny")
    outcome = await world.give_reason(DANA, "Ask <@U0BO> first")

    assert outcome.ok
    told = said(await world.told(ANN, "was denied by Dana Diaz"))
    assert "Ask &lt;@U0BO&gt; first" in told
    for place in (APPROVALS, BO):
        await eventually(lambda place=place: "Denied" in said(world.cards(place)[-1]))
        assert labels(world.cards(place)[-1]) == []
    assert world.posts() == []


async def test_after_a_denial_one_may_ask_again(world):
    """A denied request is closed; the next one is a new one, with new cards."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not yet")
    await world.told(ANN, "was denied")

    await world.type(ANN, "/request-access finance-reports because Q1")

    await eventually(lambda: len(world.cards(BO)) == 2)
    assert "Q1" in said(await world.card(BO))


async def test_a_request_can_be_withdrawn(world):
    """Cancel in /my-access closes the request and takes the buttons off every card."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    shown = (await world.type(ANN, "/my-access")).message

    await world.press(ANN, shown, "Cancel")

    for place in (APPROVALS, BO):
        await eventually(lambda place=place: "Canceled" in said(world.cards(place)[-1]))
        assert labels(world.cards(place)[-1]) == []
    assert await world.states() == ["add canceled"]


@pytest.mark.parametrize("by", ["requester", "leaver"])
async def test_what_has_come_back_from_sending_can_be_withdrawn(world, by):
    """Entra has not answered, the policy names another approver by then: it waits for people, and is not on its way."""
    world.tenant.faults.set("unavailable", only="^POST .*ssignmentRequests")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await eventually(lambda: world.tenant.faults.counts["unavailable"], about="a POST in vain")
    [stage] = world.tenant.world.policies_of(FINANCE_REPORTS)[0].approval["stages"]
    stage["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": ENTRA_ID[MIA]}
    ]
    world.tenant.faults.clear()
    card = await world.card(MIA)

    if by == "requester":
        await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Cancel")
    else:
        await as_leaver(world)
        await shows(world, "*Remove all* cancels these requests, too.")
        await pressed(world, "Remove all …")
        await shows(world, "1 open request is canceled as well")
        await with_reason(world, "Ann has left.")

    await eventually(lambda: "Canceled" in said(card), about="canceled")
    assert labels(card) == []
    assert await world.states() == ["add canceled"]


async def test_two_stages_are_decided_one_after_the_other(world):
    """First the manager, then the group with a reason; only then Graph hears of it."""
    await world.type(ANN, "/request-access production-database because of the outage")
    first = await world.card(MIA)
    assert "Step 1 of 2" in said(first)
    assert "You are asked because the policy names a manager of whoever gets it." in said(first)
    assert world.cards(BO) == []

    await world.press(MIA, first, "Approve")
    second = await world.card(BO)
    assert "Step 2 of 2" in said(second)
    assert "You are asked because the policy names a group that you are in." in said(second)
    assert f"Approved by <@{MIA}>" in said(second)
    assert world.posts() == []

    await world.press(BO, second, "Approve")
    await world.give_reason(BO, "The outage is real")

    told = said(await world.told(ANN, "You now have access"))
    assert "Approved by Mia Moreau and Bo Berg" in told
    assert ENTRA_ID[ANN] in world.holders(DATABASE_OPERATORS)
    await eventually(lambda: "The outage is real" in said(world.cards(APPROVALS)[-1]))


def below(world: World, card: Message) -> list[str]:
    """Return what is said in the thread of a channel's card, the oldest first."""
    messages = world.slack.channel(card.channel).messages
    return [each.text for each in messages if each.thread_ts == card.ts]


async def test_a_channel_has_one_card_of_a_request_and_its_events_below(world):
    """The next stage and the end are replies in its thread; the card itself goes along."""
    await world.type(ANN, "/request-access production-database because of the outage")
    await world.card(APPROVALS)
    await world.press(MIA, await world.card(MIA), "Approve")
    await eventually(lambda: below(world, world.cards(APPROVALS)[0]))
    await world.press(BO, await world.card(BO), "Approve")
    await world.give_reason(BO, "The outage is real")
    await world.told(ANN, "You now have access")
    await at_rest(world.bot)

    [card] = world.cards(APPROVALS)
    assert "Delivered" in said(card)
    assert f"Approved by <@{MIA}>" in said(card)
    assert f"Approved by <@{BO}>" in said(card)
    assert labels(card) == ["Remove"]
    step, end = below(world, card)
    assert step == "Step 1 of 2 is approved. Step 2 now waits for a decision on the card above."
    assert end.startswith("Delivered, until")


async def test_the_card_of_a_passed_stage_has_no_buttons(world):
    """In the direct message of whoever approved it; it says that their part is done, and who is asked now."""
    await world.type(ANN, "/request-access production-database because of the outage")
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.card(BO)

    await eventually(lambda: f"<@{BO}>" in said(world.cards(MIA)[0]))
    [card] = world.cards(MIA)
    assert labels(card) == []
    assert "Your part is done. Now step 2 of 2 waits for" in said(card)
    assert "Approve" in labels(world.cards(BO)[-1])
    assert "Approve" in labels(world.cards(APPROVALS)[-1])


async def test_a_card_that_waits_for_its_turn_in_a_channel_outlives_its_stage(world):
    """Slack takes one message a second there, and who decides by a direct message may be faster than the channel's card."""
    async with world.bot.slack.limits.turn_in(APPROVALS):
        await world.type(ANN, "/request-access production-database because of the outage")
        await world.press(MIA, await world.card(MIA), "Approve")
        await world.card(BO)
        assert world.cards(APPROVALS) == []

    card = await world.card(APPROVALS)

    assert "Step 2 of 2" in said(card)

    await no_card_is_owed(world)


async def test_nobody_waits_to_say_something_below_a_card_that_slack_never_takes(world):
    """It was dropped; the next stage asks everybody else, and nothing is tried again for ever."""
    async with world.bot.slack.limits.turn_in(APPROVALS):
        await world.type(ANN, "/request-access production-database because of the outage")
        card = await world.card(MIA)
        [request] = await world.bot.store.run(every_request)
        await world.bot.store.run(notices.supersede, [card_for(request, APPROVALS)])
    await world.press(MIA, card, "Approve")
    await world.card(BO)

    await no_card_is_owed(world)


async def no_card_is_owed(world: World) -> None:
    async def is_so() -> bool:
        rows = await world.bot.store.run(rows_of, "request")
        return all(row["cards_due_at"] is None for row in rows)

    await eventually(is_so, about="that no card is owed")


async def test_a_denial_at_the_second_stage_is_below_the_card(world):
    """They read who denied it, and why; and no word that it is the first stage's approver."""
    await world.type(ANN, "/request-access production-database because of the outage")
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not today")
    await world.told(ANN, "was denied by Bo Berg. Mia Moreau had approved it before.")
    await at_rest(world.bot)

    [card] = world.cards(APPROVALS)
    assert below(world, card)[-1] == f"Denied by <@{BO}>: Not today"


async def test_admins_can_remove_what_was_given_from_its_finished_card(world):
    """In their channel, while the access is there; nobody else is offered it, and nobody else can."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await eventually(lambda: labels(world.cards(APPROVALS)[0]) == ["Remove"])
    [card] = world.cards(APPROVALS)
    assert labels(world.cards(BO)[0]) == []

    await world.press(BO, card, "Remove")
    assert world.form(BO) is None
    await world.press(DANA, card, "Remove")
    await world.give_reason(DANA, "Approved by mistake")

    assert "Approved by mistake" in said(await world.told(ANN, "was removed by"))
    await eventually(lambda: "This access has ended" in said(world.cards(APPROVALS)[0]))
    assert labels(world.cards(APPROVALS)[0]) == []


async def test_every_card_says_who_is_asked(world):
    """Once they are found; the channel's does not say why its reader is asked."""
    await world.type(ANN, "/request-access production-database because of the outage")
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.card(BO)

    for place in (APPROVALS, BO, DANA):
        shown = await eventually(
            lambda place=place: next(
                (said(each) for each in world.cards(place) if "Asked: " in said(each)), None
            )
        )
        assert f"<@{BO}>" in shown
        assert f"<@{DANA}>" in shown
        assert ("You are asked" in shown) is (place != APPROVALS)


async def test_the_form_that_asks_why_shows_all_that_the_card_says(world):
    """It covers the card while the reason is written."""
    await world.type(ANN, "/request-access production-database because of the outage")
    await world.press(MIA, await world.card(MIA), "Approve")
    card = await world.card(BO)
    await world.press(BO, card, "Deny")

    form = said(await eventually(lambda: world.form(BO)))

    for fact in ("Campaign lead, Marketing", "of the outage", "Database operators", "Approved by"):
        assert fact in said(card)
        assert fact in form


async def test_the_first_stage_is_not_for_the_second_ones_approvers(world):
    """Who is asked at the second step has no say at the first, whatever card they find."""
    world.slack.channel(APPROVALS).members.discard(DANA)
    await world.type(ANN, "/request-access production-database because of the outage")
    card = await world.card(APPROVALS)

    await world.press(BO, card, "Approve")

    await world.whispered(BO, APPROVALS, "not among those who may decide")
    assert await world.states() == ["add pending"]


async def test_a_mandatory_reason_is_insisted_on(world):
    """Slack's form does not go through empty, and nothing is decided meanwhile."""
    await world.type(ANN, "/request-access production-database because of the outage")
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.press(BO, await world.card(BO), "Approve")

    outcome = await world.give_reason(BO, "")

    assert not outcome.ok
    assert outcome.errors
    assert await world.states() == ["add pending"]


async def test_nobody_decides_both_stages_alone_by_pressing_twice(world):
    """The button of the first stage does not count for the second."""
    await world.type(ANN, "/request-access production-database because of the outage")
    first = await world.card(APPROVALS)
    await world.press(DANA, first, "Approve")
    await world.press(DANA, first, "Approve")

    second = await world.card(BO)

    assert "Step 2 of 2" in said(second)
    assert world.posts() == []


async def test_always_means_that_a_human_decides(database):
    """With LATCHKEY_APPROVAL=always a package without approval waits for an admin."""
    async with living(database, LATCHKEY_APPROVAL="always") as world:
        await world.type(ANN, "/request-access marketing-campaign")
        card = await world.card(APPROVALS)
        assert world.posts() == []

        await world.press(DANA, card, "Approve")

        await world.told(ANN, "You now have access")


async def test_two_who_approve_at_once_make_one_grant(world):
    """One click counts, one grant is posted, and the other person is told who was first."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    dana, bo = await world.card(APPROVALS), await world.card(BO)

    await asyncio.gather(world.press(DANA, dana, "Approve"), world.press(BO, bo, "Approve"))

    def heard():
        everything = [*world.whispers(DANA, APPROVALS), *map(said, world.direct(BO))]
        return [each for each in everything if "That was already approved by" in each]

    await world.told(ANN, "You now have access")
    await eventually(heard)
    verbs = [verb for _, verb, _ in await world.deeds() if verb.startswith("approve-")]
    assert sorted(verbs) == ["approve-accepted", "approve-late"]
    assert (len(heard()), len(world.posts())) == (1, 1)


async def test_an_approval_and_a_denial_at_once_are_one_decision(world):
    """Whoever is second hears it; there is never a grant beside a denial."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    dana, bo = await world.card(APPROVALS), await world.card(BO)
    await world.press(DANA, dana, "Deny")
    await eventually(lambda: world.form(DANA))

    await asyncio.gather(
        world.give_reason(DANA, "Not this quarter"), world.press(BO, bo, "Approve")
    )

    await world.told(ANN, "You now have access|was denied")
    await eventually(
        lambda: [
            each
            for each in [*world.whispers(DANA, APPROVALS), *map(said, world.direct(BO))]
            if "That was already" in each
        ]
    )
    verbs = [verb for _, verb, _ in await world.deeds() if verb.endswith("-accepted")]
    assert len(verbs) == 1
    assert len(world.posts()) == verbs.count("approve-accepted")


async def test_a_double_click_counts_once(world):
    """Pressing Approve three times at once makes one decision and one grant."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)

    await asyncio.gather(*(world.press(BO, card, "Approve") for _ in range(3)))

    await world.told(ANN, "You now have access")
    await world.synced()
    assert len(world.posts("adminAdd")) == 1


async def test_ten_commands_at_once_are_one_request(world):
    """The same wish, typed again and again, is one row, one card each and one grant."""
    await asyncio.gather(
        *(world.type(ANN, "/request-access finance-reports because Q4") for _ in range(10))
    )
    await world.press(BO, await world.card(BO), "Approve")

    await world.told(ANN, "You now have access")
    assert (len(world.cards(BO)), len(world.posts("adminAdd"))) == (1, 1)


async def test_an_admin_does_not_decide_their_own_request(world):
    """Dana is an admin, and still somebody else has to approve what she asks for."""
    await world.type(DANA, "/request-access finance-reports because Q4")
    card = await world.card(APPROVALS)
    await world.press(DANA, card, "Approve")
    await world.whispered(DANA, APPROVALS, "You cannot decide your own request")

    await world.press(BO, await world.card(BO), "Approve")

    await world.told(DANA, "You now have access")


async def test_an_approver_who_asks_gets_no_card_for_it(world):
    """Bo is the only approver of the policy: his own request goes to the admins alone."""
    await world.type(BO, "/request-access finance-reports because Q4")

    await world.card(APPROVALS)

    await world.synced()
    assert world.cards(BO) == []


async def test_who_is_not_in_the_policys_scope_is_refused(world):
    """Bo is not of the marketing team: the policy does not let him ask, and Graph hears nothing."""
    await world.type(BO, "/request-access marketing-campaign")

    await world.told(
        BO,
        "You are not among those who may ask for it. It is for members of “Marketing”, and certain people.",
    )
    assert world.posts() == []


async def test_a_guest_is_refused(world):
    """A guest of this Slack gets a sentence, and no access."""
    await world.type(GUS, "/request-access finance-reports because Q4")

    await world.told(GUS, "a guest")
    assert world.posts() == []


@pytest.mark.made_up("a target scope that Graph does not have")
@pytest.mark.parametrize("scope", ["someScopeOfNextYear", "notSpecified"])
async def test_a_policy_that_is_not_understood_lets_nobody_in(world, scope):
    """Rules of an unknown kind are not guessed at: refused, and the admins are told."""
    for policy in world.tenant.world.policies.values():
        policy.allowed_target_scope = scope

    await world.type(ANN, "/request-access marketing-campaign")

    await world.told(ANN, "I cannot get you access")
    assert world.posts() == []
    if scope != "notSpecified":
        await eventually(
            lambda: [
                each
                for each in world.slack.channel(APPROVALS).messages
                if "I must not guess" in said(each)
            ]
        )


async def test_somebody_who_is_unknown_in_entra_is_refused(world):
    """A Slack profile without exactly one enabled Entra user gets nothing."""
    world.tenant.disable_user(ENTRA_ID[ANN])

    await world.type(ANN, "/request-access marketing-campaign")

    await world.told(ANN, "Your account in Entra is disabled")
    assert world.posts() == []


async def test_an_address_that_slack_has_not_confirmed_is_nobodys(world):
    """Whoever types somebody else's address into their profile does not become them."""
    world.slack.person(ANN).is_email_confirmed = False

    await world.type(ANN, "/request-access marketing-campaign")

    await world.told(ANN, "no confirmed e-mail address")


async def test_who_may_no_longer_have_it_is_refused_after_all(world):
    """The policy is judged again right before the grant: an approval does not outlive the right to ask."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    world.tenant.disable_user(ENTRA_ID[ANN])

    await world.press(BO, card, "Approve")

    await world.told(ANN, "Your account in Entra is disabled")
    assert world.posts() == []


async def test_what_changed_meanwhile_is_approved_anew(world):
    """If the package gives something else by now, the approval is for something else: ask again."""
    await world.type(ANN, "/request-access production-database because of the outage")
    await world.press(MIA, await world.card(MIA), "Approve")
    second = await world.card(BO)
    packages = {each.display_name: each for each in world.tenant.world.packages.values()}
    packages["Production Database"].role_scopes += packages["Finance Reports"].role_scopes

    await world.press(BO, second, "Approve")
    await world.give_reason(BO, "The outage is real")

    again = await eventually(lambda: world.cards(MIA)[1:] and world.cards(MIA)[-1])
    assert "has changed: it needs a new decision" in said(again)
    assert "Finance readers" in said(again)
    assert world.posts() == []
    approved = await world.told(ANN, "approved step 1 of 2")
    await eventually(
        lambda: "That does not count any more" in said(approved), about="what has become of it"
    )
    assert "Now it is" not in said(approved)


async def test_a_delivery_that_fails_is_told_to_both_sides(world):
    """Entra gives up: the requester hears it, the admins hear why, nobody is told of access."""
    world.tenant.faults.set("delivery_failed")

    await world.type(CY, "/request-access marketing-campaign")

    await world.told(CY, "I could not get you access")
    await eventually(
        lambda: [
            each
            for each in world.slack.channel(APPROVALS).messages
            if "failed" in said(each) and buttons(each) == []
        ]
    )


async def test_an_extension_of_what_has_ended_becomes_a_request_for_new_access(world):
    """It ended while it waited: the same card says so, and whoever approves gives the access anew."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    await world.extend(ANN, (await world.type(ANN, "/my-access")).message)
    await world.card(APPROVALS, "asks to extend")

    await world.later(timedelta(days=11))

    told = said(await world.told(ANN, "has ended before it was extended"))
    assert "I ask for new access for you in its place" in told
    assert "Ask again" not in told
    await eventually(lambda: "Approving gives it anew" in said(world.cards(APPROVALS)[-1]))
    assert len(world.cards(APPROVALS)) == 2
    await world.press(BO, await world.card(BO, "asks for"), "Approve")

    await eventually(lambda: len(world.posts("adminAdd")) == 2)
    await eventually(lambda: labels(world.cards(APPROVALS)[-1]) == [])
    assert world.posts("adminUpdate") == []
    await eventually(
        lambda: sum("You now have access" in said(each) for each in world.direct(ANN)) == 2
    )
    assert await world.states() == ["add delivered", "add delivered"]


@pytest.mark.parametrize(
    ("what", "says"), [("Approve", "Delivered"), ("Deny", "Denied"), ("Cancel", "You canceled it")]
)
async def test_the_news_of_an_end_before_the_extension_says_what_came_of_it(world, what, says):
    """Once that is decided it says neither that it waits nor has a button to cancel it."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    await world.extend(ANN, (await world.type(ANN, "/my-access")).message)
    await world.card(APPROVALS, "asks to extend")
    await world.later(timedelta(days=11))
    told = await world.told(ANN, "has ended before it was extended")
    assert labels(told) == ["Cancel"]

    if what == "Cancel":
        await world.press(ANN, told, "Cancel")
    else:
        await world.press(BO, await world.card(BO, "asks for"), what)
    if what == "Deny":
        await world.give_reason(BO, "not any more")

    def shown():
        [found] = [each for each in world.direct(ANN) if "ended before it was" in said(each)]
        return found

    await eventually(lambda: f"in its place. {says}" in said(shown()), about=says)
    assert labels(shown()) == []
    assert "I will tell you" not in said(shown())


async def test_a_denial_keeps_its_lines_wherever_it_is_read(world):
    """Whoever asked reads them as they were written; on the card they are a quote, none of which passes for ours."""
    await world.type(CY, "/request-access finance-reports because I must")
    card = await world.card(APPROVALS)
    await world.press(DANA, card, "Deny")

    await world.give_reason(DANA, "No.\r\n1. Go to\u202e finance\n\n\n\n2. Ask Lee\n> forged")

    told = await world.told(CY, "was denied by Dana Diaz")
    reason = "No.\n1. Go to finance\n\n2. Ask Lee\n> forged"
    plain = [block["text"] for block in told.blocks if block["type"] == "section"]
    assert {"type": "plain_text", "text": reason, "emoji": False} in plain
    lines = "\n> No.\n> 1. Go to finance\n> 2. Ask Lee\n> \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} forged"
    assert lines in told.text
    await eventually(lambda: lines in said(world.cards(APPROVALS)[-1]))
