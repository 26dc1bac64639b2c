"""Do what people do with the app outside views: commands, buttons in messages, shortcuts, the home."""

import re
from typing import TYPE_CHECKING, Any, Literal

from sandbox import chance
from sandbox.slack import payloads
from sandbox.slack.answers import show_command_answer
from sandbox.slack.delivery import Answer, deliver, deliver_event
from sandbox.slack.forms import CHOOSABLE, FIELDS, entry, find
from sandbox.slack.model import Channel, Json, Message, Outcome, Person
from sandbox.slack.render import view_object

if TYPE_CHECKING:
    from sandbox.slack.state import State


async def command(
    workspace: "State", *, user: str, channel: str, command: str, text: str
) -> Outcome:
    """Send a slash command and show its answer."""
    person, place = workspace.person(user), workspace.channel(channel)
    refused = refusal(person, place) or _unwritable(workspace, place)
    if refused is not None:
        return refused
    is_known = workspace.commands is None or command in workspace.commands
    if not is_known or without_app(workspace, person) is not None:
        shown = f"{command} is not a valid command."
        message = workspace.post_as_slackbot(user=user, channel=channel, text=shown)
        return Outcome(ok=False, text=shown, error="unknown_command", message=message)
    payload = payloads.slash_command(
        workspace,
        person=person,
        channel=place,
        command=command,
        text=_escaped(workspace, command, text),
        response_url=response_url(workspace, user=user, channel=channel, ts=None),
        trigger_id=workspace.triggers.issue(user=user),
    )
    answer = await deliver(workspace, "slash_commands", payload)
    return show_command_answer(
        workspace, answer, person=person, channel=place, typed=f"{command} {text}".rstrip()
    )


MESSAGE_EVENTS = {
    "im": ("message.im", "im", "im:history"),
    "public": ("message.channels", "channel", "channels:history"),
    "private": ("message.groups", "group", "groups:history"),
}
"""By kind of conversation: the event to subscribe to, what the event calls the kind, and the scope it takes.

Source: https://docs.slack.dev/reference/events/message.im and the two others
"""


async def say(
    workspace: "State", *, user: str, channel: str, text: str, thread_ts: str | None = None
) -> Outcome:
    """Post a message as a person; the app hears of it where it is a member, if it subscribed."""
    person, place = workspace.person(user), workspace.channel(channel)
    refused = refusal(person, place) or _unwritable(workspace, place)
    if refused is not None:
        return refused
    if thread_ts is not None and place.root(thread_ts) is None:
        return Outcome(ok=False, error="thread_not_found", text="This message is gone.")
    typed, text = text, _sent(workspace, text)
    message = workspace.post(
        Message(ts=workspace.next_ts(), channel=channel, user=user, text=text, thread_ts=thread_ts)
    )
    event, kind, scope = MESSAGE_EVENTS[place.kind]
    is_member = workspace.bot_user_id in place.members
    if not is_member or event not in workspace.bot_events or scope not in workspace.scopes:
        return Outcome(ok=True, message=message)
    inner: Json = {
        "type": "message",
        "channel": channel,
        "channel_type": kind,
        "user": user,
        "text": text,
        "ts": message.ts,
        "event_ts": message.ts,
        "team": person.team_id,
        "client_msg_id": str(chance.uuid4()),
        "blocks": _written(workspace, typed),
    }
    if thread_ts is not None:
        root = place.root(thread_ts)
        inner |= {"thread_ts": thread_ts, "parent_user_id": root.user if root else None}
    # Nobody waits for the app: what was written stands there, whatever comes of the event.
    await deliver_event(workspace, payloads.event(workspace, inner))
    return Outcome(ok=True, message=message)


def _sent(workspace: "State", typed: str) -> str:
    """Return what a person typed as Slack sends it: escaped, and with mentions by id."""
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _with_mentions(workspace, escaped)


def _unwritable(workspace: "State", channel: Channel) -> Outcome | None:
    """Return that nobody can write to the app, or None where they can."""
    if channel.kind != "im" or (
        workspace.messages_tab_enabled and not workspace.messages_tab_read_only
    ):
        return None
    shown = "Sending messages to this app has been turned off."
    return Outcome(ok=False, error="messages_tab_disabled", text=shown)


def _written(workspace: "State", text: str) -> list[Json]:
    """Return what a person typed as the blocks that Slack's composer makes of it."""
    run = [{"type": "text", "text": text}]
    section = {"type": "rich_text_section", "elements": run}
    return [{"type": "rich_text", "block_id": workspace.next_id("b")[:6], "elements": [section]}]


async def click(
    workspace: "State",
    *,
    user: str,
    channel: str,
    ts: str,
    action_id: str,
    block_id: str | None,
    value: Any,
) -> Outcome:
    """Send a click in a message."""
    person, place = workspace.person(user), workspace.channel(channel)
    refused = refusal(person, place)
    if refused is not None:
        return refused
    message = place.message(ts)
    if message is None or message not in place.seen_by(user):
        return Outcome(ok=False, error="message_not_found", text="This message is gone.")
    found = find(message.blocks, action_id=action_id, block_id=block_id, value=value)
    if found is None:
        return Outcome(ok=False, error="action_not_found", text="This button is gone.")
    block, element = found
    held = None
    if element["type"] in CHOOSABLE:
        offered = message.offered.get((user, block["block_id"], action_id), [])
        held = entry(element, value, offered=offered)
    if held is not None and element["type"] in FIELDS:
        message.values.setdefault(block["block_id"], {})[action_id] = held
    payload = payloads.message_click(
        workspace,
        person=person,
        channel=place,
        message=message,
        action=payloads.action(workspace, block=block, element=element, held=held),
        response_url=response_url(workspace, user=user, channel=channel, ts=ts),
        trigger_id=workspace.triggers.issue(user=user),
    )
    return outcome(await deliver(workspace, "interactive", payload))


async def shortcut(
    workspace: "State", *, user: str, callback_id: str, channel: str | None, ts: str | None
) -> Outcome:
    """Send a global shortcut, or a message shortcut."""
    person = workspace.person(user)
    is_global = channel is None or ts is None
    refused = without_app(workspace, person) or _undeclared(workspace, callback_id, is_global)
    if refused is not None:
        return refused
    trigger_id = workspace.triggers.issue(user=user)
    if channel is None or ts is None:
        payload = payloads.global_shortcut(
            workspace, person=person, callback_id=callback_id, trigger_id=trigger_id
        )
        return outcome(await deliver(workspace, "interactive", payload))
    place = workspace.channel(channel)
    message = place.message(ts)
    refused = refusal(person, place)
    if refused is not None:
        return refused
    # What one person sees alone has no menu of shortcuts.
    if message is None or message.ephemeral_to is not None:
        return Outcome(ok=False, error="message_not_found", text="This message is gone.")
    payload = payloads.message_shortcut(
        workspace,
        person=person,
        channel=place,
        message=message,
        callback_id=callback_id,
        response_url=response_url(workspace, user=user, channel=channel, ts=ts),
        trigger_id=trigger_id,
    )
    return outcome(await deliver(workspace, "interactive", payload))


async def open_home(workspace: "State", *, user: str, tab: Literal["home", "messages"]) -> Outcome:
    """Send `app_home_opened`."""
    person = workspace.person(user)
    refused = without_app(workspace, person)
    if refused is not None:
        return refused
    channel = workspace.dm(user)
    inner: Json = {
        "type": "app_home_opened",
        "user": user,
        "channel": channel.id,
        "tab": tab,
        "event_ts": workspace.next_ts(),
    }
    if person.home is not None and tab == "home":
        inner["view"] = view_object(workspace, person.home)
    if "app_home_opened" not in workspace.bot_events:
        return Outcome(ok=True)
    return outcome(await deliver_event(workspace, payloads.event(workspace, inner)))


async def verify_request_url(workspace: "State") -> Outcome:
    """Send `url_verification`; the app must give the challenge back."""
    challenge = chance.token_urlsafe(32)
    payload = {
        "token": workspace.verification_token,
        "challenge": challenge,
        "type": "url_verification",
    }
    answer = await deliver(workspace, "events_api", payload)
    given = (answer.json or {}).get("challenge", answer.body.decode(errors="replace").strip())
    if answer.ok and given != challenge:
        return Outcome(
            ok=False, status=answer.status, seconds=answer.seconds, error="challenge_failed"
        )
    return outcome(answer)


async def uninstall(workspace: "State") -> None:
    """Revoke the token and send `tokens_revoked` and `app_uninstalled`."""
    workspace.is_token_revoked = True
    revoked = {
        "type": "tokens_revoked",
        "tokens": {"oauth": [], "bot": [workspace.bot_user_id]},
        "event_ts": workspace.next_ts(),
    }
    gone = {"type": "app_uninstalled", "event_ts": workspace.next_ts()}
    for inner in (revoked, gone):
        if inner["type"] in workspace.bot_events:
            await deliver_event(workspace, payloads.event(workspace, inner))


def _escaped(workspace: "State", command: str, text: str) -> str:
    """Turn @name and #channel into mentions, for commands whose manifest entry asks for it."""
    declared = (workspace.commands or {}).get(command)
    if declared is None or not declared.should_escape:
        return text
    return _with_mentions(workspace, text, named=True)


def _with_mentions(workspace: "State", text: str, *, named: bool = False) -> str:
    mentions = {
        f"@{person.name}": f"<@{person.id}|{person.name}>" if named else f"<@{person.id}>"
        for person in workspace.people.values()
    }
    mentions |= {
        f"#{channel.name}": f"<#{channel.id}|{channel.name}>"
        for channel in workspace.channels.values()
        if channel.kind == "public"
    }
    return re.sub(r"[@#][\w.-]+", lambda word: mentions.get(word[0], word[0]), text)


def _undeclared(workspace: "State", callback_id: str, is_global: bool) -> Outcome | None:
    """Return that the app has no such shortcut, or None when it has; the scope is that of commands."""
    declared = workspace.shortcuts
    kind = "global" if is_global else "message"
    is_known = declared is None or (callback_id in declared and declared[callback_id].kind == kind)
    if is_known and "commands" in workspace.scopes:
        return None
    return Outcome(
        ok=False, error="unknown_shortcut", text=f"{workspace.app_name} has no such shortcut."
    )


def inactive(person: Person) -> Outcome | None:
    """Return that this person's account is deactivated, or None when it is not."""
    if not person.deleted:
        return None
    return Outcome(ok=False, error="account_inactive", text="This account is deactivated.")


def without_app(workspace: "State", person: Person) -> Outcome | None:
    """Return that this person does not have the app: it is installed in one workspace only."""
    if workspace.is_ours(person):
        return inactive(person)
    return Outcome(
        ok=False, error="app_not_installed", text=f"{person.real_name} does not have this app."
    )


def refusal(person: Person, channel: Channel) -> Outcome | None:
    """Return why this person cannot act in this channel, or None when they can."""
    if person.deleted:
        return inactive(person)
    if person.id not in channel.members:
        return Outcome(
            ok=False, error="not_in_channel", text=f"{person.real_name} is not in this channel."
        )
    return None


def response_url(workspace: "State", *, user: str, channel: str, ts: str | None) -> str:
    """Return a new response URL."""
    opaque = workspace.response_urls.issue(user=user, channel=channel, ts=ts)
    return f"{workspace.base_url}/respond/{opaque}"


def outcome(answer: Answer) -> Outcome:
    """Return what a person sees of an answer whose body Slack ignores."""
    return Outcome(
        ok=answer.ok,
        status=answer.status,
        seconds=answer.seconds,
        error=answer.error,
        text=None if answer.ok else "The app did not answer. Please try again.",
    )
