"""Test how access ends, and who hears of it: by itself, by its holder, by an admin, or in the portal."""

import asyncio
from datetime import timedelta

import pytest

from sandbox.tenant.model import Assignment
from sandbox.tenant.seed import (
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
    EVE,
    GENERAL,
    GUS,
    MIA,
    buttons,
    eventually,
    labels,
    living,
    said,
)

REMINDED = "Your access to .* ends|Ending soon|About your access to"


async def has_campaign(world, user=ANN):
    await world.type(user, "/request-access marketing-campaign")
    await world.told(user, "You now have access to \\*Marketing Campaign")


def assignment_of(world, user, package=MARKETING_CAMPAIGN):
    return next(
        each
        for each in world.tenant.world.assignments.values()
        if (each.target_id, each.package_id) == (ENTRA_ID[user], package) and each.is_live
    )


def given_in_the_portal(world, user, *, days):
    """An administrator assigns the campaign in Entra's own portal."""
    policy = next(
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == MARKETING_CAMPAIGN
    )
    now = world.outside.clock.now()
    made = Assignment(
        id=world.tenant.world.new_id(),
        package_id=MARKETING_CAMPAIGN,
        policy_id=policy.id,
        target_id=ENTRA_ID[user],
        subject_id=world.tenant.world.subject_id(ENTRA_ID[user]),
        created_at=now,
        state="delivered",
        status="Delivered",
        start=now,
    )
    world.tenant.world.assignments[made.id] = made
    world.tenant.move_end(made.id, now + timedelta(days=days))
    return made


async def test_let_it_end_silences_the_reminders(world):
    """Whoever is fine with the end is not reminded of it again, and is told when it has come."""
    await has_campaign(world)
    await world.later(timedelta(days=24))
    reminder = await world.told(ANN, REMINDED)

    await world.press(ANN, reminder, "Let it end")
    await world.told(ANN, "You chose to let \\*Marketing Campaign\\* end")
    await world.later(timedelta(days=5, hours=12))
    await world.told(ANN, REMINDED)

    await world.later(timedelta(days=1))
    await world.told(ANN, "Your access to \\*Marketing Campaign\\* has ended")


async def test_let_it_end_can_be_taken_back(world):
    """In the reminder and in the list: the buttons are there again, and so is the next reminder."""
    await has_campaign(world)
    await world.later(timedelta(days=24))
    reminder = await world.told(ANN, REMINDED)
    for place in ("reminder", "list"):
        await world.press(ANN, reminder, "Let it end")
        await eventually(lambda: labels(reminder) == ["Remind me after all"], about="the button")
        shown = (await world.type(ANN, "/my-access")).message
        assert "You chose to let it end." in said(shown)

        await world.press(ANN, reminder if place == "reminder" else shown, "Remind me after all")

        await eventually(lambda: "Let it end" in labels(reminder), about="the buttons again")
    assert [what for _, what, _ in await world.deeds() if what == "remind-again"] == [
        "remind-again",
        "remind-again",
    ]
    await world.told(ANN, "Reminders of \\*Marketing Campaign\\* are on again. It ends")

    await world.later(timedelta(days=5, hours=12))

    await world.told(ANN, "Your access to .* ends", times=2)


@pytest.mark.parametrize("is_pressed_before", [True, False])
async def test_whoever_takes_it_back_after_the_last_reminder_reads_whether_one_comes(
    world, is_pressed_before
):
    """None does behind the last one; one that came due meanwhile comes at once."""
    await has_campaign(world)
    await world.later(timedelta(days=24))
    reminder = await world.told(ANN, REMINDED)
    if is_pressed_before:
        await world.press(ANN, reminder, "Let it end")
    await world.later(timedelta(days=5, hours=12))
    if not is_pressed_before:
        await world.press(ANN, (await world.told(ANN, REMINDED, times=2)), "Let it end")

    shown = (await world.type(ANN, "/my-access")).message
    await world.press(ANN, shown, "Remind me after all")

    answer = "are on again" if is_pressed_before else "You will get no more reminders of"
    await world.whispered(ANN, GENERAL, answer)
    await world.told(ANN, "Your access to .* ends", times=2)


async def test_who_has_become_a_guest_reads_who_can_take_the_access_from_them(world):
    """They give nothing back by themselves here, and that is what they read."""
    await has_campaign(world)
    shown = (await world.type(ANN, "/my-access")).message
    world.slack.person(ANN).is_restricted = True

    await world.press(ANN, shown, "Return")

    told = said(await world.told(ANN, "was not removed"))
    assert "can give access back here, and this account is a guest" in told
    assert "Please ask one of Latchkey's admins to remove it" in told
    assert "ask for access or decide" not in told
    assert assignment_of(world, ANN)


async def test_a_reminder_is_redrawn_when_something_was_done(world):
    """After Extend, the reminder's buttons go away and the new end stands there."""
    await has_campaign(world)
    await world.later(timedelta(days=24))
    reminder = await world.told(ANN, REMINDED)

    await world.press(ANN, reminder, "Let it end")

    await eventually(lambda: "I will not remind you again" in said(world.direct(ANN)[1]))
    assert labels(world.direct(ANN)[1]) == ["Remind me after all"]


async def test_extended_access_is_reminded_of_again(world):
    """A new end is a new thing to be reminded of, once for each rung."""
    await has_campaign(world)
    await world.later(timedelta(days=24))
    await world.press(ANN, await world.told(ANN, REMINDED), "Extend")
    await world.told(ANN, "now lasts until")

    await world.later(timedelta(days=24))

    await world.told(ANN, REMINDED, times=2)


async def test_a_missed_rung_is_caught_up_with_by_the_nearest_only(world):
    """After an outage over both rungs there is one reminder, not two."""
    await has_campaign(world)

    await world.later(timedelta(days=29, hours=12))
    await world.synced()

    await world.told(ANN, REMINDED)


async def test_access_that_has_ended_is_not_reminded_of(world):
    """Whoever was away for everything hears of the end alone."""
    await has_campaign(world)

    await world.later(timedelta(days=31))

    await world.told(ANN, "has ended")
    assert not [each for each in world.direct(ANN) if "Ending soon" in each.text]
    assert ENTRA_ID[ANN] not in world.holders(MARKETING_RESOURCES)


async def test_other_rungs_are_a_setting(database):
    """LATCHKEY_REMINDER_DAYS decides when, and nothing else does."""
    async with living(database, LATCHKEY_REMINDER_DAYS="14, 3") as world:
        await has_campaign(world)
        await world.later(timedelta(days=16, hours=1))
        await world.told(ANN, REMINDED)
        await world.later(timedelta(days=7))
        await world.told(ANN, REMINDED)
        await world.later(timedelta(days=4))
        await world.told(ANN, REMINDED, times=2)


async def test_each_person_gets_one_reminder_of_their_own(world):
    """Two people whose access ends the same day read of their own only."""
    await has_campaign(world, ANN)
    await has_campaign(world, CY)

    await world.later(timedelta(days=24))

    await world.told(ANN, REMINDED)
    await world.told(CY, REMINDED)


async def test_an_admin_removes_access_from_the_list(world):
    """The list's button asks why; the holder hears by whom and why, the admin that it is done."""
    await has_campaign(world)
    shown = (await world.type(DANA, "/access-admin assignments")).message
    assert buttons(shown)[0]["style"] == "danger"

    await world.press(DANA, shown, "Remove")
    form = await eventually(lambda: world.form(DANA), about="the form")
    assert f"<@{ANN}> has *Marketing Campaign*" in said(form)
    assert world.posts("adminRemove") == []
    await world.give_reason(DANA, "The campaign is over.")

    assert "The campaign is over." in said(await world.told(ANN, f"was removed by <@{DANA}>"))
    await world.told(DANA, f"<@{ANN}> no longer has access to \\*Marketing Campaign\\*")
    assert ENTRA_ID[ANN] not in world.holders(MARKETING_RESOURCES)


async def test_an_admin_removes_access_by_command(world):
    """`remove @person package because …` does it at once, and passes the reason on."""
    await has_campaign(world)

    answer = await world.type(
        DANA, "/access-admin remove @ann marketing campaign because she moved"
    )

    assert "access to *Marketing Campaign*" in answer.text
    assert "she moved" in said(await world.told(ANN, f"was removed by <@{DANA}>"))
    assert ("U0DANA", "ask-remove", "she moved") in await world.deeds()


async def test_access_is_removed_once_however_often_it_is_pressed(world):
    """Sending the form three times at once removes it once, and Graph is asked once."""
    await has_campaign(world)
    shown = (await world.type(DANA, "/access-admin assignments")).message
    await world.press(DANA, shown, "Remove")
    await eventually(lambda: world.form(DANA), about="the form")

    await asyncio.gather(*(world.give_reason(DANA, "Over.") for _ in range(3)))

    await world.told(ANN, "was removed by")
    assert len(world.posts("adminRemove")) == 1


@pytest.mark.parametrize("user", [ANN, BO, GUS])
async def test_nobody_else_sees_who_holds_what(world, user):
    """The list is for admins: everybody else is told that they may not."""
    answer = await world.type(user, "/access-admin assignments")

    assert "Only Latchkey's admins" in answer.text
    assert buttons(answer.message) == []


async def test_the_admins_list_is_narrowed_by_package_and_person(world):
    """By package, by person, by both, and with near misses named."""
    await has_campaign(world, ANN)
    await has_campaign(world, CY)

    by_person = await world.type(DANA, "/access-admin assignments @cy")
    by_package = await world.type(DANA, "/access-admin assignments marketing-campaign")
    of_nobody = await world.type(DANA, "/access-admin assignments finance-reports")
    misspelled = await world.type(DANA, "/access-admin assignments marketing-campain")

    assert f"<@{CY}>" in said(by_person.message)
    assert f"<@{ANN}>" not in said(by_person.message)
    assert "2 assignments" in by_package.text
    assert "Nobody has" in of_nobody.text
    assert "Did you mean “Marketing Campaign (General)”?" in misspelled.text


async def test_whoever_is_an_admin_no_more_removes_nothing(world):
    """Rights are read when it happens: a list from yesterday does not help."""
    await has_campaign(world)
    shown = (await world.type(DANA, "/access-admin assignments")).message
    world.slack.usergroups["S0IAM"].users = [BO]

    await world.press(DANA, shown, "Remove")
    await world.give_reason(DANA, "Over.")

    async def refused():
        return "remove refused" in await world.states() or "refused" in [
            verb for _, verb, _ in await world.deeds()
        ]

    await eventually(refused)
    assert world.posts("adminRemove") == []
    assert ENTRA_ID[ANN] in world.holders(MARKETING_RESOURCES)


async def test_access_given_in_the_portal_can_be_seen_and_extended(world):
    """Whoever got their access elsewhere finds it in /my-access, with its buttons."""
    given_in_the_portal(world, CY, days=3)
    await world.synced()

    shown = (await world.type(CY, "/my-access")).message

    assert "Marketing Campaign" in said(shown)
    assert [each.split(" to ")[0] for each in labels(shown)] == [
        "Open",
        "Extend",
        "Return",
        "Past requests",
    ]
    await world.press(CY, shown, "Extend")
    await world.told(CY, "now lasts until")


async def test_access_given_in_the_portal_is_reminded_of(world):
    """The sync finds its holder in Slack, and the reminder goes there."""
    given_in_the_portal(world, CY, days=3)
    await world.synced()

    await world.told(CY, REMINDED)


async def test_an_end_moved_in_the_portal_moves_the_reminder(world):
    """Graph is the truth about the end: a later one brings its own reminders."""
    await has_campaign(world)
    await world.later(timedelta(days=24))
    await world.told(ANN, REMINDED)

    world.tenant.move_end(
        assignment_of(world, ANN).id, world.outside.clock.now() + timedelta(days=60)
    )
    await world.later(timedelta(days=54))

    await world.told(ANN, REMINDED, times=2)


async def test_removal_in_the_portal_is_told(world):
    """Access that somebody ended in Entra is gone from the list, and its holder hears how."""
    await has_campaign(world)
    world.tenant.remove_assignment(assignment_of(world, ANN).id)

    await world.synced()

    news = await world.told(ANN, "was ended in Entra, by no request that I know of")
    # An operator may have done it with Latchkey's own command line, or before a backup was put back.
    assert "outside" not in said(news)
    assert "You have no access" in (await world.type(ANN, "/my-access")).text


async def test_what_is_held_already_is_not_asked_for_again(world):
    """A package that one has from elsewhere is not granted a second time."""
    given_in_the_portal(world, ANN, days=20)

    await world.type(ANN, "/request-access marketing-campaign")

    await world.told(ANN, "You have it already")
    assert world.posts() == []


async def test_access_to_a_package_that_was_deleted_ends(world):
    """When a package goes, what was held through it is over, and said so."""
    await has_campaign(world)
    world.tenant.delete_package(MARKETING_CAMPAIGN)

    await world.synced()

    await world.told(ANN, "Your access to \\*Marketing Campaign\\*")
    assert "Marketing Campaign" not in said((await world.type(ANN, "/request-access list")).message)


async def test_access_without_an_end_is_not_reminded_of(world):
    """Board papers have no end date: nothing to remind of, nothing to extend."""
    await world.type(DANA, "/request-access board-papers")
    assert "with no end date" in said(await world.told(DANA, "You now have access"))

    await world.later(timedelta(days=400))

    shown = (await world.type(DANA, "/my-access")).message
    assert labels(shown) == ["Return", "Past requests"]
    assert not [each for each in world.direct(DANA) if "Ending soon" in each.text]


async def test_an_extension_that_is_denied_changes_nothing(world):
    """Without approval the old end stays, and the holder hears why."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    before = assignment_of(world, ANN, FINANCE_REPORTS).end
    await world.later(timedelta(days=24))
    await world.extend(ANN, await world.told(ANN, REMINDED))

    await world.press(BO, await world.card(BO, "asks to extend"), "Deny")
    await world.give_reason(BO, "The quarter is over")

    assert "The quarter is over" in said(await world.told(ANN, "request to extend .* was denied"))
    assert assignment_of(world, ANN, FINANCE_REPORTS).end == before
    assert world.posts("adminUpdate") == []


async def test_a_failed_removal_is_no_news_for_the_holder(world):
    """If Entra does not take it away, the admin hears it; the holder still has it."""
    await has_campaign(world)
    world.tenant.faults.set("delivery_failed")

    await world.type(DANA, "/access-admin remove @ann marketing-campaign because she moved")

    await world.told(DANA, "I could not remove the access")
    assert ENTRA_ID[ANN] in world.holders(MARKETING_RESOURCES)
    assert not [each for each in world.direct(ANN) if "removed" in said(each)]
    assert "until" in (await world.type(ANN, "/my-access")).text


async def test_an_answer_to_a_command_is_for_one_person_only(world):
    """Whatever is typed in a channel, the others there see nothing of the answer."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.type(ANN, "/my-access")
    await world.type(DANA, "/access-admin assignments")

    for user in (BO, CY, MIA, GUS):
        seen = world.slack.channel(GENERAL).seen_by(user)
        assert not [each for each in seen if each.by_app]


async def test_somebody_from_another_company_cannot_even_type(world):
    """Commands are not shared over Slack Connect; and nothing was sent to the bot."""
    outcome = await world.type(EVE, "/my-access", channel="C0PARTNERS")

    assert not outcome.ok
    assert world.slack.deliveries == []
    assert FINANCE_READERS in world.tenant.world.groups
    assert world.cards(APPROVALS) == []
