"""Reminders, to the second: each rung of each end once, the nearest only, and again when the end has moved."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot import clock
from bot.assignments.model import AssignmentState
from bot.assignments.store import assignment_lists, assignments
from bot.notifications.assignments.expiries import ENDS_A_MESSAGE
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.assignments.reminders import due_reminders, key_of, next_reminder, reached
from bot.notifications.store import notices
from bot.requests.model import Kind, State
from bot.requests.store import requests
from sandbox.tenant import seed
from sandbox.tenant.model import Expiration
from tests.bot.moments import at
from tests.bot.samples import held, wish

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
WEEK = 7 * DAY
RUNGS = (WEEK, DAY)
END = datetime(2026, 5, 31, 9, 30, tzinfo=UTC)

MOMENTS = [
    (END - 30 * DAY, []),
    (END - WEEK - SECOND, []),
    (END - WEEK, [WEEK]),
    (END - WEEK + SECOND, [WEEK]),
    (END - DAY - SECOND, [WEEK]),
    (END - DAY, [DAY, WEEK]),
    (END - DAY + SECOND, [DAY, WEEK]),
    (END - SECOND, [DAY, WEEK]),
    (END, []),
    (END + SECOND, []),
]


@pytest.mark.parametrize(("now", "expected"), MOMENTS)
def test_each_rung_is_reached_at_its_moment(now, expected):
    """Not a second before; the nearest to the end comes first; none once it has ended."""
    assert reached(END, RUNGS, now=now) == expected


@pytest.mark.parametrize("order", [(WEEK, DAY), (DAY, WEEK)])
def test_the_order_of_the_setting_does_not_matter(order):
    """The nearest is the nearest."""
    assert reached(END, order, now=END - SECOND) == [DAY, WEEK]


def test_without_rungs_nobody_is_reminded():
    """An empty setting."""
    assert reached(END, (), now=END - SECOND) == []


def test_a_leap_day_is_a_day():
    """Seven days before 5 March 2028 is 27 February, because of the 29th."""
    end = datetime(2028, 3, 5, 12, 0, tzinfo=UTC)
    at = datetime(2028, 2, 27, 12, 0, tzinfo=UTC)

    assert reached(end, RUNGS, now=at) == [WEEK]
    assert reached(end, RUNGS, now=at - SECOND) == []


def test_an_end_on_the_leap_day_is_reminded_of():
    """On 22 and on 28 February."""
    end = datetime(2028, 2, 29, 0, 0, tzinfo=UTC)

    assert reached(end, RUNGS, now=datetime(2028, 2, 22, 0, 0, tzinfo=UTC)) == [WEEK]
    assert reached(end, RUNGS, now=datetime(2028, 2, 28, 0, 0, tzinfo=UTC)) == [DAY, WEEK]


@pytest.mark.parametrize(
    ("end", "hours_by_the_wall"),
    [
        # The night to 29 March 2026 has an hour less in Berlin, the night to 25 October one more.
        (datetime(2026, 3, 29, 12, 0, tzinfo=ZoneInfo("Europe/Berlin")), 25),
        (datetime(2026, 10, 25, 12, 0, tzinfo=ZoneInfo("Europe/Berlin")), 23),
        (datetime(2026, 3, 8, 12, 0, tzinfo=ZoneInfo("America/New_York")), 25),
        (datetime(2026, 11, 1, 12, 0, tzinfo=ZoneInfo("America/New_York")), 23),
    ],
)
def test_a_day_has_24_hours_when_the_clocks_change(end, hours_by_the_wall):
    """A rung is so long before the end, whatever clocks on walls do."""
    ends = end.astimezone(UTC)
    wall = end.replace(tzinfo=None) - (ends - DAY).astimezone(end.tzinfo).replace(tzinfo=None)

    assert wall == timedelta(hours=hours_by_the_wall)
    assert reached(ends, RUNGS, now=ends - DAY) == [DAY, WEEK]
    assert reached(ends, RUNGS, now=ends - DAY - SECOND) == [WEEK]


async def due_at(store, now, *, rungs=RUNGS):
    """Return what is due at a moment: the keys, by person."""
    with at(now):
        due, _ = await store.run(due_reminders, ReminderPlan(rungs=rungs))
    return {person: [each.key for each in one.notices] for person, one in due.items()}


async def access(store, **changes):
    await store.run(assignments.save_live, held(**{"ends_at": END, **changes}))


def key(rung: int, *, assignment: str = "assignment", end: str = "2026-05-31T09:30") -> str:
    return f"expiring:{assignment}:{end}:{rung}"


@pytest.mark.parametrize(
    ("now", "rung"),
    [
        (END - WEEK - SECOND, None),
        (END - WEEK, 7),
        (END - DAY - SECOND, 7),
        (END - DAY, 1),
        (END - SECOND, 1),
        (END, None),
        (END + SECOND, None),
    ],
)
async def test_what_is_due_is_due_to_the_second(store, now, rung):
    """From the rows, at each boundary."""
    await access(store)

    assert await due_at(store, now) == ({"U0ANN": [key(rung)]} if rung else {})


async def send(store, now):
    """Send what is due, as the job does."""
    with at(now):
        due, _ = await store.run(due_reminders, ReminderPlan(rungs=RUNGS))
        for person in due.values():
            await store.run(notices.supersede, person.overtaken)
            claimed = await store.run(notices.claim, person.notices, lease=DAY)
            keys = [each.key for each in claimed]
            await store.run(notices.sent, keys, channel="D1", ts=str(now.timestamp()))
    return sorted(each.key for person in due.values() for each in person.notices)


async def test_each_rung_is_sent_once(store):
    """However often one looks."""
    await access(store)
    sent = []
    now = END - WEEK - DAY
    while now < END + DAY:
        sent += await send(store, now)
        now += timedelta(hours=6)

    assert sent == [key(7), key(1)]


async def test_of_several_missed_rungs_the_nearest_is_sent(store):
    """The bot was down for a week; nobody gets two messages, now or later."""
    await access(store)

    assert await send(store, END - timedelta(hours=3)) == [key(1)]
    assert await send(store, END - timedelta(hours=2)) == []


async def test_a_rung_that_was_sent_is_not_overtaken(store):
    """It went out, and stays so."""
    await access(store)
    await send(store, END - WEEK)
    await send(store, END - DAY)

    assert await store.run(notices.finished_keys, [key(7), key(1)]) == {key(7), key(1)}


async def test_extended_access_is_due_again(store):
    """Another end is another reminder."""
    await access(store)
    await send(store, END - WEEK)
    await access(store, ends_at=END + 30 * DAY)

    assert await due_at(store, END - DAY) == {}
    assert await due_at(store, END + 23 * DAY) == {"U0ANN": [key(7, end="2026-06-30T09:30")]}


async def test_an_end_that_was_moved_nearer_is_due_at_once(store):
    """An administrator has shortened it."""
    await access(store)
    await access(store, ends_at=END - 20 * DAY)

    assert await due_at(store, END - 22 * DAY) == {"U0ANN": [key(7, end="2026-05-11T09:30")]}


async def test_let_it_end_silences_this_end_only(store):
    """Not the next one."""
    await access(store)
    row = await store.run(assignments.find, "assignment")
    await store.run(assignments.let_end, row, actor="U0ANN")
    assert await due_at(store, END - DAY) == {}

    await access(store, ends_at=END + 30 * DAY)
    assert await due_at(store, END + 29 * DAY) == {"U0ANN": [key(1, end="2026-06-30T09:30")]}


async def test_an_end_moved_by_seconds_is_the_same_end(store):
    """It was said to be fine, and its reminders would carry the same keys; the next minute is another."""
    await access(store)
    row = await store.run(assignments.find, "assignment")
    await store.run(assignments.let_end, row, actor="U0ANN")

    await access(store, ends_at=END + 59 * SECOND)
    assert await due_at(store, END - DAY + timedelta(minutes=1)) == {}

    await access(store, ends_at=END + 60 * SECOND)
    assert await due_at(store, END - DAY + timedelta(minutes=1)) == {
        "U0ANN": [key(1, end="2026-05-31T09:31")]
    }


async def test_a_synced_row_does_not_forget_that_it_may_end(store):
    """The sync sees it every five minutes."""
    await access(store)
    row = await store.run(assignments.find, "assignment")
    await store.run(assignments.let_end, row, actor="U0ANN")
    await access(store)

    assert await due_at(store, END - DAY) == {}


HALF_A_DAY = timedelta(hours=12)


@pytest.mark.parametrize(
    ("told", "rung"),
    [
        (END - WEEK - HALF_A_DAY - SECOND, 7),
        (END - WEEK - HALF_A_DAY, None),
        (END - WEEK, None),
        (END - WEEK + SECOND, None),
    ],
)
@pytest.mark.parametrize("kind", [Kind.ADD, Kind.EXTEND])
async def test_who_was_just_told_of_an_end_is_not_reminded_of_it(store, kind, told, rung):
    """Access for seven days is there, or lasts seven days from now: that has been said."""
    await access(store)
    told_by = wish(kind=kind, state=State.DELIVERED, ends_at=END, ended_at=told)
    await store.run(requests.add, told_by)
    now = END - WEEK + timedelta(hours=1)

    assert await send(store, now) == ([key(rung)] if rung else [])
    assert await store.run(notices.finished_keys, [key(7)]) == {key(7)}
    assert await send(store, END - DAY) == [key(1)]


async def test_who_was_told_of_another_end_is_reminded_of_this_one(store):
    """An administrator has shortened it since."""
    await access(store, ends_at=END - 20 * DAY)
    told = wish(state=State.DELIVERED, ends_at=END, ended_at=END - 23 * DAY)
    await store.run(requests.add, told)

    assert await due_at(store, END - 22 * DAY) == {"U0ANN": [key(7, end="2026-05-11T09:30")]}


async def test_access_that_is_seen_before_its_delivery_is_told_is_not_reminded_of(store):
    """The sync was quicker; the delivery says how long it lasts."""
    await access(store)
    await store.run(requests.add, wish(state=State.SUBMITTED))

    assert await send(store, END - WEEK) == []


async def test_one_person_gets_one_message(store):
    """About all that ends, the first to end first."""
    await access(store)
    await access(store, id="other", ends_at=END - DAY)
    await access(store, id="hers", holder="U0CY", entra_id="cy")

    assert await due_at(store, END - 2 * DAY) == {
        "U0ANN": [key(1, assignment="other", end="2026-05-30T09:30"), key(7)],
        "U0CY": [key(7, assignment="hers")],
    }


@pytest.mark.parametrize(
    "changes",
    [{"ends_at": None}, {"holder": None}, {"state": AssignmentState.REMOVING}],
)
async def test_some_access_is_not_reminded_of(store, changes):
    """Nobody is reminded of what does not end, what nobody in Slack holds, or what is being removed."""
    await access(store, **changes)

    assert await due_at(store, END - SECOND) == {}


async def test_what_has_ended_is_not_reminded_of(store):
    """However it ended."""
    await access(store)
    await store.run(assignments.end, "assignment", why="removed", at=END - 2 * DAY)

    assert await due_at(store, END - DAY) == {}


async def test_a_reminder_that_is_being_sent_is_not_sent_twice(store):
    """Another replica holds its claim."""
    await access(store)
    with at(END - WEEK):
        due, _ = await store.run(due_reminders, ReminderPlan(rungs=RUNGS))
        await store.run(notices.claim, due["U0ANN"].notices, lease=timedelta(minutes=1))

    assert await due_at(store, END - WEEK + SECOND) == {}
    assert await due_at(store, END - WEEK + timedelta(minutes=2)) == {"U0ANN": [key(7)]}


async def test_the_next_reminder_is_known(store):
    """For the sandbox's clock: each rung, and then the end itself."""
    await access(store)
    moments = []
    now = END - 30 * DAY
    for _ in range(3):
        with at(now):
            found = await store.run(next_reminder, ReminderPlan(rungs=RUNGS))
        assert found is not None
        moments.append(found)
        now = found

    assert moments == [END - WEEK, END - DAY, END]
    with at(END):
        assert await store.run(next_reminder, ReminderPlan(rungs=RUNGS)) is None


def test_a_key_holds_what_makes_a_reminder_another():
    """The access, its end and the rung."""
    row = held(ends_at=END)

    assert key_of(row, WEEK) == key(7)
    assert key_of(row, DAY) != key_of(row, WEEK)
    assert key_of(held(ends_at=END + 30 * DAY), WEEK) != key_of(row, WEEK)


async def test_reminders_are_sent_with_their_buttons(harness):
    """One message, with Extend, Return now and Let it end; and none the next time."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    harness.shift(timedelta(days=24))

    assert [await harness.ends.send_reminders() for _ in range(2)] == [1, 0]

    told = harness.told("U0ANN")[-1]
    ids = [
        each["action_id"]
        for block in told.blocks
        for each in block.get("elements", [])
        if "action_id" in each
    ]
    assert ids == ["latchkey_extend", "latchkey_return", "latchkey_let_end"]


async def test_whoever_holds_much_gets_several_messages(harness):
    """No end is left out, and each has its buttons."""
    ends_at = clock.now() + timedelta(hours=20)
    names = [f"a{number:02}" for number in range(2 * ENDS_A_MESSAGE + 1)]
    for name in names:
        await harness.store.run(assignments.save_live, held(id=name, ends_at=ends_at))

    assert [await harness.ends.send_reminders() for _ in range(2)] == [3, 0]

    shown = [block["block_id"] for told in harness.told("U0ANN") for block in told.blocks]
    assert [each for each in shown if each.startswith("ending:")] == [
        f"ending:{name}" for name in names
    ]


def labels(told):
    """The labels of a message's buttons."""
    return [
        each["text"]["text"]
        for block in told.blocks
        for each in block.get("elements", [])
        if each["type"] == "button"
    ]


@pytest.mark.parametrize("is_taken", [True, False])
async def test_a_later_reminder_takes_the_buttons_from_the_earlier_one(harness, is_taken):
    """Once it is in Slack, and not before."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    harness.shift(timedelta(days=23, hours=1))
    assert await harness.ends.send_reminders() == 1
    first = harness.told("U0ANN")[-1]
    assert labels(first)[1:] == ["Return now", "Let it end"]

    harness.shift(timedelta(days=6))
    if not is_taken:
        harness.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await harness.ends.send_reminders()
    await harness.jobs.redraws()

    assert bool(labels(first)) is not is_taken
    assert ("I have reminded you again" in str(first.blocks)) is is_taken
    if is_taken:
        assert labels(harness.told("U0ANN")[-1])[1:] == ["Return now", "Let it end"]


async def test_a_reminder_that_slack_did_not_take_comes_later(harness):
    """Late beats never."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    harness.shift(timedelta(days=24))
    harness.workspace.faults.set("ratelimited", only="chat.postMessage", count=1)

    assert [await harness.ends.send_reminders() for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(
    ("days", "reminded_on"), [(1, []), (2, [1]), (7, [6]), (8, [1, 7]), (30, [23, 29])]
)
async def test_the_delivery_of_access_comes_without_a_reminder(harness, days, reminded_on):
    """It says itself when the access ends, and promises a reminder if one will come."""
    policy = harness.policy_of(seed.MARKETING_CAMPAIGN)
    policy.expiration = Expiration("afterDuration", duration=timedelta(days=days))
    await harness.ask("marketing-campaign")
    await harness.finish()

    assert await harness.ends.send_reminders() == 0
    assert ("I will remind you" in str(harness.told("U0ANN")[-1].blocks)) is bool(reminded_on)
    sent_on = []
    for day in range(1, days):
        harness.shift(DAY)
        if await harness.ends.send_reminders():
            sent_on.append(day)
    assert sent_on == reminded_on


async def test_an_extension_comes_without_a_reminder(harness):
    """Its message says until when the access lasts now."""
    policy = harness.policy_of(seed.MARKETING_CAMPAIGN)
    policy.expiration = Expiration("afterDuration", duration=WEEK)
    await harness.ask("marketing-campaign")
    await harness.finish()
    harness.shift(6 * DAY)
    assert await harness.ends.send_reminders() == 1
    (mine,) = (await harness.store.run(assignment_lists.own_page, "U0ANN")).rows

    await harness.request_changes.extend(slack_user="U0ANN", assignment_id=mine.id)
    await harness.finish()

    assert await harness.ends.send_reminders() == 0
    harness.shift(6 * DAY)
    assert await harness.ends.send_reminders() == 1
