"""
The shapes of what Slack sends, as far as Bolt and the handlers rely on them.

Bolt itself stumbles over payloads of another shape; what does not fit is turned away before it gets there.
Source: docs.slack.dev, "Interaction payloads", "Slash commands", "Events API".
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

FORM = "application/x-www-form-urlencoded"


class Shape(BaseModel):
    """Base: only what is named is looked at."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Person(Shape):
    id: str = Field(min_length=1)
    team_id: str | None = None


class Thing(Shape):
    """A team, a channel, a view: something with an id."""

    id: str


class Container(Shape):
    type: str | None = None
    channel_id: str | None = None


class Action(Shape):
    action_id: str
    block_id: str | None = None
    type: str
    value: str | None = None


class State(Shape):
    values: dict[str, dict[str, dict[str, Any]]] = {}


class View(Shape):
    id: str
    type: str
    callback_id: str
    private_metadata: str
    state: State


class Interaction(Shape):
    user: Person
    team: Thing | None = None
    team_id: str | None = None
    event_id: str | None = None
    trigger_id: str | None = None


class Click(Interaction):
    type: Literal["block_actions"]
    channel: Thing | None = None
    container: Container | None = None
    actions: list[Action] = Field(min_length=1)


class Submission(Interaction):
    type: Literal["view_submission", "view_closed"]
    view: View


class OtherInteraction(Interaction):
    """Shortcuts, option lists and whatever comes next: nobody here handles them."""

    type: Literal[
        "shortcut", "message_action", "block_suggestion", "interactive_message", "dialog_submission"
    ]


class Event(Shape):
    type: str
    user: str | None = None
    tab: str | None = None


class Callback(Shape):
    type: Literal["event_callback"]
    team_id: str | None = None
    event_id: str | None = None
    event: dict[str, Any]


class Handshake(Shape):
    type: Literal["url_verification"]
    challenge: str


class Command(Shape):
    command: str
    user_id: str = Field(min_length=1)
    text: str = ""
    event_id: str | None = None


INTERACTION = TypeAdapter[Any](
    Annotated[Click | Submission | OtherInteraction, Field(discriminator="type")]
)
ENVELOPE = TypeAdapter[Any](Annotated[Callback | Handshake, Field(discriminator="type")])


def read(body: str, content_type: str) -> dict[str, Any] | None:
    """Take an HTTP body apart; None if it has not the shape of something that Slack sends."""
    try:
        if content_type.partition(";")[0].strip().lower() == FORM:
            fields: dict[str, Any] = dict(parse_qsl(body, keep_blank_values=True))
            if "payload" in fields and "command" not in fields:
                interaction = _json(fields["payload"])
                INTERACTION.validate_python(interaction)
                _lacks(interaction, "command", "event")
                return interaction
            if fields.get("ssl_check") != "1":
                Command.model_validate(fields)
                _lacks(fields, "payload", "type", "event")
            return fields
        payload = _json(body)
        envelope = ENVELOPE.validate_python(payload)
        _lacks(payload, "command")
        if isinstance(envelope, Callback):
            _fits_event(envelope.event)
        return payload
    except (ValidationError, ValueError, RecursionError):
        return None


def _json(text: str) -> dict[str, Any]:
    """Read JSON; half a surrogate pair is no text that could be stored or shown."""
    given: dict[str, Any] = json.loads(text)
    json.dumps(given, ensure_ascii=False).encode()
    return given


def _lacks(payload: Mapping[str, Any], *names: str) -> None:
    """Bolt tells the kinds of payloads by these fields: what has those of two would be taken for both."""
    if any(name in payload for name in names):
        raise ValueError("two kinds at once")


def _fits_event(event: dict[str, Any]) -> None:
    # Some events carry the user as an object; only the one we handle must name them.
    if event.get("type") == "app_home_opened":
        Event.model_validate(event)
        if not event.get("user"):
            raise ValueError("whose Home?")
