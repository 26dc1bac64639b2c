"""Call Slack's Web API: keep to its limits, repeat what only reads, and say of each failure whether it may have happened."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import chance, clock
from bot.slack.errors import (
    CODE,
    SlackBusy,
    SlackRefused,
    SlackUnsure,
    is_about_us,
    retry_after,
    translate,
)
from bot.slack.rate_limits import RateLimits
from bot.slack.response_urls import ResponseUrl

log = structlog.get_logger(__name__)

# Before the second and the third try of a read; what Slack wants longer is left to whoever asked.
READ_PAUSES: Final = (timedelta(seconds=0.5), timedelta(seconds=2))
# Of a certificate; what to do about it is in `bot.connections`.
UNTRUSTED: Final = "the certificate that is shown is not trusted"
# Failures before a request left: Slack never saw it.
NEVER_SENT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
)


class SlackCalls:
    """
    Call methods by their names.

    Attributes:
        healthy: Slack works for us, by the outcome of the last call; None before the first.
    """

    def __init__(self, client: AsyncWebClient, limits: RateLimits) -> None:
        self._client = client
        self._limits = limits
        self.healthy: bool | None = None

    async def read(self, method: str, **arguments: Any) -> Any:
        """Call a method that changes nothing: tried again when Slack stumbles."""
        for pause in READ_PAUSES:
            try:
                return await self.call(method, **arguments)
            except SlackBusy as busy:
                if busy.retry_after > pause:
                    raise
            except SlackUnsure as unsure:
                log.debug("read-again", where=method, slack=str(unsure))
            await asyncio.sleep(pause.total_seconds() * chance.between(0.5, 1))
        return await self.call(method, **arguments)

    async def call(self, method: str, **arguments: Any) -> Any:
        """
        Call a method, once.

        Raises:
            SlackRefused: Slack says no.
            SlackBusy: Nothing happened: Slack limits the method, or cannot be reached.
            SlackUnsure: It may have happened.
        """
        left = self._limits.left(method)
        if left:
            # Slack would say the same, and count the call.
            raise SlackBusy("ratelimited", retry_after=left, is_limit=True)
        try:
            call = getattr(self._client, method.replace(".", "_"))
            answer = await call(**arguments)
        except SlackApiError as error:
            self.healthy = not is_about_us(error)
            meant = translate(error)
            if isinstance(meant, SlackBusy) and meant.is_limit:
                self._limits.stop(method, until=clock.real() + meant.retry_after)
            raise meant from error
        except NEVER_SENT as error:
            self.healthy = False
            raise SlackBusy(_why_not(error), retry_after=timedelta(seconds=5)) from error
        except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError) as error:
            # The last two: an answer that is no JSON, or no object; some page on the way, not Slack.
            self.healthy = False
            raise SlackUnsure(f"no answer to {method}") from error
        self.healthy = True
        return answer

    async def respond(self, url: ResponseUrl, body: Mapping[str, Any]) -> None:
        """
        Post to the address of one click or command, once; nothing that is raised or logged names the address.

        The client library's own webhook client writes addresses into its log.

        Raises:
            SlackRefused: Slack takes no (more) answers there, or not this one.
            SlackBusy: Nothing happened.
            SlackUnsure: It may have happened.
        """
        address, session = url.use(), self._client.session
        if address is None or session is None:
            raise SlackRefused("used_url")
        try:
            async with session.request(
                "POST",
                address,
                json=dict(body),
                allow_redirects=False,
                proxy=self._client.proxy,
            ) as answer:
                status, text = answer.status, await answer.text()
                headers = answer.headers
        except NEVER_SENT:
            raise SlackBusy("cannot connect to Slack", retry_after=timedelta(seconds=5)) from None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise SlackUnsure("no answer to a response") from None
        code = _code_in(text)
        if status == 429:
            raise SlackBusy("ratelimited", retry_after=retry_after(headers))
        if status >= 500:
            raise SlackUnsure(code or f"http_{status}")
        if status != 200 or code not in {None, "ok"}:
            raise SlackRefused(code or f"http_{status}")


def _code_in(text: str) -> str | None:
    """Return Slack's code in the answer to a response, which is plain text or JSON; None if it has none."""
    try:
        given = json.loads(text)
        text = str(given.get("error") or "ok") if isinstance(given, dict) else text
    except ValueError:
        """It is plain text."""
    return text.strip() if CODE.fullmatch(text.strip()) else None


def _why_not(error: Exception) -> str:
    """Return why there is no connection; the kinds come in this order because the first are also of the last."""
    reason = {
        aiohttp.ClientConnectorCertificateError: f": {UNTRUSTED}",
        aiohttp.ClientConnectorSSLError: ": what answers does not speak TLS as it should",
        aiohttp.ClientConnectorDNSError: ": its name is not found",
        aiohttp.ClientProxyConnectionError: ": the proxy cannot be reached",
        aiohttp.ClientHttpProxyError: ": the proxy refuses",
        aiohttp.ConnectionTimeoutError: ": nothing answers",
    }
    return "cannot connect to Slack" + next(
        (said for kind, said in reason.items() if isinstance(error, kind)), ""
    )
