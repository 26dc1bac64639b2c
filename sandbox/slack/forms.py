"""What is filled in in the inputs and menus of a view or message (Slack's `state.values`)."""

from collections.abc import Iterator
from typing import Any

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

CHOOSABLE = {*FIELDS, "overflow"}
"""What one chooses a value from; an overflow menu forgets the choice at once."""

REQUIRED = "Please complete this required field."


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield every (block, element) that one can press, choose from or type into."""
    for block in blocks:
        candidates = [block.get("accessory"), block.get("element")]
        if block["type"] == "actions":
            candidates += block["elements"]
        for element in candidates:
            if element is not None and "action_id" in element:
                yield block, element


def find(
    blocks: list[Json], *, action_id: str, block_id: str | None, value: Any = None
) -> tuple[Json, Json] | None:
    """Return the block and element with this action id, the one with this value if there are more."""
    found = [
        (block, element)
        for block, element in elements(blocks)
        if element["action_id"] == action_id and block_id in (None, block["block_id"])
    ]
    for block, element in found:
        if element["type"] == "button" and element.get("value") == value:
            return block, element
    return found[0] if found else None


def initial_values(blocks: list[Json], *, before: Values | None = None) -> Values:
    """Return the state of fresh blocks; what was filled in *before* under the same ids stays."""
    values: Values = {}
    kept = before or {}
    for block, element in elements(blocks):
        if element["type"] not in FIELDS:
            continue
        field, initial = FIELDS[element["type"]]
        empty: Any = [] if field == "selected_options" else None
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
    elif field == "selected_options":
        chosen = [_option(element, each, offered) for each in value or []]
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
    if element["type"] != "plain_text_input":
        return None
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(value) < least:
        return f"This must be at least {least} characters."
    if len(value) > most:
        return f"This must be no more than {most} characters."
    return None


def options_of(element: Json) -> list[Json]:
    """Return all options of a menu, groups flattened."""
    options: list[Json] = list(element.get("options", []))
    for group in element.get("option_groups", []):
        options += group["options"]
    return options


def _option(element: Json, value: Any, offered: list[Json] | None) -> Json:
    if isinstance(value, dict):
        value = value.get("value")
    for option in [*options_of(element), *(offered or [])]:
        if option["value"] == value:
            return option
    raise LookupError(f"{element['action_id']} does not offer {value!r}")
