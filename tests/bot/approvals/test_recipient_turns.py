"""Test whose turn it is when more are named than one look searches for: nobody waits for ever, and no card wanders."""

import pytest

from bot import clock
from bot.approvals import lookup_order
from bot.approvals.store import deciders
from bot.packages.model import Stage
from bot.people.model import NamedAs
from bot.people.store import contacts
from bot.people.store.contacts import Contact
from bot.requests.store import current_stage
from sandbox.tenant import seed
from tests.bot.approvals.long_group import entra_id, join, named, reviewers
from tests.bot.approvals.test_recipient_lookups import (
    SEARCH,
    asked,
    contact_of,
    pending,
    person,
)
from tests.bot.approvals.test_recipients import DAY, HOUR, SECOND, calls_of
from tests.harness.loop import simulated

GROUP = {"kind": "groupmembers", "group_id": seed.SECURITY_REVIEWERS}
# As long after a look as the next one, or a little more.
NEXT_LOOK = HOUR + SECOND
# The same while some of many have not been searched for yet.
NEXT_TURN = lookup_order.NEXT_TURN + SECOND


async def asked_after(harness, request, pause, *, step=NEXT_LOOK):
    """Who is asked when the looks of so long are done; nothing but the time has made them due."""
    until = clock.real() + pause
    while clock.real() < until:
        simulated().stand_still(min(step, until - clock.real()))
        await harness.jobs.recipients.find_due()
    return set((await harness.request(request.id)).deciders)


@pytest.mark.parametrize("place", [20, 39, 40, 60, 99])
async def test_the_last_of_a_long_group_is_asked_as_well(harness, place):
    """Within minutes: those before them are not in Slack, and are not searched for again and again in their stead."""
    reviewers(harness, 100, in_slack={place})
    request = await pending(harness, GROUP)
    assert await asked(harness, request) == ()

    looks = place // 20

    assert await asked_after(harness, request, looks * NEXT_TURN, step=NEXT_TURN) == named([place])
    before = calls_of(harness, SEARCH)
    await asked_after(harness, request, (5 - looks) * NEXT_TURN, step=NEXT_TURN)
    everybody = calls_of(harness, SEARCH)
    assert everybody - before == 20 * (4 - looks)

    # Everybody has had their turn, and is left alone for an hour.
    await asked_after(harness, request, HOUR / 2, step=NEXT_TURN)
    assert calls_of(harness, SEARCH) == everybody


async def test_whose_place_is_taken_is_not_searched_for(harness):
    """Twenty have a card: nobody looks for more before the hour is over."""
    reviewers(harness, 100, in_slack=range(20))
    request = await pending(harness, GROUP)
    assert set(await asked(harness, request)) == named(range(20))
    before = calls_of(harness, SEARCH)

    await asked_after(harness, request, HOUR / 2, step=NEXT_TURN)

    assert calls_of(harness, SEARCH) == before


async def test_who_joins_slack_late_has_their_turn_again(harness):
    """When everybody else had theirs."""
    reviewers(harness, 60, in_slack=())
    request = await pending(harness, GROUP)
    assert await asked(harness, request) == ()
    join(harness, 0)

    assert await asked_after(harness, request, 2 * NEXT_LOOK) == set()
    assert await asked_after(harness, request, NEXT_LOOK) == named([0])


async def test_one_look_searches_for_twenty(harness):
    """Slack takes few of these questions; each next one is at others."""
    reviewers(harness, 60, in_slack=())
    request = await pending(harness, GROUP)
    searched = []
    for _ in range(4):
        before = calls_of(harness, SEARCH)
        await asked_after(harness, request, NEXT_LOOK)
        searched.append(calls_of(harness, SEARCH) - before)

    assert searched == [20, 20, 20, 20]
    assert all([await contact_of(harness, entra_id(number)) for number in range(60)])


async def test_who_is_asked_keeps_the_card_when_what_is_known_of_them_is_a_day_old(harness):
    """Others who are not in Slack are searched for after them."""
    reviewers(harness, 40, in_slack=range(25, 40))
    request = await pending(harness, GROUP)
    await asked(harness, request)
    assert await asked_after(harness, request, 2 * NEXT_LOOK) == named(range(25, 40))
    simulated().stand_still(DAY)

    await harness.jobs.recipients.find_due()

    assert set((await harness.request(request.id)).deciders) == named(range(25, 40))


async def test_cards_do_not_wander_from_one_to_another(harness):
    """Of more than have room: whoever is asked stays so, though others are better known by now."""
    reviewers(harness, 40, in_slack=range(40))
    request = await pending(harness, GROUP)
    assert set(await asked(harness, request)) == named(range(20))
    simulated().stand_still(DAY + SECOND)
    for number in range(20, 40):
        await harness.people.identify(f"U1{number}")

    assert set(await asked(harness, request)) == named(range(20))

    harness.tenant.remove_member(seed.SECURITY_REVIEWERS, entra_id(0))
    assert len(await asked_after(harness, request, NEXT_LOOK) - named(range(1, 20))) == 1


async def test_somebody_with_two_accounts_in_entra_takes_one_place(harness):
    """Of the twenty: nobody is left out because of them."""
    reviewers(harness, 22, in_slack=range(1, 22))
    request = await pending(harness, GROUP)
    now = clock.real()
    same = Contact(entra_id=entra_id(0), slack_user="U11", looked_up_at=now, verified_at=now)
    await harness.store.run(contacts.save, same)

    assert set(await asked(harness, request)) == named(range(1, 21))


async def test_of_many_reviewers_those_not_in_slack_take_nobodys_place(harness):
    """Who was not found a short while ago needs no look, and counts for none."""
    reviewers(harness, 25, in_slack=range(20, 25))
    users = [await harness.graph.users.get(entra_id(number)) for number in range(25)]
    find = harness.jobs.recipients.find_in_slack

    assert await find(users, asked=()) == ([], lookup_order.NEXT_TURN)
    found, again_in = await find(users, asked=())
    assert set(found) == named(range(20, 25))
    assert again_in is None


@pytest.mark.parametrize("how_many", [20, 100])
async def test_an_escalation_reaches_its_approvers_beside_a_long_group(harness, how_many):
    """Whoever has not answered keeps the card, and takes no room from those who are asked because of that."""
    reviewers(harness, how_many, in_slack=range(how_many))
    stage = Stage(escalation=(person(seed.MIA),))
    request = await pending(harness, GROUP, stage=stage)
    assert set(await asked(harness, request)) == named(range(20))

    assert await harness.store.run(current_stage.escalate, request)

    assert set(await asked(harness, request)) == {*named(range(20)), "U0MIA"}
    why = await harness.store.run(deciders.why_asked, request, "U0MIA")
    assert why is NamedAs.ESCALATION


async def test_the_approvers_of_an_escalation_take_no_room_from_those_before_them(harness):
    """However many they are, and however well known: Bo has never been looked for."""
    reviewers(harness, 20, in_slack=range(20))
    for number in range(20):
        await harness.people.identify(f"U1{number}")
    stage = Stage(escalation=(GROUP,))
    request = await pending(harness, person(seed.BO), stage=stage, escalated=True)

    assert set(await asked(harness, request)) == {*named(range(20)), "U0BO"}
