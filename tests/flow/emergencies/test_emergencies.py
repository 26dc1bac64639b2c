"""Emergency access: at once, told loudly, and reviewed by somebody else."""

import re
from datetime import timedelta

import httpx
import pytest

from bot.assignments.store import assignment_lists
from bot.emergencies.model import Finding
from bot.errors import NotAllowed
from sandbox.tenant import seed
from tests.flow.asking.test_on_behalf import allow, ask_for
from tests.flow.emergencies.emergencies import (
    ASK,
    emergency_cards,
    request_of,
    review,
    say_in_review,
    verbs,
    write_settings,
)
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    GENERAL,
    MIA,
    eventually,
    labels,
    living,
    said,
)

SETTINGS = """
packages:
  Finance Reports:
    break_glass: {minutes: 60, review_within: 4h}
"""


@pytest.fixture
async def world(database, tmp_path):
    """A world in which one package gives emergency access."""
    file = write_settings(tmp_path, SETTINGS)
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=file) as made:
        yield made


async def test_access_is_there_at_once_ends_soon_and_is_told_loudly(world):
    """Nobody approves it; the channel and those who would have had to are told."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    [post] = world.posts("adminAdd")
    assert post.body["schedule"]["expiration"]["type"] == "afterDateTime"
    [card] = await eventually(lambda: emergency_cards(world, APPROVALS))
    assert "the books are on fire" in said(card)
    await eventually(lambda: emergency_cards(world, BO))


async def test_the_review_of_an_approver_closes_it(world):
    """The card says by whom, and the holder hears it."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    [card] = await eventually(lambda: emergency_cards(world, BO))
    await review(world, BO, card, "fine", "I saw the fire")
    await world.told(ANN, "has been reviewed.*found it fine: I saw the fire")
    await eventually(lambda: labels(emergency_cards(world, APPROVALS)[0]) == [])


async def test_a_reviewer_takes_the_access_away_now(world):
    """The removal goes to Entra, and the holder reads why."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    [card] = await eventually(lambda: emergency_cards(world, BO))
    await review(world, BO, card, "remove", "There was no fire")
    await eventually(lambda: world.posts("adminRemove"))
    await world.told(
        ANN, "has been reviewed.*asked for the access to be removed: There was no fire"
    )
    await world.told(ANN, "was removed")


async def test_what_entra_does_not_remove_is_not_said_to_be_taken_away(world):
    """The review asks for the removal; whoever has asked hears that it has failed, and whose access that is."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    [card] = await eventually(lambda: emergency_cards(world, BO))
    world.tenant.faults.set("delivery_failed")

    await review(world, BO, card, "remove", "There was no fire")

    await world.told(BO, f"I could not remove the access of <@{ANN}>")
    asked = "asked for the access to be removed: There was no fire"
    assert asked in said(await world.told(ANN, "has been reviewed"))
    assert asked in said(emergency_cards(world, APPROVALS)[0])
    assert "until" in (await world.type(ANN, "/my-access")).text


@pytest.mark.parametrize(
    ("user", "why"),
    [(ANN, "You cannot review your own emergency access"), (CY, "not among those who may review")],
)
async def test_whoever_may_not_review_gets_no_form(world, user, why):
    """They read why where they have pressed, before they have written anything; the attempt is in the audit log."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    [card] = await eventually(lambda: emergency_cards(world, APPROVALS))
    world.slack.channel(APPROVALS).members.add(user)

    await world.press(user, card, "Close the review")

    await world.whispered(user, APPROVALS, why)
    assert world.form(user) is None
    assert "refused" in await verbs(world)


@pytest.mark.parametrize(
    ("user", "why"), [(ANN, "your own emergency"), (BO, None), (CY, "not among those")]
)
@pytest.mark.parametrize("fault", [None, "graph", "slack", "slow"])
async def test_who_may_not_review_reads_why_if_that_is_known_in_time(world, user, why, fault):
    """Otherwise the form opens, and it is judged when the review comes."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await eventually(lambda: emergency_cards(world, BO))
    if fault == "graph":
        world.tenant.faults.set("unavailable", count=99)
    elif fault == "slow":
        world.tenant.faults.set("slow", count=99, seconds=60)
    elif fault == "slack":
        world.slack.faults.set("fatal_error", only="users.info")

    said_why = await world.bot.services.emergencies.find_reason_against(
        request_id=await request_of(world), slack_user=user, team=None
    )

    if fault is None:
        assert (said_why is None) is (why is None)
        assert why is None or why in str(said_why)
    else:
        assert said_why is None
    assert ("refused" in await verbs(world)) is (said_why is not None)


async def test_nobody_reviews_their_own(world):
    """What a form says is judged by who has sent it."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await eventually(lambda: emergency_cards(world, APPROVALS))
    await say_in_review(world, ANN, Finding.FINE, "all well")
    await world.told(ANN, "does not count. You cannot review your own")
    assert "Close the review" in labels(emergency_cards(world, APPROVALS)[0])


async def test_what_is_not_reviewed_in_time_is_reminded_of_and_told_to_the_admins(world):
    """Until somebody closes it."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await eventually(lambda: emergency_cards(world, BO))
    await world.later(timedelta(hours=2, minutes=1))
    await world.told(BO, "still open; please close it")
    await world.later(timedelta(hours=2))
    await world.told(BO, "overdue: please close it now")
    done = await verbs(world)
    assert done.count("remind-review") == 1
    assert done.count("escalate-review") == 1


async def reviews(world):
    """Return how many reviews the metrics say are open: those due later, and those overdue."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=world.bot.asgi), base_url="http://latchkey"
    ) as web:
        figures = (await web.get("/metrics")).text
    found = dict(re.findall(r'latchkey_emergency_reviews\{state="(\w+)"\} (\S+)', figures))
    return [int(float(found[state])) for state in ("due", "overdue")]


async def test_the_metrics_say_what_nobody_has_reviewed(world):
    """Due later, then overdue, until somebody closes it."""
    assert await reviews(world) == [0, 0]
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await eventually(lambda: emergency_cards(world, BO))
    assert await reviews(world) == [1, 0]

    await world.later(timedelta(hours=4, minutes=1))
    assert await reviews(world) == [0, 1]

    await review(world, BO, emergency_cards(world, BO)[0], Finding.FINE, "all well")
    await eventually(lambda: none_is_open(world), about="a closed review")


async def none_is_open(world):
    return await reviews(world) == [0, 0]


async def test_a_second_emergency_waits_for_the_review_of_the_first(world):
    """It becomes a request like any other, and whoever asked reads why."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await world.later(timedelta(hours=1, minutes=10))
    await world.type(ANN, ASK)
    await world.told(
        ANN, "cannot give you \\*Finance Reports\\* as an emergency.*not been reviewed"
    )
    await world.card(BO, "Finance Reports")


async def test_what_waits_becomes_an_emergency(world):
    """The approver's card loses its buttons, and the access is there."""
    await world.type(ANN, "/request-access finance-reports because the quarter ends")
    card = await world.card(BO, "Finance Reports")
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await eventually(lambda: "Approve" not in labels(card))


async def test_an_end_that_an_approver_set_does_not_bind_the_emergency(database, tmp_path):
    """The first of two approves for two hours, which pass; the emergency lasts as long as any."""

    def prepare(outside):
        for policy in outside.tenant.world.policies.values():
            if policy.package_id == seed.FINANCE_REPORTS:
                policy.approval["stages"][0]["primaryApprovers"] = [
                    {"@odata.type": "#microsoft.graph.singleUser", "userId": each}
                    for each in (seed.BO, seed.CY)
                ]

    file = write_settings(tmp_path, SETTINGS + "    quorum: 2\n")
    async with living(database, prepare=prepare, LATCHKEY_PACKAGE_SETTINGS=file) as world:
        await world.type(ANN, "/request-access finance-reports because the quarter ends")
        await world.press(BO, await world.card(BO), "Approve for less")
        form = await eventually(lambda: world.form(BO))
        until = int((world.outside.clock.now() + timedelta(hours=2)).timestamp())
        await world.slack.submit(user=BO, view_id=form.id, values={"until": {"until": until}})
        await world.told(ANN, "1 of 2 approvals")
        await world.later(timedelta(hours=3))
        await world.type(ANN, ASK)
        assert "emergency access" in said(await world.told(ANN, "You now have access"))
        assert await world.states() == ["add delivered"]


async def test_what_another_has_asked_for_is_declined_before_the_emergency(world):
    """Whom it is for reads that, and has the button for it, instead of one to cancel what is not theirs to cancel."""
    allow(world, seed.FINANCE_REPORTS)
    await world.synced()
    assert await ask_for(world, MIA, CY)
    await world.told(CY, "has asked for")
    answer = await world.type(CY, ASK)
    assert f"<@{MIA}> has already asked for" in answer.text
    assert "decline that request, and then ask for the emergency again" in answer.text
    assert labels(answer.message) == ["Decline", "My access"]
    await world.press(CY, answer.message, "Decline")
    await eventually(lambda: world.whispers(CY, answer.message.channel))
    await world.type(CY, ASK)
    assert "emergency access" in said(await world.told(CY, "You now have access"))


async def test_what_entra_has_begun_with_offers_no_button_to_cancel_it(world):
    """Nor is anything promised that cannot be."""
    world.tenant.world.delivery = timedelta(hours=2)
    await world.type(ANN, "/request-access finance-reports because the quarter ends")
    await world.press(BO, await world.card(BO, "Finance Reports"), "Approve")
    await world.later(timedelta(minutes=1))
    assert await world.states() == ["add submitted"]
    answer = await world.type(ANN, ASK)
    assert "too late to ask for it as an emergency" in answer.text
    assert labels(answer.message) == ["My access"]


async def test_a_package_without_emergencies_says_so(world):
    """Nothing is asked for."""
    await world.type(ANN, "/request-access marketing-campaign emergency: help")
    await world.whispered(ANN, GENERAL, "gives no emergency access")
    assert await world.states() == []


@pytest.mark.parametrize("typed", ["emergency", "EMERGENCY!", "emergency.", "emergency:"])
async def test_an_emergency_without_a_reason_is_asked_for_it(world, typed):
    """And does not become a request like any other, whose reason is "emergency"."""
    answer = await world.type(ANN, f"/request-access finance-reports {typed}")

    assert "Please say what the emergency is" in answer.text
    assert await world.states() == []


async def test_emergency_access_cannot_be_extended(world):
    """Nothing offers it, and whoever presses an old button reads why not."""
    await world.type(ANN, ASK)
    assert "cannot be extended" in said(await world.told(ANN, "You now have access"))
    await world.type(ANN, "/my-access")
    [(held, *_)] = [await eventually(lambda: world.whispers(ANN, GENERAL)[-1:], about="a list")]
    assert "Extend" not in held
    [assignment] = (await world.bot.store.run(assignment_lists.own_page, ANN)).rows
    assert assignment.is_emergency
    with pytest.raises(NotAllowed, match="cannot be extended"):
        await world.bot.services.request_changes.extend(slack_user=ANN, assignment_id=assignment.id)


async def test_a_synced_row_stays_emergency_access(world):
    """Entra's lists do not say that it is."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await world.synced()
    [assignment] = (await world.bot.store.run(assignment_lists.own_page, ANN)).rows
    assert assignment.is_emergency


async def test_the_review_stands_in_app_home_until_it_is_closed(world):
    """For those who are asked, and for admins; not for the holder."""
    for user in (ANN, BO, CY, DANA):
        await world.slack.open_home(user=user)
        await eventually(lambda user=user: world.home(user), about="a Home")
    await world.type(ANN, ASK)
    for user in (BO, DANA):
        await eventually(lambda user=user: "to review" in said(world.home(user)))
    for user in (ANN, CY):
        assert "to review" not in said(world.home(user))
    await world.press_home(BO, "Review")
    form = await eventually(lambda: world.form(BO), about="the form of the review")
    await world.slack.submit(
        user=BO,
        view_id=form.id,
        values={"finding": {"finding": "fine"}, "comment": {"comment": "I saw it"}},
    )
    for user in (BO, DANA):
        await eventually(lambda user=user: "to review" not in said(world.home(user)))


async def test_the_console_has_the_reviews_above_what_waits(world):
    """For admins."""
    await world.type(ANN, ASK)
    await eventually(lambda: emergency_cards(world, APPROVALS))
    await world.type(DANA, "/access-admin")
    await eventually(lambda: "to review" in said(world.form(DANA)), about="the console")
    assert "Review" in labels(world.form(DANA))


async def test_why_somebody_has_it_names_the_emergency(world):
    """That nobody had to approve it would be false: it was taken without that."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")

    await world.type(DANA, "/access-admin people @ann")

    await eventually(lambda: "the books are on fire" in said(world.form(DANA)))
    assert "Delivered as emergency access, without an approval." in said(world.form(DANA))
    assert "Nobody had to approve it" not in said(world.form(DANA))
