"""Several web servers in one process and one event loop, on loopback only."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from sandbox.certificate import Certificate

LOOPBACK = "127.0.0.1"


class PortTaken(Exception):
    """Somebody else listens there."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Whoever started the sandbox decides what Ctrl-C does, not the first of five servers.
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Clients keep connections for the next call; over TLS a polite close would wait for their answer.
        for connection in self._connections():
            cycle = getattr(connection, "cycle", connection)
            if cycle is None or getattr(cycle, "response_complete", False):
                connection.transport.abort()
        await super().shutdown(sockets)
        for connection in self._connections():
            connection.transport.abort()
        await asyncio.sleep(0)

    def _connections(self) -> list[Any]:
        return list(self.server_state.connections)


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
            app,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=certificate.cert_file if certificate else None,
            ssl_keyfile=certificate.key_file if certificate else None,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started and not task.done():  # noqa: ASYNC110 (uvicorn has no event)
                await asyncio.sleep(0.01)
            if task.done():
                await task
            scheme = "https" if certificate else "http"
            yield f"{scheme}://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
