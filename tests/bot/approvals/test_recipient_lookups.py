"""Test one look for whom to ask: who of those named is searched for, kept, left out, and when it is looked at again."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.model import Outcome
from bot.approvals.store import deciders, decisions, recipients
from bot.database.tables import decisions as decision_table
from bot.jobs.status import JobStatus
from bot.packages.model import NamedObject, Stage
from bot.people.admins import GOOD_FOR_LISTS
from bot.people.model import NamedAs, Person
from bot.people.store import contacts, delegations, people
from bot.people.store.contacts import Contact
from bot.requests.model import State
from bot.requests.store import requests
from graph.errors import BadAnswer
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.bot.approvals.test_recipients import (
    ASK,
    DAY,
    HOUR,
    SECOND,
    TEN_MINUTES,
    calls_of,
    judged,
)
from tests.bot.rows import in_work, rows_of, tamper
from tests.bot.samples import click, delegation, terms
from tests.harness.faults import and_then, answering
from tests.harness.loop import simulated

SEARCH, PROFILE = "users.lookupByEmail", "users.info"


def person(entra_id):
    return {"kind": "singleuser", "user_id": entra_id}


NOT_KNOWN = {"kind": "someapproverofnextyear"}


async def pending(harness, *named, stage=None, asker=None, **changes):
    """A request that waits for these people, and is due for a look."""
    stages = (replace(stage or Stage(), approvers=named),)
    facts = {"held_at": None, "entra_id": seed.ANN, **changes}
    request = await in_work(harness.store, State.PENDING, **facts)
    await tamper(
        harness.store,
        request,
        terms=asdict(terms(stages=stages, asker=asker)),
        recipients_due_at=clock.real(),
    )
    return await harness.request(request.id)


async def asked(harness, request):
    await harness.jobs.recipients.find_due()
    return (await harness.request(request.id)).deciders


async def look_in(harness, request):
    """How long it is until the next look."""
    return (await rows_of(harness.store))[request.id]["recipients_due_at"] - clock.real()


async def know(harness, **slack_users):
    """Let it be known, and just verified, who these are in Slack: by the names of the tutorial's people."""
    for name, slack_user in slack_users.items():
        now = clock.real()
        contact = Contact(
            entra_id=getattr(seed, name), slack_user=slack_user, looked_up_at=now, verified_at=now
        )
        await harness.store.run(contacts.save, contact)


async def contact_of(harness, entra_id):
    return (await harness.store.run(contacts.find, [entra_id])).get(entra_id)


async def test_ten_are_looked_up_at_once(harness):
    """It is told how many there were, for whoever comes back for more."""
    await know(harness, BO="U0BO")
    for number in range(12):
        await pending(harness, person(seed.BO), package_id=f"package {number}")
    find_due = harness.jobs.recipients.find_due

    assert [await find_due(), await find_due(), await find_due()] == [10, 2, 0]


async def test_whoever_takes_them_has_them_for_five_minutes(harness):
    """Another replica looks them up if it has died with them."""
    request = await pending(harness, person(seed.BO))
    began = clock.real()
    leases = []

    async def look():
        leases.append((await rows_of(harness.store))[request.id]["recipients_due_at"])

    harness.line.on(f"GET .*/users/{seed.BO}", and_then(look))
    await harness.jobs.recipients.find_due()

    (leased_until,) = leases
    assert timedelta(minutes=5) <= leased_until - began < timedelta(minutes=5) + SECOND


async def test_when_slack_is_busy_all_replicas_wait_as_long_as_it_says(harness):
    """Who was looked up before is done, and nobody asks Slack meanwhile."""
    await know(harness, BO="U0BO")
    pause = timedelta(seconds=40)
    all_of_them = [
        await pending(harness, person(each), package_id=each)
        for each in (seed.BO, seed.MIA, seed.CY)
    ]
    for number, request in enumerate(all_of_them):
        due_at = clock.real() - HOUR + number * SECOND
        await tamper(harness.store, request, recipients_due_at=due_at)
    harness.workspace.faults.set("ratelimited", only="lookupByEmail", pause=pause)
    find_due = harness.jobs.recipients.find_due

    assert await find_due() == 1

    harness.workspace.faults.clear()
    rows = await rows_of(harness.store)
    left = [rows[each.id]["recipients_due_at"] - clock.real() for each in all_of_them[1:]]
    assert all(pause - SECOND < each <= pause for each in left)
    simulated().stand_still(pause - SECOND)
    searched = calls_of(harness, SEARCH)
    assert await find_due() == 0
    assert calls_of(harness, SEARCH) == searched
    # To the moment.
    due_at = rows[all_of_them[-1].id]["recipients_due_at"]
    simulated().stand_still(due_at - clock.real())
    assert await find_due() == 2
    found = [(await harness.request(each.id)).deciders for each in all_of_them]
    assert found == [("U0BO",), ("U0MIA",), ("U0CY",)]


async def test_what_failed_is_not_tried_again_at_once(harness):
    """It waits, and longer than a second and less than a minute."""
    request = await pending(harness, person(seed.BO))
    harness.line.on(f"GET .*/users/{seed.BO}", answering(500), times=9)

    assert await harness.jobs.recipients.find_due() == 1

    wait = (await rows_of(harness.store))[request.id]["recipients_due_at"] - clock.real()
    assert SECOND < wait <= timedelta(minutes=1)


@pytest.mark.parametrize(
    ("named", "quorum", "approved", "unnamed"),
    [
        ((), 1, (), True),
        ((seed.BO,), 1, (), False),
        ((seed.BO,), 2, (), True),
        ((seed.BO, seed.MIA), 2, (), False),
        ((seed.BO, seed.MIA), 2, (seed.BO,), False),
        ((seed.BO, seed.MIA), 3, (seed.BO,), True),
        ((seed.BO, seed.MIA, seed.CY), 3, (seed.BO,), False),
    ],
)
async def test_too_few_are_as_nobody(harness, named, quorum, approved, unnamed):
    """Of the approvals that are still to come; who has approved does not do it twice."""
    request = await pending(harness, *map(person, named), stage=Stage(quorum=quorum))
    for entra_id in approved:
        await counted(harness, request, entra_id)

    found = await asked(harness, request)

    of = {seed.BO: "U0BO", seed.MIA: "U0MIA", seed.CY: "U0CY"}
    assert set(found) == {of[each] for each in named if each not in approved}
    assert (await harness.request(request.id)).unnamed is unnamed


@pytest.mark.parametrize(
    ("named", "quorum", "about", "nobody_left"),
    [
        # Dana is the only admin.
        ((), 1, {}, False),
        ((), 1, {"entra_id": seed.DANA}, True),
        ((), 1, {"holder": "U0DANA"}, True),
        ((), 2, {}, True),
        ((seed.BO,), 2, {}, False),
        ((seed.BO,), 3, {}, True),
        # Named, and an admin: one person.
        ((seed.DANA,), 2, {}, True),
        ((seed.BO,), 1, {"entra_id": seed.DANA}, False),
    ],
)
async def test_nobody_is_left_where_the_admins_do_not_make_up_for_it(
    harness, named, quorum, about, nobody_left
):
    """Whoever has asked, or is named anyway, does not."""
    await harness.permissions.refresh()
    who = Person(slack_user="U0DANA", slack_name="d", entra_id=seed.DANA, entra_name="Dana")
    await harness.store.run(people.bind, who)
    request = await pending(harness, *map(person, named), stage=Stage(quorum=quorum), **about)

    await asked(harness, request)

    assert (await harness.request(request.id)).nobody_left is nobody_left


@pytest.mark.parametrize("before", [True, False])
async def test_that_nobody_is_left_stays_as_it_was_while_the_admins_are_not_known(harness, before):
    """What was read of them is too old."""
    await harness.permissions.refresh()
    simulated().stand_still(GOOD_FOR_LISTS + SECOND)
    request = await pending(harness, entra_id=seed.DANA, nobody_left=before)

    await asked(harness, request)

    assert (await harness.request(request.id)).nobody_left is before


async def counted(harness, request, entra_id, **changes):
    """Let somebody's approval count."""
    decision = click(request, entra_id=entra_id, outcome=Outcome.ACCEPTED, **changes)
    values = {
        **vars(decision),
        "proven_contexts": None,
        "holder": request.holder,
        "holder_entra_id": request.entra_id,
    }
    columns = {each.name for each in decision_table.columns}
    row = {key: value for key, value in values.items() if key in columns}
    await harness.store.run(lambda db: db.execute(decision_table.insert().values(**row)).rowcount)
    assert await harness.store.run(decisions.accepted_of, request)


async def test_who_cannot_be_told_is_not_nobody(harness):
    """It was understood once; the check before the grant refuses it, and until then it is looked at as seldom as others."""
    request = await pending(harness, NOT_KNOWN)

    assert await asked(harness, request) == ()
    assert (await harness.request(request.id)).unnamed is False
    assert await look_in(harness, request) > HOUR - SECOND


async def test_a_request_without_terms_stops_nothing(harness):
    """There is nobody to ask about it, and nothing to say."""
    request = await pending(harness)
    await tamper(harness.store, request, terms=None)

    assert await harness.jobs.recipients.find_due() == 1
    assert (await harness.request(request.id)).unnamed is False
    assert await look_in(harness, request) > HOUR - SECOND


async def test_neither_who_asks_nor_who_gets_it_nor_anybody_twice_is_asked(harness):
    """Whatever their accounts in Entra are."""
    await know(harness, MIA="U0ANN", CY="U0DANA", GUS="U0BO", BO="U0BO")
    others = (seed.MIA, seed.CY, seed.GUS, seed.BO)

    request = await pending(harness, *map(person, others), asked_by="U0DANA")

    assert await asked(harness, request) == ("U0BO",)
    why = await harness.store.run(deciders.why_asked, request, "U0BO")
    assert why is NamedAs.USER


async def test_after_twenty_cards_nobody_more_is_looked_at(harness):
    """However many are known."""
    world = harness.tenant.world
    for number in range(25):
        user_id = f"a1000000-0000-4000-8000-{number:012d}"
        world.users[user_id] = User(user_id, f"Nr {number}", f"{number}@x.example", world.now())
        now = clock.real()
        contact = Contact(
            entra_id=user_id, slack_user=f"U1{number}", looked_up_at=now, verified_at=now
        )
        await harness.store.run(contacts.save, contact)
    request = await pending(harness, *map(person, list(world.users)[-25:]))

    assert len(await asked(harness, request)) == 20


async def test_of_a_long_group_a_hundred_are_looked_at(harness):
    """Whoever comes after them is asked by nobody."""
    world = harness.tenant.world
    members = world.groups[seed.SECURITY_REVIEWERS].members
    members.clear()
    for number in range(101):
        user_id = f"a1000000-0000-4000-8000-{number:012d}"
        world.users[user_id] = User(user_id, f"Nr {number}", f"{number}@x.example", world.now())
        members.append(user_id)
    group = {"kind": "groupmembers", "group_id": seed.SECURITY_REVIEWERS}
    for last, found in ((100, ()), (99, ("U0BO",))):
        await know(harness, BO="U0BO")
        now = clock.real()
        await harness.store.run(
            contacts.save,
            Contact(entra_id=members[last], slack_user="U0BO", looked_up_at=now, verified_at=now),
        )
        request = await pending(harness, group, package_id=str(last))
        assert await asked(harness, request) == found


async def test_it_is_looked_at_again_after_an_hour_or_when_a_delegation_ends(harness):
    """Whichever is sooner."""
    await know(harness, BO="U0BO")
    for lasts, again in ((HOUR / 2, HOUR / 2), (2 * HOUR, HOUR), (None, HOUR)):
        if lasts is not None:
            made = delegation(ends_at=clock.now() + lasts)
            await harness.store.run(delegations.add, made)
        request = await pending(harness, person(seed.BO), package_id=str(lasts))

        found = await asked(harness, request)

        assert ("U0CY" in found) is (lasts is not None)
        due_at = (await rows_of(harness.store))[request.id]["recipients_due_at"]
        assert again - SECOND < due_at - clock.real() <= again
        if lasts is not None:
            await harness.store.run(delegations.cancel, made.id, by="U0BO", at=clock.now())


async def test_whoever_has_a_card_already_sees_who_came_later(harness):
    """A card says who is asked."""
    request = await harness.ask(ASK)
    await harness.talk()
    assert "<@U0MIA>" not in str(harness.told("U0BO")[-1].blocks)
    stage = Stage(approvers=(person(seed.BO), person(seed.MIA)))
    await tamper(
        harness.store,
        request,
        terms=asdict(replace(request.terms, stages=(stage,))),
        recipients_due_at=clock.real(),
    )

    await asked(harness, request)
    await harness.talk()

    assert "<@U0MIA>" in str(harness.told("U0BO")[-1].blocks)


async def test_the_channels_card_says_who_is_asked_once_they_are_found(harness):
    """It was there before anybody was looked up; a look that finds the same people leaves all cards alone."""
    request = await judged(harness)
    await harness.talk()
    card = harness.workspace.channels["C0APPROVALS"].messages[-1]
    assert "<@U0BO>" not in str(card.blocks)

    assert await asked(harness, request) == ("U0BO",)
    await harness.talk()

    card = harness.workspace.channels["C0APPROVALS"].messages[-1]
    assert "<@U0BO>" in str(card.blocks)
    drawn = calls_of(harness, "chat.update")
    await harness.store.run(recipients.look_again, request)
    assert await asked(harness, request) == ("U0BO",)
    await harness.talk()
    assert calls_of(harness, "chat.update") == drawn


@pytest.mark.parametrize("escalated", [False, True])
async def test_once_the_request_has_gone_on_nobody_is_searched_for(harness, escalated):
    """Slack takes few of these questions; neither are those of an escalation."""
    named = [person(seed.BO), person(seed.MIA)]
    stage = Stage(escalation=(named.pop(),)) if escalated else None
    request = await pending(harness, *named, stage=stage, escalated=escalated)

    async def cancel():
        assert await harness.store.run(requests.move, request, State.CANCELED)

    harness.line.on(f"GET .*/users/{seed.MIA}", and_then(cancel))
    before = calls_of(harness, SEARCH)

    assert await asked(harness, request) == ()
    assert calls_of(harness, SEARCH) == before + 1


# -- delegates -----------------------------------------------------------------------------


async def test_it_is_kept_why_each_is_asked(harness):
    """An approver by the policy, and a delegate beside them; who is both is an approver."""
    await know(harness, BO="U0BO", MIA="U0MIA")
    await harness.store.run(delegations.add, delegation())
    await harness.store.run(delegations.add, delegation(delegate="U0MIA"))
    request = await pending(harness, person(seed.BO), person(seed.MIA))

    assert await asked(harness, request) == ("U0BO", "U0MIA", "U0CY")
    why = {
        each: await harness.store.run(deciders.why_asked, request, each)
        for each in ("U0BO", "U0MIA", "U0CY")
    }
    assert why == {"U0BO": NamedAs.USER, "U0MIA": NamedAs.USER, "U0CY": NamedAs.DELEGATE}


@pytest.mark.parametrize(
    ("about", "is_asked"),
    [
        ({}, True),
        ({"asked_by": "U0CY"}, False),
        ({"holder": "U0CY"}, False),
        # By another account of theirs.
        ({"entra_id": seed.CY}, False),
        ({"asker": NamedObject(id=seed.CY, name="Cy Chen")}, False),
        ({"asker": NamedObject(id=seed.MIA, name="Mia Moore")}, True),
        ({"stage": Stage(fresh_sign_in=True)}, False),
        ({"approved": {}}, True),
        ({"approved": {"entra_id": seed.CY}}, False),
        ({"approved": {"for_entra_id": seed.CY}}, False),
    ],
    ids=str,
)
async def test_a_delegate_is_asked_about_what_they_could_decide(harness, about, is_asked):
    """Not about their own, nor once more, nor where letting somebody decide takes a sign-in; nor when they are known by then."""
    await know(harness, BO="U0BO")
    await harness.people.identify("U0CY")
    await harness.store.run(delegations.add, delegation())
    facts = {key: value for key, value in about.items() if key != "approved"}
    request = await pending(harness, person(seed.BO), **facts)
    approved = about.get("approved")
    if approved is not None:
        await counted(harness, request, **{"entra_id": seed.MIA, **approved})

    for _ in range(2):
        assert ("U0CY" in await asked(harness, request)) is is_asked
        await harness.store.run(recipients.look_again, request)


async def test_where_entra_decides_no_delegate_is_asked(harness):
    """It knows none of ours."""
    await know(harness, BO="U0BO")
    await harness.store.run(delegations.add, delegation())
    request = await pending(harness, person(seed.BO))
    await tamper(harness.store, request, terms=asdict(replace(request.terms, entra_decides=True)))

    assert await asked(harness, request) == ("U0BO",)
    assert await look_in(harness, request) > HOUR - SECOND


@pytest.mark.parametrize("asker", [None, NamedObject(id=seed.MIA, name="Mia Moore")])
async def test_a_guest_is_asked_as_nobodys_delegate(harness, asker):
    """Whoever has asked; and the look is settled."""
    await know(harness, BO="U0BO")
    await harness.store.run(delegations.add, delegation(delegate="U0GUS"))
    request = await pending(harness, person(seed.BO), asker=asker)

    assert await asked(harness, request) == ("U0BO",)
    assert await look_in(harness, request) > HOUR - SECOND


@pytest.mark.parametrize("change", [{"deleted": True}, {"is_restricted": True}])
async def test_a_delegate_who_has_left_is_asked_no_more_after_ten_minutes(harness, change):
    """So long what was read of them is good for; and nothing of the request is shown to them until they are back."""
    await know(harness, BO="U0BO")
    await harness.store.run(delegations.add, delegation())
    request = await pending(harness, person(seed.BO))
    assert await asked(harness, request) == ("U0BO", "U0CY")
    cy = harness.workspace.people["U0CY"]
    harness.workspace.people["U0CY"] = replace(cy, **change)

    for _ in range(2):
        simulated().stand_still(TEN_MINUTES + SECOND)
        await harness.store.run(recipients.look_again, request)
        assert await asked(harness, request) == ("U0BO",)

    harness.workspace.people["U0CY"] = cy
    await harness.store.run(recipients.look_again, request)
    assert await asked(harness, request) == ("U0BO", "U0CY")


# -- where somebody is in Slack --------------------------------------------------------------


@pytest.mark.parametrize(
    ("slack_user", "age", "searched"),
    [
        ("U0BO", DAY, 0),
        ("U0BO", DAY + SECOND, 1),
        (None, HOUR, 0),
        (None, HOUR + SECOND, 1),
    ],
)
async def test_what_was_found_is_good_for_a_day_and_what_was_not_for_an_hour(
    harness, slack_user, age, searched
):
    """After that Slack is searched once more, and what it says is kept."""
    bo = await harness.graph.users.get(seed.BO)
    began, before = clock.real() + SECOND, calls_of(harness, SEARCH)
    kept = Contact(entra_id=seed.BO, slack_user=slack_user, looked_up_at=began - age)
    await harness.store.run(contacts.save, kept)
    # To the moment: nothing takes time before the look.
    simulated().stand_still(began - clock.real())
    found, _ = await harness.jobs.recipients.find_in_slack([bo], asked=())

    assert calls_of(harness, SEARCH) == before + searched
    assert found == (["U0BO"] if searched or slack_user else [])
    after = await contact_of(harness, seed.BO)
    assert after.slack_user == (found[0] if found else None)
    assert (after.looked_up_at >= began) is bool(searched)
    assert (after.verified_at is not None and after.verified_at >= began) is bool(found)


async def test_who_is_not_found_is_remembered(harness):
    """Nothing of it was verified."""
    harness.workspace.people["U0BO"].email = None
    request = await pending(harness, person(seed.BO))

    assert await asked(harness, request) == ()
    kept = await contact_of(harness, seed.BO)
    assert (kept.slack_user, kept.verified_at) == (None, None)
    assert clock.real() - SECOND < kept.looked_up_at <= clock.real()


@pytest.mark.parametrize(("age", "read"), [(TEN_MINUTES - SECOND, 0), (TEN_MINUTES + SECOND, 1)])
async def test_whether_it_is_still_them_is_asked_after_ten_minutes(harness, age, read):
    """And no search is made for it."""
    await know(harness, BO="U0BO")
    began = clock.real()
    simulated().stand_still(age)
    request = await pending(harness, person(seed.BO))
    before, searched = calls_of(harness, PROFILE), calls_of(harness, SEARCH)

    assert await asked(harness, request) == ("U0BO",)
    assert calls_of(harness, PROFILE) == before + read
    assert calls_of(harness, SEARCH) == searched
    kept = await contact_of(harness, seed.BO)
    assert kept.looked_up_at <= began
    assert (kept.verified_at > began) is bool(read)


async def test_who_has_used_latchkey_since_a_vain_search_is_asked(harness):
    """They have shown who they are."""
    await harness.people.identify("U0BO")
    kept = Contact(entra_id=seed.BO, slack_user=None, looked_up_at=clock.real())
    await harness.store.run(contacts.save, kept)
    request = await pending(harness, person(seed.BO))

    assert await asked(harness, request) == ("U0BO",)


async def test_who_is_found_elsewhere_than_they_were_is_asked_there(harness):
    """Of two accounts the one that Slack says now counts."""
    await harness.people.identify("U0BO")
    await know(harness, BO="U0MIA")
    request = await pending(harness, person(seed.BO))

    assert await asked(harness, request) == ("U0MIA",)


async def old(harness, entra_id, slack_user):
    """Somebody was found, and it is time to ask whether it is still them."""
    now = clock.real()
    kept = Contact(entra_id=entra_id, slack_user=slack_user, looked_up_at=now)
    await harness.store.run(contacts.save, kept)


async def test_who_is_known_as_somebody_else_is_not_them(harness):
    """Whatever their address is; the search finds nobody then, either."""
    await harness.people.identify("U0BO")
    harness.tenant.world.users[seed.MIA].mail = "bo@contoso.example"
    await old(harness, seed.MIA, "U0BO")
    request = await pending(harness, person(seed.MIA))

    assert await asked(harness, request) == ("U0MIA",)


async def test_who_is_known_as_them_is_them_whatever_their_address(harness):
    """Ids are the same in capitals."""
    await harness.people.identify("U0BO")
    harness.workspace.people["U0BO"].email = "else@contoso.example"
    harness.tenant.world.users[seed.BO.upper()] = harness.tenant.world.users[seed.BO]
    await old(harness, seed.BO, "U0BO")
    request = await pending(harness, person(seed.BO))
    searched = calls_of(harness, SEARCH)

    assert await asked(harness, request) == ("U0BO",)
    assert calls_of(harness, SEARCH) == searched


@pytest.mark.parametrize(
    ("mail", "principal", "email", "is_still"),
    [
        ("bo@contoso.example", "b@contoso.example", "bo@contoso.example", True),
        (None, "bo@contoso.example", "BO@contoso.example", True),
        ("b@contoso.example", "bo@contoso.example", "bo@contoso.example", True),
        ("b@contoso.example", "c@contoso.example", "bo@contoso.example", False),
        ("", "c@contoso.example", "", False),
        (None, "c@contoso.example", None, False),
    ],
)
async def test_either_of_their_addresses_tells_that_it_is_still_them(
    harness, mail, principal, email, is_still
):
    """And no empty one."""
    bo = harness.tenant.world.users[seed.BO]
    bo.mail, bo.user_principal_name = mail, principal
    harness.workspace.people["U0BO"].email = email
    await old(harness, seed.BO, "U0BO")
    request = await pending(harness, person(seed.BO))
    searched = calls_of(harness, SEARCH)

    await asked(harness, request)

    assert (calls_of(harness, SEARCH) == searched) is is_still


async def test_who_has_left_slack_is_searched_for_again(harness):
    """Slack knows them no more, or no more as a member."""
    for gone in ("U0NOBODY", "U0GUS"):
        await old(harness, seed.BO, gone)
        request = await pending(harness, person(seed.BO), package_id=gone)

        assert await asked(harness, request) == ("U0BO",)


async def test_who_is_not_them_any_more_is_not_asked_where_the_search_fails(harness):
    """Nor at the next look: nothing has said that it is still them."""
    await old(harness, seed.BO, "U0BO")
    harness.workspace.people["U0BO"].email = "else@contoso.example"
    request = await pending(harness, person(seed.BO))
    harness.workspace.faults.set("server_error", only=SEARCH)

    assert await asked(harness, request) == ()

    harness.workspace.faults.clear()
    simulated().stand_still(timedelta(minutes=1))
    assert await asked(harness, request) == ()


async def test_users_are_found_in_slack_those_first_who_are_known(harness):
    """Each once, and nobody who is not there."""
    await know(harness, MIA="U0MIA", GUS="U0MIA")
    harness.workspace.people["U0CY"].email = None
    users = [await harness.graph.users.get(each) for each in (seed.BO, seed.CY, seed.MIA, seed.GUS)]

    found = await harness.jobs.recipients.find_in_slack(users, asked=())
    assert found == (["U0MIA", "U0BO"], None)


async def test_twenty_users_are_looked_at_at_once(harness):
    """The others' turn comes with the next look."""
    bo = await harness.graph.users.get(seed.BO)
    users = [bo.model_copy(update={"id": f"{number}", "mail": None}) for number in range(25)]
    for each in users:
        contact = Contact(
            entra_id=each.id,
            slack_user=f"U1{each.id}",
            looked_up_at=clock.real(),
            verified_at=clock.real(),
        )
        await harness.store.run(contacts.save, contact)

    found, _ = await harness.jobs.recipients.find_in_slack(users, asked=())
    assert len(found) == 20


# -- somebody who cannot be read -----------------------------------------------------------


def unread_in_entra(harness):
    harness.tenant.faults.set("forbidden", only="GET .*/users$")


def unread_in_slack(harness):
    harness.workspace.faults.set("server_error", only=PROFILE)


def throttled(harness):
    harness.tenant.faults.set("throttle", only="GET .*/users$")


def busy(harness):
    harness.workspace.faults.set("ratelimited", only=PROFILE)


@pytest.mark.parametrize("trouble", [unread_in_entra, unread_in_slack, throttled, busy])
@pytest.mark.parametrize("has_card", [True, False])
async def test_a_delegate_who_cannot_be_read_keeps_nothing_from_being_settled(
    harness, trouble, has_card
):
    """Whoever may decide no more loses the card, the admins have theirs; the delegate keeps what they have, and is looked up soon again."""
    await know(harness, BO="U0BO")
    await harness.store.run(delegations.add, delegation())
    before = ("U0BO", "U0MIA", *(["U0CY"] if has_card else []))
    request = await pending(
        harness, person(seed.BO), stage=Stage(quorum=2), deciders=before, unnamed=False
    )
    trouble(harness)

    assert await asked(harness, request) == ("U0BO", *(["U0CY"] if has_card else []))
    assert (await harness.request(request.id)).unnamed
    due_at = (await rows_of(harness.store))[request.id]["recipients_due_at"]
    assert due_at - clock.real() <= timedelta(minutes=1)

    harness.tenant.faults.clear()
    harness.workspace.faults.clear()
    simulated().stand_still(timedelta(minutes=1))
    assert await asked(harness, request) == ("U0BO", "U0CY")


async def test_one_delegate_who_cannot_be_read_keeps_no_other_from_their_card(harness):
    """Entra refuses one of two once."""
    await know(harness, BO="U0BO")
    for each in ("U0CY", "U0MIA"):
        await harness.store.run(delegations.add, delegation(delegate=each))
    request = await pending(harness, person(seed.BO))
    harness.line.on("GET .*/users$", answering(403))

    assert len(await asked(harness, request)) == 2

    simulated().stand_still(timedelta(minutes=1))
    assert set(await asked(harness, request)) == {"U0BO", "U0CY", "U0MIA"}


async def test_the_next_look_waits_as_long_as_whoever_asks_for_most(harness):
    """Entra for one who is named, Slack for a delegate of another."""
    await know(harness, BO="U0BO")
    await harness.store.run(delegations.add, delegation())
    request = await pending(harness, person(seed.BO), person(seed.MIA))
    harness.line.on("GET .*/users$", answering(503, **{"Retry-After": "600"}), times=9)
    unread_in_slack(harness)

    assert await asked(harness, request) == ("U0BO",)

    assert TEN_MINUTES - SECOND < await look_in(harness, request) <= TEN_MINUTES


async def test_no_other_delegate_is_read_while_graph_takes_no_more_questions(harness):
    """It would only throttle for longer."""
    await know(harness, BO="U0BO")
    for each in ("U0CY", "U0MIA"):
        await harness.store.run(delegations.add, delegation(delegate=each))
    request = await pending(harness, person(seed.BO))
    throttled(harness)
    before = calls_of(harness, PROFILE)

    assert await asked(harness, request) == ("U0BO",)
    assert calls_of(harness, PROFILE) == before + 1


async def test_nobody_else_is_looked_up_while_slack_is_too_busy_for_a_delegate(harness):
    """It would be asked in vain for each other delegate and request, also a new one: they wait as long as it says."""
    await know(harness, BO="U0BO")
    for each in ("U0CY", "U0MIA"):
        await harness.store.run(delegations.add, delegation(delegate=each))
    first, second = [
        await pending(harness, person(each), package_id=each) for each in (seed.BO, seed.MIA)
    ]
    await tamper(harness.store, first, recipients_due_at=clock.real() - HOUR)
    pause = timedelta(seconds=40)
    harness.workspace.faults.set("ratelimited", only=PROFILE, pause=pause)
    before = calls_of(harness, PROFILE)

    assert await asked(harness, first) == ("U0BO",)
    assert calls_of(harness, PROFILE) == before + 1

    harness.workspace.faults.clear()
    new = await pending(harness, person(seed.CY))
    assert await asked(harness, second) == ()
    assert pause - SECOND < await look_in(harness, second) <= pause
    assert (await harness.request(new.id)).deciders == ()
    simulated().stand_still(pause)
    assert await asked(harness, second) == ("U0MIA",)


def unread_or_not_found_in_slack(harness):
    harness.workspace.faults.set("server_error", only=f"{PROFILE}|{SEARCH}")


@pytest.mark.parametrize(
    ("known_since", "trouble"),
    [
        (TEN_MINUTES, unread_or_not_found_in_slack),
        (DAY, unread_or_not_found_in_slack),
        (DAY, unread_in_entra),
        # By having used Latchkey: nobody has searched for her.
        (None, unread_or_not_found_in_slack),
    ],
)
@pytest.mark.parametrize("has_card", [True, False])
async def test_an_approver_who_cannot_be_read_keeps_nothing_from_being_settled(
    harness, has_card, known_since, trouble
):
    """The same of one of several whom the policy names: Mia cannot be read for once."""
    if known_since is None:
        await harness.people.identify("U0MIA")
    else:
        await know(harness, MIA="U0MIA")
    simulated().stand_still((known_since or DAY) + SECOND)
    await know(harness, BO="U0BO")
    before = ("U0BO", "U0CY", *(["U0MIA"] if has_card else []))
    request = await pending(harness, person(seed.BO), person(seed.MIA), deciders=before)
    trouble(harness)

    assert await asked(harness, request) == ("U0BO", *(["U0MIA"] if has_card else []))

    harness.tenant.faults.clear()
    harness.workspace.faults.clear()
    simulated().stand_still(timedelta(minutes=1))
    assert await asked(harness, request) == ("U0BO", "U0MIA")


async def waiting(harness, *, lapses_at=None):
    """A request that Bo is asked about from now on."""
    return await pending(
        harness, person(seed.BO), waits_since=clock.now(), lapses_at=lapses_at, escalates_at=None
    )


async def reads_of_terms(harness, monkeypatch, request, minutes, *, answer=False):
    """After how many of these minutes, at each of which whom to ask is looked up, the terms of a request are read, too."""
    read = []

    async def begin_anew_if_changed(_request):
        read.append(minute)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(harness.jobs.recipients, "_begin_anew_if_changed", begin_anew_if_changed)
    passed = 0
    for minute in minutes:
        simulated().stand_still(timedelta(minutes=minute - passed))
        passed = minute
        await harness.store.run(recipients.look_again, request)
        await harness.jobs.recipients.find_due()
    return read


@pytest.mark.parametrize("answer", [False, BadAnswer("no answer")])
async def test_however_often_somebody_is_looked_up_the_terms_are_read_once_an_hour(
    harness, monkeypatch, answer
):
    """For each of a thousand that wait they take ten questions to Microsoft Graph."""
    request = await waiting(harness)

    minutes = [1, 59, 61, 62, 90, 120, 122, 150]
    assert await reads_of_terms(harness, monkeypatch, request, minutes, answer=answer) == [61, 122]


async def test_a_look_in_between_does_not_put_the_terms_off(harness, monkeypatch):
    """The next one is due as soon as they are."""
    request = await waiting(harness)
    await reads_of_terms(harness, monkeypatch, request, [50])
    read = []

    async def begin_anew_if_changed(asked):
        read.append(asked.id)
        return False

    monkeypatch.setattr(harness.jobs.recipients, "_begin_anew_if_changed", begin_anew_if_changed)
    simulated().stand_still(timedelta(minutes=11))
    await harness.jobs.recipients.find_due()

    assert read == [request.id]


async def test_no_other_terms_bring_back_what_nobody_may_decide_any_more(harness, monkeypatch):
    """The time for it is over, and the job that lets it expire has not been there yet."""
    request = await waiting(harness, lapses_at=clock.now() + HOUR)

    assert await reads_of_terms(harness, monkeypatch, request, [61, 70], answer=True) == []


async def test_of_many_that_are_due_together_each_few_are_progress(harness, monkeypatch):
    """Else whoever watches the bot's health would take it for one that has stopped."""
    status, found, silent_for = JobStatus(every=SECOND), [10, 10, 10, 0], []
    monkeypatch.setitem(harness.jobs.loop.statuses, "recipients", status)
    status.succeed()

    async def find_due():
        assert status.last_success is not None
        silent_for.append(clock.real() - status.last_success)
        simulated().stand_still(timedelta(seconds=50))
        return found.pop(0)

    monkeypatch.setattr(harness.jobs.recipients, "find_due", find_due)
    await harness.jobs.find_recipients()

    assert len(silent_for) == 4
    assert max(silent_for) < timedelta(minutes=1)
