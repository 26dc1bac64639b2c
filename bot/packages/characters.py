"""Finds characters that nobody sees, or that let a name read as another one."""

import unicodedata
from typing import Final

# They join letters of some scripts, and the parts of one emoji.
JOINERS: Final = frozenset({"\u200c", "\u200d"})
# Letters and signs that are drawn as nothing.
BLANKS: Final = frozenset(
    {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def unseen(text: str) -> str | None:
    """
    Find the first character of *text* that has no place in a name, for people to read; None if all is plain.

    Control and direction characters, and blanks of no width, are refused; right-to-left letters, accents and
    emoji are not.
    """
    for at, character in enumerate(text):
        if character in JOINERS and _joins(text, at):
            continue
        if character in BLANKS or unicodedata.category(character) in _UNSEEN:
            name = unicodedata.name(character, "a control character").lower()
            return f"U+{ord(character):04X} ({name})"
    return None


def is_plain(name: str) -> bool:
    """Tell whether a name survives being written down: no line breaks, double spaces or unseen characters."""
    return bool(name) and " ".join(name.split()) == name and unseen(name) is None


def _joins(text: str, at: int) -> bool:
    """Tell whether a joiner stands between two characters that it can join."""
    around = text[at - 1 : at] + text[at + 1 : at + 2]
    return len(around) == 2 and all(each > "\x7f" and not each.isspace() for each in around)
