"""Wires without sockets: from a simulated process to Graph and Slack, and from Slack to the process."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import aiohttp
import httpx
from multidict import CIMultiDict
from starlette.types import ASGIApp

from tests.harness.exchange import Cut, Exchange, Reply, ask
from tests.harness.process import Process

# Told of each moment at which a process can die in a way that somebody outside could tell.
Moment = Callable[[str], None]
GoOn = Callable[[], Awaitable[httpx.Response]]
Fault = Callable[[httpx.Request, GoOn], Awaitable[httpx.Response]]
NO_BYTES: Final = b""
# Nobody looks at it; the library would name the request.
NO_REQUEST: Final[Any] = None


class Mortal(Protocol):
    """Whose wire it is, as far as a wire asks."""

    @property
    def is_dead(self) -> bool: ...

    async def rest_in_peace(self) -> None: ...


class Wire:
    """The way from a process to a web app elsewhere, with the time that it takes."""

    def __init__(
        self, process: Mortal, app: ASGIApp, *, pause: Callable[[], float], moment: Moment
    ) -> None:
        self._process = process
        self._app = app
        self._pause = pause
        self._moment = moment

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        within: float | None,
    ) -> Reply:
        """
        Send a request and wait for the whole answer.

        Raises:
            TimeoutError: There is none within so many seconds.
            Cut: The connection broke.
        """
        await self._pass(f"before {method} {url}")
        exchange: Exchange | None = None
        try:
            async with asyncio.timeout(within):
                await asyncio.sleep(self._pause())
                # Of no process: what arrives there goes on when whoever sent it dies.
                exchange = ask(
                    self._app,
                    method=method,
                    url=url,
                    headers=headers,
                    body=body,
                    context=Context(),
                )
                reply = await exchange.reply
        finally:
            if exchange is not None:
                exchange.hang_up()
        await self._pass(f"after {method} {url}")
        return reply

    async def _pass(self, moment: str) -> None:
        if not self._process.is_dead:
            self._moment(moment)
        if self._process.is_dead:
            await self._process.rest_in_peace()


class GraphWire(httpx.AsyncBaseTransport):
    """Graph for httpx; what goes wrong on the way is up to the test."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._faults: list[tuple[re.Pattern[str], int, Fault]] = []
        self.sent: list[str] = []
        # What Graph was asked to do: of an envelope each call in it, with its query.
        self.operations: list[str] = []

    def on(self, pattern: str, fault: Fault, *, times: int = 1) -> None:
        """Do *fault* at the next calls whose "METHOD /path" has *pattern*."""
        self._faults.append((re.compile(pattern), times, fault))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path}"
        self.sent.append(name)
        self.operations += operations_of(request)

        async def go_on() -> httpx.Response:
            return await self._go_on(request)

        for index, (pattern, times, fault) in enumerate(self._faults):
            if pattern.search(name):
                left = [(pattern, times - 1, fault)] if times > 1 else []
                self._faults[index : index + 1] = left
                return await fault(request, go_on)
        return await go_on()

    async def _go_on(self, request: httpx.Request) -> httpx.Response:
        limits: Mapping[str, float | None] = request.extensions.get("timeout", {})
        try:
            reply = await self._wire.call(
                request.method,
                str(request.url),
                headers=request.headers.raw,
                body=await request.aread(),
                within=limits.get("read"),
            )
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except Cut as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        return httpx.Response(
            reply.status, headers=reply.headers, content=reply.body, request=request
        )


def operations_of(request: httpx.Request) -> list[str]:
    """Return what a call asks Graph to do: itself, or every call in its envelope."""
    if not request.url.path.endswith("/$batch"):
        return [f"{request.method} {request.url.raw_path.decode()}"]
    return [f"{each['method']} {each['url']}" for each in json.loads(request.content)["requests"]]


class SlackSession:
    """The session of Slack's client library, as far as that uses one; stands for `aiohttp.ClientSession`."""

    closed = False

    def __init__(self, wire: Wire, *, within: float | None) -> None:
        self._wire = wire
        self._within = within

    def request(self, method: str, url: str, **given: Any) -> "_Asking":
        return _Asking(self._send(method, url, given))

    async def _send(self, method: str, url: str, given: Mapping[str, Any]) -> "_Answer":
        headers = {name.lower(): str(value) for name, value in (given.get("headers") or {}).items()}
        if given.get("params"):
            url = f"{url}?{urlencode(given['params'])}"
        body = NO_BYTES
        if given.get("json") is not None:
            body = json.dumps(given["json"]).encode()
            headers["content-type"] = "application/json"
        elif isinstance(given.get("data"), bytes):
            body = given["data"]
        elif given.get("data"):
            body = urlencode(given["data"]).encode()
            headers["content-type"] = "application/x-www-form-urlencoded"
        try:
            reply = await self._wire.call(
                method,
                url,
                headers=[(name.encode(), value.encode()) for name, value in headers.items()],
                body=body,
                within=self._within,
            )
        except Cut as error:
            raise aiohttp.ServerDisconnectedError(str(error)) from error
        return _Answer(reply)

    async def close(self) -> None:
        self.closed = True


class _Asking:
    def __init__(self, sending: Any) -> None:
        self._sending = sending

    async def __aenter__(self) -> "_Answer":
        answer: _Answer = await self._sending
        return answer

    async def __aexit__(self, *error: object) -> None:
        """There is no connection to give back."""


class _Answer:
    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers = CIMultiDict(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.headers
        )
        self.content_type = self.headers.get("content-type", "").partition(";")[0]
        self._body = reply.body

    async def read(self) -> bytes:
        return self._body

    async def text(self) -> str:
        return self._body.decode()

    async def json(self) -> Any:
        if self.content_type != "application/json":
            raise aiohttp.ContentTypeError(NO_REQUEST, (), message=self.content_type)
        return json.loads(self._body)


class ToBot(httpx.AsyncBaseTransport):
    """Slack's way to the bot: to any one of its replicas that lives."""

    def __init__(
        self, choose: Callable[[], tuple[Process, ASGIApp] | None], *, pause: Callable[[], float]
    ) -> None:
        self._choose = choose
        self._pause = pause

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._pause())
        chosen = self._choose()
        if chosen is None:
            raise httpx.ConnectError("nobody listens", request=request)
        process, app = chosen
        exchange = ask(
            app,
            method=request.method,
            url=str(request.url),
            headers=request.headers.raw,
            body=await request.aread(),
            context=process.context.copy(),
        )
        forget = process.at_death(exchange.abort)
        try:
            reply = await exchange.reply
        except Cut as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        finally:
            forget()
            exchange.hang_up()
        return httpx.Response(
            reply.status, headers=reply.headers, content=reply.body, request=request
        )
