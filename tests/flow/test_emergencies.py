"""Emergency access: at once, told loudly, and reviewed by somebody else."""

from datetime import timedelta

import pytest

from bot.database import audit
from bot.emergencies.model import Finding
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    GENERAL,
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
ASK = "/request-access finance-reports emergency: the books are on fire"


@pytest.fixture
async def world(database, tmp_path):
    """A world in which one package gives emergency access."""
    file = tmp_path / "latchkey.yml"
    file.write_text(SETTINGS)
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=str(file)) as made:
        yield made


def emergency_cards(world, place):
    where = world.slack.dm(place) if place.startswith("U") else world.slack.channel(place)
    return [each for each in where.messages if "Emergency:" in each.text and not each.deleted]


async def review(world, user, card, finding, comment):
    """Open the form of a card and send it."""
    await world.press(user, card, "Close the review")
    form = await eventually(lambda: world.form(user), about="the form of the review")
    return await world.slack.submit(
        user=user,
        view_id=form.id,
        values={"finding": {"finding": finding}, "comment": {"comment": comment}},
    )


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
    await world.told(ANN, "has been reviewed.*took the access away: There was no fire")
    await world.told(ANN, "was removed")


async def test_nobody_reviews_their_own(world):
    """The form opens for anybody; what it says is judged by who they are."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await eventually(lambda: emergency_cards(world, APPROVALS))
    rows = await world.bot.store.run(audit.rows)
    [request_id] = {row["request_id"] for row in rows if row["request_id"]}
    await world.bot.services.emergencies.review(
        request_id=request_id, slack_user=ANN, team=None, finding=Finding.FINE, comment="all well"
    )
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
    verbs = [verb for _, verb, _ in await world.deeds()]
    assert verbs.count("remind-review") == 1
    assert verbs.count("escalate-review") == 1


async def test_a_second_emergency_waits_for_the_review_of_the_first(world):
    """It becomes a request like any other, and whoever asked reads why."""
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await world.later(timedelta(hours=1, minutes=10))
    await world.type(ANN, ASK)
    await world.told(ANN, "cannot give you Finance Reports as an emergency.*not been reviewed")
    await world.card(BO, "Finance Reports")


async def test_what_waits_becomes_an_emergency(world):
    """The approver's card loses its buttons, and the access is there."""
    await world.type(ANN, "/request-access finance-reports because the quarter ends")
    card = await world.card(BO, "Finance Reports")
    await world.type(ANN, ASK)
    await world.told(ANN, "You now have access")
    await eventually(lambda: "Approve" not in labels(card))


async def test_a_package_without_emergencies_says_so(world):
    """Nothing is asked for."""
    await world.type(ANN, "/request-access marketing-campaign emergency: help")
    await world.whispered(ANN, GENERAL, "gives no emergency access")
    assert await world.states() == []
