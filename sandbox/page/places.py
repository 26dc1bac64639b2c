"""Where a block lives, a message or a view: where its buttons post and what is filled in."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.slack.model import Json, Message, View

FIELD = "input "
"""How the form field of an input block starts; the block id and action id follow as JSON."""


class Place:
    """Common to messages and views; templates/blocks.html asks these questions."""

    url: str
    key: str
    errors: Mapping[str, str]
    heading = "h3"
    """The element of a header block: below the heading of what surrounds it."""

    def __init__(self, *, acting: Json, values: Mapping[str, Mapping[str, Json]]) -> None:
        self._acting = acting
        self._values = values

    def vals(self, element: Json, block: Json) -> Json:
        """What a click on *element* sends beside its own value."""
        return {
            **self._acting,
            "action_id": element.get("action_id"),
            "block_id": block.get("block_id"),
        }

    def field(self, block: Json, element: Json) -> str:
        """The name of an input's form field."""
        return FIELD + json.dumps([block.get("block_id"), element.get("action_id")])

    def filled(self, block: Json, element: Json) -> list[str]:
        """What is chosen or typed: from the state when somebody touched it, else the app's own."""
        states = self._values.get(str(block.get("block_id")), {})
        action_id = str(element.get("action_id"))
        if action_id in states:
            return _from_state(states[action_id])
        return _initial(element)


class MessagePlace(Place):
    """A message in a channel."""

    url = "/click"

    def __init__(self, message: Message, *, acting: Json) -> None:
        acting = {**acting, "channel": message.channel, "ts": message.ts}
        super().__init__(acting=acting, values=message.values)
        self.key = f"m{message.ts.replace('.', '-')}"
        self.errors = {}


class ViewPlace(Place):
    """A modal or the App Home."""

    url = "/view/click"

    def __init__(self, view: View, *, acting: Json) -> None:
        super().__init__(acting={**acting, "view": view.id}, values=view.values)
        self.key = view.id
        self.heading = "h2" if view.type == "home" else "h3"
        self.errors = view.errors


def _from_state(state: Json) -> list[str]:
    for word in (
        "selected_option",
        "value",
        "selected_date",
        "selected_time",
        "selected_date_time",
        "selected_user",
    ):
        found = state.get(word)
        if found is not None:
            return [found["value"] if isinstance(found, dict) else str(found)]
    return [option["value"] for option in state.get("selected_options") or []]


def _initial(element: Json) -> list[str]:
    if options := element.get("initial_options"):
        return [option["value"] for option in options]
    if option := element.get("initial_option"):
        return [option["value"]]
    for word in (
        "initial_value",
        "initial_date",
        "initial_time",
        "initial_date_time",
        "initial_user",
    ):
        if element.get(word):
            return [str(element[word])]
    return []


def values_of(view: View, form: Any, *, zone: ZoneInfo) -> dict[str, dict[str, Any]]:
    """
    What a modal's form holds, by block id and action id; a moment is picked by the clock of *zone*.

    Every input of *view* is there: text as typed, the value chosen in a menu, a list for
    checkboxes and multi-selects, None for what was left empty.
    """
    values: dict[str, dict[str, Any]] = {}
    for block in view.blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        name = FIELD + json.dumps([block.get("block_id"), element.get("action_id")])
        given = [str(each) for each in form.getlist(name) if str(each)]
        kind = str(element.get("type"))
        value: Any = given[0].replace("\r\n", "\n") if given else None
        if kind == "checkboxes" or kind.startswith("multi_"):
            value = given
        elif kind == "datetimepicker" and value is not None:
            value = int(datetime.fromisoformat(value).replace(tzinfo=zone).timestamp())
        values.setdefault(block["block_id"], {})[element["action_id"]] = value
    return values
