"""Methods that post, change and delete messages."""

from typing import TYPE_CHECKING

from sandbox.slack.arguments import Arguments
from sandbox.slack.content import checked_metadata, checked_text, read_blocks
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.model import Channel, Json, Message
from sandbox.slack.render import message_object

if TYPE_CHECKING:
    from sandbox.slack.state import State

MOST_ATTACHMENTS = 100
# How far ahead a message may be scheduled, and until when it may be taken back.
MOST_DAYS_AHEAD = 120
LAST_SECONDS = 60


def post_message(workspace: "State", args: Arguments) -> Json:
    """Serve chat.postMessage; a person's id as channel opens the direct messages with them."""
    channel = _destination(workspace, args.required("channel"))
    message = _message(workspace, args, channel)
    message.metadata = checked_metadata(args.structure("metadata"))
    workspace.post(message)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_object(workspace, message, with_metadata=True),
    }


def post_ephemeral(workspace: "State", args: Arguments) -> Json:
    """Serve chat.postEphemeral."""
    channel = workspace.channels.get(args.required("channel"))
    if channel is None:
        raise SlackRefusal("channel_not_found")
    _must_be_open_to_bot(workspace, channel)
    user = args.required("user")
    if user not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    message = _message(workspace, args, channel)
    message.ephemeral_to = user
    workspace.post(message)
    return {"message_ts": message.ts}


def update(workspace: "State", args: Arguments) -> Json:
    """Serve chat.update; what the call leaves out stays as it was."""
    message = _own_message(workspace, args, refusal="cant_update_message")
    blocks = read_blocks(args)
    attachments = _attachments(args)
    keeps_blocks = blocks is None and bool(message.blocks)
    text = checked_text(
        args.optional("text") or args.optional("markdown_text"),
        has_blocks=bool(blocks) or keeps_blocks or bool(attachments),
        is_update=True,
    )
    metadata = (
        checked_metadata(args.structure("metadata")) if "metadata" in args else message.metadata
    )
    message.text = text
    message.metadata = metadata
    if blocks is not None:
        message.blocks = blocks
        message.values = {}
    if attachments is not None:
        message.attachments = attachments
    message.edited_at = workspace.now()
    workspace.message_changed(message)
    return {
        "channel": message.channel,
        "ts": message.ts,
        "text": message.text,
        "message": message_object(workspace, message, with_metadata=True),
    }


def delete(workspace: "State", args: Arguments) -> Json:
    """Serve chat.delete."""
    message = _own_message(workspace, args, refusal="cant_delete_message")
    message.deleted = True
    workspace.message_changed(message)
    return {"channel": message.channel, "ts": message.ts}


def permalink(workspace: "State", args: Arguments) -> Json:
    """
    Serve chat.getPermalink.

    Source: docs.slack.dev, chat.getPermalink: no scope; ``message_not_found`` for what is not there.
    """
    channel = workspace.channels.get(args.required("channel"))
    ts = args.required("message_ts")
    if channel is None:
        raise SlackRefusal("channel_not_found")
    message = channel.message(ts)
    if message is None or message.deleted:
        raise SlackRefusal("message_not_found")
    place = f"https://{workspace.team_domain}.slack.com/archives/{channel.id}"
    return {"channel": channel.id, "permalink": f"{place}/p{ts.replace('.', '')}"}


def schedule_message(workspace: "State", args: Arguments) -> Json:
    """
    Serve chat.scheduleMessage; nothing is ever posted here, so a test that forgets one finds it in the workspace.

    Source: docs.slack.dev, chat.scheduleMessage: ``post_at`` is in whole seconds, later than now and at most 120 days ahead.
    """
    channel = _destination(workspace, args.required("channel"))
    _message(workspace, args, channel)
    given = args.required("post_at")
    if not str(given).isdigit():
        raise SlackRefusal("invalid_time")
    ahead = int(given) - workspace.now().timestamp()
    if ahead <= 0:
        raise SlackRefusal("time_in_past")
    if ahead > MOST_DAYS_AHEAD * 86_400:
        raise SlackRefusal("time_too_far")
    scheduled = f"Q{len(workspace.scheduled) + 1:09d}"
    workspace.scheduled[scheduled] = (channel.id, int(given))
    return {
        "channel": channel.id,
        "scheduled_message_id": scheduled,
        "post_at": int(given),
        "message": {"text": args.optional("text") or "", "type": "delayed_message"},
    }


def delete_scheduled(workspace: "State", args: Arguments) -> Json:
    """Serve chat.deleteScheduledMessage; one that is posted within a minute is not taken back."""
    channel = args.required("channel")
    scheduled = args.required("scheduled_message_id")
    where, at = workspace.scheduled.get(scheduled, (None, 0))
    if where != channel or at - workspace.now().timestamp() < LAST_SECONDS:
        raise SlackRefusal("invalid_scheduled_message_id")
    workspace.scheduled[scheduled] = (None, 0)
    return {}


def _destination(workspace: "State", wanted: str) -> Channel:
    person = workspace.find_person(wanted)
    if person is not None:
        if person.is_bot:
            raise SlackRefusal("cannot_dm_bot")
        if person.deleted or not workspace.is_ours(person):
            raise SlackRefusal("channel_not_found")
        if not workspace.messages_tab_enabled:
            raise SlackRefusal("messages_tab_disabled")
        return workspace.dm(person.id)
    by_name = {f"#{each.name}": each for each in workspace.channels.values() if each.kind != "im"}
    channel = workspace.channels.get(wanted) or by_name.get(f"#{wanted.removeprefix('#')}")
    if channel is None:
        raise SlackRefusal("channel_not_found")
    _must_be_open_to_bot(workspace, channel)
    return channel


def _must_be_open_to_bot(workspace: "State", channel: Channel) -> None:
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    if workspace.bot_user_id not in channel.members:
        is_hidden = channel.kind != "public"
        raise SlackRefusal("channel_not_found" if is_hidden else "not_in_channel")


def _message(workspace: "State", args: Arguments, channel: Channel) -> Message:
    blocks = read_blocks(args) or []
    attachments = _attachments(args) or []
    thread_ts = args.optional("thread_ts")
    # The page says never to use a reply's timestamp; so it is refused here.
    if thread_ts is not None and channel.root(thread_ts) is None:
        raise SlackRefusal("thread_not_found")
    text = checked_text(
        args.optional("text") or args.optional("markdown_text"),
        has_blocks=bool(blocks or attachments),
    )
    return Message(
        ts=workspace.next_ts(),
        channel=channel.id,
        user=workspace.bot_user_id,
        text=text,
        blocks=blocks,
        attachments=attachments,
        by_app=True,
        thread_ts=thread_ts,
        is_broadcast=thread_ts is not None and args.flag("reply_broadcast"),
    )


def _attachments(args: Arguments) -> list[Json] | None:
    attachments = args.structure("attachments")
    if attachments is None:
        return None
    if not isinstance(attachments, list):
        raise SlackRefusal("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise SlackRefusal("too_many_attachments")
    return attachments


def _own_message(workspace: "State", args: Arguments, *, refusal: str) -> Message:
    channel = workspace.channels.get(args.required("channel"))
    if channel is None:
        raise SlackRefusal("channel_not_found")
    message = channel.message(args.required("ts"))
    if message is None or message.ephemeral_to is not None:
        raise SlackRefusal("message_not_found")
    if not message.by_app:
        raise SlackRefusal(refusal)
    return message
