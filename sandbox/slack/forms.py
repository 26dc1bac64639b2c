"""Keep what is filled in in the inputs and menus of a view or message (Slack's `state.values`)."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.slack.block_tree import elements_of, every_block
from sandbox.slack.model import Json

Values = dict[str, dict[str, Json]]

FIELDS: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
"""Where an element's choice is found in the state, and where its first choice is in the block."""

SEVERAL = {field for field, _ in FIELDS.values() if field.endswith("s")}

CHOOSABLE = {*FIELDS, "overflow"}
"""What one chooses a value from; an overflow menu forgets the choice at once."""

REQUIRED = "Please complete this required field."


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield every (block, element) that one can press, choose from or type into."""
    for block in every_block(blocks):
        for element in elements_of(block):
            if "action_id" in element:
                yield block, element


def find(
    blocks: list[Json], *, action_id: str, block_id: str | None, value: Any = None
) -> tuple[Json, Json] | None:
    """
    Return the block and element with this action id, the one with this value if there are more.

    A block that the app left without an id gets another one with each edit. Whoever pressed what
    was drawn before still means the same button: the one with the same action id and value.
    """
    alike = [each for each in elements(blocks) if each[1]["action_id"] == action_id]
    found = [each for each in alike if block_id in (None, each[0]["block_id"])]
    same = [
        (block, element)
        for block, element in found or alike
        if element["type"] == "button" and element.get("value") == value
    ]
    if found:
        return (same or found)[0]
    return same[0] if len(same) == 1 else None


def initial_values(blocks: list[Json], *, before: Values | None = None) -> Values:
    """Return the state of fresh blocks; what was filled in *before* under the same ids stays."""
    values: Values = {}
    kept = before or {}
    for block, element in elements(blocks):
        if element["type"] not in FIELDS:
            continue
        field, initial = FIELDS[element["type"]]
        empty: Any = [] if field in SEVERAL else None
        fresh = {"type": element["type"], field: element.get(initial, empty)}
        old = kept.get(block["block_id"], {}).get(element["action_id"])
        held = old if old is not None and old["type"] == element["type"] else fresh
        values.setdefault(block["block_id"], {})[element["action_id"]] = held
    return values


def entry(element: Json, value: Any, *, offered: list[Json] | None = None) -> Json:
    """Return what the state holds when *value* is typed or chosen.

    Options may be given whole or by their `value` alone; *offered* are the options of an
    external select.

    Raises:
        LookupError: the value is not among the options.
    """
    field, _ = FIELDS.get(element["type"], FIELDS["static_select"])
    if field == "selected_option":
        chosen: Any = None if value is None else _option(element, value, offered)
    elif field in SEVERAL:
        several = [value] if isinstance(value, str) else value or []
        is_option = field == "selected_options"
        chosen = [_option(element, each, offered) if is_option else each for each in several]
    elif field == "value":
        chosen = value or None
    else:
        chosen = value
    return {"type": element["type"], field: chosen}


def complaint(block: Json, held: Json) -> str | None:
    """Return what Slack's own form says about an input before it is sent, or None."""
    element = block["element"]
    value = held[FIELDS[element["type"]][0]]
    if value in (None, "", []):
        return None if block.get("optional") else REQUIRED
    objection = _too_many if isinstance(value, list) else _OBJECTIONS.get(element["type"])
    return objection(element, value) if objection is not None else None


def _wrong_length(element: Json, value: str) -> str | None:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(value) < least:
        return f"This must be at least {least} characters."
    if len(value) > most:
        return f"This must be no more than {most} characters."
    return None


def _wrong_number(element: Json, value: str) -> str | None:
    if re.fullmatch(r"-?\d+(\.\d+)?", value) is None:
        return "This must be a number."
    if "." in value and not element["is_decimal_allowed"]:
        return "This must be a whole number."
    number = Decimal(value)
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"This must be {element['min_value']} or more."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"This must be {element['max_value']} or less."
    return None


def _wrong_email(element: Json, value: str) -> str | None:
    return None if re.fullmatch(r"[^@\s]+@[^@\s]+", value) else "This must be an email address."


def _wrong_url(element: Json, value: str) -> str | None:
    return None if re.fullmatch(r"https?://\S+", value) else "This must be a URL."


def _wrong_date(element: Json, value: str) -> str | None:
    try:
        date.fromisoformat(value)
    except ValueError:
        return "This must be a date."
    return None


def _wrong_time(element: Json, value: str) -> str | None:
    return None if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value) else "This must be a time."


def _too_many(element: Json, value: list[Any]) -> str | None:
    most = element.get("max_selected_items")
    if most is None or len(value) <= most:
        return None
    return f"Choose no more than {most}."


_OBJECTIONS: dict[str, Callable[[Json, Any], str | None]] = {
    "plain_text_input": _wrong_length,
    "number_input": _wrong_number,
    "email_text_input": _wrong_email,
    "url_text_input": _wrong_url,
    "datepicker": _wrong_date,
    "timepicker": _wrong_time,
}


def options_of(element: Json) -> list[Json]:
    """Return all options of a menu, groups flattened."""
    options: list[Json] = list(element.get("options", []))
    for group in element.get("option_groups", []):
        options += group["options"]
    return options


def _option(element: Json, value: Any, offered: list[Json] | None) -> Json:
    if isinstance(value, dict):
        value = value.get("value")
    initial = [element["initial_option"]] if "initial_option" in element else []
    known: list[Json] = [*options_of(element), *initial, *element.get("initial_options", [])]
    for option in known + (offered or []):
        if option["value"] == value:
            return option
    raise LookupError(f"{element['action_id']} does not offer {value!r}")
