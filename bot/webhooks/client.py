"""Post an event, and say what became of it: taken, refused, gone, or to be tried again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

import httpx

# From the first byte out to the last one in; by Standard Webhooks receivers answer within 15 to 30 seconds.
WITHIN: Final = timedelta(seconds=15)
# What an endpoint asks to wait for is believed up to here.
LONGEST_PAUSE: Final = timedelta(hours=1)
GONE: Final = 410
# By these the receiver says that it is this event which it does not take, or breaks at it.  Everything else may be said of
# any event: it is not there, does not know us, has no time.
ABOUT_THE_EVENT: Final = frozenset({400, 409, 413, 415, 422, 500})


class Receipt(StrEnum):
    """The result of one try."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """
    The answer of an endpoint.

    Attributes:
        said: “HTTP 503”, or the class of the error; nothing of what the endpoint wrote.
        pause: How long it asks to wait.
    """

    receipt: Receipt
    said: str
    pause: timedelta | None = None


class WebhookClient:
    """Posts; follows no redirect, and reads nothing of an answer but its status."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def aclose(self) -> None:
        await self._http.aclose()

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Tried:
        """Post *body*; no error leaves here."""
        try:
            async with asyncio.timeout(WITHIN.total_seconds()):
                # Streamed: an answer of any length is not read.
                async with self._http.stream(
                    "POST", url, headers=dict(headers), content=body, follow_redirects=False
                ) as answer:
                    return _tried(answer)
        except TimeoutError:
            return Tried(receipt=Receipt.UNAVAILABLE, said="no answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Tried(receipt=Receipt.UNAVAILABLE, said=type(error).__name__)


def _tried(answer: httpx.Response) -> Tried:
    status, said = answer.status_code, f"HTTP {answer.status_code}"
    if answer.is_success:
        return Tried(receipt=Receipt.TAKEN, said=said)
    if status == GONE:
        return Tried(receipt=Receipt.GONE, said=said)
    if status in ABOUT_THE_EVENT:
        return Tried(receipt=Receipt.REFUSED, said=said)
    return Tried(receipt=Receipt.UNAVAILABLE, said=said, pause=_pause(answer))


def _pause(answer: httpx.Response) -> timedelta | None:
    seconds = answer.headers.get("retry-after", "")
    # A date is left to our own pauses.
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 10):
        return None
    return min(timedelta(seconds=int(seconds)), LONGEST_PAUSE)
