"""Listens where everything leaves the bot for Slack: Web API calls, response URLs, and acknowledgments."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.slack.calls import SlackCalls

Hear = Callable[[str, Mapping[str, Any]], None]
"""Called with "message", "view" or "answer", and with what was said."""

MESSAGES = ("chat.postMessage", "chat.postEphemeral", "chat.update")


def listen(hear: Hear) -> Callable[[], None]:
    """Let *hear* have everything from now on; the returned function ends that."""
    call, respond, ack = SlackCalls.call, SlackCalls.respond, AsyncAck.__call__
    signature = inspect.signature(ack)

    @wraps(call)
    async def heard_call(self: SlackCalls, method: str, **arguments: Any) -> Any:
        if method in MESSAGES:
            hear("message", arguments)
        elif "view" in arguments:
            hear("view", arguments["view"])
        return await call(self, method, **arguments)

    @wraps(respond)
    async def heard_respond(self: SlackCalls, url: Any, body: Mapping[str, Any]) -> None:
        if not body.get("delete_original"):
            hear("message", body)
        await respond(self, url, body)

    @wraps(ack)
    async def heard_ack(self: AsyncAck, *args: Any, **options: Any) -> Any:
        given = dict(signature.bind(self, *args, **options).arguments)
        given.pop("self")
        hear("answer", {k: v for k, v in given.items() if v is not None})
        return await ack(self, *args, **options)

    SlackCalls.call = heard_call  # type: ignore[method-assign]
    SlackCalls.respond = heard_respond  # type: ignore[method-assign]
    AsyncAck.__call__ = heard_ack  # type: ignore[method-assign]

    def stop() -> None:
        SlackCalls.call = call  # type: ignore[method-assign]
        SlackCalls.respond = respond  # type: ignore[method-assign]
        AsyncAck.__call__ = ack  # type: ignore[method-assign]

    return stop
