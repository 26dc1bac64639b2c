"""The arguments of a Web API call, whichever of Slack's wire forms they came in."""

import json
from typing import Any
from urllib.parse import parse_qsl

from sandbox.slack.errors import SlackRefusal
from sandbox.slack.model import Json


class Arguments:
    """Reads arguments with the errors that Slack gives for missing and malformed ones."""

    def __init__(self, given: Json) -> None:
        self.given = given

    def __contains__(self, name: str) -> bool:
        return self.given.get(name) is not None

    def required(self, name: str) -> str:
        """Return a text argument.

        Raises:
            SlackRefusal: `invalid_arguments`.
        """
        value = self.optional(name)
        if not value:
            raise SlackRefusal("invalid_arguments", messages=[f"missing required field: {name}"])
        return value

    def optional(self, name: str) -> str | None:
        """Return a text argument, or None."""
        value = self.given.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise SlackRefusal(
            "invalid_arguments", messages=[f"must be a string [json-pointer:/{name}]"]
        )

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes-or-no argument."""
        value = self.given.get(name)
        if value is None:
            return default
        return str(value).lower() in ("1", "true")

    def number(self, name: str, *, default: int, most: int) -> int:
        """Return a whole number from 1 to *most*."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise SlackRefusal("invalid_limit") from None
        if number < 1:
            raise SlackRefusal("invalid_limit")
        return min(number, most)

    def structure(self, name: str) -> Any:
        """Return an argument that is JSON, or JSON written as a string.

        Raises:
            SlackRefusal: `invalid_blocks_format` for blocks, `invalid_arguments` for the others.
        """
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return parse_json(value)
        except ValueError:
            error = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
            raise SlackRefusal(
                error, messages=[f"must be valid JSON [json-pointer:/{name}]"]
            ) from None


def parse_json(raw: str | bytes) -> Any:
    """Parse JSON that can also be written again.

    Raises:
        ValueError: it is no JSON, or holds half a character, NaN or far too many brackets.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        parsed = json.loads(raw, parse_constant=refuse)
        json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return parsed


def read_arguments(*, query: str, content_type: str, body: bytes) -> Json:
    """Gather the arguments of a request: the query string, then a form or JSON body.

    Raises:
        SlackRefusal: `invalid_json`, `json_not_object`, `invalid_form_data`, `invalid_post_type`.
    """
    given: Json = dict(parse_qsl(query, keep_blank_values=True))
    if not body:
        return given
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            parsed = parse_json(body)
        except ValueError:
            raise SlackRefusal("invalid_json") from None
        if not isinstance(parsed, dict):
            raise SlackRefusal("json_not_object")
        return given | parsed
    if kind == "application/x-www-form-urlencoded":
        try:
            return given | dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise SlackRefusal("invalid_form_data") from None
    raise SlackRefusal("invalid_post_type" if kind else "missing_post_type")
