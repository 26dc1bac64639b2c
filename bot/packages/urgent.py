"""Read what people type who need a package in an emergency: "production database emergency: it is down"."""

import re
from dataclasses import dataclass
from typing import Final

from bot.packages.names import LONGEST_TEXT

# The word, and the colon that makes it more than a word of a name or of a reason.
EMERGENCY: Final = re.compile(r"\s+emergency\s*:", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class UrgentText:
    """A name, and the reason that the emergency gives."""

    name: str
    reason: str


def read(text: str) -> UrgentText | None:
    """Return what somebody needs at once, and why; None if the text asks for no emergency."""
    said = text[:LONGEST_TEXT]
    found = EMERGENCY.search(said)
    if found is None:
        return None
    return UrgentText(name=said[: found.start()].strip(), reason=said[found.end() :].strip())
