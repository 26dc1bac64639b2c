"""Write people, channels, messages and views as JSON, as Slack does."""

import mimetypes
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox.slack.model import Channel, Json, Message, Person, UploadedFile, UserGroup, View

if TYPE_CHECKING:
    from sandbox.slack.state import State


def user_object(workspace: "State", person: Person) -> Json:
    """Return a user as users.info shows it; the e-mail address needs users:read.email."""
    offset = workspace.now().astimezone(ZoneInfo(person.tz)).utcoffset()
    is_stranger = not workspace.is_ours(person)
    profile: Json = {
        "title": person.title,
        "phone": "",
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.real_name,
        "display_name_normalized": person.real_name,
        "status_text": "",
        "status_emoji": "",
        "first_name": person.real_name.split(" ")[0],
        "last_name": person.real_name.rpartition(" ")[2],
        "team": person.team_id,
    }
    if person.email and "users:read.email" in workspace.scopes and not person.is_bot:
        profile["email"] = person.email
    if person.is_bot:
        profile |= {"bot_id": workspace.bot_id, "api_app_id": workspace.app_id}
    user: Json = {
        "id": person.id,
        "name": person.name,
        "deleted": person.deleted,
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 1760000000,
    }
    if person.shows_team:
        user["team_id"] = person.team_id
    if workspace.enterprise_id is not None and person.teams:
        user["enterprise_user"] = {
            "id": person.org_id or person.id,
            "enterprise_id": workspace.enterprise_id,
            "enterprise_name": workspace.team_name,
            "is_admin": False,
            "is_owner": False,
            "teams": list(person.teams),
        }
    if person.deleted:
        return user
    user |= {
        "color": person.color.removeprefix("#"),
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "who_can_share_contact_card": "EVERYONE",
    }
    if person.is_email_confirmed is not None:
        user["is_email_confirmed"] = person.is_email_confirmed
    # Of the same organization, nobody is a stranger.
    if is_stranger and not person.teams:
        user["is_stranger"] = True
    return user


def channel_object(workspace: "State", channel: Channel) -> Json:
    """Return a conversation as conversations.info shows it."""
    common: Json = {"id": channel.id, "created": 1760000000, "is_archived": channel.is_archived}
    if channel.kind == "im":
        other = next((each for each in channel.members if each != workspace.bot_user_id), None)
        return common | {"is_im": True, "user": other, "is_org_shared": False, "is_open": True}
    return common | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.kind == "private",
        "is_general": channel.name == "general",
        "is_member": workspace.bot_user_id in channel.members,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "creator": "U0DANA",
        "context_team_id": workspace.team_id,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }


def message_object(workspace: "State", message: Message, *, with_metadata: bool = False) -> Json:
    """Return a message as history and interaction payloads show it."""
    shown: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": workspace.team_id,
    }
    if message.by_app:
        shown |= {
            "bot_id": workspace.bot_id,
            "app_id": workspace.app_id,
            "bot_profile": {
                "id": workspace.bot_id,
                "app_id": workspace.app_id,
                "name": workspace.app_name,
                "deleted": False,
                "team_id": workspace.team_id,
                "updated": 1760000000,
            },
        }
    if message.blocks:
        shown["blocks"] = message.blocks
    if message.files:
        shown["subtype"] = "file_share"
        shown["upload"] = False
        shown["files"] = [_file_object(each) for each in message.files]
    if message.attachments:
        shown["attachments"] = message.attachments
    if message.edited_at is not None:
        shown["edited"] = {"user": message.user, "ts": _ts(message.edited_at)}
    shown |= _thread_fields(workspace, message)
    if with_metadata and message.metadata is not None:
        shown["metadata"] = message.metadata
    return shown


def _thread_fields(workspace: "State", message: Message) -> Json:
    """Return what ties a reply to its thread, or what a message says of the replies below it."""
    channel = workspace.channel(message.channel)
    if message.thread_ts is not None and message.thread_ts != message.ts:
        root = channel.message(message.thread_ts)
        fields: Json = {"thread_ts": message.thread_ts}
        if root is not None:
            fields["parent_user_id"] = root.user
        if message.is_broadcast:
            fields["subtype"] = "thread_broadcast"
        return fields
    replies = channel.replies(message.ts)
    if not replies:
        return {}
    people = list(dict.fromkeys(each.user for each in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "reply_users": people[:5],
        "latest_reply": replies[-1].ts,
        "is_locked": False,
    }


def _file_object(file: UploadedFile) -> Json:
    kind = file.name.rpartition(".")[2].lower() if "." in file.name else "text"
    return {
        "id": file.id,
        "created": int(file.created.timestamp()),
        "timestamp": int(file.created.timestamp()),
        "name": file.name,
        "title": file.title,
        "mimetype": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": file.user,
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "is_public": True,
    }


def view_object(workspace: "State", view: View) -> Json:
    """Return a view as views.* answers and interaction payloads show it."""
    return {
        "id": view.id,
        "team_id": workspace.team_id,
        "type": view.type,
        "blocks": view.blocks,
        "private_metadata": view.private_metadata,
        "callback_id": view.callback_id,
        "state": {"values": deepcopy(view.values)},
        "hash": view.hash,
        "title": view.title or {"type": "plain_text", "text": "View Title", "emoji": True},
        "clear_on_close": view.clear_on_close,
        "notify_on_close": view.notify_on_close,
        "close": view.close,
        "submit": view.submit,
        "previous_view_id": view.previous_view_id,
        "root_view_id": view.root_view_id,
        "app_id": workspace.app_id,
        "external_id": view.external_id,
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.bot_id,
    }


def usergroup_object(workspace: "State", group: UserGroup, *, with_users: bool) -> Json:
    """Return a user group as usergroups.list shows it."""
    shown: Json = {
        "id": group.id,
        "team_id": workspace.team_id,
        "is_usergroup": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 1760000000,
        "date_update": 1760000000,
        "date_delete": 1760000000 if group.disabled else 0,
        "user_count": len(group.users),
    }
    if with_users:
        shown["users"] = group.users
    return shown


def _ts(at: datetime) -> str:
    return f"{at.timestamp():.6f}"
