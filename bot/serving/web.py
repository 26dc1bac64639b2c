"""The HTTP side: where Slack posts, and where the operator looks."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.errors import ConfigurationError
from bot.serving.exposition import MEDIA_TYPE, Exposition
from bot.serving.health import Health

# Requests of Slack's take milliseconds.
DRAIN_SECONDS: Final = 3

Receive = Callable[[Request], Awaitable[Response]]


def asgi(
    health: Health,
    exposition: Exposition,
    *,
    receive: Receive | None,
    more: Sequence[Route] = (),
) -> Starlette:
    """
    The application to serve.

    Args:
        receive: Takes Slack's requests; None in Socket Mode, where there is no such endpoint.
        more: Routes for people's browsers.
    """

    async def healthz(request: Request) -> Response:
        """The process lives."""
        return PlainTextResponse("ok")

    async def readyz(request: Request) -> Response:
        """503 with the reasons when something it needs is unusable."""
        problems = await health.problems()
        answer = {
            "ready": not problems,
            "problems": problems,
            "paused": await health.paused_why(),
            "admin_channel_refused": health.admins_refused(),
            "wakes_by": health.wakes_by,
        }
        return JSONResponse(answer, status_code=503 if problems else 200)

    async def metrics(request: Request) -> Response:
        """The figures for Prometheus."""
        return Response(await exposition.metrics(), headers={"content-type": MEDIA_TYPE})

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        *more,
    ]
    if receive is not None:
        routes.append(Route("/slack/events", receive, methods=["POST"]))
    return Starlette(routes=routes)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would raise the signal again when it is done, before our jobs have finished.
        yield


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """
    A listening socket; taken before anything else, so that a port in use is the first thing that is said.

    Raises:
        ConfigurationError: It cannot be had.
    """
    try:
        listener = socket.create_server(
            (host, port),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        raise ConfigurationError(
            [
                f"LATCHKEY_HOST {host} and LATCHKEY_PORT {port} cannot be listened on ({error.strerror or error}): "
                "choose others."
            ]
        ) from None
    with listener:
        # What is accepted has it from here.  With Nagle's algorithm the second part of an answer waits for the other
        # side's acknowledgment of the first: 40 ms on a connection that is kept.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


async def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve *app* until SIGTERM or SIGINT, then let what is being answered finish."""
    config = uvicorn.Config(
        app, log_config=None, lifespan="off", timeout_graceful_shutdown=DRAIN_SECONDS
    )
    server = _Server(config)

    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve(sockets=[listener])
