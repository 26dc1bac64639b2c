"""One HTTP request between a client and a web app, in memory: no socket, and nobody who parses bytes."""

import asyncio
from collections.abc import Iterable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message

Headers = list[tuple[bytes, bytes]]


class Cut(ConnectionError):
    """The connection broke before the whole answer was there."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes


@dataclass
class Exchange:
    """The line between the two; the app runs in a task of its own, which goes on when the client is gone."""

    reply: asyncio.Future[Reply]
    body: bytes
    _asked: bool = False
    _status: int = 0
    _headers: Headers = field(default_factory=list)
    _sent: list[bytes] = field(default_factory=list)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def transport(self) -> "Exchange":
        """Return where the stand-ins look for something that they can `abort`."""
        return self

    def abort(self) -> None:
        """Cut the line; the client sees a broken connection."""
        if not self.reply.done():
            self.reply.set_exception(Cut("the connection was cut"))

    def hang_up(self) -> None:
        """The client is gone; the app learns of it when it listens."""
        self._gone.set()

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message.get("headers", ()))
            return
        self._sent.append(message.get("body", b""))
        if not message.get("more_body", False) and not self.reply.done():
            self.reply.set_result(
                Reply(status=self._status, headers=self._headers, body=b"".join(self._sent))
            )


def ask(
    app: ASGIApp,
    *,
    method: str,
    url: str,
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes,
    context: Context,
) -> Exchange:
    """
    Begin a request: *app* answers it in a task of its own, in *context*.

    Whoever asks awaits ``reply``, which raises `Cut` when no whole answer comes, and then hangs up.
    """
    loop = asyncio.get_running_loop()
    exchange = Exchange(reply=loop.create_future(), body=body)
    parts = urlsplit(url)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": (parts.hostname, parts.port),
    }

    async def answer() -> None:
        try:
            await app(scope, exchange.receive, exchange.send)
        except ConnectionError:
            # A stand-in that was told to break off.
            exchange.abort()
        except Exception as error:
            # A mistake of the app's own: nobody may take it for a cut line.
            if exchange.reply.done():
                raise
            exchange.reply.set_exception(error)
        else:
            exchange.abort()

    # Held by the exchange's future for as long as somebody waits, and by the loop while it runs.
    loop.create_task(answer(), context=context, name=f"{method} {parts.path}")  # noqa: RUF006
    return exchange
