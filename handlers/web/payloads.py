"""
Validate Slack's payloads, as far as Bolt and the handlers rely on them.

Bolt itself fails on payloads of another shape; those are rejected before they reach it.
Source: docs.slack.dev, "Interaction payloads", "Slash commands", "Events API".
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

FORM = "application/x-www-form-urlencoded"


class Payload(BaseModel):
    """Base class: unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class UserReference(Payload):
    id: str = Field(min_length=1)
    team_id: str | None = None


class SlackReference(Payload):
    """Name a team or a channel by its id."""

    id: str
    domain: str | None = None


class Container(Payload):
    type: str | None = None
    channel_id: str | None = None


class Action(Payload):
    action_id: str
    block_id: str | None = None
    type: str
    value: str | None = None


class ViewState(Payload):
    values: dict[str, dict[str, dict[str, Any]]] = {}


class ViewBlock(Payload):
    block_id: str | None = None


class View(Payload):
    id: str
    type: str
    callback_id: str
    private_metadata: str
    state: ViewState
    blocks: list[ViewBlock] = []


class Interaction(Payload):
    user: UserReference
    team: SlackReference | None = None
    team_id: str | None = None
    event_id: str | None = None
    trigger_id: str | None = None


class BlockActions(Interaction):
    type: Literal["block_actions"]
    channel: SlackReference | None = None
    container: Container | None = None
    actions: list[Action] = Field(min_length=1)


class ViewSubmission(Interaction):
    type: Literal["view_submission", "view_closed"]
    view: View


class Shortcut(Interaction):
    type: Literal["shortcut"]
    callback_id: str


class MessageContent(Payload):
    ts: str | None = None
    text: str | None = None


class MessageShortcut(Interaction):
    type: Literal["message_action"]
    callback_id: str
    channel: SlackReference | None = None
    message_ts: str | None = None
    message: MessageContent | None = None


class OptionsAsked(Interaction):
    type: Literal["block_suggestion"]
    action_id: str
    value: str = ""


class OtherInteraction(Interaction):
    """Interactions that no handler listens to."""

    type: Literal["interactive_message", "dialog_submission"]


class AnyEvent(Payload):
    """The fields of an event that its listener is chosen by."""

    type: str | None = None
    subtype: str | None = None


class Event(Payload):
    type: str
    user: str | None = None
    tab: str | None = None


class EventCallback(Payload):
    type: Literal["event_callback"]
    team_id: str | None = None
    event_id: str | None = None
    event: dict[str, Any]


class UrlVerification(Payload):
    type: Literal["url_verification"]
    challenge: str


class SlashCommand(Payload):
    command: str
    user_id: str = Field(min_length=1)
    text: str = ""
    event_id: str | None = None


INTERACTION = TypeAdapter[Any](
    Annotated[
        BlockActions
        | ViewSubmission
        | Shortcut
        | MessageShortcut
        | OptionsAsked
        | OtherInteraction,
        Field(discriminator="type"),
    ]
)
ENVELOPE = TypeAdapter[Any](Annotated[EventCallback | UrlVerification, Field(discriminator="type")])


def read(body: str, content_type: str) -> dict[str, Any] | None:
    """Parse an HTTP body; None if it is not a payload that Slack sends."""
    try:
        if content_type.partition(";")[0].strip().lower() == FORM:
            fields: dict[str, Any] = dict(parse_qsl(body, keep_blank_values=True))
            if "payload" in fields and "command" not in fields:
                interaction = _read_json(fields["payload"])
                INTERACTION.validate_python(interaction)
                _refuse_fields_of_other_kinds(interaction, "command", "event")
                return interaction
            if fields.get("ssl_check") != "1":
                SlashCommand.model_validate(fields)
                _refuse_fields_of_other_kinds(fields, "payload", "type", "event")
            return fields
        payload = _read_json(body)
        envelope = ENVELOPE.validate_python(payload)
        _refuse_fields_of_other_kinds(payload, "command")
        if isinstance(envelope, EventCallback):
            _check_event(envelope.event)
        return payload
    except (ValidationError, ValueError, RecursionError):
        return None


def _read_json(text: str) -> dict[str, Any]:
    """
    Parse JSON.

    Raises:
        ValueError: It is no JSON, or has half a surrogate pair, which cannot be stored or shown.
    """
    given: dict[str, Any] = json.loads(text)
    json.dumps(given, ensure_ascii=False).encode()
    return given


def _refuse_fields_of_other_kinds(payload: Mapping[str, Any], *names: str) -> None:
    """Raise ValueError if *payload* has the fields of another kind: Bolt would take it for both."""
    if any(name in payload for name in names):
        raise ValueError("two kinds at once")


def _check_event(event: dict[str, Any]) -> None:
    AnyEvent.model_validate(event)
    # Some events carry the user as an object; only the one we handle must name them.
    if event.get("type") == "app_home_opened":
        Event.model_validate(event)
        if not event.get("user"):
            raise ValueError("an opened Home without a user")
