"""Slack's cursors: opaque strings that say where the next page starts."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackRefusal

T = TypeVar("T")


def page(items: Sequence[T], args: Arguments, *, default: int) -> tuple[list[T], str]:
    """Return one page and the cursor of the next, which is empty after the last one.

    Raises:
        SlackRefusal: `invalid_cursor` or `invalid_limit`.
    """
    limit = args.number("limit", default=default, most=1000)
    start = _start(args.optional("cursor"))
    end = start + limit
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return list(items[start:end]), cursor


def _start(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        word, _, start = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word == "next":
            return int(start)
    except ValueError:
        pass
    raise SlackRefusal("invalid_cursor")
