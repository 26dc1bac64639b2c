"""Check what a message or a view contains, and complete it the way Slack stores it."""

import json
from typing import Any

from sandbox import chance
from sandbox.slack.arguments import Arguments
from sandbox.slack.block_kit import (
    MOST_CHARACTERS,
    MOST_VIEW_BYTES,
    count_characters,
    problems_with_blocks,
    problems_with_view,
)
from sandbox.slack.block_tree import elements_of
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.model import Json

MOST_TEXT = 40_000
MOST_UPDATED_TEXT = 4_000


def read_blocks(args: Arguments) -> list[Json] | None:
    """Return the blocks of a message, or None when the call has none.

    Raises:
        SlackRefusal: `invalid_blocks_format`, `invalid_blocks` or `msg_blocks_too_long`.
    """
    if "blocks" not in args:
        return None
    blocks = args.structure("blocks")
    if not isinstance(blocks, list):
        raise SlackRefusal("invalid_blocks_format")
    return checked_blocks(blocks)


def checked_blocks(blocks: Any) -> list[Json]:
    """Return the blocks of a message as Slack stores them.

    Raises:
        SlackRefusal: `invalid_blocks` or `msg_blocks_too_long`.
    """
    problems = problems_with_blocks(blocks, "message")
    if problems:
        raise SlackRefusal("invalid_blocks", messages=problems)
    if count_characters(blocks) > MOST_CHARACTERS:
        raise SlackRefusal("msg_blocks_too_long")
    return completed(blocks)


def checked_view(view: Any) -> Json:
    """Return a view as Slack stores it.

    Raises:
        SlackRefusal: `invalid_arguments` or `view_too_large`.
    """
    problems = problems_with_view(view)
    if problems:
        raise SlackRefusal("invalid_arguments", messages=problems)
    if len(json.dumps(view)) > MOST_VIEW_BYTES:
        raise SlackRefusal("view_too_large")
    complete: Json = view | {"blocks": completed(view["blocks"])}
    for name in ("title", "submit", "close"):
        if complete.get(name) is not None:
            complete[name] = completed_part(complete[name])
    return complete


def checked_text(text: str | None, *, has_blocks: bool, is_update: bool = False) -> str:
    """Return the text of a message, cut where Slack cuts it.

    Raises:
        SlackRefusal: `no_text` or `msg_too_long`.
    """
    if not text and not has_blocks:
        raise SlackRefusal("no_text")
    if is_update and len(text or "") > MOST_UPDATED_TEXT:
        raise SlackRefusal("msg_too_long")
    return (text or "")[:MOST_TEXT]


def checked_metadata(metadata: Any) -> Json | None:
    """Return message metadata; `{}` clears it.

    Raises:
        SlackRefusal: `invalid_metadata_format`.
    """
    if not metadata:
        return None
    fine = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )
    if not fine:
        raise SlackRefusal("invalid_metadata_format")
    return {key: metadata[key] for key in ("event_type", "event_payload")}


def completed(blocks: list[Json]) -> list[Json]:
    """Add the ids and defaults that Slack adds to blocks."""
    return [_completed_block(block) for block in blocks]


def _completed_block(block: Json) -> Json:
    complete: Json = {key: completed_part(value) for key, value in block.items()}
    complete.setdefault("block_id", chance.token_urlsafe(4)[:5])
    for element in elements_of(complete):
        element.setdefault("action_id", chance.token_urlsafe(4)[:5])
    if complete["type"] == "container":
        complete["child_blocks"] = completed(complete["child_blocks"])
    if complete["type"] == "input":
        complete.setdefault("optional", False)
        complete.setdefault("dispatch_action", False)
    return complete


def completed_part(value: Any) -> Any:
    """Return an object with the defaults that Slack adds to its texts, and without its nulls."""
    if isinstance(value, list):
        return [completed_part(each) for each in value]
    if not isinstance(value, dict):
        return value
    complete = {key: completed_part(part) for key, part in value.items() if part is not None}
    if complete.get("type") == "plain_text":
        complete.setdefault("emoji", True)
    elif complete.get("type") == "mrkdwn":
        complete.setdefault("verbatim", False)
    return complete
