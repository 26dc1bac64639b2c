"""Suggests what a misspelled word was meant to be."""

import difflib
from collections.abc import Iterable


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


def _listed(words: list[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
