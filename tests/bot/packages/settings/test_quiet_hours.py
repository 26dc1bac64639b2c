"""Test when nobody is nudged, by the reader's own clock."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.packages.settings.model import QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(start=time(20), end=time(7))
NOON = QuietHours(start=time(12), end=time(13))
ALWAYS_WEEKENDS = QuietHours(start=time(20), end=time(7), weekends=True)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "moment", "end"),
    [
        (NIGHT, "2026-01-05 19:59", "2026-01-05 19:59"),
        (NIGHT, "2026-01-05 20:00", "2026-01-06 07:00"),
        (NIGHT, "2026-01-06 03:00", "2026-01-06 07:00"),
        (NIGHT, "2026-01-06 07:00", "2026-01-06 07:00"),
        (NOON, "2026-01-05 12:30", "2026-01-05 13:00"),
        (NOON, "2026-01-05 13:00", "2026-01-05 13:00"),
        (ALWAYS_WEEKENDS, "2026-01-02 21:00", "2026-01-05 07:00"),
        (ALWAYS_WEEKENDS, "2026-01-04 12:00", "2026-01-05 07:00"),
        (QuietHours(weekends=True), "2026-01-03 12:00", "2026-01-05 00:00"),
        (QuietHours(weekends=True), "2026-01-02 23:59", "2026-01-02 23:59"),
        # The night in which the clocks go forward.
        (NIGHT, "2026-03-28 22:00", "2026-03-29 07:00"),
    ],
)
def test_quiet_hours_end_when_they_say(hours: QuietHours, moment: str, end: str) -> None:
    """Over midnight, over a weekend, and over a change of the clocks."""
    assert hours.end_after(at(moment)) == at(end)
    assert hours.cover(at(moment)) is (moment != end)


@given(
    st.times(timezones=st.none()).map(lambda each: each.replace(second=0, microsecond=0)),
    st.times(timezones=st.none()).map(lambda each: each.replace(second=0, microsecond=0)),
    st.booleans(),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 (Hypothesis wants them naive)
)
def test_they_always_end_within_days_and_leave_a_loud_moment(
    start: time, end: time, weekends: bool, moment: datetime
) -> None:
    """Whatever the hours, a nudge comes in the end, and not in them."""
    if start == end:
        return
    hours = QuietHours(start=start, end=end, weekends=weekends)
    local = moment.replace(tzinfo=BERLIN)
    after = hours.end_after(local)
    assert not hours.cover(after)
    assert timedelta(0) <= after - local < timedelta(days=5)
