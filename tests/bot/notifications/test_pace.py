"""Slack's pace: thousands of reminders leave as Slack takes them, and nothing that somebody waits for waits for them."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.assignments.model import AssignmentState, EndReason
from bot.assignments.store import assignments
from bot.database.replicas import slack_waits
from bot.messages.blocks.parts import message
from bot.notifications.assignments.expiries import CLAIMED_TOGETHER
from bot.notifications.model import Notice
from bot.requests.model import State
from bot.requests.store import requests
from bot.slack.rate_limits import CHANNEL_PAUSE, FASTEST, RateLimits
from sandbox.slack.model import Call, Person
from tests.bot.samples import held, wish
from tests.harness.by_hand import BotHarness, by_hand, standing

ADMINS = "C0APPROVALS"
POST = "chat.postMessage"
SECOND = timedelta(seconds=1)
PAUSE = timedelta(seconds=20)
# What is on its way when Slack says no.
ON_ITS_WAY = timedelta(milliseconds=50)
CROWD = 120
# Messages; a quarter of a minute.
SOON_FASTEST = 100


def person(number: int) -> str:
    return f"U1C{number:03d}"


async def crowd(harness: BotHarness, size: int = CROWD, **changes: object) -> None:
    """So many people, the access of each of whom ends tomorrow: of the last one first."""
    ends_at = clock.now() + timedelta(hours=20)

    def all_hold(db: sa.Connection) -> None:
        for number in range(size):
            row = held(
                id=f"access-{number:03d}",
                entra_id=f"entra-{number:03d}",
                holder=person(number),
                ends_at=ends_at - number * SECOND,
            )
            assignments.save_live(db, row)
            if changes:
                assignments.end(db, row.id, why=EndReason.OUTSIDE, at=clock.now())

    for number in range(size):
        slack_user = person(number)
        harness.workspace.people[slack_user] = Person(
            id=slack_user,
            name=slack_user.lower(),
            real_name=f"Person {number}",
            email=f"{slack_user.lower()}@contoso.example",
            team_id="T0LATCH",
        )
    await harness.store.run(all_hold)


def calls(harness: BotHarness, method: str = POST) -> list[Call]:
    return [each for each in harness.workspace.calls if each.method == method]


def reminded(harness: BotHarness) -> list[str]:
    """Return who was, in this order."""
    return [str(each.args["channel"]) for each in calls(harness) if each.ok]


def most_within(calls: list[Call], span: timedelta) -> int:
    """The most of them that came within so long."""
    moments = [each.at for each in calls]
    return max(sum(first <= at < first + span for at in moments) for first in moments)


@contextmanager
def counted(harness: BotHarness) -> Iterator[Counter[str]]:
    """Yield how many transactions are committed that may write."""
    counts: Counter[str] = Counter()

    def count(db: sa.Connection) -> None:
        counts["writes"] += 1

    sa.event.listen(harness.store.engine, "commit", count)
    yield counts
    sa.event.remove(harness.store.engine, "commit", count)


async def test_a_crowd_is_reminded_at_slacks_pace(harness):
    """Who loses access first, first; several at a time, and never so many that Slack says no."""
    harness.workspace.tiers.enforce()
    await crowd(harness)
    began = clock.real()

    assert await harness.ends.send_reminders() == CROWD

    assert reminded(harness) == [person(number) for number in reversed(range(CROWD))]
    assert harness.workspace.tiers.refused == {}
    assert most_within(calls(harness), SECOND) <= FASTEST + 1
    assert clock.real() - began < timedelta(seconds=CROWD / 5 + 1)


async def test_a_message_costs_few_transactions(harness):
    """One to record it, and for many one to claim them and one to keep their languages."""
    await crowd(harness)

    with counted(harness) as counts:
        await harness.ends.send_reminders()

    assert counts["writes"] <= CROWD + 2 * -(-CROWD // CLAIMED_TOGETHER) + 1


async def test_news_of_ends_cost_few_transactions(harness):
    """That it was told is written down with where."""
    await crowd(harness, ended=True)

    with counted(harness) as counts:
        await harness.jobs.endings()

    assert len(reminded(harness)) == CROWD
    assert counts["writes"] <= CROWD + 2 * CROWD // CLAIMED_TOGETHER + 4


async def test_a_card_in_between_is_sent_at_once(harness):
    """Somebody waits for it."""
    harness.workspace.tiers.enforce()
    await crowd(harness)
    reminding = asyncio.create_task(harness.ends.send_reminders())
    await asyncio.sleep(3)

    await harness.ask("finance-reports because Q4")
    began = clock.real()
    await harness.jobs.messages.run()

    cards = [each for each in calls(harness) if each.args["channel"] in {ADMINS, "U0BO"}]
    assert len(cards) == 2
    assert all(each.at - began < SECOND for each in cards)
    assert not reminding.done()
    assert await reminding == CROWD
    assert harness.workspace.tiers.refused == {}


async def test_news_of_many_requests_leave_room_for_a_card(harness):
    """After an outage, hundreds are owed what became of theirs."""
    harness.workspace.tiers.enforce()
    await crowd(harness, 300)
    await harness.store.run(refuse_all)
    telling = asyncio.create_task(harness.jobs.messages.run())
    await asyncio.sleep(10)

    await harness.ask("finance-reports because Q4")
    began = clock.real()
    await asyncio.gather(*await harness.notices.begin_owed())

    cards = [each for each in calls(harness) if each.args["channel"] in {ADMINS, "U0BO"}]
    assert len(cards) == 2
    assert all(each.at - began < SECOND for each in cards)
    assert not telling.done()
    await telling
    assert len(reminded(harness)) == 302
    assert harness.workspace.tiers.refused == {}


def refuse_all(db: sa.Connection) -> None:
    """Everybody has asked for something, and does not get it."""
    for number in range(300):
        request = requests.add(db, wish(id=f"{number:032x}", holder=person(number)))
        assert request is not None
        requests.move(db, request, State.REFUSED, why="Not for you.")


async def test_whoever_acts_before_their_turn_is_not_reminded(harness):
    """What is due is looked at again just before it goes."""
    await crowd(harness)
    reminding = asyncio.create_task(harness.ends.send_reminders())
    await asyncio.sleep(3)

    last, before = (f"access-{number:03d}" for number in range(2))
    row = await harness.store.run(assignments.find, last)
    assert row is not None
    await harness.store.run(assignments.let_end, row, actor=person(0))
    await harness.store.run(assignments.set_removing, before)

    assert await reminding == CROWD - 2
    assert {person(0), person(1)} & set(reminded(harness)) == set()


async def refused_at(harness: BotHarness, method: str) -> datetime:
    while True:
        for each in calls(harness, method):
            if each.status == 429:
                return each.at
        await asyncio.sleep(0.01)


def none_between(harness: BotHarness, method: str, since: datetime) -> bool:
    """Tell whether Slack was left alone, all the time that it wanted to be."""
    return not [
        each
        for each in calls(harness, method)
        if since + ON_ITS_WAY < each.at < since + PAUSE - ON_ITS_WAY
    ]


async def test_a_429_of_messages_stops_every_message(harness):
    """Of every job, until it is over and no longer; then each is sent once, and nobody has to be searched for."""
    await crowd(harness)
    await harness.homes.opened("U0ANN")
    reminding = asyncio.create_task(harness.ends.send_reminders())
    await asyncio.sleep(3)
    harness.workspace.faults.set("ratelimited", only=POST, count=1, pause=PAUSE)
    at = await refused_at(harness, POST)

    await harness.ask("finance-reports because Q4")
    messages = asyncio.create_task(harness.jobs.messages.run())
    await harness.jobs.publish_homes()

    assert calls(harness, "views.publish")[-1].at < at + PAUSE / 2
    await asyncio.gather(reminding, messages)
    assert none_between(harness, POST, at)
    assert Counter(reminded(harness)) == Counter(
        [*(person(number) for number in range(CROWD)), ADMINS, "U0BO"]
    )
    after = [each.at for each in calls(harness) if each.at > at + ON_ITS_WAY]
    assert min(after) < at + PAUSE + 2 * SECOND
    assert calls(harness, "conversations.history") == []


async def test_after_a_429_it_goes_on_more_slowly(harness):
    """And never at the pace that was too fast."""
    await crowd(harness)
    limits = harness.slack.limits
    reminding = asyncio.create_task(harness.ends.send_reminders())
    await asyncio.sleep(3)
    before = limits.pace
    harness.workspace.faults.set("ratelimited", only=POST, count=1, pause=SECOND)
    await refused_at(harness, POST)
    await asyncio.sleep(0.1)

    assert limits.pace < before
    slow = limits.pace
    await reminding
    assert slow < limits.pace < before + 1


async def test_until_slack_refuses_one_it_soon_goes_as_fast_as_it_may(simulated):
    """What was refused once is come near more carefully."""
    limits = RateLimits()
    for _ in range(SOON_FASTEST):
        limits.posted(ADMINS, had_turn=True)
    assert limits.pace == limits.fastest

    limits.stop(POST, until=clock.real() + SECOND)
    refused = limits.pace
    for _ in range(SOON_FASTEST):
        limits.posted(ADMINS, had_turn=True)
    assert refused < limits.pace < refused + 1


@pytest.mark.parametrize("method", ["chat.update", "views.publish"])
async def test_a_429_of_another_method_stops_no_message(harness, method):
    """Cards that are redrawn, and pages, have limits of their own."""
    request = await harness.ask("finance-reports because Q4")
    await harness.homes.opened("U0ANN")
    await harness.talk()
    await harness.request_changes.cancel(slack_user="U0ANN", request_id=request.id)
    harness.workspace.faults.set("ratelimited", only=method, count=1, pause=PAUSE)
    await harness.jobs.redraws()
    await harness.jobs.publish_homes()
    at = await refused_at(harness, method)

    await harness.notices.send_once(owed("in between", "U0CY"), message("Hello."))

    assert calls(harness)[-1].at < at + SECOND
    for _ in range(int(PAUSE.total_seconds())):
        await harness.jobs.redraws()
        await harness.jobs.publish_homes()
        await asyncio.sleep(1)
    assert none_between(harness, method, at)
    await asyncio.sleep(2)
    await harness.jobs.redraws()
    await harness.jobs.publish_homes()
    assert calls(harness, method)[-1].ok


def owed(key: str, to: str) -> Notice:
    return Notice(key=key, kind="news", to=to)


async def test_a_429_stops_the_other_replicas(database):
    """The database tells them."""
    async with by_hand(database) as first:
        second = await standing(first.around)
        first.workspace.faults.set("ratelimited", only=POST, count=1, pause=PAUSE)
        assert not await first.notices.send_once(owed("a", "U0ANN"), message("Hello."))
        at = await refused_at(first, POST)

        assert await second.notices.send_once(owed("b", "U0BO"), message("Hello."))

        assert none_between(first, POST, at)
        assert await first.store.read(slack_waits.stopped_until, POST) is None


async def test_a_channel_gets_a_message_a_second(harness):
    """And those for other people do not wait for it."""
    harness.workspace.tiers.enforce()
    began = clock.real()
    sends = [
        harness.notices.send_once(owed(f"{number}:{to}", to), message("Hello."))
        for number, to in enumerate([*[ADMINS] * 4, "U0ANN", "U0BO"])
    ]

    assert await asyncio.gather(*sends) == [True] * len(sends)

    there = [each.at for each in calls(harness) if each.args["channel"] == ADMINS]
    assert all(later - each >= CHANNEL_PAUSE for each, later in itertools.pairwise(there))
    others = [each.at for each in calls(harness) if each.args["channel"] != ADMINS]
    assert all(at < began + SECOND for at in others)
    assert harness.workspace.tiers.refused == {}


async def test_what_waits_for_slack_does_not_hold_up_the_end(harness):
    """It was not claimed yet, and the next start finds it."""
    harness.slack.limits.stop(POST, until=clock.real() + timedelta(hours=1))
    await crowd(harness, 3)
    sends = [
        asyncio.create_task(harness.ends.send_reminders()),
        asyncio.create_task(harness.notices.send_once(owed("a", ADMINS), message("Hello."))),
    ]
    await asyncio.sleep(1)
    began = clock.real()

    harness.notices.close()

    assert await asyncio.gather(*sends) == [0, False]
    assert clock.real() - began < SECOND


async def test_of_what_is_over_nobody_is_reminded(harness):
    """Ends are told, and not reminded of."""
    await crowd(harness, 3, ended=True)

    assert await harness.ends.send_reminders() == 0
    await harness.jobs.endings()

    row = await harness.store.run(assignments.find, "access-000")
    assert row is not None
    assert row.state is AssignmentState.ENDED
    assert sorted(reminded(harness)) == [person(number) for number in range(3)]
