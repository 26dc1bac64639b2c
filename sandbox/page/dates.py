"""Dates as a workspace shows them: Slack's ``<!date^…>`` tokens, dividers and short stamps."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sandbox.page import foreign_dates
from sandbox.page.reader import Reader

_TOKEN = re.compile(r"\{(\w+)\}")


def from_ts(ts: str) -> datetime:
    """The moment a message timestamp such as ``1769860800.000100`` stands for."""
    return datetime.fromtimestamp(float(ts), UTC)


def clock_time(moment: datetime, *, seconds: bool = False) -> str:
    """``9:05 AM``, as Slack writes it in English."""
    return moment.strftime("%I:%M:%S %p" if seconds else "%I:%M %p").lstrip("0")


def fill(pattern: str, *, moment: datetime, reader: Reader) -> str:
    """
    Replace the tokens of a ``<!date^…>`` pattern for *reader*, in their language; unknown tokens stay as written.

    Source: docs.slack.dev, "Formatting message text", date formatting.
    """
    local = reader.local(moment)
    language = foreign_dates.language_of(reader.locale)

    def value(match: re.Match[str]) -> str:
        if language is not None:
            now = reader.local(reader.now)
            said = foreign_dates.said(match[1], local, now=now, language=language)
            if said is not None:
                return said
        writer = _WRITERS.get(match[1])
        return writer(local, reader) if writer else match[0]

    return _TOKEN.sub(value, pattern)


def day_name(moment: datetime, reader: Reader) -> str:
    """``Today``, ``Yesterday`` or ``Friday, January 30th``: the divider between two days."""
    local = reader.local(moment)
    near = _near(local, reader)
    if near:
        return near.capitalize()
    year = "" if local.year == reader.local(reader.now).year else f", {local.year}"
    return f"{local:%A}, {local:%B} {_ordinal(local.day)}{year}"


def short_day(moment: datetime, reader: Reader) -> str:
    """``Jan 30`` this year, ``Jan 30, 2027`` in another."""
    local = reader.local(moment)
    year = "" if local.year == reader.local(reader.now).year else f", {local.year}"
    return f"{local:%b} {local.day}{year}"


def how_long(span: timedelta) -> str:
    """A span in its largest sensible unit, rounded: ``24 days``, ``less than a minute``."""
    seconds = abs(span).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        # A moment after the start, thirty days are still thirty days to people.
        if seconds >= 0.95 * length:
            count = round(seconds / length)
            return f"{count} {unit}" + ("s" if count > 1 else "")
    return "less than a minute"


def _ordinal(day: int) -> str:
    suffix = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def _near(local: datetime, reader: Reader) -> str | None:
    away = (local.date() - reader.local(reader.now).date()).days
    return {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(away)


def _date(local: datetime, _: Reader) -> str:
    return f"{local:%B} {_ordinal(local.day)}, {local.year}"


def _short(local: datetime, _: Reader) -> str:
    return f"{local:%b} {local.day}, {local.year}"


def _long(local: datetime, _: Reader) -> str:
    return f"{local:%A}, {local:%B} {_ordinal(local.day)}, {local.year}"


def _pretty(
    plain: Callable[[datetime, Reader], str],
) -> Callable[[datetime, Reader], str]:
    return lambda local, reader: _near(local, reader) or plain(local, reader)


def _ago(local: datetime, reader: Reader) -> str:
    away = local - reader.now
    return f"in {how_long(away)}" if away > timedelta(0) else f"{how_long(away)} ago"


_WRITERS: dict[str, Callable[[datetime, Reader], str]] = {
    "date_num": lambda local, _: f"{local:%Y-%m-%d}",
    "date_slash": lambda local, _: f"{local:%m/%d/%Y}",
    "date": _date,
    "date_short": _short,
    "date_long": _long,
    "date_pretty": _pretty(_date),
    "date_short_pretty": _pretty(_short),
    "date_long_pretty": _pretty(_long),
    "day_divider_pretty": lambda local, reader: day_name(local, reader),
    "time": lambda local, _: clock_time(local),
    "time_secs": lambda local, _: clock_time(local, seconds=True),
    "ago": _ago,
}
