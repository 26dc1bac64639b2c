"""Experiments with Slack's Web API: with the app's token, and with direct messages to whoever tries it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from bot.cli.rehearsal.bench import Bench, SlackRaw
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.model import Experiment, Observation, as_hoped, otherwise, unclear
from bot.messages.blocks.data_blocks import data_table, text_cell

SLACK: Final = "Slack"
TEXT: Final = "Latchkey tries something out (`latchkey rehearse`) and deletes this message again."
METADATA: Final = {"event_type": "latchkey_rehearsal", "event_payload": {"keys": ["rehearsal"]}}
SENDS: Final = "sends a direct message to you, and deletes it"
SECONDS_TO_SHOW: Final = 60
SOON: Final = 10
COMPARED: Final = 5


async def identity(bench: Bench) -> Observation:
    """Ask whose the token is."""
    slack = _slack(bench)
    who = await slack.call("auth.test")
    if who.error:
        return otherwise(f"auth.test: {who.error}")
    app = await slack.call("bots.info", bot=who.body.get("bot_id"))
    has_app = bool((app.body.get("bot") or {}).get("app_id"))
    said = (
        f"auth.test has {', '.join(sorted(who.body))}; installed for an organization: "
        f"{bool(who.body.get('is_enterprise_install'))}; bots.info {app.error or 'ok'}, names the app: {has_app}"
    )
    return as_hoped(has_app, said)


async def dates(bench: Bench) -> Observation:
    """Look for the Date of an answer."""
    answer = await _slack(bench).call("auth.test")
    has = any(name.lower() == "date" for name in answer.headers)
    return as_hoped(has, f"auth.test has {'a' if has else 'no'} Date")


async def profiles(bench: Bench) -> Observation:
    """Compare what users.list and users.info say of the first members, and count what they lack."""
    slack = _slack(bench)
    listed = await slack.call("users.list", limit="200")
    members = [each for each in listed.body.get("members") or () if not each.get("is_bot")]
    if listed.error or not members:
        return otherwise(f"users.list: {listed.error or 'nobody'}")
    bench.forbidden |= {
        str((each.get("profile") or {}).get("email")) for each in members if each.get("profile")
    } - {"None", ""}
    counts = {
        "time zone": sum(bool(each.get("tz")) for each in members),
        "is_email_confirmed true": sum(each.get("is_email_confirmed") is True for each in members),
        "is_email_confirmed false": sum(
            each.get("is_email_confirmed") is False for each in members
        ),
        "deactivated": sum(bool(each.get("deleted")) for each in members),
        "deactivated with address": sum(
            bool(each.get("deleted")) and bool((each.get("profile") or {}).get("email"))
            for each in members
        ),
    }
    apart: set[str] = set()
    locales = 0
    for each in members[:COMPARED]:
        answer = await slack.call("users.info", user=each["id"], include_locale="true")
        one = answer.body.get("user") or {}
        locales += bool(one.get("locale"))
        for name in ("is_email_confirmed", "deleted", "is_restricted", "team_id", "tz"):
            if one.get(name) != each.get(name):
                apart.add(name)
    shown = ", ".join(f"{name} {count}" for name, count in counts.items())
    said = f"of {len(members)} members: {shown}; of the first {len(members[:COMPARED])} users.info gives a locale of {locales}, and differs in: {', '.join(sorted(apart)) or 'nothing'}"
    return as_hoped(not apart, said)


async def user_groups(bench: Bench) -> Observation:
    """Read the members of the first user group."""
    slack = _slack(bench)
    groups = await slack.call("usergroups.list")
    if groups.error:
        return unclear(f"usergroups.list: {groups.error}")
    found = groups.body.get("usergroups") or ()
    if not found:
        raise NotPossible("there is no user group")
    members = await slack.call("usergroups.users.list", usergroup=found[0]["id"])
    return as_hoped(not members.error, f"usergroups.users.list: {members.error or 'ok'}")


async def scheduling(bench: Bench) -> Observation:
    """Schedule a message for in an hour and take it back: to you, and to a channel that is not there."""
    slack, channel = await direct_message(bench)
    at = str(int(time.time()) + 3_600)
    here = await slack.call("chat.scheduleMessage", channel=channel, text=TEXT, post_at=at)
    back = here
    if not here.error:
        back = await slack.call(
            "chat.deleteScheduledMessage",
            channel=here.body.get("channel", channel),
            scheduled_message_id=here.body.get("scheduled_message_id"),
        )
    nowhere = await slack.call("chat.scheduleMessage", channel="C0NOWHERE00", text=TEXT, post_at=at)
    said = f"to you: {here.error or 'ok'}, taken back: {back.error or 'ok'}; to no channel: {nowhere.error or 'ok'}"
    return as_hoped(not here.error and not back.error and bool(nowhere.error), said)


async def history(bench: Bench) -> Observation:
    """Send a message, and look for it with its metadata."""
    slack, channel = await direct_message(bench)
    sent = await _sent(slack, channel, metadata=METADATA)
    try:
        waited = await _seconds_until(
            bench,
            slack,
            lambda: slack.call(
                "conversations.history",
                channel=channel,
                oldest=sent,
                inclusive="true",
                include_all_metadata="true",
                limit="5",
            ),
            sent,
        )
    finally:
        await slack.call("chat.delete", channel=channel, ts=sent)
    return _shown_after(waited, "conversations.history")


async def replies(bench: Bench) -> Observation:
    """Reply to a message, and look for the reply with its metadata."""
    slack, channel = await direct_message(bench)
    root = await _sent(slack, channel)
    reply = await _sent(slack, channel, thread_ts=root, metadata=METADATA)
    try:
        waited = await _seconds_until(
            bench,
            slack,
            lambda: slack.call(
                "conversations.replies", channel=channel, ts=root, include_all_metadata="true"
            ),
            reply,
        )
    finally:
        await slack.call("chat.delete", channel=channel, ts=reply)
        await slack.call("chat.delete", channel=channel, ts=root)
    return _shown_after(waited, "conversations.replies")


async def orphan(bench: Bench) -> Observation:
    """Reply to a message that was deleted."""
    slack, channel = await direct_message(bench)
    root = await _sent(slack, channel)
    await slack.call("chat.delete", channel=channel, ts=root)
    reply = await slack.call("chat.postMessage", channel=channel, text=TEXT, thread_ts=root)
    if not reply.error:
        await slack.call("chat.delete", channel=channel, ts=reply.body.get("ts"))
        return unclear("a reply to a deleted message is taken")
    known = ("thread_not_found", "cannot_reply_to_message")
    return as_hoped(reply.error in known, f"a reply to a deleted message: {reply.error}")


async def long_blocks(bench: Bench) -> Observation:
    """Send messages with ever more blocks, below and above 13,000 characters."""
    slack, channel = await direct_message(bench)
    said, below = [], ""
    for wanted in (12_900, 13_300, 14_500, 20_000):
        blocks = _blocks_of(wanted)
        answer = await slack.call("chat.postMessage", channel=channel, text=TEXT, blocks=blocks)
        if not answer.error:
            await slack.call("chat.delete", channel=channel, ts=answer.body.get("ts"))
        if wanted < 13_000:
            below = answer.error
        said.append(f"{wanted}: {answer.error or 'ok'}")
    return as_hoped(not below, "; ".join(said))


async def newer_blocks(bench: Bench) -> Observation:
    """Send a data table, as the digest does where it is asked to."""
    slack, channel = await direct_message(bench)
    row = [text_cell("a"), text_cell("b")]
    block = data_table("Rehearsal", ("First", "Second"), [row], block_id="rehearsal")
    answer = await slack.call("chat.postMessage", channel=channel, text=TEXT, blocks=[block])
    if not answer.error:
        await slack.call("chat.delete", channel=channel, ts=answer.body.get("ts"))
    return unclear(f"a data_table: {answer.error or 'ok'}")


def _slack(bench: Bench) -> SlackRaw:
    if bench.slack is None:
        raise NotPossible("it takes SLACK_BOT_TOKEN")
    return bench.slack


async def direct_message(bench: Bench) -> tuple[SlackRaw, str]:
    """Return Slack, and the direct message with the tester."""
    slack = _slack(bench)
    if bench.tester is None:
        raise NotPossible("it takes --tester, your own id in Slack")
    opened = await slack.call("conversations.open", users=bench.tester)
    if opened.error:
        raise NotPossible(f"the direct message with --tester cannot be opened: {opened.error}")
    return slack, str(opened.body["channel"]["id"])


async def _sent(slack: SlackRaw, channel: str, **more: Any) -> str:
    answer = await slack.call("chat.postMessage", channel=channel, text=TEXT, **more)
    if answer.error:
        raise NotPossible(f"a message cannot be sent: {answer.error}")
    return str(answer.body["ts"])


async def _seconds_until(
    bench: Bench,
    slack: SlackRaw,
    look: Callable[[], Awaitable[Any]],
    ts: str,
) -> float | str | None:
    """Return after how long a message showed with its metadata; Slack's refusal; None if it did not."""
    for waited in range(SECONDS_TO_SHOW):
        answer = await look()
        if answer.error:
            return str(answer.error)
        for each in answer.body.get("messages") or ():
            if each.get("ts") == ts and _has_metadata(each):
                return float(waited)
        await bench.sleep(1)
    return None


def _has_metadata(message: Mapping[str, Any]) -> bool:
    metadata = message.get("metadata") or {}
    return bool(metadata.get("event_payload") == METADATA["event_payload"])


def _shown_after(waited: float | str | None, method: str) -> Observation:
    if waited is None:
        return otherwise(f"{method} does not show it with its metadata within {SECONDS_TO_SHOW} s")
    if isinstance(waited, str):
        return otherwise(f"{method}: {waited}")
    return as_hoped(waited <= SOON, f"{method} shows it with its metadata after {waited:.0f} s")


def _blocks_of(characters: int) -> list[dict[str, Any]]:
    """Return sections whose JSON has about so many characters."""
    each = 2_800
    count, rest = divmod(characters, each)
    lengths = [each - 60] * count + ([rest - 60] if rest > 60 else [])
    return [
        {"type": "section", "text": {"type": "plain_text", "text": "x" * length}}
        for length in lengths
    ]


def _asks(
    name: str,
    run: Callable[[Bench], Awaitable[Observation]],
    question: str,
    *rows: str,
    writes: str | None = None,
) -> Experiment:
    return Experiment(
        name=name, rows=rows, question=question, service=SLACK, run=run, writes=writes
    )


OF_SLACK: Final = (
    _asks(
        "identity",
        identity,
        "What do auth.test and bots.info say of the app?",
        "`app_id` in `bots.info`",
        "What `auth.test` says for an app",
    ),
    _asks("dates", dates, "Has each answer of Slack's a Date?"),
    _asks(
        "profiles",
        profiles,
        "Does users.list say what users.info says, and what do profiles lack?",
        "`users.list`: that it says of each member",
        "`is_email_confirmed` for accounts",
        "Whether Slack shows the e-mail address of deactivated",
        "The time zone (`tz`) of each member",
        "The language (`locale`) of each member",
        "`users.info` on Enterprise Grid",
    ),
    _asks(
        "user-groups",
        user_groups,
        "May the members of user groups be read?",
        "Whether user-group members can be read",
    ),
    _asks(
        "scheduling",
        scheduling,
        "Is a scheduled message a look whether the app may post?",
        "`chat.scheduleMessage` and `chat.deleteScheduledMessage`",
        writes="schedules a message to you for in an hour, and takes it back",
    ),
    _asks(
        "history",
        history,
        "How soon does conversations.history show a message with its metadata?",
        "How soon `conversations.history` shows",
        writes=SENDS,
    ),
    _asks(
        "replies",
        replies,
        "Does conversations.replies bring the metadata of replies?",
        "Whether `conversations.replies` brings",
        writes=SENDS,
    ),
    _asks(
        "orphan",
        orphan,
        "With which word does Slack refuse a reply to a deleted message?",
        "With which word Slack refuses a reply",
        writes=SENDS,
    ),
    _asks(
        "long-blocks",
        long_blocks,
        "Where does Slack begin to refuse long messages?",
        "Where Slack begins to answer `msg_blocks_too_long`",
        writes=SENDS,
    ),
    _asks(
        "newer-blocks",
        newer_blocks,
        "Does the workspace take a data table?",
        "Whether workspaces take `data_visualization`",
        writes=SENDS,
    ),
)
