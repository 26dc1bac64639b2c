"""Block Kit as Slack checks it: which blocks may stand where, and how big they may be."""

from collections import Counter
from typing import Any, Literal

from sandbox.slack.block_data import (
    CHART,
    DATA_TABLE_ROWS,
    TABLE_COLUMNS,
    TABLE_ROWS,
    cell_action_ids_differ,
    header_is_plain,
    problems_of_a_message,
    row_header_is_a_column,
    rows_are_equally_long,
    settings_fit_columns,
)
from sandbox.slack.block_elements import ELEMENTS, ID, IN_ACTIONS, IN_INPUT, IN_SECTION, URL
from sandbox.slack.block_rich_text import RICH_TEXT
from sandbox.slack.block_tree import every_block
from sandbox.slack.model import Json
from sandbox.slack.rules import (
    Report,
    Rule,
    anything,
    at_least_one_field,
    boolean,
    by_type,
    exactly_one_field,
    integer,
    items,
    one_of,
    or_null,
    plain,
    shape,
    string,
    text,
)

Surface = Literal["message", "modal", "home"]

MOST_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MOST_CHARACTERS = 13_200
"""Of all texts in the blocks of one message; observed (slackapi/bolt-js#2509), not documented."""
MOST_VIEW_BYTES = 250_000


def _action_ids_differ(field: str) -> Rule:
    def check(block: Json, at: str, report: Report) -> None:
        elements = block.get(field)
        ids = [
            each["action_id"]
            for each in (elements if isinstance(elements, list) else [])
            if isinstance(each, dict) and isinstance(each.get("action_id"), str)
        ]
        for action_id, count in Counter(ids).items():
            if count > 1:
                report(f"`action_id` {action_id} already exists", f"{at}/{field}")

    return check


def _has_text_or_fields(block: Json, at: str, report: Report) -> None:
    if block.get("text") is None and block.get("fields") is None:
        report("missing required field: text or fields", at)


IN_CONTAINER = {"actions", "context", "divider", "header", "image", "section", "table"}
"""What both the container's page and, as its users report, Slack itself take: not inputs, rich text or files."""


def _block(required: dict[str, Rule], optional: dict[str, Rule], *extra: Rule) -> Rule:
    return shape({"type": anything} | required, {"block_id": ID} | optional, *extra)


BLOCKS: dict[str, Rule] = {
    "section": _block(
        {},
        {
            "text": text("plain_text", "mrkdwn", most=3000),
            "fields": items(text("plain_text", "mrkdwn", most=2000), most=10),
            "accessory": by_type(ELEMENTS, allowed=IN_SECTION),
            "expand": boolean,
        },
        _has_text_or_fields,
    ),
    "header": _block({"text": plain(150)}, {}),
    "divider": _block({}, {}),
    "context": _block(
        {
            "elements": items(
                by_type(
                    {
                        "image": ELEMENTS["image"],
                        "plain_text": text("plain_text", most=3000),
                        "mrkdwn": text("mrkdwn", most=3000),
                    }
                ),
                most=10,
            )
        },
        {},
    ),
    "actions": _block(
        {"elements": items(by_type(ELEMENTS, allowed=IN_ACTIONS), most=25)},
        {},
        _action_ids_differ("elements"),
    ),
    "input": _block(
        {"label": plain(2000), "element": by_type(ELEMENTS, allowed=IN_INPUT)},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "image": _block(
        {"alt_text": string(most=2000)},
        {"image_url": URL, "slack_file": anything, "title": plain(2000)},
        exactly_one_field("image_url", "slack_file"),
    ),
    "rich_text": _block({"elements": RICH_TEXT}, {}),
    "markdown": _block({"text": string(most=12_000, least=1)}, {}),
    "alert": _block(
        {"text": text("plain_text", "mrkdwn", most=200)},
        {"level": one_of("default", "info", "warning", "error", "success")},
    ),
    "card": _block(
        {},
        {
            "hero_image": ELEMENTS["image"],
            "icon": ELEMENTS["image"],
            "title": text("mrkdwn", most=150),
            "subtitle": text("mrkdwn", most=150),
            "body": text("mrkdwn", most=200),
            "actions": items(by_type(ELEMENTS, allowed={"button"}), most=3),
        },
        at_least_one_field("hero_image", "title", "actions", "body"),
        _action_ids_differ("actions"),
    ),
    "table": _block(
        {"rows": TABLE_ROWS},
        {"column_settings": TABLE_COLUMNS},
        rows_are_equally_long,
        settings_fit_columns,
    ),
    "data_table": _block(
        {"rows": DATA_TABLE_ROWS, "caption": string(least=1)},
        {
            "page_size": integer(least=1, most=100),
            "row_header_column_index": integer(least=0, most=19),
        },
        rows_are_equally_long,
        header_is_plain,
        row_header_is_a_column,
        cell_action_ids_differ,
    ),
    "data_visualization": _block({"title": string(most=50, least=1), "chart": CHART}, {}),
}
BLOCKS["container"] = _block(
    {"child_blocks": items(by_type(BLOCKS, allowed=IN_CONTAINER), most=10)},
    {
        "title": plain(150),
        "rich_text_title": shape({"type": one_of("rich_text"), "elements": RICH_TEXT}),
        "subtitle": text("plain_text", "mrkdwn", most=150),
        "width": one_of("narrow", "standard", "wide", "full"),
        "icon": ELEMENTS["image"],
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
    at_least_one_field("title", "rich_text_title"),
)

IN_MESSAGES = {"markdown", "container", "table", "data_table", "data_visualization"}
IN_MODALS = {"alert"}
ON_SURFACE: dict[Surface, set[str]] = {
    "message": set(BLOCKS) - IN_MODALS,
    "modal": set(BLOCKS) - IN_MESSAGES,
    "home": set(BLOCKS) - IN_MESSAGES - IN_MODALS,
}

_VIEW: dict[str, Rule] = {
    "type": anything,
    "blocks": anything,
    "private_metadata": or_null(string(most=3000)),
    "callback_id": or_null(string(most=255)),
    "external_id": or_null(string(most=255)),
}
_MODAL: dict[str, Rule] = _VIEW | {
    "title": plain(24),
    "submit": or_null(plain(24)),
    "close": or_null(plain(24)),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
}


def problems_with_blocks(blocks: Any, surface: Surface, *, at: str = "/blocks") -> list[str]:
    """Return what Slack would complain about, in its words; empty when the blocks are fine."""
    found: list[str] = []

    def report(what: str, where: str) -> None:
        found.append(f"{what} [json-pointer:{where}]")

    least = 0 if surface == "message" else 1
    allowed = ON_SURFACE[surface]
    items(by_type(BLOCKS, allowed=allowed), most=MOST_BLOCKS[surface], least=least)(
        blocks, at, report
    )
    if found:
        return found
    ids = [each["block_id"] for each in every_block(blocks) if "block_id" in each]
    for block_id, count in Counter(ids).items():
        if count > 1:
            report(f"`block_id` {block_id} already exists", at)
    if _count_focus(blocks) > 1:
        report("only one element may have focus_on_load", at)
    if surface == "message":
        for problem in problems_of_a_message(blocks):
            report(problem, at)
    return found


def problems_with_view(view: Any) -> list[str]:
    """Return what Slack would complain about in a modal or an App Home."""
    found: list[str] = []

    def report(what: str, where: str) -> None:
        found.append(f"{what} [json-pointer:{where}]")

    if not isinstance(view, dict):
        return ["must provide an object [json-pointer:/view]"]
    kind = view.get("type")
    if kind == "modal":
        required = {"type": anything, "title": plain(24), "blocks": anything}
        shape(required, _MODAL)(view, "/view", report)
    elif kind == "home":
        shape({"type": anything, "blocks": anything}, _VIEW)(view, "/view", report)
    else:
        return [f"unsupported type: {kind} [json-pointer:/view/type]"]
    blocks = view.get("blocks")
    if blocks is None:
        return found
    found += problems_with_blocks(blocks, kind, at="/view/blocks")
    listed = blocks if isinstance(blocks, list) else []
    has_input = any(isinstance(each, dict) and each.get("type") == "input" for each in listed)
    if kind == "modal" and has_input and not view.get("submit"):
        report("missing required field: submit (a modal with inputs needs it)", "/view")
    return found


def count_characters(value: Any) -> int:
    """Return how many characters the text objects below *value* hold."""
    if isinstance(value, list):
        return sum(count_characters(each) for each in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text")
    inside = [part for part in value.values() if isinstance(part, dict | list)]
    return (len(own) if isinstance(own, str) else 0) + count_characters(inside)


def _count_focus(value: Any) -> int:
    if isinstance(value, list):
        return sum(_count_focus(each) for each in value)
    if not isinstance(value, dict):
        return 0
    return (value.get("focus_on_load") is True) + _count_focus(list(value.values()))
