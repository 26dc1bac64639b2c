"""Read for whom somebody asks who names another person in what they type: "finance-reports for @cy because …"."""

import re
from dataclasses import dataclass
from typing import Final

from bot.packages.names import (
    LONGEST_REASON,
    LONGEST_TEXT,
    SIGN_AT_END,
    clean,
    unquoted_reason,
)

# In a message Slack sends a mention as an id; behind a command, whose text it does not escape, as it was typed.
MENTION: Final = r"(?P<mention><@(?P<user>[UW][A-Z0-9]+)(?:\|[^>]*)?>|@[^\s<>]+)"
FOR_OTHER: Final = re.compile(rf"\s+for\s+{MENTION}", re.IGNORECASE)
AT_FIRST: Final = re.compile(rf"(?:for\s+)?{MENTION}[\s:,]+", re.IGNORECASE)
SIGN_BEHIND: Final = re.compile(
    r"\s*(?:[:,;.]\s*(?:because\b\s*)?|because\b\s*|[-–—]+\s+)", re.IGNORECASE
)
# Of a name that was typed in several words, the others stand between its first and the sign of a reason.
REST_OF_NAME: Final = re.compile(r"(?:\s+[^\W\d_]\w*){1,2}(?=\s+because\b|\s*[:,;.]\s|\s+[-–—]+\s)")


@dataclass(frozen=True, kw_only=True)
class AskedForOther:
    """
    The text behind the command that names a person for whom the access may be.

    Attributes:
        name: What must name the package, all of it; where the person is named at first, a reason may follow in it.
        is_first: The person is named at first.
        user: The Slack id of whom it is for; None where Slack sends names only.
        mention: The person, as they were typed.
        reason: What stands behind the person, if anything does.
        words: The same with "for" and the person.
    """

    name: str
    is_first: bool = False
    user: str | None
    mention: str
    reason: str | None = None
    words: str | None = None


def asked_for_other(text: str) -> AskedForOther | None:
    """
    Return what somebody types who may ask for another person; None if nobody is named where a name would end.

    Whether the words before the person are a package's name, and not the beginning of a reason, only the packages tell.
    """
    words = clean(text[:LONGEST_TEXT])
    if first := AT_FIRST.match(words):
        return AskedForOther(
            name=words[first.end() :], is_first=True, user=first["user"], mention=first["mention"]
        )
    found = FOR_OTHER.search(words)
    if found is None:
        return None
    name = words[: found.start()]
    if SIGN_AT_END.search(name):
        # They are named in the reason.
        return None
    return AskedForOther(
        name=name,
        user=found["user"],
        mention=found["mention"],
        reason=_reason_behind(words[found.end() :], found),
        words=words[found.start() :].strip()[:LONGEST_REASON],
    )


def without_mention_of(bot_user: str | None, text: str) -> str:
    """Return what somebody writes to the bot without the mention of the bot before it."""
    first = AT_FIRST.match(text)
    if first is None or bot_user is None or first["user"] != bot_user:
        return text
    return text[first.end() :]


def _reason_behind(rest: str, found: re.Match[str]) -> str | None:
    """Return the reason behind a person; nothing of it is left out but the rest of their name."""
    is_name_open = found["user"] is None and found["mention"][-1].isalnum()
    name = REST_OF_NAME.match(rest) if is_name_open else None
    if name is not None and all(each[0].isupper() for each in name[0].split()):
        rest = rest[name.end() :]
    sign = SIGN_BEHIND.match(rest)
    return unquoted_reason(rest[sign.end() if sign else 0 :])[:LONGEST_REASON] or None
