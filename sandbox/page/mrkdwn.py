"""Slack's mrkdwn as safe HTML, for one reader."""

import re

from markupsafe import Markup, escape

from sandbox.page import dates
from sandbox.page.emoji import with_emoji
from sandbox.page.reader import Reader

_FENCE = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_ANGLE = re.compile(r"<([^<>\n]+)>")
_BARE_LINK = re.compile(r"(?<![\w\"'=>/])https?://(?:(?!&[lg]t;)[^\s<>])+(?<![.,;:!?)\]])")
_DATE = re.compile(r"!date\^(-?\d+)\^([^|^]+)(?:\^([^|]+))?(?:\|(.*))?", re.DOTALL)
_EMPHASIS = (
    ("strong", re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*?[^\s*])\*(?![\w*])")),
    ("em", re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]*?[^\s_])_(?![\w_])")),
    ("s", re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]*?[^\s~])~(?![\w~])")),
)
# Finished pieces of HTML wait outside the text, so that nothing formats them twice.
_HELD = re.compile("\ue000(\\d+)\ue001")


def mrkdwn(text: str, reader: Reader, *, is_verbatim: bool = False) -> Markup:
    """
    Return *text* (Slack-escaped, as apps send it) as HTML; nothing in it can become markup of ours.

    Args:
        is_verbatim: Addresses that are not marked as links stay text, as `verbatim` of a text object says.
    """
    held: list[Markup] = []

    def hold(html: Markup) -> str:
        held.append(html)
        return f"\ue000{len(held) - 1}\ue001"

    text = text.replace("\ue000", "").replace("\ue001", "")
    text = _FENCE.sub(lambda m: hold(Markup("<pre>{}</pre>").format(unescape(m[1]))), text)
    text = _CODE.sub(lambda m: hold(Markup("<code>{}</code>").format(unescape(m[1]))), text)
    text = _ANGLE.sub(lambda m: hold(_special(m[1], reader)), text)
    if not is_verbatim:
        text = _BARE_LINK.sub(lambda m: hold(link(unescape(m[0]), unescape(m[0]), reader)), text)
    html = str(_lines(text))
    while _HELD.search(html):
        html = _HELD.sub(lambda m: str(held[int(m[1])]), html)
    return Markup(html)  # noqa: S704 - every piece was escaped above


def plain(text: str, *, with_shortcodes: bool = True) -> Markup:
    """A plain_text object as HTML: line breaks and emoji, no formatting, no mentions."""
    html = Markup("<br>").join(unescape(text).split("\n"))
    return with_emoji(html) if with_shortcodes else html


def unescape(text: str) -> str:
    """Undo Slack's three escapes, and only those."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _lines(text: str) -> Markup:
    """Quotes and bullet lists are whole lines; everything else keeps its line breaks."""
    html, kind, run = Markup(""), "", list[Markup]()

    def close() -> None:
        nonlocal html
        if kind == "quote":
            html += Markup("<blockquote>{}</blockquote>").format(Markup("<br>").join(run))
        elif kind == "list":
            items = Markup("").join(Markup("<li>{}</li>").format(item) for item in run)
            html += Markup("<ul>{}</ul>").format(items)
        else:
            html += Markup("<br>").join(run)
        run.clear()

    for line in text.split("\n"):
        now, body = _line_kind(line)
        if now != kind:
            if run:
                close()
            kind = now
        run.append(_emphasized(body))
    close()
    return html


def _emphasized(line: str) -> Markup:
    html = str(with_emoji(escape(unescape(line))))
    for tag, pattern in _EMPHASIS:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    return Markup(html)  # noqa: S704 - the line was escaped, the tags are ours


def _line_kind(line: str) -> tuple[str, str]:
    for mark in ("&gt; ", "&gt;", "> ", ">"):
        if line.startswith(mark):
            return "quote", line.removeprefix(mark)
    stripped = line.lstrip()
    if stripped[:2] in ("• ", "◦ "):
        return "list", stripped[2:]
    return "text", line


def _special(inside: str, reader: Reader) -> Markup:
    """Return what stands between angle brackets: a mention, a date or a link."""
    if date := _DATE.fullmatch(inside):
        return _date(date, reader)
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return _mention(
            "@", reader.people.get(target[1:]) or label or target[1:], target[1:], reader
        )
    if target.startswith("#"):
        return _mention("#", reader.channels.get(target[1:]) or label or target[1:], "", reader)
    if target.startswith("!subteam^"):
        handle = reader.usergroups.get(target.removeprefix("!subteam^")) or label.lstrip("@")
        return _mention("@", handle or target.removeprefix("!subteam^"), "", reader)
    if target.startswith("!"):
        return _mention("@", target[1:].partition("^")[0], "", reader)
    if target.startswith(("https://", "http://", "mailto:")):
        shown = unescape(label or target.removeprefix("mailto:"))
        return link(unescape(target), shown, reader)
    return escape(unescape(f"<{inside}>"))


def _mention(sign: str, name: str, person_id: str, reader: Reader) -> Markup:
    me = " me" if person_id and person_id == reader.person_id else ""
    return Markup('<span class="mention{}">{}{}</span>').format(me, sign, unescape(name))


def link(target: str, label: str, reader: Reader) -> Markup:
    """A link to elsewhere, in a window of its own; what leads to My Access leads to its stand-in, in the same one."""
    address = reader.address(target)
    if address == reader.my_access:
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(address, label)
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(
        address, label
    )


def _date(found: re.Match[str], reader: Reader) -> Markup:
    seconds, pattern, link, fallback = found.groups()
    try:
        moment = dates.from_ts(seconds)
    except (OverflowError, OSError, ValueError):
        return escape(unescape(fallback or seconds))
    shown = unescape(dates.fill(pattern, moment=moment, reader=reader))
    html = Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(), f"{moment:%Y-%m-%d %H:%M} UTC", shown
    )
    if link and link.startswith(("https://", "http://")):
        return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(
            unescape(link), html
        )
    return html
