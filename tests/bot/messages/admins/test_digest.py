"""The digest stays within what Slack takes, whatever there is, and says what it leaves out."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from bot.messages.admins import digest
from bot.messages.blocks.data_blocks import distinct_labels
from bot.messages.blocks.pages import MESSAGE
from bot.reports.model import RequestOutcome
from graph.values import FIRST_MOMENT, LAST_MOMENT
from tests.bot.reports.made import HOUR, access, finished, made, package
from tests.harness.world import said
from tests.slack_limits.limits import Limits, load_second
from tests.slack_limits.plugin import CHECKER

MARKUP = "*bold* <!channel> & <https://evil|_x_> `c` " * 6
EMOJI = "👩‍👩‍👧" * 40
RIGHT_TO_LEFT = "مجموعة التسويق " * 12


def complaints(message):
    """Return what is against Slack's limits, by all readings that are at hand."""
    return Limits(load_second(CHECKER)).of_message(message)


@pytest.mark.cases(2)
@pytest.mark.parametrize("newer", [False, True], ids=["plain", "newer"])
@pytest.mark.parametrize("name", ["Ann", MARKUP, EMOJI, RIGHT_TO_LEFT], ids=str.__len__)
def test_ten_thousand_rows_stay_within_slacks_limits(newer, name):
    """With 1,000 packages, and names of every kind."""
    packages = [package(f"{n} {name}"[:250]) for n in range(1_000)]
    current = [
        access(
            n,
            package_id=packages[n % 1_000].id,
            package_name=packages[n % 1_000].name,
            holder_name=f"{name} {n}"[:250],
        )
        for n in range(10_000)
    ]
    requests = [
        finished(
            n,
            package_id=packages[n % 1_000].id,
            package_name=packages[n % 1_000].name,
            holder_name=name[:250],
        )
        for n in range(10_000)
    ]
    message = digest.digest(made(packages, current, requests), newer=newer)
    assert complaints(message) == []
    assert MESSAGE.has(message["blocks"])
    assert "more" in said(message)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", ["2026-01-09", "2099-12-29"]),
        ("Europe/Berlin", ["2026-01-10", "2099-12-30"]),
        ("America/New_York", ["2026-01-09", "2099-12-29"]),
    ],
)
def test_the_table_has_the_days_of_its_reader(zone, days):
    """Half past eleven at night by UTC is the next day in Berlin, as the sentences above the table say there."""
    starts_at = datetime(2026, 1, 9, 23, 30, tzinfo=UTC)
    ends_at = datetime(2099, 12, 29, 23, 30, tzinfo=UTC)
    message = digest.digest(
        made(current=[access(starts_at=starts_at, ends_at=ends_at)]),
        newer=True,
        zone=ZoneInfo(zone),
    )

    [table] = [each for each in message["blocks"] if each["type"] == "data_table"]
    assert [each["text"] for each in table["rows"][1][2:]] == days


@pytest.mark.parametrize("hours", range(-14, 15))
def test_access_until_the_end_of_the_calendar_spoils_no_digest(hours):
    """Graph's "never" is the last moment that there is: there is no such day east of UTC, nor the first one west of it."""
    message = digest.digest(
        made(current=[access(starts_at=FIRST_MOMENT, ends_at=LAST_MOMENT)]),
        newer=True,
        zone=timezone(timedelta(hours=hours)),
    )

    assert complaints(message) == []
    [table] = [each for each in message["blocks"] if each["type"] == "data_table"]
    assert table["rows"][1][3]["text"] in {"9999-12-30", "9999-12-31"}
    assert table["rows"][1][2]["text"].endswith(("1-01-01", "1-01-02"))


@pytest.mark.parametrize("newer", [False, True], ids=["plain", "newer"])
def test_nothing_at_all_is_said_in_words(newer):
    """And no chart of nothing."""
    message = digest.digest(made(), newer=newer)
    assert complaints(message) == []
    assert "Nobody has access to the 1 package of yours." in said(message)
    assert {each["type"] for each in message["blocks"]} <= {
        "header",
        "section",
        "context",
        "divider",
    }


def test_the_newer_blocks_have_two_charts_and_a_table():
    """No more charts than a message takes."""
    denied = finished(2, outcome=RequestOutcome.DENIED)
    message = digest.digest(made(current=[access()], requests=[finished(1), denied]), newer=True)
    kinds = [each["type"] for each in message["blocks"]]
    assert kinds.count("data_visualization") == 2
    assert kinds.count("data_table") == 1
    assert complaints(message) == []


def test_both_forms_say_the_same_sentences():
    """Whoever has plain blocks misses no figure."""
    found = made(current=[access()], requests=[finished(1, waits=3 * HOUR)])
    plain, newer = (said(digest.digest(found, newer=each)) for each in (False, True))
    for sentence in (
        "1 person has access to the 1 package of yours. 1 assignment ends within 7 days.",
        "In the last 7 days, 1 request was granted and 0 denied. Half of the decisions took 3 hours or less",
        "Ann 1 got *Finance* on",
    ):
        assert sentence in plain
        assert sentence in newer


def test_labels_of_a_chart_differ():
    """Slack refuses two alike."""
    labels = distinct_labels(
        ["A very long name of a package 1", "A very long name of a package 2", "B", "B", " "]
    )
    assert len(set(labels)) == 5
    assert all(0 < len(each) <= 20 for each in labels)
