"""Read for whom somebody asks who names another person in what they type: "finance-reports for @cy because …"."""

import re
from dataclasses import dataclass
from typing import Final

from bot.packages.names import CLEAR, LONGEST_REASON, LONGEST_TEXT, clean, unquoted

# In a message Slack sends a mention as an id; behind a command, whose text it does not escape, as it was typed.
MENTION: Final = r"<@(?P<user>[UW][A-Z0-9]+)(?:\|[^>]*)?>|@[^\s<>]+"
FOR_OTHER: Final = re.compile(rf"\s+for\s+(?:{MENTION})", re.IGNORECASE)
AT_FIRST: Final = re.compile(rf"(?:for\s+)?(?:{MENTION})\s+", re.IGNORECASE)
# What stands behind it is the reason.
SIGN: Final = re.compile(rf"{CLEAR.pattern}|\s*[,;](?:\s+|$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class AskedForOther:
    """
    The text behind the command that names for whom the access is.

    Attributes:
        name: The part that names the package.
        user: The Slack id of whom it is for; None where Slack sends names only.
        reason: The rest, if there is any.
    """

    name: str
    user: str | None
    reason: str | None


def asked_for_other(text: str) -> AskedForOther | None:
    """Return what somebody types who asks for another person; None if nobody is named before the reason begins."""
    words = clean(text[:LONGEST_TEXT])
    if first := AT_FIRST.match(words):
        name, _, reason = _parted(words[first.end() :])
        return AskedForOther(name=name, user=first["user"], reason=reason)
    found = FOR_OTHER.search(words)
    if found is None:
        return None
    name = words[: found.start()]
    if SIGN.search(name):
        # They are named in the reason.
        return None
    _, has_sign, reason = _parted(words[found.end() :])
    rest = words[found.end() :].strip(" ,;.:")
    # Of a name that was typed in several words, the others stand before the sign.
    said = reason if has_sign or found["user"] is None else unquoted(rest)[:LONGEST_REASON] or None
    return AskedForOther(name=name, user=found["user"], reason=said)


def _parted(text: str) -> tuple[str, bool, str | None]:
    """Return what stands before the sign of a reason, whether there is one, and the reason."""
    sign = SIGN.search(text)
    if sign is None:
        return text.strip(), False, None
    return text[: sign.start()].strip(), True, unquoted(text[sign.end() :])[:LONGEST_REASON] or None
