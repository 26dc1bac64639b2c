"""Read an HTTP answer of Graph: its JSON, or the error it stands for."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from graph.calls import json_reader
from graph.errors import BadAnswer, GraphError, kind_of

EMAIL = re.compile(r"[^\s@'\"(<]+@[^\s@'\")>]+")
# Longer than any name of Microsoft's, and shorter than any access token.
LONG_WORD = re.compile(r"[\w.~+/=%-]{100,}")
# Not JSON, not text, or nested without end.
UNREADABLE = (ValueError, RecursionError)
# What a person reads when Graph sends a status and no message of its own.
PHRASES = {
    400: "The request is not well formed",
    401: "The access token is missing or was not accepted",
    403: "The app lacks the permission for this",
    404: "There is no such object",
    409: "It conflicts with what exists already",
    429: "Too many requests",
}

# Where the session keeps what it has called an exchange, beside the answer.
CLIENT_REQUEST_ID = "client_request_id"


def content(response: httpx.Response, *, writes: bool) -> dict[str, Any]:
    """
    The JSON object in a 2xx answer; empty when Graph sends no body (202, 204).

    Raises:
        BadAnswer: Not JSON, cut off, or not an object.
    """
    if not response.content.strip():
        return {}
    try:
        body = response.json()
    except UNREADABLE as exc:
        raise _no_json(response, writes=writes) from exc
    return _object(response, body, writes=writes)


async def content_in_pieces(response: httpx.Response, *, writes: bool) -> dict[str, Any]:
    """The same of an answer that may be long: others have their turn meanwhile."""
    if not response.content.strip():
        return {}
    try:
        body = await json_reader.loads(response.content)
    except UNREADABLE as exc:
        raise _no_json(response, writes=writes) from exc
    return _object(response, body, writes=writes)


def _no_json(response: httpx.Response, *, writes: bool) -> BadAnswer:
    return bad_answer(response, "an answer that is not readable JSON", may_have_happened=writes)


def _object(response: httpx.Response, body: object, *, writes: bool) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise bad_answer(response, "JSON that is not an object", may_have_happened=writes)
    return body


def bad_answer(response: httpx.Response, what: str, *, may_have_happened: bool) -> BadAnswer:
    """The error for an answer that says nothing we can use."""
    request_id = response.headers.get("request-id")
    found = BadAnswer(
        _sentence(f"Microsoft Graph sent {what}", response.status_code, None, request_id),
        status=response.status_code,
        request_id=request_id,
        may_have_happened=may_have_happened,
    )
    found.client_request_id = response.extensions.get(CLIENT_REQUEST_ID)
    return found


def error(response: httpx.Response, *, writes: bool) -> GraphError:
    """The error that a 4xx or 5xx answer stands for, whatever its body looks like."""
    if response.is_redirect or response.status_code < 400:
        return bad_answer(response, "a redirect, which is not followed", may_have_happened=writes)
    said = _error_object(response)
    status = response.status_code
    message = _text(said.get("message")) or PHRASES.get(status) or "It cannot answer at the moment"
    code = _text(said.get("code"))
    request_id = _text(response.headers.get("request-id")) or _inner_request_id(said)
    found = kind_of(status)(
        _sentence(f"Microsoft Graph says: {message}", status, code, request_id),
        status=status,
        code=code,
        request_id=request_id,
        retry_after=retry_after(response.headers.get("retry-after")),
        may_have_happened=writes and status >= 500,
    )
    found.client_request_id = response.extensions.get(CLIENT_REQUEST_ID)
    return found


def retry_after(value: str | None) -> timedelta | None:
    """
    Read Retry-After: whole seconds and a date (RFC 9110, 10.2.3), and the fraction Graph sends.

    Something else counts as absent, so that a strange header never hides the error it came with.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d*)?", value):
        return timedelta(seconds=float(value))
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:  # "-0000": an unknown zone, which RFC 9110 does not allow
        when = when.replace(tzinfo=UTC)
    return max(when - datetime.now(UTC), timedelta(0))


def claims_challenge(response: httpx.Response) -> str | None:
    """
    The claims that a 401 asks the next token to carry, as JSON; None when it asks for none.

    Source: Microsoft identity platform, "Claims challenges, claims requests, and client
    capabilities".
    """
    found = re.search(r'claims="([^"]+)"', response.headers.get("www-authenticate", ""))
    if not found:
        return None
    encoded = found.group(1)
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        return base64.b64decode(padded, altchars=b"-_").decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _error_object(response: httpx.Response) -> dict[str, Any]:
    try:
        said = response.json()
    except (ValueError, RecursionError):
        return {}
    said = said.get("error") if isinstance(said, dict) else None
    return said if isinstance(said, dict) else {}


def _inner_request_id(said: dict[str, Any]) -> str | None:
    inner = said.get("innerError") or said.get("innererror")  # Graph's casing varies
    return _text(inner.get("request-id")) if isinstance(inner, dict) else None


def _text(value: object) -> str | None:
    """Return Graph's message for people: without e-mail addresses, and without what may be a token."""
    if not isinstance(value, str):
        return None
    return LONG_WORD.sub("…", EMAIL.sub("…", value)).strip() or None


def _sentence(said: str, status: int, code: str | None, request_id: str | None) -> str:
    facts = [code, f"HTTP {status}", request_id and f"request id {request_id}"]
    return f"{said.rstrip('. ')} ({', '.join(fact for fact in facts if fact)})."
