"""Test where Entra and what was approved do not agree: told once, and changed by nobody but an admin."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.database.audit_log import audit
from bot.database.replicas import turns
from bot.drift.model import DriftState
from bot.drift.store import checks, mismatches
from sandbox.tenant.model import Group, User
from sandbox.tenant.seed import MARKETING_CAMPAIGN, MARKETING_RESOURCES
from tests.flow.access.test_endings import assignment_of, has_campaign
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    ENTRA_ID,
    MIA,
    MONTH,
    buttons,
    eventually,
    labels,
    living,
    said,
)

UNASKED = "I know of no request for it"


@pytest.fixture
async def world(database):
    """A world whose bot compares once a day, and has done so once."""
    async with living(database, LATCHKEY_DRIFT_HOURS="24") as made:
        await checked(made)
        yield made


def given_in_the_portal(world, user, *, days):
    """An administrator assigns the campaign in Entra's own portal."""
    return world.tenant.assign(
        MARKETING_CAMPAIGN,
        ENTRA_ID[user],
        end=world.outside.clock.now() + timedelta(days=days),
    )


async def checked(world):
    """Wait for a whole check that begins after this call."""
    jobs, began = world.bot.jobs, clock.real()
    jobs._syncs[checks.NAME].wanted = began

    async def is_done():
        jobs.loop.trigger(checks.NAME)
        state = await world.bot.store.read(turns.find, checks.NAME)
        return bool(state and state.began_at and state.succeeded_at) and (
            began <= state.began_at <= state.succeeded_at
        )

    await eventually(is_done, about=f"a check; {jobs.statuses[checks.NAME].last_error}")


def cards(world, pattern=""):
    """Return what the admins were told of drift."""
    return [
        each
        for each in world.slack.channel(APPROVALS).messages
        if "Ignore until …" in labels(each) and pattern in said(each)
    ]


def told(world, pattern):
    return [
        each
        for each in world.slack.channel(APPROVALS).messages
        if pattern in said(each) and each.ephemeral_to is None
    ]


async def the_card(world, pattern):
    await eventually(lambda: told(world, pattern), about=f"a card: {pattern}")
    (only,) = told(world, pattern)
    return only


async def test_nothing_is_found_in_a_tenant_that_agrees(world):
    """Asked for, granted, ended by itself: no word of drift."""
    await has_campaign(world)
    await checked(world)
    await world.later(MONTH)
    await checked(world)
    assert cards(world) == []


async def test_access_given_in_entra_is_told_once(world):
    """However often it is looked at; and it stays as it is."""
    given_in_the_portal(world, CY, days=10)
    await checked(world)
    card = await the_card(world, UNASKED)
    assert "has *Marketing Campaign* until" in said(card)
    assert labels(card) == ["Adopt", "Remove", "Ignore until …"]
    await checked(world)
    await checked(world)
    assert len(told(world, UNASKED)) == 1
    assert ENTRA_ID[CY] in world.holders(MARKETING_RESOURCES)
    assert world.posts() == []


def granted(db):
    """Write what `latchkey request` writes once Entra has taken it."""
    ids: dict[str, Any] = {"subject_entra_id": ENTRA_ID[CY], "package_id": MARKETING_CAMPAIGN}
    audit.record(db, at=clock.now(), actor="cli:olga", verb="cli-grant", after="submitted", **ids)


async def test_what_an_operator_gave_once_is_not_theirs_when_it_is_given_in_entra(world):
    """Their grant is of the access that began then, not of whatever comes later."""
    made = given_in_the_portal(world, CY, days=10)
    await world.bot.store.run(granted)
    await checked(world)
    assert await world.bot.store.read(mismatches.current) == []
    world.tenant.remove_assignment(made.id)
    await world.later(timedelta(days=3))
    await world.synced()
    given_in_the_portal(world, CY, days=10)
    await checked(world)
    await the_card(world, UNASKED)


async def test_an_admin_adopts_it(world):
    """Then nobody hears of it again, and the card says who it was."""
    given_in_the_portal(world, CY, days=10)
    await checked(world)
    await world.press(DANA, await the_card(world, UNASKED), "Adopt")
    await eventually(lambda: f"<@{DANA}> adopted it" in said(told(world, UNASKED)[0]))
    assert labels(told(world, UNASKED)[0]) == []
    await checked(world)
    assert len(told(world, UNASKED)) == 1
    assert any(actor == DANA and verb == "adopt" for actor, verb, _ in await world.deeds())


async def test_an_admin_removes_it(world):
    """By the form of every other removal."""
    given_in_the_portal(world, CY, days=10)
    await checked(world)
    await world.press(DANA, await the_card(world, UNASKED), "Remove")
    await world.give_reason(DANA, "Nobody asked for it.")
    await eventually(lambda: "That access is over now." in said(told(world, UNASKED)[0]))
    await checked(world)
    await eventually(lambda: "It is not so any more." in said(told(world, UNASKED)[0]))


async def ignores(world, card, *, days):
    await world.press(DANA, card, "Ignore until …")
    form = await eventually(lambda: world.form(DANA), about="the form")
    until = int((world.outside.clock.now() + timedelta(days=days)).timestamp())
    return await world.slack.submit(
        user=DANA,
        view_id=form.id,
        values={
            "until": {"until": until},
            "reason": {"reason": "They are told to ask."},
        },
    )


async def test_it_is_ignored_until_a_moment_and_then_told_anew(world):
    """With the reason on the card, and a card anew."""
    given_in_the_portal(world, CY, days=20)
    await checked(world)
    await ignores(world, await the_card(world, UNASKED), days=3)
    await eventually(lambda: "ignores it until" in said(told(world, UNASKED)[0]))
    assert "They are told to ask." in said(told(world, UNASKED)[0])
    await checked(world)
    assert len(told(world, UNASKED)) == 1

    world.outside.clock.shift(timedelta(days=4))
    await checked(world)
    await eventually(lambda: len(told(world, UNASKED)) == 2)
    assert "Adopt" in labels(told(world, UNASKED)[1])


async def test_only_admins_may_and_nobody_for_themselves(world):
    """Mia is no admin; and what Dana has herself is for another admin."""
    given_in_the_portal(world, DANA, days=10)
    await checked(world)
    card = await the_card(world, UNASKED)
    await world.press(MIA, card, "Adopt")
    await world.whispered(MIA, APPROVALS, "Only Latchkey's admins")
    await world.press(DANA, card, "Adopt")
    await world.whispered(DANA, APPROVALS, "about your own access")
    (row,) = await world.bot.store.read(mismatches.current)
    assert (row.state, row.wanted) == (DriftState.OPEN, None)


async def test_who_is_no_admin_any_more_does_not_adopt(world):
    """What counts is who they are when it is carried out, read afresh."""
    given_in_the_portal(world, CY, days=10)
    await checked(world)
    card = await the_card(world, UNASKED)
    world.slack.usergroups["S0IAM"].users = [BO]
    await world.press(DANA, card, "Adopt")
    await eventually(lambda: "Only Latchkey's admins can do that" in said(told(world, UNASKED)[0]))
    (row,) = await world.bot.store.read(mismatches.current)
    assert row.state is DriftState.OPEN


async def test_what_was_ended_in_entra_is_told(world):
    """Only of what was approved through Latchkey, and as long as the person does not have it again."""
    await has_campaign(world)
    world.tenant.remove_assignment(assignment_of(world, ANN).id)
    await world.synced()
    await checked(world)
    await the_card(world, "was ended in Entra before its time")
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access", times=2)
    await checked(world)
    await eventually(lambda: "It is not so any more." in said(told(world, "before its time")[0]))


async def test_a_later_end_in_entra_is_told(world):
    """With both ends; another end is another mismatch."""
    await has_campaign(world)
    held = assignment_of(world, ANN)
    world.tenant.move_end(held.id, held.end + timedelta(days=100))
    await checked(world)
    card = await the_card(world, "What was approved ends")
    await world.press(DANA, card, "Adopt")
    await eventually(lambda: "adopted it" in said(told(world, "What was approved ends")[0]))
    world.tenant.move_end(held.id, held.end + timedelta(days=100))
    await checked(world)
    await eventually(lambda: len(told(world, "What was approved ends")) == 2)


async def test_who_is_still_a_member_is_told(world):
    """Access is over, and Entra has left them in the group."""
    await has_campaign(world)
    group = world.tenant.world.groups[MARKETING_RESOURCES]
    await world.later(MONTH)
    group.members.append(ENTRA_ID[ANN])
    await world.later(timedelta(hours=3))
    await checked(world)
    card = await the_card(world, "still a member")
    assert labels(card) == ["Adopt", "Ignore until …"]
    assert "remove them from the group in Entra" in said(card)
    group.members.remove(ENTRA_ID[ANN])
    await checked(world)
    await eventually(lambda: "It is not so any more." in said(told(world, "still a member")[0]))


async def test_who_was_put_into_the_group_is_told(world):
    """Nobody has asked for them, and they have no package."""
    world.tenant.world.groups[MARKETING_RESOURCES].members.append(ENTRA_ID[MIA])
    await checked(world)
    card = await the_card(world, "is a member of the group *Marketing resources*")
    assert labels(card) == ["Adopt", "Ignore until …"]


async def test_a_group_within_the_group_is_told_and_adopted(world):
    """One card, whoever is in it, with what an admin can do in Entra; adopted, it is told no more."""
    entra = world.tenant.world
    inner = Group(
        id=entra.new_id(),
        display_name="Helpers",
        created_at=entra.now(),
        members=[ENTRA_ID[MIA], ENTRA_ID[CY]],
    )
    entra.groups[inner.id] = inner
    entra.groups[MARKETING_RESOURCES].members.append(inner.id)
    await checked(world)
    card = await the_card(world, "The group Helpers is in the group *Marketing resources*")
    assert labels(card) == ["Adopt", "Ignore until …"]
    assert "take that group out of the other in Entra" in said(card)
    await world.press(DANA, card, "Adopt")
    await eventually(lambda: "adopted it" in said(told(world, "Helpers")[0]))
    await checked(world)
    assert len(told(world, "Helpers")) == 1


async def test_who_was_taken_out_of_the_group_is_told(world):
    """Entra shows the access, and it gives nothing."""
    await has_campaign(world)
    world.tenant.world.groups[MARKETING_RESOURCES].members.remove(ENTRA_ID[ANN])
    await checked(world)
    assert cards(world) == [], "too early to say"
    await world.later(timedelta(hours=3))
    await checked(world)
    card = await the_card(world, "not a member of its group")
    assert labels(card) == ["Adopt", "Remove", "Ignore until …"]


async def test_where_members_may_not_be_read_it_is_said(world):
    """All else is compared, and what was found of groups before stays."""
    group = world.tenant.world.groups[MARKETING_RESOURCES]
    group.members.append(ENTRA_ID[MIA])
    await checked(world)
    await the_card(world, "is a member of the group")
    world.tenant.faults.set("forbidden", only=r"/groups/.*members")
    given_in_the_portal(world, CY, days=10)
    await checked(world)
    await the_card(world, UNASKED)
    assert "It is not so any more" not in said(told(world, "is a member of")[0])
    last = await world.bot.store.read(checks.last)
    assert "Marketing resources" in last.refused


async def test_a_group_that_hides_its_members_is_not_taken_for_empty(database):
    """Graph shows nobody in it, which is said, and not that its holders have lost what they were given."""
    async with living(database, LATCHKEY_DRIFT_HOURS="24") as world:
        world.tenant.world.groups[MARKETING_RESOURCES].visibility = "HiddenMembership"
        await checked(world)
        await has_campaign(world)
        await world.later(timedelta(hours=3))
        await checked(world)
        assert cards(world) == []
        last = await world.bot.store.read(checks.last)
        assert last is not None
        assert "Marketing resources" in last.refused


async def test_where_assignments_may_not_be_read_nobody_is_called_a_stranger(world):
    """Cy has the package, and no row says so: why they are in its group is told once it is known."""
    world.tenant.faults.set("forbidden", only=r"/assignments$")
    given_in_the_portal(world, CY, days=10)
    assert ENTRA_ID[CY] in world.holders(MARKETING_RESOURCES)
    await checked(world)
    assert await world.bot.store.read(mismatches.current) == []
    world.tenant.faults.clear()
    await checked(world)
    await the_card(world, UNASKED)
    assert len(cards(world)) == 1


async def test_many_at_once_are_one_card(world):
    """With a button that lists them."""
    for number in range(12):
        made = given_in_the_portal(world, CY, days=10 + number)
        made.target_id = ENTRA_ID[CY]
    await checked(world)
    card = await the_card(world, "In 12 places Entra and what was approved")
    assert labels(card) == ["Show them"]
    await world.press(DANA, card, "Show them")
    shown = await eventually(
        lambda: (form := world.form(DANA)) and "Last compared" in said(form) and form
    )
    assert said(shown).count(UNASKED) >= 5
    assert {each["text"]["text"] for each in buttons(shown)} >= {"Adopt", "Next page"}


async def test_a_check_is_made_by_itself(database):
    """As often as the setting says."""
    async with living(database, LATCHKEY_DRIFT_HOURS="2") as world:
        await asyncio.sleep(timedelta(minutes=10).total_seconds())
        first = await world.bot.store.read(turns.get, checks.NAME)
        await asyncio.sleep(timedelta(hours=2).total_seconds())
        second = await world.bot.store.read(turns.get, checks.NAME)
        assert first.began_at is not None
        assert second.began_at is not None
        assert second.began_at - first.began_at >= timedelta(hours=2)


async def test_with_0_hours_nothing_is_compared(database):
    """The setting that switches it off."""
    async with living(database) as world:
        given_in_the_portal(world, CY, days=10)
        await asyncio.sleep(timedelta(hours=3).total_seconds())
        assert await world.bot.store.read(turns.find, checks.NAME) is None


async def test_people_of_one_name_are_told_apart(world):
    """Each has a card; who is adopted, and who stays in question, would not be seen by the name."""
    made_at = world.outside.clock.now() - timedelta(days=3)
    twins = [f"a0000000-0000-4000-8000-0000000000{number}" for number in (77, 78)]
    for entra_id in twins:
        world.tenant.world.users[entra_id] = User(
            id=entra_id,
            display_name="Nat Novak",
            user_principal_name=f"{entra_id}@contoso.example",
            created_at=made_at,
        )
        world.tenant.assign(MARKETING_CAMPAIGN, entra_id, end=None)
    await checked(world)

    for entra_id in twins:
        card = await the_card(world, f"Nat Novak (`{entra_id}`) has *Marketing Campaign*")
        assert "Adopt" in labels(card)
