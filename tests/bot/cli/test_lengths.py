"""Lengths and moments as people type them."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from bot.cli.lengths import LENGTH_TYPE, MOMENT_TYPE
from graph.values import FIRST_MOMENT, LAST_MOMENT


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("30d", timedelta(days=30)),
        ("12h", timedelta(hours=12)),
        ("2w", timedelta(weeks=2)),
        ("45 min", timedelta(minutes=45)),
        ("1 day", timedelta(days=1)),
    ],
)
def test_lengths_are_read(typed, meant):
    """With or without a space, in short or in full."""
    assert LENGTH_TYPE.convert(typed, None, None) == meant


@pytest.mark.parametrize("typed", ["", "30", "d", "-3d", "0d", "3 months", "1e9d"])
def test_what_is_no_length_is_refused(typed):
    """A month has no fixed length, and nothing is guessed."""
    with pytest.raises(click.BadParameter):
        LENGTH_TYPE.convert(typed, None, None)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-12-31", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T18:00", datetime(2026, 12, 31, 18, tzinfo=UTC)),
        ("2026-12-31T18:00Z", datetime(2026, 12, 31, 18, tzinfo=UTC)),
        ("2026-12-31 18:00+02:00", datetime(2026, 12, 31, 16, tzinfo=UTC)),
        ("9999-12-31", LAST_MOMENT),
        ("9999-12-31T23:59-05:00", LAST_MOMENT),
        ("0001-01-01T00:00+02:00", FIRST_MOMENT),
    ],
)
def test_moments_are_read_as_utc(typed, meant):
    """A day alone means until its end."""
    assert MOMENT_TYPE.convert(typed, None, None) == meant


@pytest.mark.parametrize("typed", ["", "tomorrow", "31.12.2026", "2026-13-01"])
def test_what_is_no_moment_is_refused(typed):
    """Exit code 2, with the form to use."""
    with pytest.raises(click.BadParameter):
        MOMENT_TYPE.convert(typed, None, None)
