"""What goes wrong on the way to Graph, for `GraphWire.on`."""

from collections.abc import Callable
from typing import Any

import httpx

from tests.harness.wires import Fault, GoOn


async def silence_after(request: httpx.Request, go_on: GoOn) -> httpx.Response:
    """It took effect; the answer never came."""
    await go_on()
    raise httpx.ReadTimeout("no answer", request=request)


async def silence_before(request: httpx.Request, go_on: GoOn) -> httpx.Response:
    """Nothing happened, and nobody can tell."""
    raise httpx.ReadTimeout("no answer", request=request)


async def no_connection(request: httpx.Request, go_on: GoOn) -> httpx.Response:
    """It never left."""
    raise httpx.ConnectError("no route", request=request)


def answering(status: int, code: str = "Some", **headers: str) -> Fault:
    """A refusal of Graph's; nothing happened."""

    async def refuse(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        body = {"error": {"code": code, "message": "Because."}}
        return httpx.Response(status, json=body, headers=headers, request=request)

    return refuse


def but_first(act: Callable[[], Any]) -> Fault:
    """Somebody does something just before the call arrives."""

    async def do(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        await _done(act)
        return await go_on()

    return do


def and_then(act: Callable[[], Any]) -> Fault:
    """Somebody does something just after the call was answered, while the answer travels."""

    async def do(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        answer = await go_on()
        await answer.aread()
        await _done(act)
        return answer

    return do


async def _done(act: Callable[[], Any]) -> None:
    made = act()
    if hasattr(made, "__await__"):
        await made
