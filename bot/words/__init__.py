"""
The words that people read in Slack, in the language of whoever reads them.

`_`, `pgettext` and `ngettext` say something now, in the reader's language, which `speaking` sets.  `N_` makes a sentence where the
reader is not known: an error, or what is kept in a row.  It stays English, also in the audit log, until `translate`
says it to somebody.  docs/how-to/languages.md says how to write a sentence.

Source: gettext's manual, "Preparing Program Sources".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from bot.words.catalogs import ENGLISH, LANGUAGES, Catalog, find_catalog, language_of_locale

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "N_",
    "N_ngettext",
    "_",
    "current_language",
    "language_of_locale",
    "ngettext",
    "pgettext",
    "speak",
    "speaking",
    "translate",
]

# None: English, which needs no catalog.
_catalog: Final[ContextVar[Catalog | None]] = ContextVar("catalog", default=None)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say everything in this block in *language*, "de"; one without a catalog is said in English."""
    token = _catalog.set(find_catalog(language))
    try:
        yield
    finally:
        _catalog.reset(token)


def speak(language: str) -> None:
    """Say everything in *language* from here on, in the running task and in those that it starts."""
    _catalog.set(find_catalog(language))


def current_language() -> str:
    """Return the language that is spoken now, "en"."""
    catalog = _catalog.get()
    return ENGLISH if catalog is None else catalog.language


def _(sentence: str) -> str:
    """Return *sentence* in the reader's language; its parts are filled in afterwards, by ``format``."""
    catalog = _catalog.get()
    return sentence if catalog is None or not sentence else catalog.find(sentence)


def pgettext(context: str, sentence: str) -> str:
    """
    Return *sentence* in the reader's language, where the same English words mean several things.

    Args:
        context: Which of them, for translators: "close a form".
    """
    catalog = _catalog.get()
    return sentence if catalog is None else catalog.find(sentence, context=context)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the sentence for *count* things in the reader's language; its parts are filled in afterwards."""
    catalog = _catalog.get()
    if catalog is None:
        return one if count == 1 else many
    return catalog.find_plural(one, many, count)


def N_(sentence: str) -> str:
    """Return *sentence* as it is, in English: it is kept, and `translate` finds it again when somebody reads it."""
    return sentence


def N_ngettext(one: str, many: str, count: int) -> str:
    """Return the English sentence for *count* things, like `N_`; the number is filled in as ``{count}``."""
    return one if count == 1 else many


def translate(text: str) -> str:
    """
    Return, in the reader's language, a sentence that was made with `N_`, with whatever was filled into it.

    Text that is none of ours (of people, or of Graph) is returned as it is.
    """
    catalog = _catalog.get()
    return text if catalog is None or not text else catalog.recognize(text)
