"""Somebody's Slack account is deactivated, and they have another one: what did not reach the first is owed to the second."""

from datetime import timedelta

import pytest

from bot.assignments.store import links
from sandbox.slack.model import Person
from tests.flow.access.test_endings import REMINDED, has_campaign
from tests.harness.world import ANN, ENTRA_ID, eventually, living

ANEW = "U0ANN2"


@pytest.fixture
async def world(world):
    """Ann's account is gone before the first reminder; her new one has the same address, and nobody has found it yet."""
    await has_campaign(world)
    before = world.slack.person(ANN)
    world.slack.people[ANEW] = Person(
        id=ANEW, name="ann2", real_name="Ann Abara", email=before.email, team_id=before.team_id
    )
    before.deleted = True
    await world.later(timedelta(days=24))
    return world


async def found(world):
    """The sync has found the new account, as it does once a day."""
    await world.bot.store.run(links.link, ENTRA_ID[ANN], holders=[ANEW])
    await world.synced()


async def test_a_reminder_that_reached_no_account_goes_to_the_new_one(world):
    """Once, as the next one may be the last, or none may come."""
    await eventually(lambda: refused(world), about="Slack's refusal")

    await found(world)

    await world.told(ANEW, REMINDED)
    await world.synced()
    await world.told(ANEW, REMINDED)


async def test_what_a_later_reminder_has_made_needless_stays_so(world):
    """Only the nearest one is sent."""
    await world.later(timedelta(days=5, hours=12))
    await eventually(lambda: len(refused(world)) > 1, about="Slack's refusals")

    await found(world)

    await world.told(ANEW, REMINDED)


async def test_what_may_have_reached_the_first_account_goes_to_the_new_one_all_the_same(database):
    """And to the first one no more, which somebody else may have by now."""
    async with living(database) as world:
        await has_campaign(world)
        ann = world.slack.person(ANN)
        world.slack.people[ANEW] = Person(
            id=ANEW, name="ann2", real_name="Ann Abara", email=ann.email, team_id=ann.team_id
        )
        world.slack.faults.set("drop", only="chat.postMessage")
        world.outside.clock.shift(timedelta(days=24))
        tried = len(world.slack.calls)
        await eventually(
            lambda: "chat.postMessage" in [each.method for each in world.slack.calls[tried:]],
            about="a try",
        )
        await world.bot.store.run(links.link, ENTRA_ID[ANN], holders=[ANEW])
        world.slack.faults.clear()

        await world.told(ANEW, REMINDED)

        await world.later(timedelta(minutes=5))
        assert not [each for each in world.direct(ANN) if "ends" in each.text]


def refused(world):
    """What Slack did not take for the account that is gone."""
    return [each for each in world.slack.calls if each.method == "chat.postMessage" and not each.ok]
