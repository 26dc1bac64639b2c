"""A Graph whose answers the test gives: real requests, no socket, no patch."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx

from graph import Graph, Retries, StaticToken

ROOT = "https://graph.test"
EM = "/identityGovernance/entitlementManagement"


class Pauses:
    """A sleep that takes no time and remembers how long it should have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Wire:
    """What was sent, and what comes back: one answer after the other, the last one for good."""

    def __init__(self, *answers: Any) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    @property
    def sent(self) -> list[str]:
        """Each request as ``METHOD path?query``, readable."""
        return [f"{each.method} {target(each)}" for each in self.requests]

    def body(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)


def target(request: httpx.Request) -> str:
    return unquote(request.url.raw_path.decode())


def graph_on(
    wire: Callable[[httpx.Request], Any],
    *,
    version: str = "v1.0",
    tokens: Any = None,
    sleep: Any = None,
    url: str = ROOT,
    batches: bool = False,
    **retries: Any,
) -> Graph:
    http = httpx.AsyncClient(transport=httpx.MockTransport(wire), timeout=5)
    return Graph(
        http,
        tokens or StaticToken("app-token"),
        url=url,
        version=version,
        retries=Retries(sleep=sleep or Pauses(), **retries),
        batches=batches,
    )


def refusal(status: int, code: str, message: str = "No.", **headers: str) -> httpx.Response:
    """An error as Graph words it."""
    body = {"error": {"code": code, "message": message, "innerError": {"request-id": "inner"}}}
    return httpx.Response(status, json=body, headers=headers)


LITTLE_PATIENCE = timedelta(seconds=1)
