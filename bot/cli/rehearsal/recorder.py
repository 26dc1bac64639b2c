"""Keep what is sent to Graph and Slack and what they answer, redacted at once: nothing else of it is kept."""

import json
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from bot.cli.rehearsal.redaction import Redactor

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MOST: Final = 200
# By which two exchanges are one: all but how long they took.
SAME: Final = ("to", "sent", "body", "status", "answer")
BEGAN: Final = "latchkey.began"


class Recorder:
    """Hears every exchange; its `hooks` are httpx's."""

    def __init__(self) -> None:
        self.redactor = Redactor()
        self.answers = 0
        self.with_date = 0
        self.with_guid = 0
        self._exchanges: list[dict[str, Any]] = []

    def _keep(self, exchange: dict[str, Any]) -> None:
        """Keep an exchange; one like the last is counted there: whoever waits for something asks often."""
        last = self._exchanges[-1] if self._exchanges else {}
        if last and all(last.get(name) == exchange.get(name) for name in SAME):
            last["times"] = last.get("times", 1) + 1
        else:
            self._exchanges.append(exchange)

    @property
    def hooks(self) -> Mapping[str, list[Any]]:
        """Return what httpx tells of each answer."""
        return {"request": [self.sent], "response": [self.answered]}

    def taken(self) -> list[dict[str, Any]]:
        """Return what has come since the last time, up to 200 exchanges."""
        kept, self._exchanges = self._exchanges[:MOST], []
        return kept

    async def sent(self, request: Any) -> None:
        """Note when a call begins, an `httpx.Request`."""
        request.extensions = {**request.extensions, BEGAN: time.monotonic()}

    async def answered(self, response: Any) -> None:
        """Note an answer of Graph's, an `httpx.Response`."""
        await response.aread()
        request_id = response.headers.get("request-id")
        self.answers += 1
        self.with_date += "date" in response.headers
        self.with_guid += bool(request_id and GUID.fullmatch(request_id))
        request = response.request
        self._keep(
            {
                "to": "Graph",
                "sent": f"{request.method} {self.redactor.address(str(request.url))}",
                "body": self.redactor.body(parsed(request.content)),
                "status": response.status_code,
                "seconds": round(time.monotonic() - request.extensions[BEGAN], 2),
                "date": "date" in response.headers,
                "request-id": request_id is not None,
                "answer": self.redactor.body(parsed(response.content)),
            }
        )

    def slack_answered(
        self, method: str, sent: Mapping[str, Any], answer: Any, *, seconds: float
    ) -> None:
        """Note an answer of Slack's."""
        self._keep(
            {
                "to": "Slack",
                "sent": method,
                "body": self.redactor.body(dict(sent)),
                "seconds": round(seconds, 2),
                "answer": self.redactor.body(answer),
            }
        )


def parsed(content: bytes) -> Any:
    """Return a body as JSON, or how long it is."""
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return f"{len(content)} bytes that are no JSON"
