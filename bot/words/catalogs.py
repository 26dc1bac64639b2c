"""
Read the catalogs of sentences: one file of gettext's for each language.

The files are read as they are, so that nothing has to be compiled after a change; each is read once, when the first
reader of its language comes.
"""

import functools
import gettext
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from io import BytesIO
from typing import Final

from bot.words.recognition import Recognizer, SentencePattern

ENGLISH: Final = "en"
# The languages that there are catalogs for.
LANGUAGES: Final = (ENGLISH, "de", "es", "fr", "ja")
# No language: every sentence longer, with accents and between marks, to see in tests what is not translated.
PSEUDO: Final = "en-XA"
# What the catalogs say of a sentence that was made with `N_`.
KEPT: Final = "kept"
# What is filled in, code, emoji, commands, and what is between angle brackets.
AS_IT_IS: Final = re.compile(r"(\{[^{}]*\}|`[^`]*`|<[^<>]*>|:[a-z_]+:|/[a-z]+-access\b)")
ACCENTED: Final = str.maketrans("aceinosuyACEINOSUY", "àçéîñöšûýÀÇÉÎÑÖŠÛÝ")


class Catalog:
    """The sentences of one language."""

    def __init__(
        self,
        language: str,
        *,
        sentences: Mapping[str, str],
        plurals: Mapping[str, Sequence[str]],
        choose: Callable[[int], int],
        kept: Sequence[SentencePattern],
        in_contexts: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        """
        Args:
            sentences: By the English one.
            in_contexts: By context and English sentence, where that means several things.
            plurals: By the English singular: a sentence for each of the language's numbers.
            choose: Returns which of them is for so many.
            kept: Those that are found again in what rows and errors say.
        """
        self.language: Final = language
        self.kept: Final = kept
        self._sentences = sentences
        self._plurals = plurals
        self._choose = choose
        self._in_contexts = in_contexts or {}
        self._recognizer = Recognizer(kept, self)

    def find(self, sentence: str, *, context: str | None = None) -> str:
        """Return *sentence* in this language; itself if it is not in the catalog."""
        if context is not None:
            return self._in_contexts.get((context, sentence)) or sentence
        return self._sentences.get(sentence) or sentence

    def find_plural(self, one: str, many: str, count: int) -> str:
        """Return the sentence for *count* things."""
        forms = self._plurals.get(one)
        said = forms[self._choose(count)] if forms else ""
        return said or (one if count == 1 else many)

    def list_of(self, names: Sequence[str], *, any_of_them: bool) -> str:
        """Return names as a list in this language: "A, B und C", "A oder B"."""
        from babel.lists import format_list  # only where somebody reads another language

        return format_list(
            list(names), style="or" if any_of_them else "standard", locale=self.language
        )

    def recognize(self, text: str) -> str:
        """Return in this language what was made of a sentence that is kept in English."""
        return self._recognizer.translate(text)


class PseudoCatalog(Catalog):
    """Every sentence, made longer and marked, so that tests see which words have not come through here."""

    def __init__(self, kept: Sequence[SentencePattern]) -> None:
        super().__init__(
            PSEUDO, sentences={}, plurals={}, choose=lambda count: int(count != 1), kept=kept
        )

    def find(self, sentence: str, *, context: str | None = None) -> str:
        return _pseudo(sentence)

    def list_of(self, names: Sequence[str], *, any_of_them: bool) -> str:
        return ", ".join(names)

    def find_plural(self, one: str, many: str, count: int) -> str:
        return _pseudo(one if count == 1 else many)


def language_of_locale(locale: str | None) -> str | None:
    """Return which of `LANGUAGES` somebody reads whose Slack is in *locale*, "de-DE"; None: none of them."""
    language = (locale or "").replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


def find_catalog(language: str) -> Catalog | None:
    """Return the catalog of *language*; None for English, and where there is none."""
    return None if language == ENGLISH else _read(language)


@functools.cache
def _read(language: str) -> Catalog | None:
    if language == PSEUDO:
        return PseudoCatalog(_kept_of(LANGUAGES[1]))
    if language not in LANGUAGES:
        return None
    from babel.messages.pofile import read_po  # only where somebody reads another language

    source = files("bot.words").joinpath("catalogs", f"{language}.po").read_bytes()
    read = read_po(BytesIO(source), locale=language)
    sentences: dict[str, str] = {}
    in_contexts: dict[tuple[str, str], str] = {}
    plurals: dict[str, Sequence[str]] = {}
    kept: list[SentencePattern] = []
    for message in read:
        if not message.id or message.fuzzy:
            continue
        if message.context is not None:
            in_contexts[message.context, str(message.id)] = str(message.string)
            continue
        if isinstance(message.id, str):
            sentences[message.id] = str(message.string)
            pattern = SentencePattern(message.id)
        else:
            one, many = message.id
            plurals[one] = tuple(message.string or ())
            pattern = SentencePattern(one, many)
        if KEPT in message.auto_comments:
            kept.append(pattern)
    return Catalog(
        language,
        sentences=sentences,
        plurals=plurals,
        choose=gettext.c2py(read.plural_expr),
        kept=kept,
        in_contexts=in_contexts,
    )


def _kept_of(language: str) -> Sequence[SentencePattern]:
    catalog = _read(language)
    return catalog.kept if catalog is not None else ()


def _pseudo(sentence: str) -> str:
    """Make *sentence* longer by a third, leaving what is filled in, commands, and what Slack reads as a format."""
    said = "".join(
        each if place % 2 else each.translate(ACCENTED)
        for place, each in enumerate(AS_IT_IS.split(sentence))
    )
    return f"[!! {said}{' ~' * (len(sentence) // 6)} !!]"
