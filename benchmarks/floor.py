"""
The floor that an ack is compared with: an empty listener of Bolt's, which verifies the signature and answers "".

Served as Latchkey is served, by the same code with the same settings, in a process of its own.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.processes import Process, started
from bot.logs import configure_logs
from bot.serving import web

# The variable that has the signing secret.
VARIABLE: Final = "FLOOR_SIGNING_SECRET"
HOST: Final = "127.0.0.1"


def empty(secret: str) -> Starlette:
    """The least that an app of Bolt's can be."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0", bot_token="xoxb-floor")  # noqa: S106 (opens nothing)

    bolt = AsyncApp(
        name="floor", signing_secret=secret, authorize=authorize, process_before_response=True
    )

    @bolt.command("/request-access")
    async def request_access(ack: AsyncAck) -> None:
        await ack()

    handler = AsyncSlackRequestHandler(bolt)

    async def receive(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[Route("/slack/events", receive, methods=["POST"])])


@asynccontextmanager
async def floor(secret: str, folder: Path) -> AsyncIterator[Process]:
    """The floor as a process; its first line is its address."""
    async with started(
        "benchmarks.floor", environment={VARIABLE: secret}, log=folder / "floor.log"
    ) as process:
        yield process


async def _serve() -> None:
    with web.listening(HOST, 0) as listener:
        print(f"http://{HOST}:{listener.getsockname()[1]}", flush=True)  # noqa: T201 (read by who started it)
        await web.serve(empty(os.environ[VARIABLE]), listener)


if __name__ == "__main__":
    configure_logs()
    asyncio.run(_serve())
