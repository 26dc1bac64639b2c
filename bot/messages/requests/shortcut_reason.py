"""Make the beginning of a reason of the message that somebody asks about."""

import re
from typing import Final

from bot.messages.blocks.parts import shorten
from bot.packages.names import clean, unescaped

# Of the message; the reason has room for more, and somebody wants to write it.
LONGEST: Final = 600
# Slack's tokens: <@U1|name>, <#C1|name>, <!here>, <!date^…|text>, <https://…|text>.
TOKEN: Final = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,80}")
CHANNEL: Final = re.compile(r"[A-Z0-9]{1,40}")
TIMESTAMP: Final = re.compile(r"(\d{1,12})\.(\d{6})")


def reason_from_message(
    *, text: str | None, domain: str | None, channel: str | None, ts: str | None
) -> str | None:
    """
    Return the text of a message on one line, and the link to it; None if it has neither.

    Args:
        text: As Slack has it, with tokens for people, channels and links.
        domain: The workspace's, as Slack says it: "contoso".
    """
    said = shorten(clean(unescaped(TOKEN.sub(_plain, text or ""))), LONGEST)
    link = _link(domain, channel, ts)
    return "\n".join(part for part in (said, link) if part) or None


def _plain(token: re.Match[str]) -> str:
    """Return what a reader of the message sees; a name that Slack does not send along is its id."""
    kind, target, label = token.groups()
    if kind in ("@", "#"):
        return f"{kind}{label or target}"
    if kind == "!":
        return label or f"@{target.partition('^')[0]}"
    return label or target


def _link(domain: str | None, channel: str | None, ts: str | None) -> str | None:
    """
    Return the address of a message.

    Source: the form of `permalink` in the reference of chat.getPermalink, docs.slack.dev.
    """
    stamp = TIMESTAMP.fullmatch(ts or "")
    if not stamp or not DOMAIN.fullmatch(domain or "") or not CHANNEL.fullmatch(channel or ""):
        return None
    return f"https://{domain}.slack.com/archives/{channel}/p{stamp[1]}{stamp[2]}"
