"""Take what an app answers to a slash command, at once or at the response URL, and show it where Slack does."""

from typing import TYPE_CHECKING

from sandbox.slack.capabilities import ResponseUrl
from sandbox.slack.content import checked_blocks, checked_text
from sandbox.slack.delivery import Answer
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.model import Channel, Json, Message, Outcome, Person

if TYPE_CHECKING:
    from sandbox.slack.state import State


def show_command_answer(
    workspace: "State", answer: Answer, *, person: Person, channel: Channel, typed: str
) -> Outcome:
    """Show what came back for a slash command; a failure is told by Slackbot."""
    if not answer.ok:
        return _command_failed(
            workspace, answer, answer.error, person=person, channel=channel, typed=typed
        )
    given = answer.json
    if given is None:
        given = {"text": answer.body.decode(errors="replace").strip()}
    is_public = given.get("response_type") == "in_channel"
    if is_public:
        workspace.post(
            Message(ts=workspace.next_ts(), channel=channel.id, user=person.id, text=typed)
        )
    if not given.get("text") and not given.get("blocks"):
        return Outcome(ok=True, status=answer.status, seconds=answer.seconds)
    try:
        message = _message(
            workspace, given, channel=channel.id, seen_by=None if is_public else person.id
        )
    except SlackRefusal:
        return _command_failed(
            workspace,
            answer,
            "invalid_command_response",
            person=person,
            channel=channel,
            typed=typed,
        )
    workspace.post(message)
    return Outcome(
        ok=True,
        status=answer.status,
        seconds=answer.seconds,
        text=message.text,
        message=message,
    )


def use_response_url(workspace: "State", url: ResponseUrl, body: Json) -> None:
    """Post, replace or delete as a response URL is told to.

    Raises:
        SlackRefusal: `no_text`, `invalid_blocks`, `message_not_found`.
    """
    original = None
    if url.ts is not None:
        original = workspace.channel(url.channel).message(url.ts)
    if _is_on(body, "delete_original"):
        if original is None:
            raise SlackRefusal("message_not_found", status=404)
        original.deleted = True
        workspace.message_changed(original)
        return
    is_public = body.get("response_type") == "in_channel"
    message = _message(
        workspace, body, channel=url.channel, seen_by=None if is_public else url.user
    )
    if not _is_on(body, "replace_original") or url.ts is None:
        workspace.post(message)
        return
    if original is None:
        raise SlackRefusal("message_not_found", status=404)
    original.text = message.text
    original.blocks = message.blocks
    original.values = {}
    original.edited_at = workspace.now()
    workspace.message_changed(original)


def _is_on(body: Json, name: str) -> bool:
    """Return whether a switch is on; Slack's examples write it as a boolean and as a string."""
    return body.get(name) in (True, "true")


def _message(workspace: "State", given: Json, *, channel: str, seen_by: str | None) -> Message:
    blocks = checked_blocks(given.get("blocks") or [])
    text = given.get("text")
    if text is not None and not isinstance(text, str):
        raise SlackRefusal("no_text")
    thread_ts = given.get("thread_ts")
    if thread_ts is not None and workspace.channel(channel).root(str(thread_ts)) is None:
        raise SlackRefusal("thread_not_found")
    return Message(
        ts=workspace.next_ts(),
        channel=channel,
        user=workspace.bot_user_id,
        text=checked_text(text, has_blocks=bool(blocks)),
        blocks=blocks,
        by_app=True,
        ephemeral_to=seen_by,
        thread_ts=thread_ts,
    )


def _command_failed(
    workspace: "State",
    answer: Answer,
    error: str | None,
    *,
    person: Person,
    channel: Channel,
    typed: str,
) -> Outcome:
    command = typed.partition(" ")[0]
    text = f"{command} failed with the error “{error}”"
    message = workspace.post_as_slackbot(user=person.id, channel=channel.id, text=text)
    return Outcome(
        ok=False,
        status=answer.status,
        seconds=answer.seconds,
        text=text,
        error=error,
        message=message,
    )
