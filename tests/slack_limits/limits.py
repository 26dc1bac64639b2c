"""
Slack's limits for messages, views and answers, read strictly: what is not established counts as forbidden.

Two readings, which share no code with the bot: that of the stand-in Slack, with lengths counted in UTF-16 and the rules
added here; and, where it lies beside the checkout, an independent one.

Sources: docs.slack.dev, "Block Kit" reference (each block and element), "Formatting message text", "Truncating content
of messages" (text), "Views" (250 kB, 100 blocks), "Option object", "block_suggestion", "view_submission".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from sandbox.slack.content import checked_blocks, checked_view
from sandbox.slack.errors import SlackRefusal

LONGEST_TEXT = 4_000
"""Slack advises this much for `text`; chat.update refuses more."""
MOST_OPTIONS = 100
LONGEST_OPTION = 75
LONGEST_OPTION_VALUE = 150
TOKEN = re.compile(
    r"<(?:@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|!date\^\d+\^[^|>^]+\|[^|>]+|(?:https?|mailto):[^<>\s|]+(?:\|[^<>|]+)?)>"
)
"""What may stand between angle brackets: mentions by id, dates without links, links.  No broadcast."""
BEYOND = re.compile("[\U00010000-\U0010ffff]")
"""Signs beyond the first plane: UTF-16 takes two units for each."""
ESCAPED_DATE = re.compile(r"&lt;!date\^\d{9,}\^")
PLAIN_DATE = re.compile(r"<!date\^\d{9,}\^")
"""A moment that nobody sees as one: of these years, because tests give people names that look like the token."""
LOOSE = re.compile(r"[<>]|&(?!(?:amp|lt|gt);)")


class Limits:
    """
    Both readings of Slack's limits.

    Args:
        second: The independent checker; None where it is not at hand.
    """

    def __init__(self, second: ModuleType | None = None) -> None:
        self._second = second

    def of_message(self, message: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the arguments of a message."""
        found = [*_of_text(message.get("text")), *_of_mrkdwn(message.get("blocks") or [])]
        try:
            checked_blocks(_wide(list(message.get("blocks") or [])))
        except SlackRefusal as refusal:
            found.append(_said(refusal))
        if self._second is not None:
            found += self._second.check_message(dict(message))
        return found

    def of_view(self, view: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with a modal or an App Home."""
        found = _of_mrkdwn(view)
        try:
            checked_view(_wide(dict(view)))
        except SlackRefusal as refusal:
            found.append(_said(refusal))
        if self._second is not None:
            found += self._second.check_view(dict(view))
        return found

    def of_answer(self, answer: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with what a payload is acknowledged with; nothing is fine."""
        found: list[str] = []
        if answer.get("text") or answer.get("blocks"):
            found += self.of_message(answer)
        if answer.get("view") is not None:
            found += self.of_view(answer["view"])
        if answer.get("response_action") == "errors":
            errors = answer.get("errors") or {}
            found += [] if errors else ["errors: none are given"]
            found += [
                f"errors of {field}: blank" for field, said in errors.items() if not said.strip()
            ]
            found += _of_plain(errors.values())
        if answer.get("options") is not None or answer.get("option_groups") is not None:
            found += _of_suggestions(answer)
        return found


def load_second(file: Path) -> ModuleType | None:
    """Load the independent checker from where it lies; None if it is not there."""
    if not file.is_file():
        return None
    loader = SourceFileLoader("blockcheck", str(file))
    module = ModuleType(loader.name)
    module.__file__ = str(file)
    loader.exec_module(module)
    return module


def _of_text(text: object) -> list[str]:
    if not isinstance(text, str) or not text.strip():
        return ["text: blank, and screen readers and notifications have nothing else"]
    length = _length(text)
    found = [f"text: {length} characters"] if length > LONGEST_TEXT else []
    return found + _of_markup(text)


def _of_mrkdwn(value: Any) -> list[str]:
    found = [problem for text in _texts_in(value, "mrkdwn") for problem in _of_markup(text)]
    return found + _of_plain(_texts_in(value, "plain_text"))


def _texts_in(value: Any, kind: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        if value.get("type") == kind and isinstance(value.get("text"), str):
            yield value["text"]
        for each in value.values():
            yield from _texts_in(each, kind)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts_in(each, kind)


def _of_plain(texts: Iterable[str]) -> list[str]:
    return [
        f"markup: a moment in {text!r}, where Slack reads no markup"
        for text in texts
        if PLAIN_DATE.search(text)
    ]


def _of_markup(text: str) -> list[str]:
    if ESCAPED_DATE.search(text):
        return [f"markup: a moment is escaped in {text!r}"]
    rest = TOKEN.sub("", text)
    # A quote begins with ">" as it is; that is Slack's own mark.
    quoted = re.sub(r"^> ?", "", rest, flags=re.MULTILINE)
    loose = LOOSE.search(quoted)
    if loose is None:
        return []
    return [f"markup: {quoted[max(loose.start() - 20, 0) : loose.end() + 20]!r} is not escaped"]


def _of_suggestions(answer: Mapping[str, Any]) -> list[str]:
    groups = answer.get("option_groups") or []
    options = [*(answer.get("options") or []), *(each for g in groups for each in g["options"])]
    found = [f"{len(options)} options"] if len(options) > MOST_OPTIONS else []
    found += [f"{len(groups)} groups of options"] if len(groups) > MOST_OPTIONS else []
    found += ["a group without options" for each in groups if not each["options"]]
    texts = [each["label"] for each in groups]
    for each in options:
        texts += [each["text"], *([each["description"]] if "description" in each else [])]
        if not 0 < _length(each["value"]) <= LONGEST_OPTION_VALUE:
            found.append(f"option: value {each['value']!r}")
    return found + [
        f"option: {text}"
        for text in texts
        if text.get("type") != "plain_text"
        or not 0 < _length(text["text"].strip()) <= LONGEST_OPTION
    ]


def _said(refusal: SlackRefusal) -> str:
    return f"{refusal.error}: {'; '.join(refusal.messages)}"


def _length(text: str) -> int:
    """Count in UTF-16, the longer way: Slack does not say how it counts what is beyond the first plane."""
    return len(text) + len(BEYOND.findall(text))


def _wide(value: Any) -> Any:
    """Return *value* with two signs for each that UTF-16 takes two for."""
    if isinstance(value, str):
        return BEYOND.sub("\ufffd\ufffd", value)
    if isinstance(value, Mapping):
        return {key: _wide(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_wide(each) for each in value]
    return value
