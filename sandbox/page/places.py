"""Find where a block lives, in a message or a view: where its buttons post and what is filled in."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.slack.model import Json, Message, View

FIELD = "input "
"""How the form field of an element starts; the block id and action id follow as JSON."""


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
        self._named: Counter[str] = Counter()

    @property
    def words(self) -> Json:
        """Return who acts and where, for what is done with the whole of it."""
        return dict(self._acting)

    def vals(self, element: Json, block: Json) -> Json:
        """Return what a click on *element* sends, of what is chosen or typed all but the value."""
        own = {"value": element.get("value", "")} if element.get("type") == "button" else {}
        return {
            **self._acting,
            "action_id": element.get("action_id"),
            "block_id": block.get("block_id"),
            **own,
        }

    def name(self, element: Json) -> str:
        """
        Return an id for *element* in the page, the same after its block was drawn anew.

        A block without an id of the app's own gets another one with each edit; the focus stays on
        what keeps its id. Each call counts: ask once for each element, from top to bottom.
        """
        stem = f"{self.key}-{element.get('action_id')}-{element.get('value', '')}"
        self._named[stem] += 1
        return f"{stem}-{self._named[stem]}"

    def field(self, block: Json, element: Json) -> str:
        """The name of an element's form field."""
        return field_name(block.get("block_id"), element.get("action_id"))

    def filled(self, block: Json, element: Json) -> list[str]:
        """Return what is chosen or typed: from the state when somebody touched it, else the app's own."""
        return [option["value"] for option in self.chosen(block, element)]

    def chosen(self, block: Json, element: Json) -> list[Json]:
        """The same as whole options: those of an external select are written nowhere else."""
        states = self._values.get(str(block.get("block_id")), {})
        state = states.get(str(element.get("action_id")))
        return _options(state, _CHOSEN) if state is not None else _options(element, _INITIAL)


class MessagePlace(Place):
    """A message in a channel."""

    url = "/click"

    def __init__(self, message: Message, *, acting: Json, within: str = "") -> None:
        acting = {**acting, "channel": message.channel, "ts": message.ts}
        super().__init__(acting=acting, values=message.values)
        self.key = f"m{within}{message.ts.replace('.', '-')}"
        self.errors = {}


class ViewPlace(Place):
    """A modal or the App Home."""

    url = "/view/click"

    def __init__(self, view: View, *, acting: Json) -> None:
        super().__init__(acting={**acting, "view": view.id}, values=view.values)
        self.key = view.id
        self.heading = "h2" if view.type == "home" else "h3"
        self.errors = view.errors


_CHOSEN = (
    *("selected_option", "selected_options", "value", "selected_date", "selected_time"),
    *("selected_date_time", "selected_user", "selected_users", "selected_channel"),
    *("selected_channels", "selected_conversation", "selected_conversations"),
)
"""Where a state holds what was chosen or typed."""
_INITIAL = (
    *("initial_option", "initial_options", "initial_value", "initial_date", "initial_time"),
    *("initial_date_time", "initial_user", "initial_users", "initial_channel"),
    *("initial_channels", "initial_conversation", "initial_conversations"),
)
"""Where an element holds what it starts with."""


def _options(holder: Json, fields: tuple[str, ...]) -> list[Json]:
    for field in fields:
        found = holder.get(field)
        if found not in (None, "", []):
            several = found if isinstance(found, list) else [found]
            return [_option(each) for each in several]
    return []


def _option(found: Any) -> Json:
    if isinstance(found, dict):
        return found
    return {"value": str(found), "text": {"type": "plain_text", "text": str(found)}}


def field_name(block_id: str | None, action_id: str | None) -> str:
    """The name of the form field of one element."""
    return FIELD + json.dumps([block_id, action_id])


def values_of(view: View, form: Any, *, zone: ZoneInfo) -> dict[str, dict[str, Any]]:
    """
    Return what a modal's form holds, by block id and action id; a moment is picked by the clock of *zone*.

    Every input of *view* is there: text as typed, the value chosen in a menu, a list for
    checkboxes and multi-selects, None for what was left empty.
    """
    values: dict[str, dict[str, Any]] = {}
    for block in view.blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        name = field_name(block.get("block_id"), element.get("action_id"))
        given = [str(each) for each in form.getlist(name) if str(each)]
        values.setdefault(block["block_id"], {})[element["action_id"]] = value_of(
            element, given, zone=zone
        )
    return values


def value_of(element: Json, given: list[str], *, zone: ZoneInfo) -> Any:
    """Return what the fields of one element say, as the workspace takes it."""
    kind = str(element.get("type"))
    if kind == "checkboxes" or kind.startswith("multi_"):
        return given
    if not given:
        return None
    if kind == "datetimepicker":
        return int(datetime.fromisoformat(given[0]).replace(tzinfo=zone).timestamp())
    return given[0].replace("\r\n", "\n")
