"""Read JSON in pieces: a page of megabytes is no reason for anybody else to wait."""

import asyncio
import json
import re
from typing import Any, Final

# Characters that are read in a few milliseconds: a page of a hundred of Graph's assignments and more.
AT_ONCE: Final = 512 * 1024
# The same where each item is read by itself, which takes longer.
A_TURN: Final = 128 * 1024
SPACE: Final = re.compile(r"[ \t\n\r]*")
DECODER: Final = json.JSONDecoder()


async def loads(content: bytes) -> Any:
    """
    Read JSON; of a long object with long lists, the event loop gets its turn after every few items.

    A thread would not help: it keeps the interpreter's lock until all is read.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested without end.
    """
    if len(content) <= AT_ONCE:
        return json.loads(content)
    text = content.decode(json.detect_encoding(content), "surrogatepass").removeprefix("\ufeff")
    return await _Reader(text).whole()


class _Reader:
    """A place in a text, and how much was read since others last had their turn."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._turn = 0

    async def whole(self) -> Any:
        found = await self._object() if self._next() == "{" else self._value()
        if self._next():
            raise self._wrong("Extra data")
        return found

    async def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        if self._is("}"):
            return found
        while True:
            if self._next() != '"':
                raise self._wrong("Expecting property name enclosed in double quotes")
            name = self._value()
            if not self._is(":"):
                raise self._wrong("Expecting ':' delimiter")
            found[name] = await self._list() if self._next() == "[" else self._value()
            if self._is("}"):
                return found
            if not self._is(","):
                raise self._wrong("Expecting ',' delimiter")

    async def _list(self) -> list[Any]:
        found: list[Any] = []
        self._at += 1
        if self._is("]"):
            return found
        while True:
            self._next()
            found.append(self._value())
            if self._at - self._turn > A_TURN:
                self._turn = self._at
                await asyncio.sleep(0)
            if self._is("]"):
                return found
            if not self._is(","):
                raise self._wrong("Expecting ',' delimiter")

    def _next(self) -> str:
        """The next character that is no space; empty at the end."""
        space = SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]

    def _is(self, sign: str) -> bool:
        """Step over *sign*, if it comes next."""
        if self._next() != sign:
            return False
        self._at += 1
        return True

    def _value(self) -> Any:
        value, self._at = DECODER.raw_decode(self._text, self._at)
        return value

    def _wrong(self, what: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(what, self._text, self._at)
