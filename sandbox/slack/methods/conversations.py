"""Methods about channels and what was said in them."""

from typing import TYPE_CHECKING

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackRefusal, missing_scope
from sandbox.slack.methods.paging import page
from sandbox.slack.model import Channel, Json, Message
from sandbox.slack.render import channel_object, message_object

if TYPE_CHECKING:
    from sandbox.slack.state import State

FAMILIES = {"public": "channels", "private": "groups", "im": "im"}
"""The first half of the scope that a kind of conversation needs."""


def info(workspace: "State", args: Arguments) -> Json:
    """Serve conversations.info."""
    channel = _readable(workspace, args, "read")
    shown = channel_object(workspace, channel)
    if args.flag("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def members(workspace: "State", args: Arguments) -> Json:
    """Serve conversations.members."""
    channel = _readable(workspace, args, "read")
    shown, cursor = page(sorted(channel.members), args, default=100)
    return {"members": shown, "response_metadata": {"next_cursor": cursor}}


def history(workspace: "State", args: Arguments) -> Json:
    """Serve conversations.history: newest first, without replies and ephemeral messages."""
    channel = _of_the_bot(workspace, args)
    said = [
        message
        for message in reversed(channel.messages)
        if _is_lasting(message)
        and (message.is_broadcast or message.thread_ts in (None, message.ts))
        and _is_between(message, args)
    ]
    return _messages(workspace, said, args)


def replies(workspace: "State", args: Arguments) -> Json:
    """Serve conversations.replies: a message and what was said below it, oldest first."""
    channel = _of_the_bot(workspace, args)
    root = args.required("ts")
    thread = [
        message
        for message in channel.messages
        if _is_lasting(message) and root in (message.ts, message.thread_ts)
    ]
    if not thread:
        raise SlackRefusal("thread_not_found")
    return _messages(workspace, [each for each in thread if _is_between(each, args)], args)


def open_dm(workspace: "State", args: Arguments) -> Json:
    """Serve conversations.open for direct messages with one person."""
    if "channel" in args:
        channel = workspace.channels.get(args.required("channel"))
        if channel is None:
            raise SlackRefusal("channel_not_found")
        if channel.kind != "im":
            raise SlackRefusal("method_not_supported_for_channel_type")
        return {"channel": {"id": channel.id}}
    users = [each for each in (args.optional("users") or "").split(",") if each]
    if not users:
        raise SlackRefusal("users_list_not_supplied")
    if len(users) > 1:
        raise SlackRefusal("method_not_supported_for_channel_type")
    person = workspace.find_person(users[0])
    if person is None:
        raise SlackRefusal("user_not_found")
    if person.deleted:
        raise SlackRefusal("user_disabled")
    if person.is_bot:
        raise SlackRefusal("cannot_dm_bot")
    channel = workspace.dm(person.id)
    shown: Json = {"id": channel.id}
    if args.flag("return_im"):
        shown = channel_object(workspace, channel)
    return {"channel": shown}


def _readable(workspace: "State", args: Arguments, right: str) -> Channel:
    channel = workspace.channels.get(args.required("channel"))
    if channel is None:
        raise SlackRefusal("channel_not_found")
    if channel.kind != "public" and workspace.bot_user_id not in channel.members:
        raise SlackRefusal("channel_not_found")
    needed = f"{FAMILIES[channel.kind]}:{right}"
    if needed not in workspace.scopes:
        raise missing_scope(needed=[needed], provided=workspace.scopes)
    return channel


def _of_the_bot(workspace: "State", args: Arguments) -> Channel:
    channel = _readable(workspace, args, "history")
    if workspace.bot_user_id not in channel.members:
        raise SlackRefusal("not_in_channel")
    return channel


def _is_lasting(message: Message) -> bool:
    return not message.deleted and message.ephemeral_to is None


def _is_between(message: Message, args: Arguments) -> bool:
    try:
        ts = float(message.ts)
        oldest = float(args.optional("oldest") or 0)
        latest = float(args.optional("latest") or "inf")
    except ValueError:
        raise SlackRefusal("invalid_arguments") from None
    if args.flag("inclusive"):
        return oldest <= ts <= latest
    return oldest < ts < latest


def _messages(workspace: "State", said: list[Message], args: Arguments) -> Json:
    shown, cursor = page(said, args, default=100)
    with_metadata = args.flag("include_all_metadata")
    answer: Json = {
        "messages": [
            message_object(workspace, message, with_metadata=with_metadata) for message in shown
        ],
        "has_more": bool(cursor),
        "pin_count": 0,
    }
    if cursor:
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer
