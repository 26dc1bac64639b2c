"""Signed slash commands over connections that are kept, as Slack sends them, and how long each answer took."""

import asyncio
import hashlib
import hmac
import itertools
import secrets
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple
from urllib.parse import urlencode, urlsplit

ANSWER_SECONDS: Final = 60
PATH: Final = "/slack/events"
_numbers: Final = itertools.count(1)


class Answer(NamedTuple):
    """What came back for one command, and after how many seconds."""

    status: int
    body: bytes
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Load:
    """
    What came back for many commands.

    Attributes:
        seconds: From the first command to the last answer.
    """

    answers: Sequence[Answer]
    seconds: float

    @property
    def rps(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds after which so many percent were answered."""
        taken = sorted(answer.seconds for answer in self.answers)
        return taken[min(len(taken) * percent // 100, len(taken) - 1)] * 1e3

    @property
    def p50(self) -> float:
        return self.percentile(50)

    @property
    def p99(self) -> float:
        return self.percentile(99)

    def saying(self, words: str) -> int:
        """Return how many answers have *words* in them."""
        wanted = words.encode()
        return sum(wanted in answer.body for answer in self.answers)


def median_of(loads: Iterable[Load], name: Literal["rps", "p50", "p99"]) -> float:
    """The median over several rounds."""
    return float(statistics.median(getattr(load, name) for load in loads))


@dataclass(frozen=True, kw_only=True)
class App:
    """Which app commands are for, as Slack names it."""

    signing_secret: str
    app_id: str
    team_id: str


def commands(
    app: App, users: Iterable[str], *, command: str = "/request-access", text: str = ""
) -> Iterator[Mapping[str, str]]:
    """One command of each of *users*."""
    for user in users:
        number = next(_numbers)
        yield {
            "token": "not-used",
            "team_id": app.team_id,
            "team_domain": "contoso",
            "channel_id": "C0GENERAL",
            "channel_name": "general",
            "user_id": user,
            "user_name": user.lower(),
            "command": command,
            "text": text,
            "api_app_id": app.app_id,
            "is_enterprise_install": "false",
            "response_url": f"https://hooks.slack.example/commands/{number}",
            "trigger_id": f"{number}.{secrets.token_hex(12)}",
        }


async def load(
    address: str, app: App, commands: Iterable[Mapping[str, str]], *, connections: int
) -> Load:
    """
    Send *commands* over so many connections, the next of each as soon as the one before is answered.

    Raises:
        ConnectionError: A connection was closed.
        TimeoutError: An answer took longer than anybody waits.
    """
    where = urlsplit(address)
    if where.hostname is None or where.port is None:
        raise ValueError(f"{address} names no host and port")
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(_Connection, where.hostname, where.port))[1]
        for _ in range(connections)
    ]
    waiting = iter(commands)
    answers: list[Answer] = []

    async def keep_sending(connection: _Connection) -> None:
        for fields in waiting:
            request = _request(app, fields)
            began = time.perf_counter()
            status, body = await connection.send(request)
            answers.append(Answer(status, body, time.perf_counter() - began))

    began = time.perf_counter()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await asyncio.gather(*(keep_sending(each) for each in made))
        return Load(answers=answers, seconds=time.perf_counter() - began)
    finally:
        for each in made:
            each.close()


def _request(app: App, fields: Mapping[str, str]) -> bytes:
    body = urlencode(fields).encode()
    timestamp = str(int(time.time()))
    signed = b"v0:" + timestamp.encode() + b":" + body
    signature = hmac.new(app.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: latchkey.example\r\n"
        "User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\nAccept: application/json,*/*\r\n"
        "Accept-Encoding: gzip,deflate\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        f"X-Slack-Request-Timestamp: {timestamp}\r\nX-Slack-Signature: v0={signature}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """The least of an HTTP client: what measures must cost less than what is measured."""

    def __init__(self) -> None:
        self._read = bytearray()
        self._answered: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("not a stream")
        self._transport = transport

    def send(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._read[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(self._read) < end + 4 + length:
            return
        body = bytes(self._read[end + 4 : end + 4 + length])
        self._read.clear()
        if self._answered is not None and not self._answered.done():
            self._answered.set_result((int(head.split(b" ", 2)[1]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionResetError("it hung up"))

    def close(self) -> None:
        self._transport.close()
