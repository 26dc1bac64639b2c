"""Reminders by the package's settings: over durations and rungs, each once, none after the end, the nearest after an outage."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.assignments.model import Assignment
from bot.assignments.store import assignments
from bot.notifications.assignments.reminder_times import LONGEST_SHARE, ReminderPlan
from bot.notifications.assignments.reminders import due_reminders, key_of, next_reminder
from bot.notifications.store import notices
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.read import parse_package_settings
from tests.bot.moments import at
from tests.bot.samples import held

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
DEFAULT = (7 * DAY, DAY)


def settings(reminders: str | None) -> PackageSettingsFile:
    """A file that sets the reminders of every package; None: that sets none."""
    if reminders is None:
        return PackageSettingsFile()
    return parse_package_settings(f"defaults:\n  reminders: {reminders}\n", name="latchkey.yml")


def plan(reminders: str | None) -> ReminderPlan:
    return ReminderPlan(rungs=DEFAULT, package_settings=settings(reminders))


def access(lasts: timedelta) -> Assignment:
    return held(starts_at=START, ends_at=START + lasts)


@pytest.mark.parametrize(
    ("reminders", "lasts", "expected"),
    [
        (None, 30 * DAY, [7 * DAY, DAY]),
        ("7d, 1d, 2h", 30 * DAY, [7 * DAY, DAY, 2 * HOUR]),
        ("10%", 2 * HOUR, [12 * MINUTE]),
        ("10%", 30 * DAY, [3 * DAY]),
        # Too short to be of use, and too long to be wanted.
        ("10%", 20 * MINUTE, []),
        ("50%", 365 * DAY, [LONGEST_SHARE]),
        # What comes to the same is one reminder.
        ("10%, 12m", 2 * HOUR, [12 * MINUTE]),
        ("33%", 100 * MINUTE, [33 * MINUTE]),
    ],
)
def test_the_rungs_of_an_access(reminders, lasts, expected):
    """By its package's settings and by how long it lasts; in whole minutes."""
    assert list(plan(reminders).of(access(lasts), catalog_name="")) == expected


def test_of_a_share_nothing_is_known_without_a_start():
    """Then lengths count alone."""
    row = held(starts_at=None, ends_at=START + DAY)

    assert plan("10%, 2h").of(row, catalog_name="") == (2 * HOUR,)


def test_a_package_has_its_own_reminders():
    """What is nearer counts: the package, then its catalog, then the defaults."""
    file = parse_package_settings(
        "defaults:\n  reminders: 3d\n"
        "catalogs:\n  Sales:\n    reminders: 2d\n"
        "packages:\n  Marketing Campaign:\n    reminders: 1h\n",
        name="latchkey.yml",
    )
    own = ReminderPlan(rungs=DEFAULT, package_settings=file)

    assert own.of(held(package_name="Other"), catalog_name="") == (3 * DAY,)
    assert own.of(held(package_name="Other"), catalog_name="Sales") == (2 * DAY,)
    assert own.of(held(package_name="Marketing Campaign"), catalog_name="Sales") == (HOUR,)
    assert own.longest == 7 * DAY


async def send(store, now, chosen):
    """Send what is due, as the job does; return the keys."""
    with at(now):
        due, _ = await store.run(due_reminders, chosen)
        keys: list[str] = []
        for person in due.values():
            await store.run(notices.supersede, person.overtaken)
            claimed = await store.run(notices.claim, person.notices, lease=DAY)
            keys += [each.key for each in claimed]
            await store.run(notices.sent, keys, channel="D1", ts=str(now.timestamp()))
    return keys


DURATIONS = [20 * MINUTE, 2 * HOUR, 8 * HOUR, DAY, 3 * DAY, 30 * DAY]
REMINDERS = [None, "7d, 1d, 2h", "10%", "50%, 10%, 15m", "1d, 10%"]


@pytest.mark.parametrize("lasts", DURATIONS)
@pytest.mark.parametrize("reminders", REMINDERS)
async def test_each_rung_is_sent_once_and_none_after_the_end(store, lasts, reminders):
    """Looking at every step, whatever the duration and the rungs."""
    chosen, row = plan(reminders), access(lasts)
    assert row.ends_at is not None
    await store.run(assignments.save_live, row)
    rungs = [rung for rung in chosen.of(row, catalog_name="") if rung < lasts]
    moments = [row.ends_at - rung for rung in rungs]

    sent: list[str] = []
    for moment in sorted(
        {START, row.ends_at, row.ends_at + HOUR, *moments, *(each + MINUTE for each in moments)}
    ):
        found = await send(store, moment, chosen)
        assert not found or moment < row.ends_at
        sent += found

    reached = {key_of(row, rung) for rung in rungs}
    assert len(sent) == len(set(sent))
    # A rung that is longer than the access itself is reached at its start.
    assert reached <= set(sent)
    assert len(set(sent) - reached) <= 1


@pytest.mark.parametrize("lasts", DURATIONS)
@pytest.mark.parametrize("reminders", REMINDERS)
async def test_after_an_outage_only_the_nearest_rung_is_sent(store, lasts, reminders):
    """The bot was down until five minutes before the end."""
    chosen, row = plan(reminders), access(lasts)
    assert row.ends_at is not None
    await store.run(assignments.save_live, row)

    found = await send(store, row.ends_at - 5 * MINUTE, chosen)

    rungs = chosen.of(row, catalog_name="")
    assert found == ([key_of(row, min(rungs))] if rungs else [])
    assert await send(store, row.ends_at - 4 * MINUTE, chosen) == []


async def test_the_sandbox_knows_the_next_reminder_of_a_share(store):
    """Each rung, and then the end."""
    chosen, row = plan("50%, 10%"), access(10 * HOUR)
    await store.run(assignments.save_live, row)
    found, now = [], START
    for _ in range(3):
        with at(now):
            moment = await store.run(next_reminder, chosen)
        assert moment is not None
        found.append((moment - START) / HOUR)
        now = moment

    assert found == [5, 9, 10]
