"""Bring a payload to the app: signed over HTTP, or as a Socket Mode envelope."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

import httpx

from sandbox.slack.model import Delivery, Json

if TYPE_CHECKING:
    from sandbox.slack.state import State

Kind = Literal["slash_commands", "interactive", "events_api"]


@dataclass(kw_only=True, frozen=True)
class Retry:
    """A repetition of an event: its number, and what went wrong before."""

    number: int
    reason: str


@dataclass(kw_only=True, frozen=True)
class Answer:
    """The answer of the app within three seconds, if it gave one."""

    status: int | None
    body: bytes = b""
    error: str | None = None
    """`operation_timeout` or `dispatch_failed`."""
    reason: str = ""
    """The same in the words of the Events API (`x-slack-retry-reason`)."""
    seconds: float = 0.0
    wants_no_retry: bool = False

    @property
    def ok(self) -> bool:
        """Tell whether the app answered 2xx, or acknowledged the envelope."""
        return self.error is None

    @property
    def json(self) -> Json | None:
        """The answer as a JSON object; None when it is something else."""
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return None
        return parsed if isinstance(parsed, dict) else None


async def deliver(
    workspace: "State", kind: Kind, payload: Json, *, retry: Retry | None = None
) -> Answer:
    """Send a payload to the app and wait for its answer, but not longer than Slack does."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    transport: Literal["http", "socket", "none"] = "none"
    answer = Answer(status=None, error="dispatch_failed", reason="connection_failed")
    try:
        async with asyncio.timeout(workspace.patience.total_seconds()):
            if workspace.sockets.is_connected:
                transport = "socket"
                answer = await _over_socket(workspace, kind, payload, retry)
            elif workspace.address_for(payload) is not None:
                transport = "http"
                answer = await _over_http(workspace, kind, payload, retry)
    except TimeoutError:
        answer = Answer(status=None, error="operation_timeout", reason="http_timeout")
    seconds = loop.time() - started
    workspace.record_delivery(
        Delivery(
            at=workspace.now(),
            kind=kind,
            transport=transport,
            payload=payload,
            status=answer.status,
            seconds=seconds,
            error=answer.error,
        )
    )
    return replace(answer, seconds=seconds)


async def deliver_event(workspace: "State", payload: Json) -> Answer:
    """Send an event; when that fails, it is sent up to three times more in the background."""
    answer = await deliver(workspace, "events_api", payload)
    if not answer.ok and not answer.wants_no_retry:
        workspace.in_background(_retry(workspace, payload, answer))
    return answer


def sign(*, secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of X-Slack-Signature.

    Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    base = b":".join((b"v0", timestamp.encode(), body))
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def encode(kind: Kind, payload: Json) -> tuple[str, bytes]:
    """Return the content type and body of a payload over HTTP."""
    if kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(fields).encode()


async def _retry(workspace: "State", payload: Json, answer: Answer) -> None:
    for number, pause in enumerate(workspace.event_retry_pauses, start=1):
        await asyncio.sleep(pause.total_seconds())
        retry = Retry(number=number, reason=answer.reason)
        answer = await deliver(workspace, "events_api", payload, retry=retry)
        if answer.ok or answer.wants_no_retry:
            return


async def _over_http(workspace: "State", kind: Kind, payload: Json, retry: Retry | None) -> Answer:
    content_type, body = encode(kind, payload)
    # Real time even when the sandbox has moved on: the app compares with its own real clock.
    timestamp = str(int(workspace.clock.machine_seconds()))
    headers = {
        "content-type": content_type,
        "accept": "application/json,*/*",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": sign(secret=workspace.signing_secret, timestamp=timestamp, body=body),
    }
    if retry is not None:
        headers |= {
            "x-slack-retry-num": str(retry.number),
            "x-slack-retry-reason": retry.reason,
        }
    try:
        response = await workspace.http.post(
            workspace.address_for(payload) or "",
            content=body,
            headers=headers,
            timeout=workspace.patience.total_seconds(),
        )
    except httpx.TimeoutException:
        raise TimeoutError from None
    except httpx.TransportError:
        return Answer(status=None, error="dispatch_failed", reason="connection_failed")
    return Answer(
        status=response.status_code,
        body=response.content,
        error=None if response.is_success else "dispatch_failed",
        reason="" if response.is_success else "http_error",
        wants_no_retry=response.headers.get("x-slack-no-retry") == "1",
    )


async def _over_socket(
    workspace: "State", kind: Kind, payload: Json, retry: Retry | None
) -> Answer:
    envelope: Json = {"type": kind, "payload": payload}
    envelope["accepts_response_payload"] = kind != "events_api"
    if kind == "events_api":
        envelope["retry_attempt"] = retry.number if retry else 0
        envelope["retry_reason"] = retry.reason if retry else ""
    answered = await workspace.sockets.ask(envelope)
    if answered is None:
        return Answer(status=None, error="dispatch_failed", reason="connection_failed")
    body = json.dumps(answered).encode() if answered else b""
    return Answer(status=200, body=body)
