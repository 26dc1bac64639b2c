"""Write what Slack sends to an app when somebody does something."""

from copy import deepcopy
from typing import TYPE_CHECKING

from sandbox.slack.model import Channel, Json, Message, Person, View
from sandbox.slack.render import message_object, view_object

if TYPE_CHECKING:
    from sandbox.slack.state import State

CHANNEL_NAMES = {"im": "directmessage", "private": "privategroup"}
"""What Slack says instead of a channel's name where it is not public."""


def slash_command(
    workspace: "State",
    *,
    person: Person,
    channel: Channel,
    command: str,
    text: str,
    response_url: str,
    trigger_id: str,
) -> Json:
    """Return the fields of a slash command; all of them are strings."""
    grid = {}
    if workspace.enterprise_id is not None:
        grid = {"enterprise_id": workspace.enterprise_id, "enterprise_name": workspace.team_name}
    return {
        **grid,
        "token": workspace.verification_token,
        "team_id": workspace.team_id,
        "team_domain": workspace.team_domain,
        "channel_id": channel.id,
        "channel_name": CHANNEL_NAMES.get(channel.kind, channel.name),
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": str(workspace.is_org_install).lower(),
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def message_click(
    workspace: "State",
    *,
    person: Person,
    channel: Channel,
    message: Message,
    action: Json,
    response_url: str,
    trigger_id: str,
) -> Json:
    """Return `block_actions` for a message; an ephemeral message is not sent along."""
    payload = _shell(workspace, "block_actions", person) | {
        "container": _message_container(channel, message),
        "trigger_id": trigger_id,
        "channel": {"id": channel.id, "name": CHANNEL_NAMES.get(channel.kind, channel.name)},
        "state": {"values": deepcopy(message.values)},
        "response_url": response_url,
        "actions": [action],
    }
    if message.ephemeral_to is None:
        payload["message"] = message_object(workspace, message, with_metadata=True)
    return payload


def view_click(
    workspace: "State", *, person: Person, view: View, action: Json, trigger_id: str
) -> Json:
    """Return `block_actions` for a modal or the App Home."""
    return _shell(workspace, "block_actions", person) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger_id,
        "view": view_object(workspace, view),
        "actions": [action],
    }


def view_submission(workspace: "State", *, person: Person, view: View, trigger_id: str) -> Json:
    """Return `view_submission`."""
    return _shell(workspace, "view_submission", person) | {
        "trigger_id": trigger_id,
        "view": view_object(workspace, view),
        "response_urls": [],
    }


def view_closed(workspace: "State", *, person: Person, view: View, is_cleared: bool) -> Json:
    """Return `view_closed`."""
    return _shell(workspace, "view_closed", person) | {
        "view": view_object(workspace, view),
        "is_cleared": is_cleared,
    }


def view_suggestion(
    workspace: "State", *, person: Person, view: View, block: Json, element: Json, query: str
) -> Json:
    """Return `block_suggestion`, which asks for the options of an external select of a view."""
    return _suggestion(workspace, person=person, block=block, element=element, query=query) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view_object(workspace, view),
    }


def message_suggestion(
    workspace: "State",
    *,
    person: Person,
    channel: Channel,
    message: Message,
    block: Json,
    element: Json,
    query: str,
) -> Json:
    """Return `block_suggestion` for a message; an ephemeral message is not sent along."""
    payload = _suggestion(workspace, person=person, block=block, element=element, query=query) | {
        "container": _message_container(channel, message),
        "channel": {"id": channel.id, "name": CHANNEL_NAMES.get(channel.kind, channel.name)},
    }
    if message.ephemeral_to is None:
        payload["message"] = message_object(workspace, message, with_metadata=True)
    return payload


def global_shortcut(
    workspace: "State", *, person: Person, callback_id: str, trigger_id: str
) -> Json:
    """Return `shortcut`."""
    return _shell(workspace, "shortcut", person) | {
        "action_ts": workspace.next_ts(),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
    }


def message_shortcut(
    workspace: "State",
    *,
    person: Person,
    channel: Channel,
    message: Message,
    callback_id: str,
    response_url: str,
    trigger_id: str,
) -> Json:
    """Return `message_action`."""
    return _shell(workspace, "message_action", person) | {
        "action_ts": workspace.next_ts(),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "message_ts": message.ts,
        "message": message_object(workspace, message),
        "channel": {"id": channel.id, "name": CHANNEL_NAMES.get(channel.kind, channel.name)},
    }


def action(workspace: "State", *, block: Json, element: Json, held: Json | None) -> Json:
    """Return the member of `actions` for one element; *held* is the choice of a menu."""
    pressed: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": workspace.next_ts(),
    }
    kept = ("text", "value", "style", "url", "confirm", "placeholder")
    pressed |= {name: element[name] for name in kept if name in element}
    return pressed | (held or {})


def event(workspace: "State", inner: Json) -> Json:
    """Return an event in the envelope of the Events API."""
    return {
        "token": workspace.verification_token,
        "team_id": workspace.team_id,
        "context_team_id": workspace.team_id,
        "context_enterprise_id": workspace.enterprise_id,
        "api_app_id": workspace.app_id,
        "type": "event_callback",
        "event_id": workspace.next_id("Ev"),
        "event_time": int(workspace.now().timestamp()),
        "authorizations": [
            {
                "enterprise_id": workspace.enterprise_id,
                "team_id": workspace.team_id,
                "user_id": workspace.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": workspace.is_org_install,
            }
        ],
        "is_ext_shared_channel": False,
        "event": inner,
    }


def _message_container(channel: Channel, message: Message) -> Json:
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    return container


def _suggestion(
    workspace: "State", *, person: Person, block: Json, element: Json, query: str
) -> Json:
    return _shell(workspace, "block_suggestion", person) | {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": query,
    }


def _shell(workspace: "State", kind: str, person: Person) -> Json:
    organization = workspace.enterprise_id
    names = organization is not None and workspace.names_organization
    team: Json | None = {"id": workspace.team_id, "domain": workspace.team_domain}
    if names:
        team = {"id": organization, "domain": workspace.team_domain}
    return {
        "type": kind,
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": organization if names else person.team_id,
        },
        "api_app_id": workspace.app_id,
        "token": workspace.verification_token,
        # There is no team for an app of a whole organization.
        "team": None if workspace.is_org_install else team,
        "enterprise": {"id": organization, "name": workspace.team_name} if organization else None,
        "is_enterprise_install": workspace.is_org_install,
    }
