"""Slack's rich_text blocks as HTML, for one reader."""

from typing import Any

from markupsafe import Markup, escape

from sandbox.page import dates
from sandbox.page.emoji import emoji
from sandbox.page.mrkdwn import link
from sandbox.page.reader import Reader

Json = dict[str, Any]
_STYLES = (
    ("code", Markup("<code>{}</code>")),
    ("bold", Markup("<strong>{}</strong>")),
    ("italic", Markup("<em>{}</em>")),
    ("strike", Markup("<s>{}</s>")),
)
_BULLETS = Markup('<ul class="indent-{}">{}</ul>')
_NUMBERS = Markup('<ol class="indent-{}">{}</ol>')


def rich_text(block: Json, reader: Reader) -> Markup:
    """The sections, lists, quotes and code of one rich_text block."""
    return _join(_part(part, reader) for part in block.get("elements", []))


def _part(part: Json, reader: Reader) -> Markup:
    elements = part.get("elements", [])
    match part.get("type"):
        case "rich_text_list":
            shape = _NUMBERS if part.get("style") == "ordered" else _BULLETS
            items = _join(Markup("<li>{}</li>").format(_part(item, reader)) for item in elements)
            indent = min(int(part.get("indent", 0)), 5)
            return shape.format(indent, items)
        case "rich_text_preformatted":
            return Markup("<pre>{}</pre>").format(_inline(elements, reader))
        case "rich_text_quote":
            return Markup("<blockquote>{}</blockquote>").format(_inline(elements, reader))
        case _:
            return Markup("<span>{}</span>").format(_inline(elements, reader))


def _inline(elements: list[Json], reader: Reader) -> Markup:
    return _join(_styled(_element(element, reader), element) for element in elements)


def _element(element: Json, reader: Reader) -> Markup:
    match element.get("type"):
        case "text":
            return Markup("<br>").join(escape(line) for line in element["text"].split("\n"))
        case "link":
            url = str(element.get("url", ""))
            label = element.get("text") or url
            if not url.startswith(("https://", "http://", "mailto:")):
                return escape(label)
            return link(url, label, reader)
        case "emoji":
            name = str(element.get("name", ""))
            return emoji(name) or escape(f":{name}:")
        case "user":
            return _mention("@", element.get("user_id", ""), reader.people, reader)
        case "channel":
            return _mention("#", element.get("channel_id", ""), reader.channels, reader)
        case "usergroup":
            return _mention("@", element.get("usergroup_id", ""), reader.usergroups, reader)
        case "broadcast":
            return Markup('<span class="mention">@{}</span>').format(element.get("range", "here"))
        case "date":
            moment = dates.from_ts(str(element.get("timestamp", 0)))
            shown = dates.fill(str(element.get("format", "{date}")), moment=moment, reader=reader)
            return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), shown)
        case kind:
            return escape(element.get("fallback") or f"[{kind}]")


def _mention(sign: str, key: str, names: Any, reader: Reader) -> Markup:
    me = " me" if key == reader.person_id else ""
    return Markup('<span class="mention{}">{}{}</span>').format(me, sign, names.get(key, key))


def _styled(html: Markup, element: Json) -> Markup:
    style = element.get("style") or {}
    for word, shape in _STYLES:
        if style.get(word):
            html = shape.format(html)
    return html


def _join(parts: Any) -> Markup:
    return Markup("").join(parts)
