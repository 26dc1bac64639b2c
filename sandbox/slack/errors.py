"""Refuse a Web API call as Slack does."""

from collections.abc import Iterable
from datetime import timedelta

from sandbox.slack.model import Json


class SlackRefusal(Exception):
    """`{"ok": false, "error": …}`, with Slack's own name for the error."""

    def __init__(
        self,
        error: str,
        *,
        messages: list[str] | None = None,
        status: int = 200,
        retry_after: timedelta | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages or []
        self.status = status
        self.retry_after = retry_after
        self.extra = extra or {}

    @property
    def body(self) -> Json:
        """The JSON that Slack answers."""
        body: Json = {"ok": False, "error": self.error, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": [f"[ERROR] {text}" for text in self.messages]}
            if self.error == "invalid_blocks":
                body["errors"] = list(self.messages)
        return body


def missing_scope(*, needed: Iterable[str], provided: Iterable[str]) -> SlackRefusal:
    """Return the refusal for an app that was granted none of the scopes it needs."""
    return SlackRefusal(
        "missing_scope", extra={"needed": ",".join(needed), "provided": ",".join(provided)}
    )
