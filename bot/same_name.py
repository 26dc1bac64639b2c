"""Compare names as people read them."""

import unicodedata
from itertools import groupby
from typing import Final

# Marks of tone, which a keyboard for Vietnamese writes as characters of their own behind a letter that has its accent.
TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")


def composed(text: str) -> str:
    """
    Return text in which a letter and its accent are one character, however they were typed: on the screen they are the same.

    What is a character of its own stays that: some of those look like another (the signs of ohm and kelvin), and some of
    Japanese names do not.
    """
    if unicodedata.is_normalized("NFC", text):
        return text
    runs = groupby(text, key=lambda each: unicodedata.is_normalized("NFC", each))
    return "".join(
        unicodedata.normalize("NFC", "".join(run)) if composes else "".join(run)
        for composes, run in runs
    )


def folded(name: str | None) -> str:
    """Return a name without regard to capitals, and to whether a letter and its accent are one character or two."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name or "").casefold())


def spellings(name: str) -> list[str]:
    """Return the ways in which somebody's keyboard may have put a name into Entra, which compares character by character."""
    tones_apart = "".join(map(_with_tone_apart, unicodedata.normalize("NFC", name)))
    forms = (unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
    return list(dict.fromkeys((name, *forms, tones_apart)))


def _with_tone_apart(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    letter = "".join(each for each in parts if each not in TONES)
    return unicodedata.normalize("NFC", letter) + "".join(each for each in parts if each in TONES)
