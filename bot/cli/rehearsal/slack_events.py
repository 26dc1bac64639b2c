"""
Hear by Socket Mode what people press and type in Slack while a rehearsal runs.

Slack gives each payload to any one of an app's connections: the bot must not run with the same app meanwhile.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.repeating import Sleep

PATIENCE_SECONDS: Final = 300
Matches = Callable[[Mapping[str, Any]], bool]
NO_OPTIONS: Final = {"options": [{"text": {"type": "plain_text", "text": "One"}, "value": "1"}]}


class SlackEvents:
    """The payloads that came, oldest first; whoever waits for one takes it."""

    def __init__(self, sleep: Sleep) -> None:
        self._sleep = sleep
        self._heard: list[Mapping[str, Any]] = []

    def hear(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Note a payload; *kind* is the envelope's word, "interactive"."""
        self._heard.append({"envelope": kind, **payload})

    async def wait(
        self, matches: Matches, *, seconds: int = PATIENCE_SECONDS
    ) -> Mapping[str, Any] | None:
        """Return the first payload that matches, as soon as it comes; None if it does not."""
        for _ in range(seconds):
            for each in self._heard:
                if matches(each):
                    self._heard.remove(each)
                    return each
            await self._sleep(1)
        return None


@asynccontextmanager
async def hearing(
    app_token: str, *, client: AsyncWebClient, sleep: Sleep
) -> AsyncIterator[SlackEvents]:
    """Connect by Socket Mode and hear what comes; each payload is acknowledged and answered with nothing."""
    events = SlackEvents(sleep)
    socket = SocketModeClient(app_token=app_token, web_client=client)

    async def heard(_: Any, request: SocketModeRequest) -> None:
        is_menu = (
            request.type == "interactive" and request.payload.get("type") == "block_suggestion"
        )
        await socket.send_socket_mode_response(
            SocketModeResponse(
                envelope_id=request.envelope_id, payload=NO_OPTIONS if is_menu else None
            )
        )
        events.hear(request.type, request.payload)

    socket.socket_mode_request_listeners.append(heard)
    await socket.connect()  # type: ignore[no-untyped-call]
    try:
        yield events
    finally:
        await socket.close()  # type: ignore[no-untyped-call]
