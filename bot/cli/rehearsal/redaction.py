"""
Write down what services answered without saying whose it is: only what is known to be harmless stays.

Numbers, truth values, moments, durations, and words of Graph's and Slack's own under names that are known to hold such; ids become
numbered, so that one sees which are the same; everything else becomes its length.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

# Of a list: what comes behind says no more about the service.
MOST_ITEMS: Final = 5
# Names under which Graph and Slack put a word of their own, and nobody a text.
WORDS_UNDER: Final = frozenset(
    {
        *("@odata.type", "code", "error", "needed", "provided", "ok", "warning"),
        *(
            "state",
            "status",
            "assignmentState",
            "assignmentStatus",
            "requestType",
            "requestState",
            "requestStatus",
        ),
        *("type", "originSystem", "allowedTargetScope", "subjectType", "userType", "isDefault"),
        *("event_type", "subtype", "tz"),
    }
)
WORD: Final = re.compile(r"[#.A-Za-z][\w.#/-]{0,79}")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?")
DURATION: Final = re.compile(r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
ID: Final = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?<![0-9a-fA-F])[0-9a-fA-F]{32}(?![0-9a-fA-F])|\b[TUWCDGBAS][0-9A-Z]{6,}\b"
)
NAME: Final = re.compile(r"[@A-Za-z_][\w.@-]{0,59}")
# Parts of a path that are words of Graph's or Slack's: no number, and no address.
PART: Final = re.compile(r"\$?[A-Za-z][A-Za-z.]{0,39}|v1\.0")
LITERAL: Final = re.compile(r"'(?:[^']|'')*'")


class Unfit(Exception):
    """Something that must not be written down is still in a text; ``str(error)`` says what kind."""


class Redactor:
    """Redacts all of one report, so that the same id has the same number throughout."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def body(self, value: Any, *, under: str = "") -> Any:
        """
        Return a JSON value with the same shape.

        Args:
            under: The name that it stands under.
        """
        if isinstance(value, Mapping):
            return {
                self._name(str(name)): self.body(each, under=str(name))
                for name, each in value.items()
            }
        if isinstance(value, list | tuple):
            kept = [self.body(each, under=under) for each in value[:MOST_ITEMS]]
            more = len(value) - MOST_ITEMS
            return [*kept, f"<{more} more>"] if more > 0 else kept
        if isinstance(value, str):
            return self._text(value, under)
        if value is None or isinstance(value, bool | int | float):
            return value
        return f"<{type(value).__name__}>"

    def address(self, url: str) -> str:
        """Return path and query of an address, ids numbered and all literals gone."""
        parts = urlsplit(url)
        path = "/".join(self._part(unquote(each)) for each in parts.path.split("/"))
        query = "&".join(
            f"{self._name(name)}={self._query(value)}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
        return f"{path}?{query}" if query else path

    def _query(self, value: str) -> str:
        # Words of the query language, and names of properties; whatever is compared with is gone.
        numbered = LITERAL.sub("'…'", ID.sub(self._number, value))
        if any(sign in numbered for sign in "@:") or len(numbered) > 2_000:
            return self._length(value)
        return quote(numbered, safe="$(),=/;'… <>")

    def _text(self, value: str, under: str) -> str:
        if ID.fullmatch(value):
            return self._numbered(value)
        if MOMENT.fullmatch(value) or (value and DURATION.fullmatch(value)):
            return value
        if under in WORDS_UNDER and WORD.fullmatch(value):
            return value
        return self._length(value)

    def _name(self, name: str) -> str:
        if ID.search(name) or not NAME.fullmatch(name.removeprefix("$")):
            return self._length(name)
        return name

    def _part(self, part: str) -> str:
        if not part or PART.fullmatch(part):
            return part
        return ID.sub(self._number, part) if ID.fullmatch(part) else self._length(part)

    def _number(self, found: re.Match[str]) -> str:
        return self._numbered(found[0])

    def _numbered(self, value: str) -> str:
        number = self._numbers.setdefault(value.lower(), len(self._numbers) + 1)
        return f"<id {number}>"

    @staticmethod
    def _length(value: str) -> str:
        return f"<{len(value)} characters>"


def word(value: object) -> str:
    """Return a service's word for something, as it is if it is one; otherwise how long it is."""
    text = "" if value is None else str(value)
    return text if not text or WORD.fullmatch(text) else f"<{len(text)} characters>"


def checked(text: str, forbidden: Collection[str]) -> str:
    """
    Return a text in which nothing is that must not be.

    Args:
        forbidden: Secrets and people's addresses, as they are.

    Raises:
        Unfit: Something is in it all the same.
    """
    plain = json.dumps(text, ensure_ascii=False) + unquote(text)
    for each in forbidden:
        if len(each) > 3 and each in plain:
            raise Unfit("a secret or somebody's address would be in the report; it is not written")
    return text
