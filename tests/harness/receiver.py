"""
A stand-in for whoever receives webhooks, as strict as Standard Webhooks lets a receiver be; shares no code with the bot.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

NAME = "siem"
URL = "https://siem.test/latchkey"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # pragma: allowlist secret
SETTINGS: dict[str, Any] = {
    "LATCHKEY_WEBHOOKS": f"{NAME}={URL}",
    "LATCHKEY_WEBHOOK_SECRETS": f"{NAME}={SECRET}",
}
# A receiver refuses what is older or newer, so that nothing can be replayed by others.
TOLERANCE_SECONDS = 300


class Receiver:
    """
    Takes events, and does what a test tells it to.

    Attributes:
        taken: Every event that was answered with 200, in order: its id and its body.
        tries: The id of every event that came, whatever was answered.
        wrong: What was against the specification.
        next_answers: Statuses of the next answers, with headers.
        keeps_waiting: Seconds before each answer.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.tries: list[str] = []
        self.wrong: list[str] = []
        self.next_answers: list[tuple[int, dict[str, str]]] = []
        self.refuses: Callable[[dict[str, Any]], int | None] = lambda event: None
        self.keeps_waiting = 0.0
        self.app = Starlette(routes=[Route("/latchkey", self._receive, methods=["POST"])])

    def answer(self, status: int, *, times: int = 1, **headers: str) -> None:
        """Answer the next tries so."""
        self.next_answers += [(status, headers)] * times

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """The events of a kind that were taken, each once, in order."""
        by_id = dict(reversed(self.taken))
        return [
            event
            for event in sorted(by_id.values(), key=lambda each: each["data"]["position"])
            if event["type"].startswith(kind)
        ]

    def kinds(self) -> list[str]:
        """Return the kind of each taken event, in the order of arrival."""
        return [event["type"] for _, event in self.taken]

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        event_id = request.headers["webhook-id"]
        self.tries.append(event_id)
        self.wrong += self._problems(request, body)
        if self.keeps_waiting:
            await asyncio.sleep(self.keeps_waiting)
        event = json.loads(body)
        status, headers = self.next_answers.pop(0) if self.next_answers else (200, {})
        status = self.refuses(event) or status
        if status == 200:
            self.taken.append((event_id, event))
        return Response(status_code=status, headers=headers)

    def _problems(self, request: Request, body: bytes) -> list[str]:
        event_id, moment = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        found = []
        if abs(self._now().timestamp() - int(moment)) > TOLERANCE_SECONDS:
            found.append(f"{event_id} is signed for another time")
        key = base64.b64decode(SECRET.split("_")[1])
        signed = f"{event_id}.{moment}.".encode() + body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if f"v1,{expected}" not in request.headers["webhook-signature"].split(" "):
            found.append(f"{event_id} is not signed by our key")
        if request.headers["content-type"] != "application/json":
            found.append(f"{event_id} is no JSON")
        return found
