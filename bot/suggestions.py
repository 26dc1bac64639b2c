"""Suggests what a misspelled word was meant to be."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

# Of a word that may be misspelled: a shorter one, or one with a number, tells things apart.
SHORTEST_WORD: Final = 4
# How much of two words is the same where one is a slip of the pen for the other ("Campaing", "Campaign": 0.875).
SAME_WORD: Final = 0.8


def nearest(word: str, words: Iterable[str]) -> str:
    """Say “ Did you mean …?”, or the words there are, or nothing when there are too many to say."""
    known = sorted(set(words), key=str.casefold)
    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f" Did you mean “{folded[close[0]]}”?"
    return f" There is {_listed(known)}." if 0 < len(known) <= 12 else ""


def is_guess(suggestion: str) -> bool:
    """Tell whether `nearest` found a word that was probably meant, and did not list them."""
    return suggestion.startswith(" Did you mean")


def nearly_same(name: str, others: Iterable[str]) -> str | None:
    """
    Find another name that people read as this one.

    The same but for blanks, hyphens and how its letters are put together, or with a slip of the pen in one word.
    """
    known = sorted(set(others), key=str.casefold)
    alike = [each for each in known if _bare(each) == _bare(name)]
    return next(iter([*alike, *(each for each in known if _is_slip(each, name))]), None)


def _bare(name: str) -> str:
    return re.sub(r"[\s._-]+", "", unicodedata.normalize("NFKC", name).casefold())


def _is_slip(one: str, other: str) -> bool:
    words, others = one.casefold().split(), other.casefold().split()
    if len(words) != len(others):
        return False
    pairs = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    return (
        len(pairs) == 1
        and all(each.isalpha() and len(each) >= SHORTEST_WORD for each in pairs[0])
        and difflib.SequenceMatcher(None, *pairs[0]).ratio() >= SAME_WORD
    )


def _listed(words: list[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
