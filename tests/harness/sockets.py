"""Socket Mode without sockets: a pair of queues between Slack's client library and the stand-in."""

import asyncio
import json
from contextvars import Context
from typing import Any

from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from starlette.websockets import WebSocketDisconnect, WebSocketState

from sandbox.slack import Workspace
from tests.harness.process import Process

# The library looks after its connection so often.
LOOKS_SECONDS = 10
GONE = None


class Line:
    """The stand-in's end of one connection, as far as it uses a `starlette.websockets.WebSocket`."""

    def __init__(self, ticket: str) -> None:
        self.path_params = {"ticket": ticket}
        self.application_state = WebSocketState.CONNECTING
        self.to_bot: asyncio.Queue[str | None] = asyncio.Queue()
        self.to_slack: asyncio.Queue[str | None] = asyncio.Queue()

    async def accept(self) -> None:
        self.application_state = WebSocketState.CONNECTED

    async def send_json(self, frame: Any) -> None:
        if self.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect
        self.to_bot.put_nowait(json.dumps(frame))

    async def receive_text(self) -> str:
        frame = await self.to_slack.get()
        if frame is GONE:
            self.application_state = WebSocketState.DISCONNECTED
            raise WebSocketDisconnect
        return frame

    async def close(self, code: int = 1000) -> None:
        self.application_state = WebSocketState.DISCONNECTED
        self.to_bot.put_nowait(GONE)

    def hang_up(self) -> None:
        """The bot's end is gone."""
        self.to_slack.put_nowait(GONE)


class SocketClient(AsyncBaseSocketModeClient):
    """Slack's client library with a `Line` for a websocket."""

    def __init__(
        self, bolt: AsyncApp, app_token: str, *, process: Process, workspace: Workspace
    ) -> None:
        self.app_token = app_token
        self.logger = bolt.logger
        self.web_client = bolt.client
        self.closed = self.trace_enabled = False
        self.auto_reconnect_enabled = True
        self.wss_uri = ""
        self.connect_operation_lock = asyncio.Lock()
        self.message_queue = asyncio.Queue()
        self.message_listeners = []
        self.socket_mode_request_listeners = []
        self._process = process
        self._workspace = workspace
        self._line: Line | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def is_connected(self) -> bool:
        return self._line is not None and self._line.application_state is WebSocketState.CONNECTED

    async def connect(self) -> None:
        old = self._line
        address = self.wss_uri or await self.issue_new_wss_url()
        self.wss_uri = ""
        line = self._line = Line(address.rpartition("/")[2])
        self._process.at_death(line.hang_up)
        serving = self._workspace.sockets.serve(line)  # type: ignore[arg-type]
        self._workspace.in_background(serving, context=Context())
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self.process_messages()))
        self._tasks.append(asyncio.create_task(self._read(line)))
        if old is not None:
            old.hang_up()

    async def disconnect(self) -> None:
        if self._line is not None:
            self._line.hang_up()

    async def close(self) -> None:
        await super().close()
        for task in self._tasks:
            task.cancel()

    async def send_message(self, message: str) -> None:
        if self._line is not None:
            self._line.to_slack.put_nowait(message)

    async def _read(self, line: Line) -> None:
        while (frame := await line.to_bot.get()) is not GONE:
            await self.enqueue_message(frame)
        await asyncio.sleep(LOOKS_SECONDS)
        if not self.closed and line is self._line:
            await self.connect_to_new_endpoint()


class SocketHandler(AsyncBaseSocketModeHandler):
    """Bolt behind a `SocketClient`; as Bolt's own handlers for other libraries."""

    def __init__(
        self, bolt: AsyncApp, app_token: str, *, process: Process, workspace: Workspace
    ) -> None:
        self.app = self._bolt = bolt
        self.client = SocketClient(bolt, app_token, process=process, workspace=workspace)
        self.client.socket_mode_request_listeners.append(self.handle)

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        answer = await run_async_bolt_app(self._bolt, req)
        await send_async_response(client, req, answer, 0.0)
