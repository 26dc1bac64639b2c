"""Say the tokens of ``<!date^…>`` in the language in which somebody reads Slack, as Slack does by their locale."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta

# Yesterday, today and tomorrow, in the languages that the sandbox can be started in.
NEAR: Final = {
    "de": ("gestern", "heute", "morgen"),
    "es": ("ayer", "hoy", "mañana"),
    "fr": ("hier", "aujourd’hui", "demain"),
    "ja": ("昨日", "今日", "明日"),
}
FORMATS: Final = {"date": "long", "date_short": "medium", "date_long": "full"}
PRETTY: Final = "_pretty"


def language_of(locale: str) -> str | None:
    """Return the language of a locale, "de" of "de-DE"; None for English, and for one without words of its own here."""
    language = locale.partition("-")[0]
    return language if language in NEAR else None


def said(token: str, local: datetime, *, now: datetime, language: str) -> str | None:
    """
    Return what a token says; None for one that is the same in each language, or not known.

    Args:
        local: The moment on the reader's wall clock, and *now* likewise.
    """
    locale = Locale(language)
    if token.endswith(PRETTY):
        away = (local.date() - now.date()).days
        if abs(away) <= 1:
            return NEAR[language][away + 1]
        token = token.removesuffix(PRETTY)
    if token in FORMATS:
        return format_date(local, format=FORMATS[token], locale=locale)
    writer = _WRITERS.get(token)
    return writer(local, now, locale) if writer else None


def _ago(local: datetime, now: datetime, locale: Locale) -> str:
    away: timedelta = local - now
    return format_timedelta(away, add_direction=True, locale=locale)


_WRITERS: Final[dict[str, Callable[[datetime, datetime, Locale], str]]] = {
    "time": lambda local, _, locale: format_time(local, format="short", locale=locale),
    "time_secs": lambda local, _, locale: format_time(local, format="medium", locale=locale),
    "ago": _ago,
}
