"""
Find again which sentence a text was made of, and say it in another language.

Rows, errors and the audit log have whole English sentences, with names filled in.  Each is found by its wording: all
that is filled in is taken over as it is, but for a part named in `SENTENCES`, which is one of ours again.
"""

import functools
import re
import string
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

# Parts that are sentences themselves.
SENTENCES: Final = frozenset(
    {
        "sentence",
        "why",
        "what",
        "hint",
        "rule",
        "state",
        "done",
        "fate",
        "member",
        "role",
        "about",
        "lasts",
        "doubt",
        "scope",
        "second_scope",
        "third_scope",
    }
)
# The part by which a sentence has a plural.
COUNT: Final = "count"
# Of one language; a package's rule is recognized whenever it is shown.
MOST_REMEMBERED: Final = 10_000
# What is quoted, one after the other: it may be listed as the language does, for no name can be taken for the word between.
QUOTED_LIST: Final = re.compile(
    r"(?P<some>“[^“”]*”(?:, “[^“”]*”)*) (?P<last_word>and|or) (?P<last>“[^“”]*”|[0-9]+ more)"
)
QUOTED: Final = re.compile(r"“[^“”]*”")
# Between one sentence and the next.
ENDS: Final = re.compile(r"(?<=[.?!]) ")
# A text is looked up by so much of its beginning.
BEGINNING: Final = 4


class Translations(Protocol):
    """Knows what sentences are in a language."""

    def find(self, sentence: str) -> str: ...

    def list_of(self, names: Sequence[str], *, any_of_them: bool) -> str: ...

    def find_plural(self, one: str, many: str, count: int) -> str: ...


class SentencePattern:
    """A sentence with parts, by which texts made of it are recognized; *many* is its plural."""

    def __init__(self, sentence: str, many: str | None = None) -> None:
        self.sentence: Final = sentence
        self.many: Final = many
        self.has_parts: Final = "{" in sentence or many is not None
        # Without one it may begin with anything.
        self.beginning: Final = "" if many is not None else sentence.partition("{")[0][:BEGINNING]
        self._wordings: Final = tuple(_compiled(each) for each in (sentence, many) if each)

    def read(self, text: str) -> Mapping[str, str] | None:
        """Return what was filled in to make *text* of this sentence; None if it was not made of it."""
        for wording in self._wordings:
            found = wording.fullmatch(text)
            if found is not None and (self.many is None or _number(found[COUNT]) is not None):
                return found.groupdict()
        return None

    def write(self, parts: Mapping[str, str], said: Translations) -> str:
        """Make the sentence in another language."""
        if self.many is None:
            return said.find(self.sentence).format(**parts)
        number = _number(parts[COUNT]) or 0
        return said.find_plural(self.sentence, self.many, number).format(**parts)


class Recognizer:
    """Says texts in one language that were made of known English sentences."""

    def __init__(self, patterns: Sequence[SentencePattern], said: Translations) -> None:
        self._said = said
        self._whole = frozenset(each.sentence for each in patterns if not each.has_parts)
        self._by_beginning: Final[dict[str, list[SentencePattern]]] = defaultdict(list)
        self._any_beginning: Final[list[SentencePattern]] = []
        # The more of a sentence is its own, the surer it is meant.
        for each in sorted(patterns, key=lambda pattern: -_own(pattern.sentence)):
            if each.has_parts and len(each.beginning) == BEGINNING:
                self._by_beginning[each.beginning].append(each)
            elif each.has_parts:
                self._any_beginning.append(each)
        self.translate = functools.lru_cache(MOST_REMEMBERED)(self._translate)

    def _translate(self, text: str) -> str:
        """Return *text* in the language; itself if it is made of no sentences that are known."""
        whole = self._find(text)
        if whole is not None:
            return whole
        for end in ENDS.finditer(text):
            first = self._find(text[: end.start()])
            if first is not None:
                return f"{first} {self._translate(text[end.end() :])}"
        return text

    def _find(self, text: str) -> str | None:
        """Return one sentence in the language; None if it is none that is known."""
        if text in self._whole:
            return self._said.find(text)
        for patterns in (self._by_beginning.get(text[:BEGINNING], ()), self._any_beginning):
            for pattern in patterns:
                parts = pattern.read(text)
                if parts is not None:
                    return pattern.write(self._in_language(parts), self._said)
        return None

    def _in_language(self, parts: Mapping[str, str]) -> Mapping[str, str]:
        return {
            name: self.translate(part) if name in SENTENCES else self._listed(part)
            for name, part in parts.items()
        }

    def _listed(self, part: str) -> str:
        """Return a list of quoted names as the language lists them; anything else as it is."""
        found = QUOTED_LIST.fullmatch(part)
        if found is None:
            return part
        names = [*QUOTED.findall(found["some"]), self.translate(found["last"])]
        return self._said.list_of(names, any_of_them=found["last_word"] == "or")


def _compiled(sentence: str) -> re.Pattern[str]:
    wording, seen = [], set()
    for text, name, _, _ in string.Formatter().parse(sentence):
        wording.append(re.escape(text))
        if name is not None:
            wording.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return re.compile("".join(wording), re.DOTALL)


def _own(sentence: str) -> int:
    """Return how many characters of a sentence are not filled in."""
    return sum(len(text) for text, _, _, _ in string.Formatter().parse(sentence))


def _number(text: str) -> int | None:
    digits = text.replace(",", "")
    return int(digits) if digits.isascii() and digits.isdigit() else None
