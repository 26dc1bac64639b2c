"""Numbers, lists and dates in the reader's language, by Babel; in Slack's messages dates are tokens of Slack's own."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.words import ENGLISH, _, current_language
from bot.words.catalogs import LANGUAGES

if TYPE_CHECKING:
    from babel import Locale

# A moment in a sentence that is kept or raised: such a sentence is English, and shown where Slack reads no tokens, too.
KEPT_MOMENT_FORMAT: Final = "%d %b %Y, %H:%M UTC"
KEPT_MOMENT: Final = re.compile(
    r"\b[0-9]{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) 2[0-9]{3}, [0-9]{2}:[0-9]{2} UTC\b"
)


def number(value: int) -> str:
    """Return a number with its thousands apart: "1,234"."""
    locale = _locale()
    if locale is None:
        return f"{value:,}"
    from babel.numbers import format_decimal

    return format_decimal(value, locale=locale)


def as_sentence(text: str) -> str:
    """Return *text* with the full stop of the language."""
    return _("{sentence}.").format(sentence=text)


def in_quotes(name: str) -> str:
    """Return a name in the quotation marks of the language: where nothing can be bold, it is told from its sentence."""
    return _("“{name}”").format(name=name)


def all_of(names: Sequence[str]) -> str:
    """Return names as a list of which all are meant: "A, B and C"."""
    return _list(names, style="standard", last=" and ")


def any_of(names: Sequence[str]) -> str:
    """Return names as a list of which any is meant: "A, B or C"."""
    return _list(names, style="or", last=" or ")


def each_of(names: Sequence[str]) -> str:
    """Return names as a list of which each is meant, one by one: "A and B and C"."""
    said = "".join(names[:1])
    for name in names[1:]:
        said = _("{some} and {other}").format(some=said, other=name)
    return said


def in_a_row(names: Sequence[str]) -> str:
    """Return names one after the other: "A, B, C"."""
    return ("、" if current_language() == "ja" else ", ").join(names)


def date(at: datetime) -> str:
    """Return a day, where Slack reads no tokens: "31 Jan 2027"."""
    locale = _locale()
    if locale is None:
        return f"{at:%-d %b %Y}"
    from babel.dates import format_date

    return format_date(at, format="medium", locale=locale)


def short_date(at: datetime, *, with_year: bool) -> str:
    """Return a day as on a button: "31 Jan", with the year where it is another one: "31 Jan 2027"."""
    locale = _locale()
    if with_year:
        return date(at)
    if locale is None:
        return f"{at:%-d %b}"
    from babel.dates import format_skeleton

    return format_skeleton("MMMd", at, locale=locale)


def date_and_time(at: datetime) -> str:
    """Return a moment in UTC, where Slack reads no tokens: "31 Jan 2027, 14:30 UTC"."""
    locale = _locale()
    if locale is None:
        return f"{at:%-d %b %Y, %H:%M} UTC"
    from babel.dates import format_date, format_time

    day = format_date(at, format="medium", locale=locale)
    return f"{day}, {format_time(at, format='HH:mm', locale=locale)} UTC"


def kept_moment(at: datetime) -> str:
    """
    Return a moment for a sentence that is kept or raised: "31 Jan 2027, 14:30 UTC".

    `bot.messages.blocks.sentences.escape_sentence` shows it in the reader's zone.
    """
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def _list(names: Sequence[str], *, style: str, last: str) -> str:
    if len(names) < 2:
        return "".join(names)
    locale = _locale()
    if locale is None:
        return f"{', '.join(names[:-1])}{last}{names[-1]}"
    from babel.lists import format_list

    return format_list(list(names), style=style, locale=locale)  # type: ignore[arg-type]


def _locale() -> "Locale | None":
    """Return Babel's locale of the reader; None for English, which we write ourselves, and for a pseudo-locale."""
    language = current_language()
    if language == ENGLISH or language not in LANGUAGES:
        return None
    from babel import Locale

    return Locale(language)
