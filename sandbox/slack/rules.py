"""A small language for the limits that Slack puts on JSON: each rule reports what breaks it."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sandbox.slack.model import Json

Report = Callable[[str, str], None]
"""Called with what is wrong and the JSON pointer of where."""

Rule = Callable[[Any, str, Report], None]


def string(
    *, most: int | None = None, least: int = 0, pattern: str | None = None, what: str = "valid"
) -> Rule:
    """A string of *least* to *most* characters, matching *pattern*."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report("must be a string", at)
        elif most is not None and len(value) > most:
            report(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            report(f"must be more than {least - 1} characters", at)
        elif pattern is not None and not re.fullmatch(pattern, value):
            report(f"must be {what}", at)

    return check


def one_of(*allowed: str) -> Rule:
    """One of a few words."""

    def check(value: Any, at: str, report: Report) -> None:
        if value not in allowed:
            report(f"must be one of {', '.join(allowed)}", at)

    return check


def boolean(value: Any, at: str, report: Report) -> None:
    """True or false."""
    if not isinstance(value, bool):
        report("must be a boolean", at)


def integer(*, least: int, most: int) -> Rule:
    """A whole number."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            report("must be an integer", at)
        elif not least <= value <= most:
            report(f"must be between {least} and {most}", at)

    return check


def number(*, above: float | None = None) -> Rule:
    """Any number, or one *above* another."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            report("must be a number", at)
        elif above is not None and value <= above:
            report(f"must be more than {above}", at)

    return check


def or_null(rule: Rule) -> Rule:
    """The same, or null: views travel back and forth with nulls in them."""

    def check(value: Any, at: str, report: Report) -> None:
        if value is not None:
            rule(value, at, report)

    return check


def items(each: Rule, *, most: int, least: int = 1) -> Rule:
    """An array."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, list):
            report("must be an array", at)
            return
        if len(value) > most:
            report(f"no more than {most} items allowed", at)
        if len(value) < least:
            report(f"no fewer than {least} items allowed", at)
        for index, item in enumerate(value):
            each(item, f"{at}/{index}", report)

    return check


def shape(
    required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *extra: Rule
) -> Rule:
    """An object with these fields and no others; *extra* rules see the whole object."""
    fields = {**required, **(optional or {})}

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report("must provide an object", at)
            return
        for name in required:
            if value.get(name) is None:
                report(f"missing required field: {name}", at)
        for name, part in value.items():
            if name not in fields:
                report(f"invalid additional property: {name}", at)
            elif part is not None or name not in required:
                fields[name](part, f"{at}/{name}", report)
        for rule in extra:
            rule(value, at, report)

    return check


def by_type(kinds: dict[str, Rule], *, allowed: Collection[str] | None = None) -> Rule:
    """An object whose rule depends on its `type`."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report("must provide an object", at)
            return
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in kinds:
            report(f"unsupported type: {kind}", f"{at}/type")
        elif allowed is not None and kind not in allowed:
            report(f"unsupported type here: {kind}", f"{at}/type")
        else:
            kinds[kind](value, at, report)

    return check


def text(*kinds: str, most: int, least: int = 1) -> Rule:
    """A text object: `plain_text`, `mrkdwn`, or either."""
    content = {"type": one_of(*kinds), "text": string(most=most, least=least)}
    as_plain, as_mrkdwn = (
        shape(content, {"emoji": boolean}),
        shape(content, {"verbatim": boolean}),
    )

    def check(value: Any, at: str, report: Report) -> None:
        is_mrkdwn = isinstance(value, dict) and value.get("type") == "mrkdwn"
        (as_mrkdwn if is_mrkdwn else as_plain)(value, at, report)

    return check


def plain(most: int) -> Rule:
    """A `plain_text` object."""
    return text("plain_text", most=most)


def anything(value: Any, at: str, report: Report) -> None:
    """No limit."""


def at_least_one_field(*names: str) -> Rule:
    """An object with one of these fields, or with several."""

    def check(value: Json, at: str, report: Report) -> None:
        if not any(value.get(name) for name in names):
            report(f"must provide at least one of {', '.join(names)}", at)

    return check


def exactly_one_field(*names: str) -> Rule:
    """An object with one, and only one, of these fields."""

    def check(value: Json, at: str, report: Report) -> None:
        if sum(name in value for name in names) != 1:
            report(f"must provide exactly one of {', '.join(names)}", at)

    return check
