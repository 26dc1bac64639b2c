"""Bolt's app, with a short way from a command, a click or a form to whoever listens to it."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Literal

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.priority import Courtesy

log = structlog.get_logger(__name__)

Kind = Literal["command", "action", "view", "event"]
Body = dict[str, Any]
Listener = Callable[..., Awaitable[None]]
# Answers what must not get to a listener; None lets it through.
Check = Callable[[Body, AsyncAck], Awaitable[BoltResponse | None]]


class SlackApp(AsyncApp):
    """
    Finds the listener by its name, where Bolt asks each of them in turn.

    Bolt makes every argument that any listener might want anew for each that it asks: 0.4 ms for one of twenty.
    Events, handshakes, and what nobody listens to still go Bolt's way, past the same checks.
    """

    def __init__(self, *, courtesy: Courtesy | None = None, **options: Any) -> None:
        """
        Args:
            courtesy: Is told when somebody waits for an answer.
            options: Bolt's.
        """
        super().__init__(**options)
        self._courtesy: Final = courtesy or Courtesy()
        self._checks: Final[list[Check]] = []
        # With the names of its parameters.
        self._by_name: Final[dict[tuple[Kind, str], tuple[Listener, Sequence[str]]]] = {}

    def check_first(self, check: Check) -> None:
        """Ask *check* about everything that comes in, after those before it."""
        self._checks.append(check)

        @self.middleware
        async def checked(
            body: Body, ack: AsyncAck, next: Callable[[], Awaitable[BoltResponse | None]]
        ) -> BoltResponse | None:
            return await check(body, ack) or await next()

    def listen(self, kind: Kind, name: str, listener: Listener) -> None:
        """Let *listener* answer what is called so; its parameters say what it takes of the payload."""
        getattr(self, kind)(name)(listener)
        self._by_name[kind, name] = listener, tuple(inspect.signature(listener).parameters)

    async def answer(self, body: Body) -> BoltResponse | None:
        """
        Answer a command, a click or a form.

        Args:
            body: The payload, taken apart.

        Returns None for what goes Bolt's way.
        """
        kind, name, payload = _taken_apart(body)
        if (kind, name) not in self._by_name:
            return None
        listener, parameters = self._by_name[kind, name]
        ack = AsyncAck()  # type: ignore[no-untyped-call]
        given = {"ack": ack, "body": body, kind: payload}
        with self._courtesy.answering():
            try:
                for check in self._checks:
                    refusal = await check(body, ack)
                    if refusal is not None:
                        return refusal
                await listener(**{name: given[name] for name in parameters})
            except Exception:
                log.exception("listener-broke")
                return BoltResponse(status=500)
        return ack.response or BoltResponse(status=404)

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Answer what comes over a socket, or what `answer` does not."""
        return await self.answer(req.body) or await super().async_dispatch(req)


def _taken_apart(body: Body) -> tuple[Kind, str, Any]:
    """What kind of thing came in, what it is called, and the part of the payload that is its own."""
    match body:
        case {"command": str(name)}:
            return "command", name, body
        case {"type": "block_actions", "actions": [{"action_id": str(name)} as action, *_]}:
            return "action", name, action
        case {"type": "view_submission", "view": {"callback_id": str(name)} as view}:
            return "view", name, view
    # Bolt says what it is.
    return "event", "", body
