"""Methods that upload a file: an address for it, then the bytes, then where it is shared.

Source: https://docs.slack.dev/reference/methods/files.getUploadURLExternal and files.completeUploadExternal
"""

from typing import TYPE_CHECKING, Any

from sandbox import chance
from sandbox.slack.arguments import Arguments
from sandbox.slack.content import read_blocks
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.model import Channel, Json, Message, UploadedFile

if TYPE_CHECKING:
    from sandbox.slack.state import State

LONGEST_ALT_TEXT = 1000
MOST_SNIPPET_BYTES = 1_000_000
MOST_BYTES = 50_000_000
"""Of one file; ours, so that the sandbox's memory lasts."""
MOST_CHANNELS = 100


def get_upload_url(workspace: "State", args: Arguments) -> Json:
    """Serve files.getUploadURLExternal."""
    name = args.required("filename")
    size = _size(args)
    if len(args.optional("alt_txt") or "") > LONGEST_ALT_TEXT:
        raise SlackRefusal("alt_txt_too_large")
    if args.optional("snippet_type") and size > MOST_SNIPPET_BYTES:
        raise SlackRefusal("snippet_too_large")
    file = UploadedFile(
        id=workspace.next_id("F"),
        user=workspace.bot_user_id,
        name=name,
        title=name,
        size=size,
        created=workspace.now(),
        alt_text=args.optional("alt_txt") or "",
    )
    ticket = chance.token_urlsafe(24)
    workspace.files[file.id] = file
    workspace.upload_tickets[ticket] = file.id
    return {"upload_url": f"{workspace.base_url}/upload/{ticket}", "file_id": file.id}


def take_upload(workspace: "State", ticket: str, content: bytes) -> None:
    """Take the bytes of a file at its upload address, once.

    Raises:
        SlackRefusal: with status 404 for an unknown or used address, 400 when the length differs.
    """
    file_id = workspace.upload_tickets.get(ticket)
    if file_id is None:
        raise SlackRefusal("file_not_found", status=404)
    file = workspace.files[file_id]
    if len(content) != file.size:
        raise SlackRefusal("length_mismatch", status=400)
    del workspace.upload_tickets[ticket]
    file.content = content


def complete_upload(workspace: "State", args: Arguments) -> Json:
    """Serve files.completeUploadExternal: post the files in one message, or keep them private."""
    wanted = args.structure("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackRefusal("invalid_arguments", messages=["must be an array [json-pointer:/files]"])
    files = [_sent(workspace, each) for each in wanted]
    channels = [_channel(workspace, each) for each in _channel_ids(args)]
    blocks = read_blocks(args) or []
    comment = args.optional("initial_comment") or ""
    thread_ts = args.optional("thread_ts")
    if thread_ts is not None and (len(channels) != 1 or channels[0].root(thread_ts) is None):
        raise SlackRefusal(
            "invalid_arguments", messages=["thread_ts needs one channel that has it"]
        )
    for file, title in files:
        file.title = title or file.title
        file.is_complete = True
    for channel in channels:
        workspace.post(
            Message(
                ts=workspace.next_ts(),
                channel=channel.id,
                user=workspace.bot_user_id,
                text=comment,
                # Documented: ignored beside a comment.
                blocks=[] if comment else blocks,
                by_app=True,
                thread_ts=thread_ts,
                files=[file for file, _ in files],
            )
        )
    return {"files": [{"id": file.id, "title": file.title} for file, _ in files]}


def delete(workspace: "State", args: Arguments) -> Json:
    """
    Serve files.delete: of the app's own files; the message that it was shared in stays, without it.

    Source: docs.slack.dev, files.delete: ``file_not_found``, ``cant_delete_file``.
    """
    file = workspace.files.get(args.required("file"))
    if file is None:
        raise SlackRefusal("file_not_found")
    if file.user != workspace.bot_user_id:
        raise SlackRefusal("cant_delete_file")
    del workspace.files[file.id]
    return {}


def _size(args: Arguments) -> int:
    try:
        size = int(args.optional("length") or 0)
    except ValueError:
        raise SlackRefusal("invalid_arguments", messages=["length must be an integer"]) from None
    if size < 1:
        raise SlackRefusal("missing_argument")
    if size > MOST_BYTES:
        raise SlackRefusal("file_upload_size_restricted")
    return size


def _sent(workspace: "State", wanted: Any) -> tuple[UploadedFile, str | None]:
    """Return a file whose bytes have come and that was not completed before, and its new title."""
    file_id = wanted.get("id") if isinstance(wanted, dict) else None
    title = wanted.get("title") if isinstance(wanted, dict) else None
    if not isinstance(file_id, str) or not isinstance(title, str | None):
        raise SlackRefusal("invalid_arguments", messages=["id: a string [json-pointer:/files]"])
    file = workspace.files.get(file_id)
    if file is None or file.content is None or file.is_complete:
        raise SlackRefusal("file_not_found")
    return file, title


def _channel_ids(args: Arguments) -> list[str]:
    listed = (args.optional("channels") or "").split(",")
    single = args.optional("channel_id")
    ids = list(dict.fromkeys(each.strip() for each in [single or "", *listed] if each.strip()))
    if len(ids) > MOST_CHANNELS:
        raise SlackRefusal("channels_limit_exceeded")
    return ids


def _channel(workspace: "State", channel_id: str) -> Channel:
    # The page says "channel ID"; whether a person's id would do here is not known.
    channel = workspace.channels.get(channel_id)
    if channel is None:
        raise SlackRefusal("channel_not_found")
    if workspace.bot_user_id not in channel.members:
        raise SlackRefusal("not_in_channel" if channel.kind == "public" else "channel_not_found")
    if channel.is_archived:
        raise SlackRefusal("posting_to_channel_denied")
    return channel
