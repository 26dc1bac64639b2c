"""Reads $select and $expand, and cuts lists into pages with a link to the next."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from sandbox.tenant.entity import Entity, Expand, project
from sandbox.tenant.errors import bad_request
from sandbox.tenant.filters import Filter
from sandbox.tenant.model import Json

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """The query string of one call."""

    options: dict[str, str]

    @classmethod
    def parse(cls, query_string: str) -> "Query":
        """Read a raw query string. Raises Refusal when an option is given twice."""
        options: dict[str, str] = {}
        for key, value in parse_qsl(query_string, keep_blank_values=True):
            name = key.lower() if key.startswith("$") else key
            if name in options:
                raise bad_request(f"Query option '{key}' was specified more than once.")
            options[name] = value
        return cls(options)

    @property
    def select(self) -> list[str]:
        return [name.strip() for name in self.options.get("$select", "").split(",") if name.strip()]

    @property
    def expand(self) -> list[Expand]:
        return parse_expand(self.options.get("$expand", ""))

    @property
    def filter(self) -> Filter | None:
        text = self.options.get("$filter")
        return Filter(text) if text else None

    def show(self, entity: Entity) -> Json:
        """One object, after $select and $expand."""
        return project(entity, select=self.select, expand=self.expand)

    def page(
        self,
        records: Sequence[T],
        *,
        shape: Callable[[T], Entity],
        size: int,
        url: str,
        filterable: frozenset[str] | None = None,
        may_match: Callable[[T], bool] | None = None,
    ) -> Json:
        """One page of a list, with `@odata.nextLink` to *url* while more may be left.

        *filterable* are the property paths (lower case) that may stand in $filter; None admits all.
        Only the records of this page are shaped, and of these those that *may_match* the filter, so that a long
        list costs the same per page.
        """
        condition = self._condition(filterable)
        answer: Json = {}
        if self.options.get("$count", "").lower() == "true":
            shaped = (shape(record) for record in records)
            answer["@odata.count"] = sum(condition is None or condition.matches(e) for e in shaped)
        shown: list[Json] = []
        position = self._skipped()
        while position < len(records) and len(shown) < size:
            record = records[position]
            position += 1
            if may_match is not None and not may_match(record):
                continue
            entity = shape(record)
            if condition is None or condition.matches(entity):
                shown.append(self.show(entity))
        if position < len(records):
            answer["@odata.nextLink"] = f"{url}?{self._next(position)}"
        answer["value"] = shown
        return answer

    def _condition(self, filterable: frozenset[str] | None) -> Filter | None:
        condition = self.filter
        for path in condition.paths if condition else []:
            if filterable is not None and path not in filterable:
                raise bad_request(f"Filtering on '{path}' is not supported for this collection.")
        return condition

    def _skipped(self) -> int:
        token = self.options.get("$skiptoken")
        if not token:
            return 0
        try:
            return int(json.loads(base64.urlsafe_b64decode(token))["next"])
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise bad_request("The skip token is malformed.") from None

    def _next(self, position: int) -> str:
        token = base64.urlsafe_b64encode(json.dumps({"next": position}).encode()).decode()
        kept: dict[str, Any] = {k: v for k, v in self.options.items() if k != "$skiptoken"}
        return urlencode(kept | {"$skiptoken": token}, quote_via=quote, safe="$")


def parse_expand(text: str) -> list[Expand]:
    """Read `accessPackage,assignment($expand=target;$select=id)`. Raises Refusal."""
    return [_parse_item(part) for part in _split(text, ",")]


def _parse_item(text: str) -> Expand:
    name, bracket, rest = text.partition("(")
    item = Expand(name.strip())
    if not bracket:
        return item
    if not rest.endswith(")"):
        raise bad_request(f"Invalid $expand: unbalanced parentheses in '{text}'.")
    for option in _split(rest[:-1], ";"):
        key, _, value = option.partition("=")
        match key.strip().lower():
            case "$expand":
                item.expand = parse_expand(value)
            case "$select":
                item.select = [part.strip() for part in value.split(",")]
            case _:
                raise bad_request(f"Invalid $expand: option '{key}' is not supported.")
    return item


def _split(text: str, separator: str) -> list[str]:
    """Split at *separator* outside parentheses. `a($expand=b,c)` keeps its comma."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    if depth:
        raise bad_request(f"Invalid $expand: unbalanced parentheses in '{text}'.")
    return [part.strip() for part in parts if part.strip()]
