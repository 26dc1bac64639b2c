"""Test whom to send a card: found beside the decisions, kept, and looked at again."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.store import recipients
from bot.people.identity import SecondAccountUnannounced
from bot.people.model import NamedAs, Verb
from bot.people.store import contacts, delegations
from bot.requests.model import State
from bot.requests.store import current_stage, requests
from sandbox.slack.model import Person
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.bot.approvals.long_group import reviewers
from tests.bot.samples import LEASE, SOME_DAY, approval, delegation, members, user
from tests.harness.faults import answering
from tests.harness.loop import simulated

SECOND = timedelta(seconds=1)
TEN_MINUTES = timedelta(minutes=10)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ASK = "finance-reports because Q4"


def calls_of(harness, method):
    return sum(call.method == method for call in harness.workspace.calls)


def decided_by(harness, *subjects):
    harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"] = approval(
        {
            "durationBeforeAutomaticDenial": "P14D",
            "isApproverJustificationRequired": False,
            "isEscalationEnabled": False,
            "durationBeforeEscalation": "PT0S",
            "primaryApprovers": list(subjects),
            "fallbackPrimaryApprovers": [],
            "escalationApprovers": [],
            "fallbackEscalationApprovers": [],
        }
    )


async def judged(harness, text=ASK):
    """A request that is pending, before anybody has looked whom to ask."""
    taken = await harness.requests.ask(slack_user="U0ANN", text=text)
    await harness.jobs.requests.run()
    return await harness.request(taken.request.id)


async def test_a_request_is_pending_before_anybody_is_looked_up(harness):
    """Slack may be as busy as it likes with searches: the channel has its card."""
    harness.workspace.faults.set("ratelimited", only="users.lookupByEmail")
    before = calls_of(harness, "users.lookupByEmail")

    request = await judged(harness)
    await harness.talk()

    assert (request.state, request.deciders) == (State.PENDING, ())
    assert calls_of(harness, "users.lookupByEmail") == before
    assert any(
        "asks for" in each.text for each in harness.workspace.channels["C0APPROVALS"].messages
    )


async def test_an_approver_has_a_card_as_soon_as_they_are_found(harness):
    """And their Home shows it."""
    request = await judged(harness)
    await harness.jobs.find_recipients()
    await harness.talk()

    assert (await harness.request(request.id)).deciders == ("U0BO",)
    assert "Ann Abara asks for Finance Reports." in [each.text for each in harness.told("U0BO")]


async def test_what_slack_is_too_busy_for_comes_later_and_is_not_forgotten(harness):
    """Who was found stays found; the rest waits as long as Slack says, and nothing else does."""
    decided_by(harness, user(seed.BO), user(seed.MIA))
    request = await judged(harness)
    pause = timedelta(seconds=40)
    harness.workspace.faults.set("ratelimited", only="lookupByEmail", pause=pause)
    await harness.jobs.find_recipients()
    assert (await harness.request(request.id)).deciders == ()

    harness.workspace.faults.clear()
    await harness.jobs.find_recipients()
    assert (await harness.request(request.id)).deciders == ()

    simulated().stand_still(pause)
    await harness.jobs.find_recipients()
    assert (await harness.request(request.id)).deciders == ("U0BO", "U0MIA")


async def test_who_has_been_found_is_not_searched_for_again(harness):
    """For a day; whether it is still them is asked of users.info, ten minutes apart."""
    await harness.ask(ASK)
    searched, read = calls_of(harness, "users.lookupByEmail"), calls_of(harness, "users.info")

    await harness.ask("finance-reports because Q4", user="U0CY")
    assert calls_of(harness, "users.lookupByEmail") == searched
    # Cy's own profile, and nobody's else.
    assert calls_of(harness, "users.info") == read + 1

    simulated().stand_still(TEN_MINUTES + SECOND)
    third = await harness.ask("finance-reports because Q4", user="U0MIA")
    assert third.deciders == ("U0BO",)
    assert calls_of(harness, "users.lookupByEmail") == searched
    assert calls_of(harness, "users.info") == read + 3

    simulated().stand_still(DAY + SECOND)
    await harness.ask("production-database because it burns")
    await harness.store.run(lambda db: recipients.look_again(db, third))
    await harness.jobs.find_recipients()
    assert calls_of(harness, "users.lookupByEmail") > searched


async def test_who_was_not_found_is_searched_for_again_after_an_hour(harness):
    """Somebody may join Slack."""
    bo = harness.workspace.people["U0BO"]
    bo.email = None
    request = await harness.ask(ASK)
    assert request.deciders == ()
    searched = calls_of(harness, "users.lookupByEmail")

    await harness.store.run(lambda db: recipients.look_again(db, request))
    await harness.jobs.find_recipients()
    assert calls_of(harness, "users.lookupByEmail") == searched

    bo.email = "bo@contoso.example"
    simulated().stand_still(HOUR + SECOND)
    await harness.jobs.find_recipients()
    assert (await harness.request(request.id)).deciders == ("U0BO",)


@pytest.mark.parametrize(
    "change", [{"deleted": True}, {"is_restricted": True}, {"email": "else@contoso.example"}]
)
async def test_what_is_kept_is_checked_when_it_is_used(harness, change):
    """A card never goes to whom somebody was yesterday."""
    await harness.ask(ASK)
    simulated().stand_still(TEN_MINUTES + SECOND)
    for name, value in change.items():
        setattr(harness.workspace.people["U0BO"], name, value)

    request = await harness.ask("finance-reports because Q4", user="U0CY")

    assert request.deciders == ()


async def test_whom_the_bot_knows_already_needs_no_search(harness):
    """Bo has used it before."""
    await harness.people.identify("U0BO")
    searched = calls_of(harness, "users.lookupByEmail")

    request = await harness.ask(ASK)

    assert request.deciders == ("U0BO",)
    assert calls_of(harness, "users.lookupByEmail") == searched
    (kept,) = (await harness.store.run(contacts.find, [seed.BO])).values()
    assert kept.slack_user == "U0BO"


async def test_of_a_long_list_those_known_in_slack_come_first(harness):
    """Twenty cards; and no more than twenty searches for strangers at a time."""
    reviewers(harness, 60, in_slack=range(30, 60))
    await harness.people.identify("U155")
    decided_by(harness, members(seed.SECURITY_REVIEWERS))
    searched = calls_of(harness, "users.lookupByEmail")

    request = await harness.ask(ASK)

    assert request.deciders == ("U155",)
    assert calls_of(harness, "users.lookupByEmail") == searched + 20

    for _ in range(3):
        await harness.store.run(lambda db: recipients.look_again(db, request))
        await harness.jobs.find_recipients()
    assert len((await harness.request(request.id)).deciders) == 20


async def test_who_may_decide_no_more_loses_the_card(harness):
    """Within the hour; nothing of the request stays in it, and it comes back if the right does."""
    decided_by(harness, members(seed.SECURITY_REVIEWERS))
    request = await harness.ask(ASK)
    await harness.talk()
    assert set(request.deciders) == {"U0BO", "U0DANA"}
    harness.tenant.remove_member(seed.SECURITY_REVIEWERS, seed.BO)

    simulated().stand_still(HOUR + SECOND)
    await harness.jobs.find_recipients()
    await harness.talk()

    assert (await harness.request(request.id)).deciders == ("U0DANA",)
    card = harness.told("U0BO")[-1]
    assert "not asked about this request any more" in card.text
    assert "Q4" not in str(card.blocks)
    assert "latchkey_approve" not in str(card.blocks)

    harness.tenant.add_member(seed.SECURITY_REVIEWERS, seed.BO)
    simulated().stand_still(HOUR + SECOND)
    await harness.jobs.find_recipients()
    await harness.talk()
    assert "latchkey_approve" in str(harness.told("U0BO")[-1].blocks)
    assert len(harness.told("U0BO")) == 1


async def test_a_refused_click_of_somebody_who_was_asked_looks_again(harness):
    """Bo has left the reviewers, and presses before anybody noticed."""
    decided_by(harness, members(seed.SECURITY_REVIEWERS))
    request = await harness.ask(ASK)
    harness.tenant.remove_member(seed.SECURITY_REVIEWERS, seed.BO)

    await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
    )
    await harness.work()

    after = await harness.request(request.id)
    assert (after.state, after.deciders) == (State.PENDING, ("U0DANA",))


async def test_looking_again_disturbs_no_decision(harness):
    """A decision under way knows the request as it was; whom else to ask is no change of it."""
    request = await judged(harness)
    await harness.jobs.find_recipients()

    moved = await harness.store.run(requests.move, request, State.APPROVED, actor="U0BO")

    assert moved is not None


async def test_who_joins_while_cards_are_sent_has_one_too(harness):
    """What is owed is read again when the sending ends."""
    request = await judged(harness)

    sending = asyncio.create_task(harness.talk())
    finding = asyncio.create_task(harness.jobs.find_recipients())
    await asyncio.gather(sending, finding)
    await harness.talk()

    assert (await harness.request(request.id)).deciders == ("U0BO",)
    assert len(harness.told("U0BO")) == 1


async def test_a_request_that_went_on_takes_nobody_new(harness):
    """It was decided while its approvers were looked up."""
    request = await judged(harness)
    await harness.store.run(requests.move, request, State.CANCELED)

    assert not await harness.store.run(recipients.add, request, "U0BO", NamedAs.USER)
    await harness.store.run(
        recipients.settle, request, ["U0BO"], nobody=True, again_at=clock.real()
    )

    after = await harness.request(request.id)
    assert (after.deciders, after.unnamed) == ((), False)


async def test_a_policy_that_names_nobody_says_so_on_the_card(harness):
    """The admins see why nobody else is asked."""
    decided_by(harness, user(seed.ANN))

    request = await harness.ask(ASK)
    await harness.talk()

    assert request.unnamed
    card = harness.workspace.channels["C0APPROVALS"].messages[-1]
    assert "finds nobody who can decide" in str(card.blocks)


async def test_one_request_that_cannot_be_looked_up_stops_no_other(harness):
    """Graph stumbles over one group; everybody else has their card, and the one comes later."""
    decided_by(harness, members(seed.SECURITY_REVIEWERS))
    one = await judged(harness)
    two = await judged(harness, "production-database because it burns")
    harness.line.on("GET .*transitiveMembers", answering(500))

    await harness.jobs.find_recipients()

    assert (await harness.request(one.id)).deciders == ()
    assert (await harness.request(two.id)).deciders == ("U0MIA",)
    simulated().stand_still(timedelta(minutes=2))
    await harness.jobs.find_recipients()
    assert set((await harness.request(one.id)).deciders) == {"U0BO", "U0DANA"}


async def test_a_delegate_is_asked_beside_the_approver(harness):
    """With a card of their own; what Cy lets others decide asks nobody."""
    await harness.store.run(delegations.add, delegation())
    await harness.store.run(delegations.add, delegation(delegator="U0CY", delegate="U0MIA"))

    request = await harness.ask(ASK)
    await harness.talk()

    assert request.deciders == ("U0BO", "U0CY")
    assert "Ann Abara asks for Finance Reports." in [each.text for each in harness.told("U0CY")]


@pytest.mark.parametrize(
    "changes",
    [
        {"delegate": "U0ANN"},
        {"ends_at": SOME_DAY},
        {"delegator": "U0MIA"},
    ],
    ids=str,
)
async def test_a_delegate_who_could_not_decide_is_not_asked(harness, changes):
    """Whoever asks; after the end; for somebody who is not asked."""
    await harness.store.run(delegations.add, delegation(**changes))

    assert (await harness.ask(ASK)).deciders == ("U0BO",)


@pytest.mark.parametrize("whom", ["U0GUS", "U0EVE", "U0NOBODY"])
async def test_a_delegate_who_is_no_full_member_sees_nothing(harness, whom):
    """A guest, somebody of another company, nobody: neither asked nor named."""
    await harness.store.run(delegations.add, delegation(delegate=whom))

    request = await harness.ask(ASK)
    await harness.talk()

    assert request.deciders == ("U0BO",)
    assert whom not in harness.workspace.people or harness.told(whom) == []


async def test_a_second_account_of_a_delegate_stops_nobody(harness):
    """It is still to be told of: until then nothing is shown there, and everybody else has their card."""
    cy = harness.workspace.people["U0CY"]
    harness.workspace.people["U0CY2"] = replace(cy, id="U0CY2", name="cy2")
    await harness.people.identify("U0CY")
    with pytest.raises(SecondAccountUnannounced):
        await harness.people.identify("U0CY2")
    await harness.store.run(delegations.add, delegation(delegate="U0CY2"))
    one = await judged(harness)
    other = (await harness.requests.ask(slack_user="U0MIA", text=ASK)).request
    await harness.jobs.requests.run()

    await harness.jobs.find_recipients()

    for each in (one, other):
        assert (await harness.request(each.id)).deciders == ("U0BO",)


async def test_a_delegate_is_read_in_slack_and_entra_once_in_ten_minutes(harness):
    """However many requests there are to decide."""
    await harness.store.run(delegations.add, delegation())
    await judged(harness)
    await harness.jobs.find_recipients()
    before = calls_of(harness, "users.info")
    await harness.requests.ask(slack_user="U0MIA", text=ASK)
    await harness.jobs.requests.run()
    asked = calls_of(harness, "users.info")

    await harness.jobs.find_recipients()

    assert asked > before
    assert calls_of(harness, "users.info") == asked


async def test_beside_one_approver_twenty_delegates_are_asked_at_most(harness):
    """However many they have named."""
    for number in range(25):
        mail = f"nr{number}@contoso.example"
        user_id = f"a1000000-0000-4000-8000-{number:012d}"
        world = harness.tenant.world
        world.users[user_id] = User(user_id, f"Nr {number}", mail, world.now(), mail=mail)
        slack_user = f"U2{number:02}"
        harness.workspace.people[slack_user] = Person(
            id=slack_user,
            name=f"nr{number}",
            real_name=f"Nr {number}",
            email=mail,
            team_id="T0LATCH",
        )
        await harness.store.run(delegations.add, delegation(delegate=slack_user))
    request = await judged(harness)

    await harness.jobs.find_recipients()

    assert len((await harness.request(request.id)).deciders) == 1 + 20


@pytest.mark.parametrize("ends", ["canceled", "over"])
async def test_a_delegate_is_asked_no_more_when_it_ends(harness, ends):
    """Their card says so, and has no buttons."""
    made = delegation(ends_at=clock.now() + HOUR / 2)
    await harness.store.run(delegations.add, made)
    request = await harness.ask(ASK)
    await harness.talk()
    assert request.deciders == ("U0BO", "U0CY")

    if ends == "canceled":
        await harness.store.run(delegations.cancel, made.id, by="U0BO", at=clock.now())
        await harness.store.run(recipients.look_again_for, ["U0BO"])
    else:
        simulated().stand_still(HOUR / 2 + SECOND)
    await harness.jobs.find_recipients()
    await harness.talk()

    assert (await harness.request(request.id)).deciders == ("U0BO",)
    # Beside it, they are told of the delegation itself.
    told = [each.text for each in harness.told("U0CY")]
    assert sum("not asked about this request any more" in each for each in told) == 1


def settled_by_somebody_slow(db, request):
    """Write what a lookup finds that has begun before the last change."""
    recipients.settle(db, request, ["U0BO", "U0CY"], nobody=False, again_at=clock.real() + HOUR)


@pytest.mark.parametrize("change", ["escalated", "delegated"])
async def test_a_change_while_they_are_looked_up_is_looked_at_at_once(harness, change):
    """Whoever looks them up just then knows nothing of it, and does not put it off."""
    request = await judged(harness)
    (claimed,) = await harness.store.run(recipients.claim, lease=LEASE, limit=1)
    if change == "escalated":
        assert await harness.store.run(current_stage.escalate, request)
        assert not await harness.store.run(recipients.add, claimed, "U0CY", NamedAs.USER)
    else:
        await harness.store.run(recipients.look_again, request)

    await harness.store.run(settled_by_somebody_slow, claimed)

    (again,) = await harness.store.run(recipients.claim, lease=LEASE, limit=1)
    assert again.id == request.id
    assert ("U0CY" in again.deciders) is (change == "delegated")


async def test_who_has_just_approved_is_not_asked_again_by_a_slow_lookup(harness):
    """Of several who must approve: the lookup has begun before they did."""
    request = await judged(harness)
    (claimed,) = await harness.store.run(recipients.claim, lease=LEASE, limit=1)
    counted = await harness.store.run(
        current_stage.count_approval,
        request,
        approvals=1,
        terms=request.terms,
        terms_hash=request.terms_hash,
    )
    assert counted is not None

    await harness.store.run(settled_by_somebody_slow, claimed)

    assert (await harness.request(request.id)).deciders == ()
