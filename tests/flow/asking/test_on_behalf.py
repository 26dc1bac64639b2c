"""Asking for somebody else: who may, for whom, under which policy; who decides; and what the other can do about it."""

import copy
import functools
from datetime import timedelta

import pytest

from bot import clock
from bot.assignments.store import assignment_lists, assignments
from bot.errors import TooLate
from sandbox.slack import View
from sandbox.tenant.examples import BUILD_SERVERS, DAY_POLICY, ON_CALL_POLICY
from sandbox.tenant.seed import (
    BOARD_PAPERS,
    FINANCE_READERS,
    FINANCE_REPORTS,
    MARKETING_CAMPAIGN,
    MARKETING_RESOURCES,
)
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    ENTRA_ID,
    GUS,
    MIA,
    buttons,
    eventually,
    labels,
    living,
    said,
)

MANAGER = {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}
NOT_FOR_OTHERS = "You can ask for somebody else if you are their manager in Entra"
# What policies say about asking for others, and whether the manager may.
RULES = {
    "managers": (
        {"enableOnBehalfRequestorsToAddAccess": True, "onBehalfRequestors": [MANAGER]},
        True,
    ),
    "switched off": (
        {"enableOnBehalfRequestorsToAddAccess": False, "onBehalfRequestors": [MANAGER]},
        False,
    ),
    "nobody named": (
        {"enableOnBehalfRequestorsToAddAccess": True, "onBehalfRequestors": []},
        False,
    ),
    "the manager's manager": (
        {
            "enableOnBehalfRequestorsToAddAccess": True,
            "onBehalfRequestors": [{**MANAGER, "managerLevel": 2}],
        },
        False,
    ),
    "one person": (
        {
            "enableOnBehalfRequestorsToAddAccess": True,
            "onBehalfRequestors": [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": ENTRA_ID[MIA]}
            ],
        },
        False,
    ),
}


def allow(world, package_id, rule="managers"):
    for policy in world.tenant.world.policies.values():
        if policy.package_id == package_id:
            policy.settings["requestorSettings"] |= RULES[rule][0]


async def ask_for(world, asker, person, package_id=FINANCE_REPORTS, *, reason="Q4", shown=None):
    """Fill in the form as *asker*, for *person*, and send it; *shown* gets it as it was before that."""
    await world.type(asker, "/request-access")
    form = await eventually(lambda: world.form(asker), about="the form")
    await world.slack.suggest(user=asker, view_id=form.id, action_id="latchkey_package", query="")
    await world.slack.click_view(
        user=asker, view_id=form.id, action_id="latchkey_package", value=[package_id]
    )
    await eventually(lambda: len(world.form(asker).blocks) > 3, about="what it gives")
    if "for_whom" not in {block["block_id"] for block in form.blocks}:
        await world.slack.close(user=asker, view_id=form.id)
        return False
    if shown is not None:
        shown.append(copy.deepcopy(world.form(asker)))
    await world.slack.submit(
        user=asker,
        view_id=form.id,
        values={
            "for_whom": {"latchkey_for_whom": person},
            "reason": {"reason": reason},
        },
    )
    return True


async def ask_past_the_form(world, asker, person, package_id=FINANCE_REPORTS):
    """Send what a form would send, whether or not this person is shown the field."""
    return await world.bot.services.requests.ask_for_several(
        slack_user=asker, package_ids=[package_id], reason="Q4", wanted_for=person
    )


async def test_the_form_says_whose_manager_decides(world):
    """Yours while it is for yourself; that of whom you have chosen, as soon as you have."""
    allow(world, FINANCE_REPORTS)
    for policy in world.tenant.world.policies.values():
        if policy.package_id == FINANCE_REPORTS:
            [stage] = policy.settings["requestApprovalSettings"]["stages"]
            stage["primaryApprovers"] = [MANAGER]
    await world.synced()
    await world.type(MIA, "/request-access")
    form = await eventually(lambda: world.form(MIA), about="the form")
    await world.slack.suggest(user=MIA, view_id=form.id, action_id="latchkey_package", query="")
    await world.slack.click_view(
        user=MIA, view_id=form.id, action_id="latchkey_package", value=[FINANCE_REPORTS]
    )
    await eventually(lambda: "your manager approves" in said(world.form(MIA)))

    for chosen, says in ((CY, "their manager approves"), (MIA, "your manager approves")):
        await world.slack.click_view(
            user=MIA, view_id=form.id, action_id="latchkey_for_whom", value=chosen
        )
        await eventually(lambda says=says: says in said(world.form(MIA)), about=says)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("asker", [MIA, BO, ANN, GUS])
async def test_only_managers_whom_the_policy_lets_ask_for_others(world, rule, asker):
    """Mia is Cy's manager; for everybody else, and under any other rule, nothing is asked, and Cy hears nothing."""
    allow(world, FINANCE_REPORTS, rule)
    await world.synced()

    await ask_past_the_form(world, asker, CY)

    if asker == MIA and RULES[rule][1]:
        await world.card(APPROVALS, "Mia Moreau asks for Finance Reports for Cy Chen")
        return
    why = "guest" if asker == GUS else NOT_FOR_OTHERS
    await world.told(asker, why)
    assert await world.states() == ["add refused"]
    assert not world.direct(CY)


@pytest.mark.parametrize("person", [BO, DANA, GUS, "U0NOBODY", "USLACKBOT"])
async def test_of_people_who_are_not_their_own_a_manager_learns_nothing(world, person):
    """The answer is the same for members, guests and people who are not there."""
    allow(world, FINANCE_REPORTS)
    await world.synced()

    await ask_past_the_form(world, MIA, person)

    news = await world.told(MIA, "I cannot get access")
    assert NOT_FOR_OTHERS in said(news)
    assert await world.states() == ["add refused"]


async def test_an_admin_asks_for_anybody_whom_the_policy_admits(world):
    """Without being their manager, and whatever the policy says of managers."""
    assert await ask_for(world, DANA, ANN, MARKETING_CAMPAIGN)

    await world.told(DANA, "now has access to .*Marketing Campaign")
    news = await world.told(ANN, "You now have access")
    assert f"<@{DANA}> asked for it for you." in said(news)
    assert world.holders(MARKETING_RESOURCES) == {ENTRA_ID[ANN]}


async def test_the_policy_is_judged_for_whom_it_is_for(world):
    """What is for Mia alone she cannot have Cy given; the answer is about Cy."""
    allow(world, BOARD_PAPERS)
    await world.synced()

    await ask_past_the_form(world, DANA, CY, BOARD_PAPERS)

    news = await world.told(DANA, "I cannot get access")
    assert "No policy in Entra lets Cy Chen have it." in said(news)
    assert f"<#{APPROVALS}> can help you. If you cannot open it, ask your identity team." in said(
        news
    )
    assert not world.direct(CY)


@pytest.fixture
async def policy_each(database):
    """A package with one policy for Mia and one for Cy, whose manager she is."""
    async with living(database, prepare=lambda outside: outside.tenant.seed_examples()) as world:
        allow(world, BUILD_SERVERS)
        for policy_id, user in ((ON_CALL_POLICY, MIA), (DAY_POLICY, CY)):
            policy = world.tenant.world.policies[policy_id]
            policy.allowed_target_scope = "specificDirectoryUsers"
            policy.specific_allowed_targets = [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": ENTRA_ID[user]}
            ]
        await world.synced()
        yield world


async def form_of_mia(world):
    """The form, which offers her the only policy for her."""
    command = "/request-access build-servers because of the release"
    answer = (await world.type(MIA, command)).message
    assert answer is not None
    await world.press(MIA, answer, "Open the form")
    form = await eventually(lambda: world.form(MIA), about="the form")
    assert offered(form) == []
    return form


def offered(form):
    """The policies that a form lets somebody choose from; none where it shows the only one."""
    choice = [each for each in form.blocks if each.get("block_id") == "policy"]
    return [option["value"] for each in choice for option in each["element"]["options"]]


async def sent(world, form, user, **values):
    """Send it for somebody, whatever it shows."""
    values["for_whom"] = {"latchkey_for_whom": user}
    await world.slack.submit(user=MIA, view_id=form.id, values=values)
    return said(world.form(MIA))


async def test_a_form_sent_before_it_shows_the_policies_of_the_other_shows_them_first(policy_each):
    """The one that it offered whoever asks is not what they chose for somebody else."""
    world = policy_each
    form = await form_of_mia(world)

    assert "What is asked has changed" in await sent(world, form, CY)

    assert set(offered(form)) == {ON_CALL_POLICY, DAY_POLICY}
    await sent(world, form, CY, policy={"latchkey_policy": DAY_POLICY})
    await world.told(CY, "You now have access to \\*Build Servers")


async def test_a_form_sent_before_it_shows_the_own_policies_again_shows_them_first(policy_each):
    """What was chosen for somebody else is not asked for by whoever then asks for themselves."""
    world = policy_each
    form = await form_of_mia(world)
    await world.slack.click_view(user=MIA, view_id=form.id, action_id="latchkey_for_whom", value=CY)
    await eventually(lambda: DAY_POLICY in offered(form), about="the policies of the other")
    await world.slack.click_view(
        user=MIA, view_id=form.id, action_id="latchkey_policy", value=DAY_POLICY
    )
    await world.bot.background.finish()

    chosen = {"latchkey_policy": DAY_POLICY}
    assert "What is asked has changed" in await sent(world, form, MIA, policy=chosen)

    await eventually(lambda: offered(form) == [], about="her only policy again")
    assert "What is asked has changed" in said(form)
    assert "Asked for" in await sent(world, form, MIA)
    await world.card(BO, "Mia Moreau asks for Build Servers")


async def test_the_field_is_shown_to_whom_it_may_serve(world):
    """Nobody else is asked for whom it is."""
    assert not await ask_for(world, MIA, CY)
    allow(world, FINANCE_REPORTS)
    await world.synced()
    assert await ask_for(world, MIA, CY)


async def test_neither_of_the_two_may_decide(world):
    """The asker is an approver by the policy, and an admin as well; the other is an approver."""
    stage = world.tenant.world
    [policy] = [each for each in stage.policies.values() if each.package_id == FINANCE_REPORTS]
    for each in policy.approval["stages"]:
        each["primaryApprovers"] = [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": ENTRA_ID[who]}
            for who in (DANA, ANN, BO)
        ]
    await world.synced()
    await ask_for(world, DANA, ANN)
    card = await world.card(APPROVALS, "Dana Diaz asks for Finance Reports for Ann Abara")
    await eventually(lambda: world.cards(BO), about="Bo's card")

    world.slack.channel(APPROVALS).members |= {ANN, DANA, BO}
    await world.press(DANA, card, "Approve")
    await world.whispered(DANA, APPROVALS, "You have asked for this yourself")
    await world.press(ANN, card, "Approve")
    await world.whispered(ANN, APPROVALS, "You cannot decide your own request")
    assert not world.cards(DANA)
    assert not world.cards(ANN)

    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")
    assert world.holders(FINANCE_READERS) == {ENTRA_ID[ANN]}
    [post] = world.posts("adminAdd")
    assert f"Asked for by Dana Diaz ({ENTRA_ID[DANA]})." in (post.body or {})["justification"]


async def test_whom_it_is_for_may_decline_while_it_waits(world):
    """The request is canceled, and whoever asked hears it."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    news = await world.told(CY, "has asked for .*Finance Reports.* for you")
    card = await world.card(APPROVALS, "Mia Moreau asks for Finance Reports for Cy Chen")

    await world.press(CY, news, "Decline")

    await world.told(MIA, "has declined")
    await eventually(lambda: "Declined by the person whom it was for" in said(card))
    # The title says it, and the last line.
    assert said(card).count("Declined by the person whom it was for") == 2
    assert await world.states() == ["add canceled"]


async def test_whom_it_is_for_may_return_what_they_were_given(world):
    """After the delivery, by the button below it."""
    await ask_for(world, DANA, ANN, MARKETING_CAMPAIGN)
    news = await world.told(ANN, "You now have access")

    await world.press(ANN, news, "Return")

    await world.told(ANN, "you have returned")
    assert world.holders(MARKETING_RESOURCES) == set()


async def test_the_news_of_what_one_was_given_loses_its_button_when_it_ends(world):
    """Whoever presses an old copy reads that it has ended; what it gave was Dana's to ask for."""
    await ask_for(world, DANA, ANN, MARKETING_CAMPAIGN)
    news = await world.told(ANN, "You now have access")
    before = said(news)
    [back] = [button for button in buttons(news) if button["text"]["text"] == "Return"]

    await world.later(timedelta(days=31))

    await eventually(lambda: "has ended" in said(news), about="the redraw")
    assert labels(news) == []
    assert "now have access" not in said(news)
    assert f"<@{DANA}> asked for it for you." in said(news)
    assert "has ended" not in before
    with pytest.raises(TooLate, match="has ended already"):
        await world.bot.services.request_changes.return_access(
            slack_user=ANN, assignment_id=back["value"]
        )


async def test_the_news_of_what_one_was_given_has_no_button_while_it_is_taken_away(world):
    """It is back if that comes to nothing, and if Entra shows the access again after its end."""
    await ask_for(world, DANA, ANN, MARKETING_CAMPAIGN)
    news = await world.told(ANN, "You now have access")
    store = world.bot.store
    [row] = await store.read(assignment_lists.own_of_package, ANN, MARKETING_CAMPAIGN)

    await store.run(assignments.set_removing, row.id)
    await eventually(lambda: "Return" not in labels(news), about="no button")
    assert "You now have access" in said(news)
    await store.run(assignments.set_not_removing, row.id)
    await eventually(lambda: "Return" in labels(news), about="the button")

    await store.run(assignments.end, row.id, why="outside", at=clock.now())
    await eventually(lambda: "has ended" in said(news), about="its end")
    assert labels(news) == []
    seen_at = clock.real() + timedelta(minutes=1)
    await store.run(assignments.save_live, row, read_by_id_at=seen_at)
    await eventually(lambda: "Return" in labels(news), about="the button")


async def test_nobody_else_declines(world):
    """Neither a colleague nor whoever asked, who has Cancel."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    news = await world.told(CY, "has asked for .*Finance Reports.* for you")
    [button] = [each for each in news.blocks[-1]["elements"] if "decline" in each["action_id"]]

    for user in (ANN, MIA, DANA):
        with pytest.raises(Exception, match="Only the person whom it was asked for"):
            await world.bot.services.request_changes.decline(
                slack_user=user, request_id=button["value"]
            )
    assert await world.states() == ["add pending"]


async def test_whoever_asked_cancels_and_the_other_hears_it(world):
    """It is theirs to withdraw."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    news = await world.told(MIA, "Your request for .*Finance Reports")
    assert "Cancel" in labels(news)

    await world.press(MIA, news, "Cancel")

    await world.told(CY, "has canceled the request")


async def test_a_manager_who_is_none_any_more_gets_nothing_granted(world):
    """The right is read again just before the grant."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    card = await world.card(APPROVALS, "Mia Moreau asks for Finance Reports for Cy Chen")
    world.tenant.world.users[ENTRA_ID[CY]].manager_id = None

    world.slack.channel(APPROVALS).members |= {BO}
    await world.press(BO, card, "Approve")

    await world.told(MIA, NOT_FOR_OTHERS)
    assert world.holders(FINANCE_READERS) == set()
    assert not world.posts("adminAdd")


@pytest.mark.parametrize("is_deleted", [False, True], ids=["disabled", "deleted"])
async def test_a_manager_reads_that_whom_they_asked_for_is_disabled_since(world, is_deleted):
    """Or deleted; and not whom managers may ask for: they were found to be the manager when they asked."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    card = await world.card(BO)
    if is_deleted:
        del world.tenant.world.users[ENTRA_ID[CY]]
    else:
        world.tenant.world.users[ENTRA_ID[CY]].account_enabled = False

    await world.press(BO, card, "Approve")

    await world.told(MIA, "no full member of this workspace with an enabled account in Entra")
    assert world.holders(FINANCE_READERS) == set()
    assert not world.posts("adminAdd")


async def test_an_open_request_of_the_other_is_not_told_without_the_right(world):
    """Whoever may not ask for Cy does not learn what Cy has asked for, and is not in Cy's way."""
    await world.type(CY, "/request-access finance-reports because mine")
    await world.card(APPROVALS, "Cy Chen asks for Finance Reports")

    await ask_past_the_form(world, BO, CY)

    assert NOT_FOR_OTHERS in said(await world.told(BO, "I cannot get access"))
    assert sorted(await world.states()) == ["add pending", "add refused"]


async def test_one_request_at_a_time_for_one_person(world):
    """With the right, the answer is that it has been asked for."""
    await world.type(CY, "/request-access finance-reports because mine")
    await world.card(APPROVALS, "Cy Chen asks for Finance Reports")

    await ask_past_the_form(world, DANA, CY)

    await world.told(DANA, "It has been asked for already, for Cy Chen")
    assert sorted(await world.states()) == ["add pending", "add refused"]


async def test_who_asks_twice_for_the_same_person_is_answered_at_once(world):
    """The form says how the first request stands, and for whom; nothing is asked for, refused or counted again."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    await world.card(BO, "Mia Moreau asks for Finance Reports for Cy Chen")
    await world.slack.close(user=MIA, view_id=world.form(MIA).id)

    await ask_for(world, MIA, CY)

    answer = await eventually(lambda: world.form(MIA), about="the answer")
    assert f"You have already asked for *Finance Reports* for <@{CY}>" in said(answer)
    assert f"waiting for <@{BO}>" in said(answer)
    several = await ask_past_the_form(world, MIA, CY)
    assert ([each.wanted_for for each in several.open_before], several.asked) == ([CY], [])
    assert await world.states() == ["add pending"]


async def test_who_asks_twice_before_the_first_is_looked_at_is_answered_at_once(harness):
    """Nothing is known yet of whom it is for, but that they have been asked for."""
    ask = functools.partial(
        harness.latchkey.services.requests.ask_for_several,
        slack_user=DANA,
        package_ids=[MARKETING_CAMPAIGN],
        reason="Q4",
    )

    first = await ask(wanted_for=CY)
    second = await ask(wanted_for=CY)
    other = await ask(wanted_for=ANN)

    [asked] = first.asked
    assert [each.id for each in second.open_before] == [asked.id]
    assert (len(second.asked), len(other.asked)) == (0, 1)


async def test_who_asks_again_after_the_end_has_a_new_request(world):
    """What is canceled is in nobody's way."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    news = await world.told(MIA, "Your request for .*Finance Reports")
    await eventually(lambda: "Cancel" in labels(news), about="Cancel")
    await world.press(MIA, news, "Cancel")
    await world.told(CY, "has canceled the request")

    await ask_past_the_form(world, MIA, CY)

    assert sorted(await world.states())[0] == "add canceled"
    assert len(await world.states()) == 2


async def test_a_form_that_was_left_open_asks_once_for_each_person(world):
    """Somebody else is chosen in it, and Slack has not heard yet how it looks then."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    shown: list[View] = []
    await ask_for(world, DANA, CY, shown=shown)
    news = await world.told(DANA, "Your request for .*Finance Reports")
    await eventually(lambda: "Cancel" in labels(news), about="Cancel")
    await world.press(DANA, news, "Cancel")
    await world.told(CY, "has canceled the request")

    answers = []
    for person in (MIA, CY):
        world.leave_open(shown[0])
        values = {"for_whom": {"latchkey_for_whom": person}, "reason": {"reason": "Q4"}}
        sent = await world.slack.submit(user=DANA, view_id=shown[0].id, values=values)
        answers.append("You have sent this form before" in str(sent.errors))
    assert answers == [False, True]
    assert len(await world.states()) == 2


async def test_whoever_asked_sees_it_among_what_they_wait_for(world):
    """In the list and in App Home, with Remind and Cancel, and not "nothing is pending"."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    await world.card(BO, "Mia Moreau asks for Finance Reports for Cy Chen")

    shown = (await world.type(MIA, "/my-access")).message

    assert "nothing is pending" not in said(shown)
    assert f"waiting for <@{BO}> (since" in said(shown)
    assert f", for <@{CY}>" in said(shown)
    assert labels(shown) == ["Remind", "Cancel", "Past requests"]
    await world.slack.open_home(user=MIA)
    home = await eventually(lambda: "Your requests" in said(world.home(MIA)) and world.home(MIA))
    assert f", for <@{CY}>" in said(home)
    theirs = (await world.type(CY, "/my-access")).message
    assert f", by <@{MIA}>" in said(theirs)
    assert labels(theirs) == ["Decline", "Past requests"]

    await world.press(MIA, shown, "Cancel")

    await world.told(CY, "has canceled the request")
    assert "nothing is pending" in said((await world.type(MIA, "/my-access")).message)


async def test_whom_it_is_for_reads_that_another_has_asked(world):
    """They have not asked themselves, and may not cancel it, but decline."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    await world.card(BO)

    answer = (await world.type(CY, "/request-access finance-reports because Q4")).message

    assert f"<@{MIA}> has already asked for *Finance Reports* for you" in said(answer)
    assert "You have already asked" not in said(answer)
    assert labels(answer) == ["Decline", "My access"]
    await world.press(CY, answer, "Decline")
    await world.told(MIA, "has declined")


async def test_what_both_were_told_says_for_whom_it_waits_and_loses_its_buttons(world):
    """Once the deciders are found, and once it is decided."""
    allow(world, FINANCE_REPORTS)
    await world.synced()
    await ask_for(world, MIA, CY)
    card = await world.card(BO)
    to_them = await world.told(CY, "has asked for .*Finance Reports.* for you")
    to_asker = await world.told(MIA, "Your request for .*Finance Reports.* is checked")
    for each in (to_them, to_asker):
        await eventually(lambda each=each: f"It waits for <@{BO}>." in said(each))
    assert labels(to_them) == ["Decline"]
    assert labels(to_asker) == ["Remind", "Cancel"]

    await world.press(BO, card, "Approve")

    await world.told(CY, "You now have access")
    for each in (to_them, to_asker):
        await eventually(lambda each=each: labels(each) == [], about="no buttons")
        assert "It waits" not in said(each)
