"""Show what people wrote: it is escaped, keeps its lines, and cannot pass for a line of ours."""

from typing import Final

from bot.messages.blocks.parts import Block, escape, plain, shorten
from bot.packages.names import LONGEST_REASON

# A short text of many signs is a long one to Slack.
LONGEST_ESCAPED: Final = 2_000


def one_line(text: str) -> str:
    """Return what somebody wrote, escaped, on one line and not too long: for lists and logs."""
    return shorten(escape(shorten(" ".join(text.split()), LONGEST_REASON)), LONGEST_ESCAPED)


def as_written(text: str, limit: int = LONGEST_ESCAPED) -> str:
    """
    Return what somebody wrote for the end of a sentence of ours: one line behind its colon, several as a quote below it.

    Args:
        limit: Of what is returned, in Slack's characters.
    """
    if len(_lines(text)) > 1:
        return quote(text, limit)
    return shorten(one_line(text), limit)


def quote(text: str, limit: int = LONGEST_ESCAPED) -> str:
    """Return what somebody wrote as a quote, line by line, to go below a sentence of ours."""
    lines = _lines(shorten(text, LONGEST_REASON)) or [""]
    return shorten("".join(f"\n> {escape(line)}" for line in lines), limit)


def quoted(text: str) -> Block:
    """Quote what somebody wrote, as plain text with its line breaks: nothing in it is a link, a mention or a format."""
    return {
        "type": "section",
        "text": plain(shorten(text, LONGEST_REASON)),
    }


def _lines(text: str) -> list[str]:
    """Return the lines that have something on them."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
