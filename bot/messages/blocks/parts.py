"""Make the parts of messages: escaped text, dates in the reader's own zone, buttons and blocks."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bot import clock
from bot.words import _, ngettext, pgettext

Block = dict[str, Any]
Message = dict[str, Any]

# Slack's limits: docs.slack.dev, Block Kit reference.
LONGEST_SECTION: Final = 3_000
MOST_LINES: Final = 100
# What a list in a message may take, beside all else that such a message says.
MOST_CHARACTERS: Final = 6_000
# The JSON around a section's text, and the line that says how much is left out.
SECTION_OVERHEAD: Final = 80
ROOM_FOR_REST: Final = 150
# Of the text of a message that Slack has refused as it was.
SHORTENED: Final = 300
# Of a description, in a list; its form shows the whole.
LONGEST_DESCRIPTION: Final = 300
LONGEST_FIELD: Final = 2_000
# Of a button's label; names in it are cut, so that the last of them is still there.
LONGEST_LABEL: Final = 75
# What Slack reads as a format, and what looks like it and is none.
LOOKS_LIKE: Final[Mapping[str, str]] = {
    "*": "\N{ASTERISK OPERATOR}",
    "~": "\N{TILDE OPERATOR}",
    "`": "\N{MODIFIER LETTER GRAVE ACCENT}",
}
# An underscore within a word is no format.
UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
LOOKS_LIKE_UNDERSCORE: Final = "\N{MODIFIER LETTER LOW MACRON}"
# All that is written otherwise in mrkdwn: most names have none of it.
SIGNS: Final = re.compile(r"[&<>_*~`]")
# At the beginning of a line.
QUOTE: Final = re.compile(r"^&gt;", re.MULTILINE)
HALF_TOKEN: Final = re.compile(r"(<[^<>]*|&[a-z]*)$")
ONE_AND_A_HALF_DAYS: Final = 36 * 3_600


def escape(text: str) -> str:
    """
    Return text from people or from Graph, safe in mrkdwn: no mention, no link, no format.

    Slack documents no way to escape ``*``, ``_``, ``~`` and a backtick, so characters that look like them stand in
    their place; so for ``>`` at the beginning of a line, which would make a quote of it.

    Source: docs.slack.dev, "Formatting message text".
    """
    if SIGNS.search(text) is None:
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if "_" in text:
        # First: some of what stands in place of the others is a letter.
        text = UNDERSCORE.sub(LOOKS_LIKE_UNDERSCORE, text)
    for sign, looks_like in LOOKS_LIKE.items():
        text = text.replace(sign, looks_like)
    return QUOTE.sub("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", text)


def bold(name: str) -> str:
    """Return the name of a package or a resource, escaped and bold in mrkdwn: so it is told from what stands around it."""
    return f"*{escape(name)}*"


def length(text: str) -> int:
    """Return the length in UTF-16: Slack does not say how it counts an emoji, and this is the longer way."""
    # Half a sign, which JSON can hold, counts one.
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def beginning(text: str, limit: int) -> str:
    """Return as much of the beginning of *text* as is no longer than *limit*, as `length` counts."""
    piece = text[:limit]
    while (over := length(piece) - limit) > 0:
        # No sign counts more than two: so many are too many for certain.
        piece = piece[: -((over + 1) // 2)]
    return piece


def split(text: str, limit: int) -> list[str]:
    """Return *text* in pieces none of which is longer than *limit*, as `length` counts."""
    pieces = []
    while text:
        piece = beginning(text, limit)
        pieces.append(piece)
        text = text[len(piece) :]
    return pieces


def shorten(text: str, limit: int) -> str:
    """Return at most *limit* characters, and never half of an entity or of a ``<…>`` of Slack's."""
    if length(text) <= limit:
        return text
    return HALF_TOKEN.sub("", beginning(text, limit - 1)) + "…"


def moment(at: datetime) -> str:
    """Return a point in time, short, shown in the reader's zone."""
    shown = _("{date} at {time}").format(date="{date_short_pretty}", time="{time}")
    return f"<!date^{int(at.timestamp())}^{shown}|{at:%Y-%m-%d %H:%M} UTC>"


def ago(at: datetime) -> str:
    """Return how far away a point in time is, counted by Slack whenever it shows the message: "7 days from now"."""
    return f"<!date^{int(at.timestamp())}^{{ago}}|{_('{time} left').format(time=left(at))}>"


def day(at: datetime) -> str:
    """Return a date with the hour, spelled out, shown in the reader's zone: for approval cards."""
    shown = _("{date} at {time}").format(date="{date_long}", time="{time}")
    return f"<!date^{int(at.timestamp())}^{shown}|{at:%Y-%m-%d %H:%M} UTC>"


def day_only(at: datetime) -> str:
    """Return a date without the hour, short, shown in the reader's zone."""
    return f"<!date^{int(at.timestamp())}^{{date_short}}|{at:%Y-%m-%d}>"


def left(until: datetime) -> str:
    """Return how much time is left, in words: "7 days", "30 hours", "1 hour"."""
    seconds = (until - clock.now()).total_seconds()
    days, hours = round(seconds / 86_400), int(seconds // 3_600)
    if seconds >= ONE_AND_A_HALF_DAYS:
        return ngettext("{count} day", "{count} days", days).format(count=days)
    if hours >= 1:
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    return _("less than an hour")


def until(end: datetime | None) -> str:
    return _("until {when}").format(when=moment(end)) if end else _("with no end date")


def person(slack_user: str | None, name: str | None = None) -> str:
    """Mention somebody where we know them in Slack, or name them."""
    if slack_user:
        return f"<@{slack_user}>"
    return escape(name) if name else _("somebody who is not in this Slack")


def doer(actor: str | None) -> str:
    """Mention who has done something: somebody in Slack, or an operator at the command line, "cli:…"."""
    if actor is not None and ":" in actor:
        return escape(actor)
    return person(actor)


def section(
    text: str, *, accessory: Mapping[str, Any] | None = None, block_id: str | None = None
) -> Block:
    block: Block = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": shorten(text, LONGEST_SECTION), "verbatim": True},
    }
    if accessory:
        block["accessory"] = dict(accessory)
    if block_id:
        block["block_id"] = block_id
    return block


def fields(*texts: str) -> Block:
    """Show short facts, two columns where there is room."""
    made = [
        {"type": "mrkdwn", "text": shorten(text, LONGEST_FIELD), "verbatim": True} for text in texts
    ]
    return {"type": "section", "fields": made}


def header(text: str) -> Block:
    return {"type": "header", "text": plain(shorten(text, 150))}


def context(text: str) -> Block:
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": shorten(text, LONGEST_SECTION), "verbatim": True}],
    }


def divider() -> Block:
    return {"type": "divider"}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def button(
    label: str,
    action: str,
    value: str,
    *,
    style: str | None = None,
    confirm: Mapping[str, Any] | None = None,
    about: str | None = None,
) -> Block:
    """
    Make a button.

    Args:
        action: What it does, without our prefix: "approve".
        value: An opaque id, and nothing else.
        about: What it is for, said to those who cannot see where it stands: the package, or
            `about_person` where it is about somebody.
    """
    made: Block = {
        "type": "button",
        "action_id": f"latchkey_{action}",
        "text": plain(shorten(label, LONGEST_LABEL)),
        "value": value,
    }
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = dict(confirm)
    if about:
        made["accessibility_label"] = shorten(f"{label}: {about}", LONGEST_LABEL)
    return made


def numbered(made: Block, place: int) -> Block:
    """
    Return the button with an id of its own, for a row with several of its kind: Slack refuses a block with one id twice.

    Each of these ids has a listener in `handlers/routes.py`.

    Args:
        place: From 1; the first keeps its id.
    """
    action_id = made["action_id"] if place == 1 else f"{made['action_id']}_{place}"
    return {**made, "action_id": action_id}


# Beside the longest label of a button, "Approve for less", in the 75 characters that Slack takes.
LONGEST_ABOUT: Final = 27


def about_person(name: str | None, package: str) -> str:
    """Return whom and which package a button is about, both of them cut so that both are said."""
    who = name or _("somebody")
    return f"{shorten(who, LONGEST_ABOUT)}, {shorten(package, LONGEST_ABOUT)}"


def confirm(title: str, text: str, *, yes: str, danger: bool = False) -> dict[str, Any]:
    dialog: dict[str, Any] = {
        "title": plain(shorten(title, 100)),
        "text": plain(shorten(text, 300)),
        "confirm": plain(shorten(yes, 30)),
        "deny": plain(pgettext("close a form", "Cancel")),
    }
    if danger:
        dialog["style"] = "danger"
    return dialog


def actions(*buttons: Block | None, block_id: str | None = None) -> Block:
    block: Block = {"type": "actions", "elements": [each for each in buttons if each]}
    if block_id:
        block["block_id"] = block_id
    return block


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"• {escape(line)}" for line in lines)


def listed(title: str, lines: Sequence[str], *, characters: int = MOST_CHARACTERS) -> list[Block]:
    """
    Make a titled list in as many sections as it takes: nothing of it is cut off without a word.

    Args:
        characters: Of all sections together.
    """
    blocks, current, told = [], title, 0
    left = characters - length(title) - ROOM_FOR_REST
    for line in lines[:MOST_LINES]:
        point = f"• {escape(shorten(line, 300))}"
        left -= length(point) + 1
        if left < 0:
            break
        told += 1
        if length(current) + length(point) + 1 > LONGEST_SECTION:
            blocks.append(section(current))
            current = point
            left -= SECTION_OVERHEAD
        else:
            current += f"\n{point}"
    blocks.append(section(current))
    if len(lines) > told:
        blocks.append(
            context(
                _("… and {count} more: see the package in Entra.").format(count=len(lines) - told)
            )
        )
    return blocks


# Of a message's text, without its blocks.
LONGEST_TEXT: Final = 3_900


def message(text: str, blocks: Sequence[Block] | None = None) -> Message:
    """Make a message; *text* alone is also its only block's text."""
    return {
        "text": shorten(text, LONGEST_TEXT),
        "blocks": list(blocks) if blocks else [section(text)],
    }


# Under which a message has the one that takes its place where Slack refuses it; not for Slack.
PLAINER: Final = "plainer"


def with_plainer(content: Message, plainer: Message) -> Message:
    """Give a message in newer blocks another one, which says the same in plain ones, for when Slack refuses the first."""
    return {**content, PLAINER: plainer}


def without_plainer(content: Message) -> tuple[Message, Message | None]:
    """Return a message as Slack takes it, and the one that says the same in plain blocks, if there is one."""
    return {name: value for name, value in content.items() if name != PLAINER}, content.get(PLAINER)


def in_plain_blocks(content: Message) -> Message:
    """Return what says the same in plain blocks: for where the newer ones have no place, such as a modal."""
    newer, plainer = without_plainer(content)
    return newer if plainer is None else plainer


def shortened(content: Message) -> Message:
    """Say the same in few words, for when Slack does not take the whole; a decision can still be made."""
    text = shorten(str(content["text"]), SHORTENED)
    buttons = [block for block in content["blocks"] if block["type"] == "actions"]
    note = (
        _(
            "Slack did not take the whole of this message. Look at the package in Entra before you "
            "decide."
        )
        if len(buttons) == 1
        else _(
            "Slack did not take the whole of this message. `/my-access` shows what concerns you."
        )
    )
    short = message(text, [section(text), context(note), *(buttons if len(buttons) == 1 else ())])
    return in_thread(short, content["thread_ts"]) if "thread_ts" in content else short


def in_thread(content: Message, thread_ts: str) -> Message:
    """Make of a message a reply to another one of the same channel."""
    return {**content, "thread_ts": thread_ts}
