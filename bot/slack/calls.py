"""Call Slack's Web API: keep to its limits, repeat what only reads, and say of each failure whether it may have happened."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import chance, clock
from bot.slack.errors import SlackBusy, SlackUnsure, is_about_us, translate
from bot.slack.rate_limits import RateLimits

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
