"""Read what people type who need a package in an emergency: "production database emergency: it is down"."""

import re
from dataclasses import dataclass
from typing import Final

from bot.packages.names import LONGEST_TEXT, SIGN_AT_END

# The word, and the colon that makes it more than a word of a name or of a reason.
EMERGENCY: Final = re.compile(r"\s+emergency\s*:", re.IGNORECASE)
# The word alone, behind which the reason is missing; or it ends a name, or the reason of a request like any other.
WORD_ALONE: Final = re.compile(r"\s+emergency\s*[.!]*\s*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class UrgentText:
    """
    A name, and the reason that the emergency gives.

    Attributes:
        is_behind_sign: A reason begins before the word, which may be a part of it.
        is_marked: A colon says that it is one; otherwise the word ends the text, and may mean something else.
    """

    name: str
    reason: str
    is_behind_sign: bool
    is_marked: bool


def read(text: str) -> UrgentText | None:
    """Return what somebody needs at once, and why; None if the text asks for no emergency."""
    said = text[:LONGEST_TEXT]
    found = EMERGENCY.search(said)
    if found is not None:
        return _read(said[: found.start()], said[found.end() :], is_marked=True)
    alone = WORD_ALONE.search(said)
    return None if alone is None else _read(said[: alone.start()], "", is_marked=False)


def _read(before: str, behind: str, *, is_marked: bool) -> UrgentText:
    return UrgentText(
        name=before.strip(),
        reason=behind.strip(),
        is_behind_sign=SIGN_AT_END.search(before) is not None,
        is_marked=is_marked,
    )
