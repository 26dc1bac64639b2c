"""Test when somebody is nudged: never while it is quiet for them, never after the deadline, and by no clock but their own."""

from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.notifications.approvals.nudge_times import Reader, moment_to_nudge, occasions
from bot.notifications.model import Occasion
from bot.packages.settings.model import NIGHTS_AND_WEEKENDS, PackageSettings, QuietHours
from graph.values import LAST_MOMENT
from tests.bot.samples import wish

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
# A Wednesday.
MORNING = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def reader(zone=BERLIN, quiet=NIGHTS_AND_WEEKENDS, asked_at=MORNING):
    """Somebody who was asked in the morning."""
    return Reader(asked_at=asked_at, zone=zone, quiet=quiet)


def berlin(day, hour, minute):
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("due", "deadline", "at"),
    [
        # In the day: when it is due.
        (berlin(4, 13, 0), None, berlin(4, 13, 0)),
        (berlin(4, 19, 59), None, berlin(4, 19, 59)),
        # In the night: in the morning.
        (berlin(4, 20, 0), None, berlin(5, 7, 0)),
        (berlin(5, 3, 0), None, berlin(5, 7, 0)),
        # On a weekend, or in the night before it: on Monday.
        (berlin(6, 22, 0), None, berlin(9, 7, 0)),
        (berlin(7, 12, 0), None, berlin(9, 7, 0)),
        # In the night before the deadline: before the night, with an hour to decide.
        (berlin(5, 3, 0), berlin(5, 6, 0), berlin(4, 19, 0)),
        (berlin(7, 12, 0), berlin(8, 12, 0), berlin(6, 19, 0)),
        # Exactly at the deadline is too late.
        (berlin(5, 3, 0), berlin(5, 7, 0), berlin(4, 19, 0)),
        (berlin(5, 12, 0), berlin(5, 12, 0), None),
    ],
)
def test_a_nudge_comes_when_it_is_not_quiet(due, deadline, at):
    """By the clock of whoever reads it."""
    assert moment_to_nudge(due, reader(), deadline=deadline, now=MORNING) == at


def test_each_reader_has_their_own_night():
    """What is evening in Berlin is night in Kolkata."""
    due = berlin(4, 17, 0)

    assert moment_to_nudge(due, reader(), deadline=None, now=MORNING) == due
    there = moment_to_nudge(due, reader(KOLKATA), deadline=None, now=MORNING)
    assert there == datetime(2026, 3, 5, 7, 0, tzinfo=KOLKATA)


def test_who_was_asked_in_the_night_before_the_deadline_is_not_nudged():
    """There is no moment for it: the card is all that they get."""
    asked_at = berlin(4, 23, 0)

    assert (
        moment_to_nudge(
            asked_at + HOUR, reader(asked_at=asked_at), deadline=berlin(5, 6, 0), now=asked_at
        )
        is None
    )


def test_what_is_late_comes_now_or_in_the_morning():
    """After an outage, by the same rule."""
    due = berlin(4, 13, 0)

    assert moment_to_nudge(due, reader(), deadline=None, now=berlin(4, 15, 0)) == berlin(4, 15, 0)
    assert moment_to_nudge(due, reader(), deadline=None, now=berlin(4, 21, 0)) == berlin(5, 7, 0)
    late = moment_to_nudge(due, reader(), deadline=berlin(5, 6, 0), now=berlin(4, 21, 0))
    assert late is None


TIMES = st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0))
QUIETS = st.one_of(
    st.none(),
    st.builds(QuietHours, start=TIMES, end=TIMES, weekends=st.booleans()),
    st.just(QuietHours(weekends=True)),
    st.just(QuietHours(start=time(0), end=time(23, 59), weekends=True)),
)
MINUTES = st.integers(0, 14 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
ZONES = st.sampled_from(
    ["Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati", "UTC"]
).map(ZoneInfo)
# Over the days on which clocks change in Europe and in America.
BEGINS = st.integers(0, 35 * 24 * 60).map(lambda minutes: MORNING + timedelta(minutes=minutes))


@given(
    asked_at=BEGINS,
    quiet=QUIETS,
    zone=ZONES,
    wait=MINUTES,
    late=MINUTES,
    deadline=st.one_of(st.none(), MINUTES),
)
def test_no_nudge_is_quiet_early_or_too_late(asked_at, quiet, zone, wait, late, deadline):
    """For any quiet hours, zone, deadline and outage; where nothing is quiet, nothing is moved."""
    who = Reader(asked_at=asked_at, zone=zone, quiet=quiet)
    due, now = asked_at + wait, asked_at + late
    until = asked_at + deadline if deadline is not None else None

    at = moment_to_nudge(due, who, deadline=until, now=now)

    if at is None:
        return
    assert not who.is_quiet(at)
    assert at >= max(asked_at, now)
    assert until is None or at < until
    if not who.is_quiet(max(due, now)):
        assert at == max(due, now)


def test_what_is_due_is_read_from_the_row():
    """After the time of the package, before the deadline, on escalation, and when whoever asked wants it."""
    settings = PackageSettings(
        nudge_after=4 * HOUR, nudge_before_deadline=2 * HOUR, escalate_after=HOUR
    )
    request = wish(
        waits_since=MORNING, lapses_at=MORNING + 24 * HOUR, reminded_at=MORNING + 3 * HOUR
    )

    assert occasions(request, settings, reader()) == {
        Occasion.AFTER: MORNING + 4 * HOUR,
        Occasion.ESCALATION: MORNING + HOUR,
        Occasion.DEADLINE: MORNING + 22 * HOUR,
        Occasion.REMIND: MORNING + 3 * HOUR,
    }


def test_who_joins_later_has_their_own_time():
    """They have had the card since then; the deadline is everybody's."""
    settings = PackageSettings(nudge_after=4 * HOUR, nudge_before_deadline=2 * HOUR)
    request = wish(waits_since=MORNING, lapses_at=MORNING + 10 * HOUR)

    found = occasions(request, settings, reader(asked_at=MORNING + 9 * HOUR))

    assert found == {Occasion.AFTER: MORNING + 13 * HOUR}


def test_what_is_taken_back_nudges_nobody():
    """“none” in the file."""
    settings = PackageSettings(nudge_after=None, nudge_before_deadline=None)

    assert occasions(wish(lapses_at=MORNING + HOUR), settings, reader()) == {}


@pytest.mark.parametrize("hours", range(-14, 15))
@pytest.mark.parametrize("ahead", [2 * HOUR, 30 * HOUR, timedelta(days=300)])
@pytest.mark.parametrize(
    "quiet", [NIGHTS_AND_WEEKENDS, QuietHours(start=time(0), end=time(23, 59)), None]
)
def test_a_deadline_at_the_end_of_the_calendar_nudges_nobody(hours, ahead, quiet):
    """A wait of Graph's may be longer than the calendar: no clock shows its end, and nobody waits for it."""
    settings = PackageSettings(nudge_after=None, nudge_before_deadline=ahead)
    asked = reader(zone=timezone(timedelta(hours=hours)), quiet=quiet)
    due = occasions(wish(lapses_at=LAST_MOMENT), settings, asked)[Occasion.DEADLINE]

    assert moment_to_nudge(due, asked, deadline=LAST_MOMENT, now=MORNING) is None
