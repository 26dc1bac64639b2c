"""Dates read as a workspace writes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.page import dates
from sandbox.page.reader import zone_named
from tests.sandbox.page.conftest import reader

MOMENT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("{date_num}", "2026-03-02"),
        ("{date}", "March 2nd, 2026"),
        ("{date_short}", "Mar 2, 2026"),
        ("{date_long}", "Monday, March 2nd, 2026"),
        ("{time}", "12:30 AM"),
        ("{time_secs}", "12:30:00 AM"),
        ("{date_pretty} at {time}", "March 2nd, 2026 at 12:30 AM"),
        ("{ago}", "in 30 days"),
        ("{no_such_token}", "{no_such_token}"),
    ],
)
def test_each_token_is_filled(pattern: str, shown: str) -> None:
    """The tokens of Slack's date formatting, at half past midnight in Berlin."""
    assert dates.fill(pattern, moment=MOMENT, reader=reader()) == shown


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    "moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)]
)
def test_the_ends_of_the_calendar_are_shown_on_every_clock(moment: datetime, zone: str) -> None:
    """There is no day beyond them, wherever somebody is."""
    there = replace(reader(), zone=zone_named(zone))
    assert there.local(moment).year == moment.year


@pytest.mark.parametrize(
    ("days", "shown"), [(-1, "yesterday"), (0, "today"), (1, "tomorrow"), (2, "Feb 1, 2026")]
)
def test_pretty_dates_name_the_days_nearby(days: int, shown: str) -> None:
    """Yesterday, today and tomorrow are words; other days are dates."""
    moment = reader().now + timedelta(days=days)
    assert dates.fill("{date_short_pretty}", moment=moment, reader=reader()) == shown


@pytest.mark.parametrize(
    ("locale", "pattern", "shown"),
    [
        ("de-DE", "{date_short} um {time}", "02.03.2026 um 00:30"),
        ("de-DE", "{date_long}", "Montag, 2. März 2026"),
        ("de-DE", "{ago}", "in 1 Monat"),
        ("fr-FR", "{date}", "2 mars 2026"),
        ("ja-JP", "{date_short_pretty}", "2026/03/02"),
        ("de-DE", "{date_num} {no_such_token}", "2026-03-02 {no_such_token}"),
        ("en-US", "{date_short}", "Mar 2, 2026"),
        ("pt-BR", "{date_short}", "Mar 2, 2026"),
    ],
)
def test_tokens_are_said_in_the_readers_language(locale: str, pattern: str, shown: str) -> None:
    """As far as the sandbox can be started in it."""
    somebody = replace(reader(), locale=locale)
    assert dates.fill(pattern, moment=MOMENT, reader=somebody) == shown


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("de-DE", ["gestern", "heute", "morgen"]),
        ("es-ES", ["ayer", "hoy", "mañana"]),
        ("fr-FR", ["hier", "aujourd’hui", "demain"]),
        ("ja-JP", ["昨日", "今日", "明日"]),
    ],
)
def test_the_days_nearby_have_words_in_each_language(locale: str, said: list[str]) -> None:
    """Yesterday, today and tomorrow."""
    somebody = replace(reader(), locale=locale)
    days = [reader().now + timedelta(days=away) for away in (-1, 0, 1)]
    found = [dates.fill("{date_short_pretty}", moment=moment, reader=somebody) for moment in days]
    assert found == said


@pytest.mark.parametrize(
    ("day", "ordinal"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (22, "22nd")],
)
def test_ordinals_are_english(day: int, ordinal: str) -> None:
    """11, 12 and 13 are the exceptions."""
    moment = datetime(2026, 5, day, 10, tzinfo=UTC)
    assert f"May {ordinal}" in dates.day_name(moment, reader())


def test_a_divider_of_another_year_names_the_year() -> None:
    """After some months on the sandbox's clock, the year matters."""
    assert dates.day_name(datetime(2027, 1, 5, 9, tzinfo=UTC), reader()).endswith("5th, 2027")


def test_a_span_is_told_in_its_largest_unit() -> None:
    """People want days, not seconds."""
    assert dates.how_long(timedelta(days=24, hours=3)) == "24 days"
    assert dates.how_long(timedelta(days=30) - timedelta(seconds=9)) == "30 days"
    assert dates.how_long(timedelta(hours=1)) == "1 hour"
    assert dates.how_long(timedelta(minutes=40)) == "40 minutes"
    assert dates.how_long(timedelta(seconds=5)) == "less than a minute"


def test_an_unknown_zone_reads_as_utc() -> None:
    """A workspace may name a zone that this machine does not know."""
    assert zone_named("Mars/Olympus").key == "UTC"
