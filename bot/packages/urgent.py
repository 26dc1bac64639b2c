"""Read what people type who need a package in an emergency: "production database emergency: it is down"."""

import re
from dataclasses import dataclass
from typing import Final

from bot.packages.names import LONGEST_TEXT

# The word, and the colon that makes it more than a word of a name or of a reason.
EMERGENCY: Final = re.compile(r"\s+emergency\s*:", re.IGNORECASE)
# The word alone, behind which the reason is missing; or it ends a name, or the reason of a request like any other.
WORD_ALONE: Final = re.compile(r"\s+emergency\s*[.!]*\s*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class UrgentText:
    """
    A name, and the reason that the emergency gives.

    Attributes:
        is_marked: A colon says that it is one; otherwise the word ends the text, and may mean something else.
    """

    name: str
    reason: str
    is_marked: bool = True


def read(text: str) -> UrgentText | None:
    """Return what somebody needs at once, and why; None if the text asks for no emergency."""
    said = text[:LONGEST_TEXT]
    found = EMERGENCY.search(said)
    if found is None:
        alone = WORD_ALONE.search(said)
        if alone is None:
            return None
        return UrgentText(name=said[: alone.start()].strip(), reason="", is_marked=False)
    return UrgentText(name=said[: found.start()].strip(), reason=said[found.end() :].strip())
