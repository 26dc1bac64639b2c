"""Socket Mode: the websockets that an app opens to receive payloads without a public address."""

import asyncio
import json
import random
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox import chance
from sandbox.slack.model import Json

MOST_CONNECTIONS = 10
APPROXIMATE_CONNECTION_SECONDS = 3600


class Sockets:
    """The open connections of one app; each payload goes to any one of them."""

    def __init__(
        self,
        *,
        app_id: str,
        url: Callable[[str], str],
        on_change: Callable[[], None],
        seed: int = 0,
    ) -> None:
        self._app_id = app_id
        self._url = url
        self._on_change = on_change
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._waiting: dict[str, tuple[WebSocket, asyncio.Future[Json | None]]] = {}

    @property
    def is_connected(self) -> bool:
        """Tell whether payloads go through a socket rather than over HTTP."""
        return bool(self._open)

    @property
    def count(self) -> int:
        """Return how many connections are open."""
        return len(self._open)

    def open(self) -> str:
        """Return the address of a new connection, good for one use."""
        ticket = chance.token_urlsafe(24)
        self._tickets.add(ticket)
        return self._url(ticket)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection from hello to the end."""
        ticket = websocket.path_params["ticket"]
        if ticket not in self._tickets:
            await websocket.close(code=4001)
            return
        self._tickets.discard(ticket)
        await websocket.accept()
        if len(self._open) >= MOST_CONNECTIONS:
            await self._say_goodbye(websocket, "too_many_websockets")
            return
        await websocket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._open) + 1,
                "connection_info": {"app_id": self._app_id},
                "debug_info": {
                    "host": "sandbox",
                    "build_number": 1,
                    "approximate_connection_time": APPROXIMATE_CONNECTION_SECONDS,
                },
            }
        )
        self._open.append(websocket)
        self._on_change()
        try:
            while True:
                self._read(await websocket.receive_text())
        except (WebSocketDisconnect, KeyError):
            pass  # KeyError: a binary frame, which is not part of the protocol.
        finally:
            self._forget(websocket)

    async def ask(self, envelope: Json) -> Json | None:
        """Send an envelope; return the payload of its acknowledgment, {} without, None if cut."""
        websocket = self._random.choice(self._open)
        envelope_id = chance.token_hex(16)
        future: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = (websocket, future)
        try:
            await websocket.send_json({"envelope_id": envelope_id, **envelope})
            return await future
        except (WebSocketDisconnect, RuntimeError):
            return None
        finally:
            self._waiting.pop(envelope_id, None)

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to go and come back, as Slack does every few hours."""
        for websocket in list(self._open):
            await self._say_goodbye(websocket, reason)

    async def aclose(self) -> None:
        """Close every connection."""
        for websocket in list(self._open):
            self._forget(websocket)
            if websocket.application_state is WebSocketState.CONNECTED:
                await websocket.close()

    async def _say_goodbye(self, websocket: WebSocket, reason: str) -> None:
        # Nothing new goes this way; what was sent may still be acknowledged.
        self._leave(websocket)
        await websocket.send_json(
            {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
        )

    def _read(self, frame: str) -> None:
        try:
            answer = json.loads(frame)
        except ValueError:
            return
        envelope_id = answer.get("envelope_id") if isinstance(answer, dict) else None
        if not isinstance(envelope_id, str):
            return
        _, future = self._waiting.get(envelope_id, (None, None))
        if future is not None and not future.done():
            payload = answer.get("payload")
            future.set_result(payload if isinstance(payload, dict) else {})

    def _leave(self, websocket: WebSocket) -> None:
        if websocket in self._open:
            self._open.remove(websocket)
            self._on_change()

    def _forget(self, websocket: WebSocket) -> None:
        self._leave(websocket)
        for waiting, future in list(self._waiting.values()):
            if waiting is websocket and not future.done():
                future.set_result(None)
