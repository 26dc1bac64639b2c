"""Read until when somebody lets another person decide, as people write it: "until friday", "until 2026-12-05 17:00", "for 3 days"."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from bot.errors import LatchkeyError
from bot.words import N_
from graph.values import moment_after

LONGEST: Final = timedelta(days=180)
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
# As long as it takes to tell one from the others.
SHORTEST: Final = 3
FOR: Final = re.compile(r"for (?P<count>\d{1,3}|an?|one) (?P<unit>hour|day|week)s?")
UNTIL: Final = re.compile(
    r"(?:until|till|to|through) (?P<day>.+?)(?:,? (?:at )?(?P<hour>\d{1,2}):(?P<minute>\d{2}))?"
)
ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
DAY_MONTH: Final = re.compile(r"(?P<day>\d{1,2})\.? (?P<month>[a-z]{3,9})\.?(?: (?P<year>\d{4}))?")
MONTH_DAY: Final = re.compile(r"(?P<month>[a-z]{3,9})\.? (?P<day>\d{1,2})(?:,? (?P<year>\d{4}))?")
UNITS: Final = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
HOW: Final = N_(
    "Please say until when: “until friday”, “until 5 dec”, “until 2026-12-05 17:00” or "
    "“for 3 days”."
)


def read_end(text: str, *, now: datetime) -> datetime:
    """
    Return the moment that *text* names; a day without a time means its end.

    Args:
        now: In the zone of whoever wrote it.

    Raises:
        LatchkeyError: It names no moment, or one that has passed or is too far away; a sentence.
    """
    said = " ".join(text.casefold().split()).rstrip(".!")
    end = _length(said, now) or _until(said, now)
    if end is None:
        raise LatchkeyError(HOW)
    if end <= now:
        raise LatchkeyError(N_("That has passed already. {hint}").format(hint=HOW))
    if end - now > LONGEST:
        raise LatchkeyError(N_("That is too long: {days} days at most.").format(days=LONGEST.days))
    return end.astimezone(UTC)


def _length(said: str, now: datetime) -> datetime | None:
    found = FOR.fullmatch(said)
    if found is None:
        return None
    count = int(found["count"]) if found["count"].isdigit() else 1
    # In UTC, where an hour is an hour.
    return now.astimezone(UTC) + count * UNITS[found["unit"]]


def _until(said: str, now: datetime) -> datetime | None:
    found = UNTIL.fullmatch(said)
    named = _day(found["day"], now.date()) if found else None
    if found is None or named is None:
        return None
    if found["hour"] is None:
        return moment_after(datetime.combine(named, time(0), now.tzinfo), timedelta(days=1))
    hour, minute = int(found["hour"]), int(found["minute"])
    try:
        return datetime.combine(named, time(hour, minute), now.tzinfo)
    except ValueError:
        return None


def _day(said: str, today: date) -> date | None:
    if said in {"today", "tonight"}:
        return today
    if said == "tomorrow":
        return today + timedelta(days=1)
    said = said.removeprefix("next ").removeprefix("the ")
    weekday = _place(said, DAYS)
    if weekday is not None:
        # The next of that name: on a Friday, "until friday" is not over tonight.
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    iso = ISO.fullmatch(said)
    if iso is not None:
        return _date(*map(int, iso.groups()))
    written = DAY_MONTH.fullmatch(said) or MONTH_DAY.fullmatch(said)
    month = _place(written["month"], MONTHS) if written else None
    if written is None or month is None:
        return None
    if written["year"]:
        return _date(int(written["year"]), month + 1, int(written["day"]))
    this_year = _date(today.year, month + 1, int(written["day"]))
    if this_year is not None and this_year < today:
        return _date(today.year + 1, month + 1, int(written["day"]))
    return this_year


def _place(word: str, words: tuple[str, ...]) -> int | None:
    """Return which of *words* a word is, or is the beginning of."""
    found = [place for place, each in enumerate(words) if each.startswith(word)]
    return found[0] if len(word) >= SHORTEST and len(found) == 1 else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
