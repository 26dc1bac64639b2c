"""Test who gets no emergency access, and what happens between the asking and the grant, and to the review."""

import asyncio
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest

from bot.database import flags
from bot.emergencies.model import Finding
from sandbox.tenant import seed
from tests.flow.emergencies.emergencies import (
    ASK,
    emergency_card,
    emergency_cards,
    request_of,
    review,
    review_form,
    say_in_review,
    verbs,
    write_settings,
)
from tests.harness import accounts
from tests.harness.simulation import simulation
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    GENERAL,
    GUS,
    MIA,
    begun,
    eventually,
    labels,
    living,
    said,
)

BLOCK = "break_glass: {minutes: 60, review_within: 4h}"
SETTINGS = f"""
packages:
  Finance Reports: {{{BLOCK}}}
  Board Papers: {{{BLOCK}}}
  Marketing Campaign: {{{BLOCK}}}
  Production Database: {{{BLOCK}}}
  Customer Data: {{{BLOCK}}}
"""
HOUR = timedelta(hours=1)


@pytest.fixture
def file(tmp_path):
    """Write settings by which several packages give emergency access."""
    return write_settings(tmp_path, SETTINGS)


@pytest.fixture
async def world(database, file):
    """A world in which they do."""
    async with living(
        database,
        LATCHKEY_PACKAGE_SETTINGS=file,
        prepare=lambda outside: outside.tenant.seed_examples(),
    ) as made:
        yield made


def granted(world):
    """Return what Entra has taken on of grants."""
    return [each for each in world.posts("adminAdd") if each.status < HTTPStatus.BAD_REQUEST]


async def has_emergency(world, user=ANN, ask=ASK):
    """Somebody has emergency access."""
    await world.type(user, ask)
    await world.told(user, "You now have access")


async def test_whom_the_policy_does_not_let_ask_gets_nothing(world):
    """An emergency is no way around who may ask."""
    await world.type(ANN, "/request-access board-papers emergency: the board meets now")
    await eventually_verbs(world, "ask-emergency")
    await asyncio.sleep(60)
    assert await world.states() == ["add refused"]
    assert granted(world) == []
    assert emergency_cards(world, APPROVALS) == []


async def test_a_guest_gets_nothing(world):
    """Whatever they call it."""
    await world.type(GUS, ASK)
    await world.told(GUS, "guest")
    assert granted(world) == []


async def test_what_excludes_the_package_still_does(world):
    """Nobody has both, in an emergency either."""
    packages = world.tenant.world.packages
    packages[seed.FINANCE_REPORTS].incompatible_packages.append(seed.MARKETING_CAMPAIGN)
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.type(ANN, ASK)
    await world.told(ANN, "does not go with what you have already: “Marketing Campaign”")
    assert len(granted(world)) == 1
    assert emergency_cards(world, APPROVALS) == []


async def test_what_nobody_has_to_approve_is_no_emergency(world):
    """It is given as usual, without a card and a review."""
    await world.type(ANN, "/request-access marketing-campaign emergency: the launch is today")
    await world.told(ANN, "You now have access")
    assert emergency_cards(world, APPROVALS) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("finance-reports emergency:", "a reason is needed"),
        ("production-database emergency: it is down", "INC-42|ticket|reason"),
        ("customer-data emergency: help", "in the form"),
    ],
)
async def test_what_lacks_something_is_not_asked_for(database, tmp_path, text, why):
    """And says what it lacks."""
    rule = 'reason_pattern: "(INC|CHG)-[0-9]+", reason_hint: Name the ticket such as INC-42.'
    settings = SETTINGS.replace(
        f"Production Database: {{{BLOCK}}}", f"Production Database: {{{BLOCK}, {rule}}}"
    )
    async with living(
        database,
        LATCHKEY_PACKAGE_SETTINGS=write_settings(tmp_path, settings),
        prepare=lambda outside: outside.tenant.seed_examples(),
    ) as world:
        await world.type(ANN, f"/request-access {text}")
        await world.whispered(ANN, GENERAL, why)
        assert await world.states() == []


async def test_settings_that_change_before_the_grant_count(database, tmp_path):
    """What was asked for under the file of before goes on as any other, once the bot has the new one."""
    async with simulation(database) as around:
        before = write_settings(tmp_path, SETTINGS)
        world = await begun(around, LATCHKEY_PACKAGE_SETTINGS=before)
        around.outside.tenant.faults.set("unavailable", on=True)
        await world.type(ANN, ASK)
        await asyncio.sleep(5)
        await around.bots[0].stop()
        around.outside.tenant.faults.set("unavailable", on=False)
        after = write_settings(tmp_path, "packages: {}\n")
        world = await begun(around, LATCHKEY_PACKAGE_SETTINGS=after)
        await world.told(ANN, "as an emergency.*gives no emergency access")
        card = await world.card(BO, "Finance Reports")
        assert "Asked for as an emergency" in said(card)
        assert granted(world) == []


async def test_a_paused_latchkey_gives_nothing(world):
    """An emergency waits as everything does, until granting goes on."""
    await world.bot.store.run(flags.pause, why="a test")
    await world.type(ANN, ASK)
    await asyncio.sleep(60)
    assert granted(world) == []
    await world.bot.store.run(flags.resume)
    await world.told(ANN, "You now have access")


async def test_one_person_has_it_only_so_often_in_a_week(database, tmp_path):
    """Then it waits for an approval; a week later they may have it again."""
    settings = SETTINGS.replace("review_within: 4h", "review_within: 4h, most_a_week: 1")
    file = write_settings(tmp_path, settings)
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=file) as world:
        await has_emergency(world)
        await review(world, BO, await emergency_card(world, BO), "fine", "I saw it")
        await world.later(timedelta(hours=2))
        await world.told(ANN, "has ended")
        await world.type(ANN, ASK)
        await world.told(ANN, "once in seven days")
        card = await world.card(BO, "Finance Reports")
        await world.later(timedelta(days=7))
        await world.type(ANN, ASK)
        await world.told(ANN, "You now have access", times=2)
        assert "Approve" not in labels(card)


async def test_whom_a_review_took_it_from_gets_no_other_for_thirty_days(world):
    """After that they do."""
    await has_emergency(world)
    await review(world, BO, await emergency_card(world, BO), "remove", "There was no fire")
    await world.told(ANN, "was removed")
    await world.type(ANN, ASK)
    await world.told(ANN, "as an emergency.*taken away after its review")


async def test_access_that_a_late_review_takes_away_is_not_given_at_once_again(world):
    """The thirty days begin with the review, and not with the access."""
    await has_emergency(world)
    card = await emergency_card(world, BO)
    await world.later(timedelta(days=31))
    await review(world, BO, card, "remove", "There was no fire")
    await world.told(ANN, "has been reviewed")
    await world.type(ANN, ASK)
    await world.told(ANN, "as an emergency.*taken away after its review")


async def test_whoever_decides_for_the_holder_does_not_review(world):
    """Neither now, nor if they did when it was asked for."""
    await world.type(ANN, "/my-access delegate @bo until tomorrow")
    await has_emergency(world)
    await emergency_card(world, APPROVALS)
    await asyncio.sleep(60)
    assert emergency_cards(world, BO) == []
    await say_in_review(world, BO, Finding.FINE, "she is my friend")
    await world.told(BO, "does not count. You decide for the person who has this access")
    await world.later(timedelta(days=3))
    await say_in_review(world, BO, Finding.FINE, "she is still my friend")
    await world.told(BO, "does not count. You decide for the person", times=2)
    assert "Close the review" in labels(emergency_cards(world, APPROVALS)[0])
    assert (await verbs(world)).count("review-refused") == 2


async def test_a_delegate_reviews_where_an_approval_takes_a_fresh_sign_in(database, tmp_path):
    """The review takes no sign-in, so that it is heard of them, as of the approver's session."""
    text = SETTINGS.replace(BLOCK, f"{BLOCK}, approval: fresh sign-in")
    file: Any = write_settings(tmp_path, text)
    settings = {"LATCHKEY_PACKAGE_SETTINGS": file, **accounts.SETTINGS}
    async with living(database, prepare=accounts.registered, **settings) as world:
        await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
        await world.told(CY, "you may decide for")
        await has_emergency(world)
        world.slack.channel(APPROVALS).members.add(CY)
        await review(world, CY, await emergency_card(world, APPROVALS), "fine", "it burned")
        await eventually(
            lambda: f"<@{CY}> for <@{BO}>" in said(emergency_cards(world, APPROVALS)[0])
        )


async def test_nobody_else_closes_it(world):
    """Whoever is no approver reads so, from wherever they have the card."""
    await has_emergency(world)
    await emergency_card(world, APPROVALS)
    await say_in_review(world, CY, Finding.FINE, "looks good")
    await world.told(CY, "does not count. You are not among those")
    assert "Close the review" in labels(emergency_cards(world, APPROVALS)[0])


async def test_anybody_of_any_stage_may_review(world):
    """Of two stages that were left out, the second as well as the first."""
    await has_emergency(world, CY, "/request-access production-database emergency: it is down")
    card = await emergency_card(world, MIA)
    await emergency_card(world, BO)
    await review(world, MIA, card, "fine", "I called Cy")
    await world.told(CY, "found it fine: I called Cy")


async def test_of_two_reviews_at_once_one_counts(world):
    """The other is told so, and nothing is done twice."""
    await has_emergency(world)
    card = await emergency_card(world, BO)
    request_id = await request_of(world)
    service = world.bot.services.emergencies
    await asyncio.gather(
        *(
            service.review(
                request_id=request_id, slack_user=user, team=None, finding=finding, comment="why"
            )
            for user, finding in ((BO, Finding.REMOVE), (DANA, Finding.FINE))
        )
    )
    await world.told(ANN, "has been reviewed")
    await eventually(lambda: labels(card) == [], about="a closed card")
    done = await eventually_verbs(world, "review-late")
    assert (done.count("review"), done.count("review-late")) == (1, 1)
    assert len(world.posts("adminRemove")) == ("asked for the access to be removed" in said(card))


async def eventually_verbs(world, verb):
    for _ in range(100):
        done = await verbs(world)
        if verb in done:
            return done
        await asyncio.sleep(1)
    raise AssertionError(f"nobody has done {verb}")


@pytest.mark.parametrize(
    ("finding", "result"),
    [("fine", "found it fine: I have looked"), ("remove", "did not find it fine: I have looked")],
)
async def test_access_that_has_ended_is_still_reviewed(world, finding, result):
    """There is nothing to take away then, nothing is asked of Entra, and nobody reads that something was taken away."""
    await world.slack.open_home(user=BO)
    await has_emergency(world)
    await world.later(HOUR + timedelta(minutes=10))
    await world.told(ANN, "has ended")
    await eventually(lambda: "took emergency access to *Finance Reports*" in said(world.home(BO)))
    card = await emergency_card(world, BO)
    await world.press(BO, card, "Close the review")
    form = said(await review_form(world, BO))
    assert "The access is not there any more." in form
    assert "stays until" not in form
    assert "Take the access" not in form
    await review(world, BO, card, finding, "I have looked")
    await world.told(ANN, f"has been reviewed.*{result}")
    await eventually(lambda: result in said(card))
    await asyncio.sleep(60)
    assert world.posts("adminRemove") == []


async def test_access_that_is_still_being_set_up_is_taken_away_as_soon_as_it_is_there(
    database, file
):
    """The review does not wait for Entra."""
    async with living(
        database, LATCHKEY_PACKAGE_SETTINGS=file, delivery=timedelta(minutes=5)
    ) as world:
        await world.type(ANN, ASK)
        card = await emergency_card(world, BO)
        assert "Entra is setting it up" in said(card)
        await review(world, BO, card, "remove", "There is no fire")
        await eventually(lambda: labels(card) == [], about="a closed card")
        await world.later(timedelta(minutes=6))
        await eventually(lambda: world.posts("adminRemove"), about="a removal")
        await world.told(ANN, "was removed")


async def test_access_that_an_admin_has_removed_is_reviewed_all_the_same(world):
    """The review is about what was done with it."""
    await has_emergency(world)
    await world.type(DANA, "/access-admin remove @ann finance-reports because there is no fire")
    await world.told(ANN, "was removed")
    await review(world, BO, await emergency_card(world, BO), "remove", "There was none")
    await world.told(ANN, "has been reviewed")
    await asyncio.sleep(60)
    assert len(world.posts("adminRemove")) == 1


async def test_delegates_of_those_who_review_are_asked_too(world):
    """From the moment on when they decide for somebody, until they do not any more; not whoever has the access."""
    await world.type(BO, f"/my-access delegate <@{ANN}> until tomorrow")
    await world.told(ANN, "you may decide for")
    await has_emergency(world)
    card = await emergency_card(world, BO)
    assert f"Asked: <@{BO}>." in said(card)
    await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    theirs = await emergency_card(world, CY)
    assert f"Asked: <@{BO}>, <@{CY}>." in said(theirs)
    assert emergency_cards(world, ANN) == []
    await review(world, CY, theirs, "fine", "it burned")
    await eventually(lambda: f"<@{CY}> for <@{BO}>" in said(emergency_cards(world, BO)[0]))
    for user in (BO, CY):
        listed = said((await world.type(user, "/my-access decided")).message)
        assert f"<@{CY}> for <@{BO}> found it fine: it burned" in listed
