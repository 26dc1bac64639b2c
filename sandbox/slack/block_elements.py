"""The elements of Block Kit and their limits: buttons, menus, inputs, and the objects in them."""

from typing import Any

from sandbox.slack.model import Json
from sandbox.slack.rules import (
    Report,
    Rule,
    anything,
    boolean,
    exactly_one_field,
    integer,
    items,
    one_of,
    plain,
    shape,
    string,
    text,
)

ID = string(most=255, least=1)
URL = string(most=3000, least=1, pattern=r"[A-Za-z][A-Za-z0-9+.-]*:.*", what="a valid URL")
STYLE = one_of("primary", "danger")
DATE = string(pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", what="a date: YYYY-MM-DD")
TIME = string(pattern=r"([01]\d|2[0-3]):[0-5]\d", what="a time: HH:mm")
NUMBER = string(pattern=r"-?\d+(\.\d+)?", what="a number")

CONFIRM = shape(
    {"text": text("plain_text", "mrkdwn", most=300)},
    {"title": plain(100), "confirm": plain(30), "deny": plain(30), "style": STYLE},
)


def option(*kinds: str, with_url: bool = False) -> Rule:
    """One entry of a menu, of radio buttons or of check boxes."""
    extra: dict[str, Rule] = {"url": URL} if with_url else {}
    return shape(
        {"text": text(*kinds, most=75), "value": string(most=150, least=1)},
        {"description": text(*kinds, most=75)} | extra,
    )


MENU_OPTION = option("plain_text")
LIST_OPTION = option("plain_text", "mrkdwn")
OPTION_GROUP = shape({"label": plain(75), "options": items(MENU_OPTION, most=100)})


def _options_of(element: Json) -> list[Any]:
    options = element.get("options")
    found = list(options) if isinstance(options, list) else []
    groups = element.get("option_groups")
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, dict) and isinstance(group.get("options"), list):
            found += group["options"]
    return found


def _initial_is_offered(element: Json, at: str, report: Report) -> None:
    offered = _options_of(element)
    if "initial_option" in element and element["initial_option"] not in offered:
        report("initial_option must match exactly one option provided", f"{at}/initial_option")
    chosen = element.get("initial_options")
    if isinstance(chosen, list) and any(each not in offered for each in chosen):
        report("initial_options must match options provided", f"{at}/initial_options")


def _lengths_agree(element: Json, at: str, report: Report) -> None:
    least, most = element.get("min_length"), element.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        report("min_length must not be greater than max_length", at)


def _element(kind: str, required: dict[str, Rule], optional: dict[str, Rule], *extra: Rule) -> Rule:
    return shape({"type": one_of(kind)} | required, {"action_id": ID} | optional, *extra)


_ASKS: dict[str, Rule] = {"confirm": CONFIRM}
_FOCUS: dict[str, Rule] = {"focus_on_load": boolean, "placeholder": plain(150)}
_MANY: dict[str, Rule] = {"max_selected_items": integer(least=1, most=1000)}
_DISPATCH: dict[str, Rule] = {
    "dispatch_action_config": shape(
        {
            "trigger_actions_on": items(
                one_of("on_enter_pressed", "on_character_entered"), most=2, least=1
            )
        }
    )
}
_MENU: dict[str, Rule] = {
    "options": items(MENU_OPTION, most=100),
    "option_groups": items(OPTION_GROUP, most=100),
}
_FILTER: dict[str, Rule] = {"filter": anything, "default_to_current_conversation": boolean}


def _select(
    kind: str, one: dict[str, Rule], many: dict[str, Rule], *extra: Rule
) -> dict[str, Rule]:
    """A menu to choose one thing from, and its sister to choose many."""
    return {
        kind: _element(kind, {}, _ASKS | _FOCUS | one, *extra),
        f"multi_{kind}": _element(f"multi_{kind}", {}, _ASKS | _FOCUS | _MANY | many, *extra),
    }


ELEMENTS: dict[str, Rule] = {
    "button": _element(
        "button",
        {"text": plain(75)},
        _ASKS
        | {
            "value": string(most=2000),
            "url": URL,
            "style": STYLE,
            "accessibility_label": string(most=75),
        },
    ),
    "overflow": _element(
        "overflow",
        {"options": items(option("plain_text", with_url=True), most=5)},
        _ASKS,
    ),
    "checkboxes": _element(
        "checkboxes",
        {"options": items(LIST_OPTION, most=10)},
        _ASKS | {"focus_on_load": boolean, "initial_options": items(LIST_OPTION, most=10)},
        _initial_is_offered,
    ),
    "radio_buttons": _element(
        "radio_buttons",
        {"options": items(LIST_OPTION, most=10)},
        _ASKS | {"focus_on_load": boolean, "initial_option": LIST_OPTION},
        _initial_is_offered,
    ),
    "datepicker": _element("datepicker", {}, _ASKS | _FOCUS | {"initial_date": DATE}),
    "timepicker": _element(
        "timepicker", {}, _ASKS | _FOCUS | {"initial_time": TIME, "timezone": string()}
    ),
    "datetimepicker": _element(
        "datetimepicker",
        {},
        _ASKS
        | {
            "focus_on_load": boolean,
            "initial_date_time": integer(least=10**9, most=10**10 - 1),
        },
    ),
    "plain_text_input": _element(
        "plain_text_input",
        {},
        _FOCUS
        | _DISPATCH
        | {
            "initial_value": string(most=3000),
            "multiline": boolean,
            "min_length": integer(least=0, most=3000),
            "max_length": integer(least=1, most=3000),
        },
        _lengths_agree,
    ),
    "email_text_input": _element(
        "email_text_input", {}, _FOCUS | _DISPATCH | {"initial_value": string()}
    ),
    "url_text_input": _element(
        "url_text_input", {}, _FOCUS | _DISPATCH | {"initial_value": string()}
    ),
    "number_input": _element(
        "number_input",
        {"is_decimal_allowed": boolean},
        _FOCUS | _DISPATCH | {"initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
    ),
    "image": shape(
        {"type": one_of("image"), "alt_text": string(most=2000)},
        {"image_url": URL, "slack_file": anything},
        exactly_one_field("image_url", "slack_file"),
    ),
    **_select(
        "static_select",
        _MENU | {"initial_option": MENU_OPTION},
        _MENU | {"initial_options": items(MENU_OPTION, most=100)},
        exactly_one_field("options", "option_groups"),
        _initial_is_offered,
    ),
    **_select(
        "external_select",
        {"initial_option": MENU_OPTION, "min_query_length": integer(least=0, most=1000)},
        {
            "initial_options": items(MENU_OPTION, most=100),
            "min_query_length": integer(least=0, most=1000),
        },
    ),
    **_select(
        "users_select",
        {"initial_user": string()},
        {"initial_users": items(string(), most=1000, least=0)},
    ),
    **_select(
        "conversations_select",
        _FILTER | {"initial_conversation": string(), "response_url_enabled": boolean},
        _FILTER | {"initial_conversations": items(string(), most=1000, least=0)},
    ),
    **_select(
        "channels_select",
        {"initial_channel": string(), "response_url_enabled": boolean},
        {"initial_channels": items(string(), most=1000, least=0)},
    ),
}

MENUS = {kind for kind in ELEMENTS if kind.endswith("_select")}
TEXT_INPUTS = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
CHOICES = {"checkboxes", "radio_buttons", "datepicker", "timepicker"}

IN_ACTIONS = MENUS | CHOICES | {"button", "overflow", "datetimepicker"}
IN_SECTION = MENUS | CHOICES | {"button", "overflow", "image"}
IN_INPUT = MENUS | CHOICES | TEXT_INPUTS | {"datetimepicker"}
