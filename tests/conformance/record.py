"""Remembers what was said to Graph and what the stand-in answered, each shape of it once."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

REQUEST, ANSWER = "request", "answer"
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_NUMBER = re.compile(r"\d+")
_UNUSED = json.dumps(None)


@dataclass(frozen=True)
class Message:
    """One request or one answer; *content* is JSON text, *test* the first test it was seen in."""

    kind: str
    version: str
    method: str
    path: str  # below the version
    query: str
    consistency: str  # the ConsistencyLevel header: some queries need it
    status: int  # of answers; 0 for requests
    content: str
    test: str

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def is_refusal(self) -> bool:
        return self.status >= 400

    def words(self) -> tuple[object, ...]:
        """Return everything but the test."""
        return (
            self.kind,
            self.version,
            self.method,
            self.path,
            self.query,
            self.consistency,
            self.status,
            self.content,
        )

    def shape(self) -> tuple[object, ...]:
        """Everything but ids, numbers and the test: what no check looks at."""
        said = f"{self.path}\n{self.query}\n{self.content}"
        said = _NUMBER.sub("0", GUID.sub("id", said))
        return (self.kind, self.version, self.method, self.consistency, self.status, said)


class Recorder:
    """Counts every message and keeps the first of each shape, as long as it *is_on*."""

    def __init__(self) -> None:
        self.is_on = True
        self.totals: Counter[str] = Counter()
        self._kept: dict[tuple[object, ...], Message] = {}
        # Most is said again and again, ids and all: its shape is known.
        self._heard: set[int] = set()

    @property
    def messages(self) -> list[Message]:
        return list(self._kept.values())

    def request(
        self,
        *,
        version: str,
        method: str,
        path: str,
        query: str = "",
        body: object = None,
        consistency: str = "",
    ) -> None:
        """A request that was sent; *path* begins below the version."""
        self._add(
            Message(REQUEST, version, method, path, query, consistency, 0, _text(body), _test())
        )

    def answer(
        self, *, version: str, method: str, path: str, query: str = "", status: int, body: object
    ) -> None:
        """What the stand-in said to a request."""
        self._add(Message(ANSWER, version, method, path, query, "", status, _text(body), _test()))

    def _add(self, message: Message) -> None:
        if not self.is_on:
            return
        self.totals[message.kind] += 1
        words = hash(message.words())
        if words not in self._heard:
            self._heard.add(words)
            self._kept.setdefault(message.shape(), message)

    def packed(self) -> dict[str, Any]:
        """In basic types, to be sent from a worker to the one who judges."""
        return {
            "totals": dict(self.totals),
            "messages": [list(astuple(message)) for message in self._kept.values()],
        }

    def unpack(self, packed: dict[str, Any]) -> None:
        """Add what another recorder packed."""
        self.totals.update(packed["totals"])
        messages: Iterable[list[Any]] = packed["messages"]
        for values in messages:
            message = Message(*values)
            self._kept.setdefault(message.shape(), message)


def _text(body: object) -> str:
    return _UNUSED if body is None else json.dumps(body)


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
