"""The Jinja filters of the templates; those that depend on the reader take it from the context."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from sandbox.page import mrkdwn, rich_text
from sandbox.page.charts import chart
from sandbox.page.guard import LOOPBACK_NAMES
from sandbox.page.reader import Reader
from sandbox.slack.model import Json

_INPUT_TYPES = {
    "plain_text_input": "text",
    "email_text_input": "email",
    "url_text_input": "url",
    # Words are refused below the field, where a browser would not even let them be typed.
    "number_input": "text",
    "datepicker": "date",
    "timepicker": "time",
    "datetimepicker": "datetime-local",
}


def filters() -> dict[str, Callable[..., Any]]:
    """Filter functions by the name templates use."""
    return {
        "mrkdwn": _mrkdwn,
        "plain": _plain,
        "rich_text": _rich_text,
        "options_of": _options_of,
        "named": _named,
        "file_size": file_size,
        "chart": chart,
        "fingerprint": _fingerprint,
        "sort_key": _sort_key,
        "input_type": lambda kind: _INPUT_TYPES.get(kind, "text"),
        "web_address": _web_address,
        "is_here": _is_here,
        "wall_clock": _wall_clock,
        "initials": initials,
    }


def initials(name: str) -> str:
    """``AA`` for Ann Abara: the letters on a person's picture."""
    parts = [part for part in name.split() if part]
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper()


@pass_context
def _mrkdwn(context: Context, text: str, verbatim: object = None) -> Markup:
    return mrkdwn.mrkdwn(text, context["reader"], is_verbatim=verbatim is True)


def _plain(text_object: Json) -> Markup:
    return mrkdwn.plain(text_object["text"], with_shortcodes=text_object.get("emoji", True))


@pass_context
def _rich_text(context: Context, block: Json) -> Markup:
    return rich_text.rich_text(block, context["reader"])


@pass_context
def _options_of(context: Context, element: Json) -> list[Json]:
    """The options of a menu; people and channels offer themselves."""
    names = names_in(element, context["reader"])
    if names:
        return [{"value": key, "text": {"text": name}} for key, name in names.items()]
    return list(element.get("options") or [])


def names_in(element: Json, reader: Reader) -> dict[str, str]:
    """The people and channels that a menu offers by itself, by id; none for other menus."""
    names: dict[str, str] = {}
    kind = element["type"].removeprefix("multi_")
    if kind in ("users_select", "conversations_select"):
        names |= dict(reader.people)
    if kind in ("channels_select", "conversations_select"):
        names |= {key: f"#{name}" for key, name in reader.channels.items()}
    return names


@pass_context
def _named(context: Context, option: Json, element: Json) -> str:
    """The words of a chosen option; people and channels are chosen by id."""
    names = names_in(element, context["reader"])
    return str(names.get(option["value"], option["text"]["text"]))


def _fingerprint(value: Any) -> str:
    """A few characters that change with *value*: a part of the page that is kept until then."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def _sort_key(cell: Json) -> str:
    """Return what a cell is sorted and searched by: its number, or its words."""
    if cell["type"] == "raw_number":
        return str(cell["value"])
    if cell["type"] == "action_cell":
        return str(cell["element"]["text"]["text"])
    return " ".join(_words(cell)).casefold()


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _words(each)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for part in value.values():
            yield from _words(part)


def file_size(count: int) -> str:
    """``1.4 KB``: a number of bytes for people."""
    for unit, size in (("MB", 1_000_000), ("KB", 1_000)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} byte" + ("s" if count != 1 else "")


@pass_context
def _wall_clock(context: Context, seconds: str) -> str:
    """A moment as the reader's own clock shows it, for a field to pick one."""
    moment = datetime.fromtimestamp(int(seconds), UTC)
    local: datetime = context["reader"].local(moment)
    return f"{local:%Y-%m-%dT%H:%M}"


def _is_here(url: str) -> bool:
    """Return True if an address is of this machine: a sign-in of the sandbox's own, which stays in the same tab."""
    try:
        return urlsplit(url).hostname in LOOPBACK_NAMES
    except ValueError:
        return False


@pass_context
def _web_address(context: Context, url: str) -> str:
    """*url* when a browser may follow it, else nothing; what leads to My Access leads to its stand-in."""
    url = context["reader"].address(url)
    return url if url.startswith(("https://", "http://")) else "#"
