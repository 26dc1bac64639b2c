"""Slack's Web API methods, by name, with the token and scopes that each one needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.slack.arguments import Arguments
from sandbox.slack.methods import apps, chat, conversations, files, users, views
from sandbox.slack.model import Json

if TYPE_CHECKING:
    from sandbox.slack.state import State


@dataclass(frozen=True)
class Method:
    """The function that serves a method, and who may call it."""

    run: Callable[["State", Arguments], Json]
    scopes: tuple[str, ...] = ()
    """Any one of these will do."""
    for_app_token: bool = False


READ_CHANNELS = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
OPEN = ("channels:manage", "groups:write", "im:write", "mpim:write")

METHODS: dict[str, Method] = {
    "api.test": Method(apps.api_test),
    "auth.test": Method(apps.auth_test),
    "team.info": Method(apps.team_info, ("team:read",)),
    "bots.info": Method(apps.bots_info, ("users:read",)),
    "apps.connections.open": Method(apps.connections_open, for_app_token=True),
    "chat.postMessage": Method(chat.post_message, ("chat:write",)),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("chat:write",)),
    "chat.update": Method(chat.update, ("chat:write",)),
    "chat.delete": Method(chat.delete, ("chat:write",)),
    "chat.getPermalink": Method(chat.permalink),
    "chat.scheduleMessage": Method(chat.schedule_message, ("chat:write",)),
    "chat.deleteScheduledMessage": Method(chat.delete_scheduled, ("chat:write",)),
    "dnd.info": Method(users.dnd_info, ("dnd:read",)),
    "files.getUploadURLExternal": Method(files.get_upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(files.complete_upload, ("files:write",)),
    "files.delete": Method(files.delete, ("files:write",)),
    "users.info": Method(users.info, ("users:read",)),
    "users.list": Method(users.list_all, ("users:read",)),
    "users.lookupByEmail": Method(users.lookup_by_email, ("users:read.email",)),
    "usergroups.list": Method(users.list_groups, ("usergroups:read",)),
    "usergroups.users.list": Method(users.list_group_users, ("usergroups:read",)),
    "conversations.info": Method(conversations.info, READ_CHANNELS),
    "conversations.members": Method(conversations.members, READ_CHANNELS),
    "conversations.history": Method(conversations.history, HISTORY),
    "conversations.replies": Method(conversations.replies, HISTORY),
    "conversations.open": Method(conversations.open_dm, OPEN),
    "views.open": Method(views.open_view),
    "views.push": Method(views.push),
    "views.update": Method(views.update),
    "views.publish": Method(views.publish),
}
