"""Several web servers in one process and one event loop, on loopback only."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.certificate import Certificate

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 1


class PortTaken(Exception):
    """Somebody else listens there."""


class _Server(uvicorn.Server):
    """A server that is started and stopped by hand: `serve` would watch for signals and sleep in between."""

    async def close(self) -> None:
        """Let what is being answered finish, for a second; drop everything else."""
        for each in self.servers:
            each.close()
        for connection in self._connections():
            cycle = getattr(connection, "cycle", connection)
            if cycle is None or getattr(cycle, "response_complete", False):
                # Kept for the next call; over TLS a polite close would wait for an answer.
                connection.transport.abort()
            else:
                connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE_SECONDS)
        for task in self.server_state.tasks:
            task.cancel()
        for connection in self._connections():
            connection.transport.abort()
        await asyncio.sleep(0)

    def _connections(self) -> list[Any]:
        return list(self.server_state.connections)


def _dated(app: ASGIApp) -> ASGIApp:
    """Let each answer say what time it is, as every server with a clock must (RFC 9110, 6.6.1): uvicorn's own loop is not run."""

    async def with_date(scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"date", formatdate(usegmt=True).encode())]
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, dated)

    return with_date


def free_port() -> int:
    """A port that nobody listens on, for whoever must know it before anything is served there."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


@asynccontextmanager
async def serving(
    app: ASGIApp, *, port: int = 0, certificate: Certificate | None = None
) -> AsyncIterator[str]:
    """
    Serve *app* on 127.0.0.1 while the block runs; gives its address, ``http://127.0.0.1:4321``.

    Args:
        port: 0 for any that is free.
        certificate: Serve over TLS.

    Raises:
        PortTaken: That port is in use.
    """
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: 40 ms a call.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            raise PortTaken(f"Port {port} is in use: choose another with --port.") from error
        config = uvicorn.Config(
            _dated(app),
            log_config=None,
            lifespan="off",
            date_header=False,
            ssl_certfile=certificate.cert_file if certificate else None,
            ssl_keyfile=certificate.key_file if certificate else None,
        )
        config.load()
        server = _Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        try:
            scheme = "https" if certificate else "http"
            yield f"{scheme}://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            await server.close()
