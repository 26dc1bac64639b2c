"""Until when somebody lets another person decide, as people write it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.approvals.end_dates import LONGEST, read_end
from bot.errors import LatchkeyError

BERLIN = ZoneInfo("Europe/Berlin")
# A Wednesday.
NOW = datetime(2026, 12, 2, 15, 30, tzinfo=BERLIN)


def moment(year, month, day, hour=0, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("until friday", (2026, 12, 5)),
        ("Until Fri", (2026, 12, 5)),
        ("until  FRIDAY.", (2026, 12, 5)),
        ("until friday 17:00", (2026, 12, 4, 17)),
        ("until friday at 17:00", (2026, 12, 4, 17)),
        ("until wednesday", (2026, 12, 10)),
        ("until tuesday", (2026, 12, 9)),
        ("until today", (2026, 12, 3)),
        ("until tomorrow", (2026, 12, 4)),
        ("until today 16:00", (2026, 12, 2, 16)),
        ("until 2026-12-05", (2026, 12, 6)),
        ("until 2026-12-05 09:15", (2026, 12, 5, 9, 15)),
        ("until 5 dec", (2026, 12, 6)),
        ("until 5. December", (2026, 12, 6)),
        ("until Dec 5", (2026, 12, 6)),
        ("until dec 5, 2026", (2026, 12, 6)),
        ("until 10 jan", (2027, 1, 11)),
        ("until 10 jan 2027 8:00", (2027, 1, 10, 8)),
        ("for 3 days", (2026, 12, 5, 15, 30)),
        ("for a week", (2026, 12, 9, 15, 30)),
        ("for 2 hours", (2026, 12, 2, 17, 30)),
    ],
)
def test_an_end_is_read_as_people_write_it(text, end):
    """A day means its end, in the zone of whoever writes."""
    assert read_end(text, now=NOW) == moment(*end)


@pytest.mark.parametrize("zone", [BERLIN, UTC, ZoneInfo("America/New_York")])
@pytest.mark.parametrize(
    "text", ["until 9999-12-31", "until 31 dec 9999", "until 9999-12-31 23:59"]
)
def test_the_last_day_of_the_calendar_is_too_far_away(text, zone):
    """It has no day after it, and is refused like any other of its kind."""
    with pytest.raises(LatchkeyError, match="too long"):
        read_end(text, now=NOW.astimezone(zone))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "until when"),
        ("friday", "until when"),
        ("until", "until when"),
        ("until the cows come home", "until when"),
        ("until ma", "until when"),
        ("until 31 feb", "until when"),
        ("until friday 25:00", "until when"),
        ("until 2026-13-01", "until when"),
        ("until 2026-12-01", "has passed"),
        ("until today 15:30", "has passed"),
        ("for 0 days", "has passed"),
        ("until 2027-12-31", "too long"),
        ("for 999 weeks", "too long"),
    ],
)
def test_what_names_no_end_is_refused(text, why):
    """With how to write it; nobody lets somebody decide for ever by a slip."""
    with pytest.raises(LatchkeyError, match=why):
        read_end(text, now=NOW)


@given(st.text(max_size=60), st.sampled_from(["", "until ", "for "]))
def test_whatever_is_written_there_is_an_end_or_a_sentence(text, beginning):
    """And an end lies ahead, and not too far."""
    try:
        end = read_end(beginning + text, now=NOW)
    except LatchkeyError:
        return
    assert NOW < end <= NOW.astimezone(UTC) + LONGEST
