"""Call Slack's Web API: keep to its limits, repeat what only reads, and say of each failure whether it may have happened."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import chance, clock
from bot.repeating import until_done
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
from graph.calls.deadlines import Seconds, machine_seconds
from graph.calls.observed import server_time

log = structlog.get_logger(__name__)

# Before the second and the third try of a read; what Slack wants longer is left to whoever asked.
READ_PAUSES: Final = (timedelta(seconds=0.5), timedelta(seconds=2))
# Of a certificate; what to do about it is in `bot.assembly.connections`.
UNTRUSTED: Final = "the certificate that is shown is not trusted"
# Failures before a request left: Slack never saw it.
NEVER_SENT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
)


@dataclass(frozen=True, kw_only=True)
class SlackCall:
    """
    One call to Slack, for whoever counts and traces them.

    Attributes:
        outcome: "ok", "refused", "throttled", "unreachable", or "unsure" when it may have happened.
        seconds: How long it took; None if it was not made, because Slack has stopped the method.
        error: Slack's code, or what kept us from it; None if it worked.
        is_down: Slack would fail every call of ours.
        server_time: Slack's clock when it answered, to the second; None if it did not say.
    """

    method: str
    outcome: str
    seconds: float | None
    error: str | None = None
    is_down: bool = False
    server_time: datetime | None = None

    @property
    def was_sent(self) -> bool:
        """Tell whether the call was made at all."""
        return self.seconds is not None


Observer = Callable[[SlackCall], None]


def _nobody(call: SlackCall) -> None:
    """Tell nobody."""


class SlackCalls:
    """
    Call methods by their names.

    Attributes:
        healthy: Slack works for us, by the outcome of the last call; None before the first.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        limits: RateLimits,
        *,
        observer: Observer = _nobody,
        seconds: Seconds = machine_seconds,
    ) -> None:
        self._client = client
        self._limits = limits
        self._observer = observer
        self._seconds = seconds
        self.healthy: bool | None = None

    async def read(self, method: str, **arguments: Any) -> Any:
        """Call a method that changes nothing: tried again when Slack stumbles."""
        pauses = iter(READ_PAUSES)

        def pause_after(error: Exception) -> timedelta | None:
            if not isinstance(error, SlackBusy | SlackUnsure):
                return None
            pause = next(pauses, None)
            if pause is None or (isinstance(error, SlackBusy) and error.retry_after > pause):
                return None
            if isinstance(error, SlackUnsure):
                log.debug("read-again", where=method, slack=str(error))
            return pause * chance.between(0.5, 1)

        return await until_done(lambda: self.call(method, **arguments), pause_after=pause_after)

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
            self._observer(SlackCall(method=method, outcome="throttled", seconds=None))
            raise SlackBusy("ratelimited", retry_after=left, is_limit=True)
        began = self._seconds()

        def tell(outcome: str, error: str | None = None, *, headers: Any = None) -> None:
            found = {name.lower(): value for name, value in (headers or {}).items()}
            self._observer(
                SlackCall(
                    method=method,
                    outcome=outcome,
                    seconds=self._seconds() - began,
                    error=error,
                    is_down=self.healthy is False,
                    server_time=server_time(found.get("date")),
                )
            )

        try:
            call = getattr(self._client, method.replace(".", "_"))
            answer = await call(**arguments)
        except SlackApiError as error:
            self.healthy = not is_about_us(error)
            meant = translate(error)
            if isinstance(meant, SlackBusy) and meant.is_limit:
                self._limits.stop(method, until=clock.real() + meant.retry_after)
            tell(_outcome(meant), str(meant), headers=getattr(error.response, "headers", None))
            raise meant from error
        except NEVER_SENT as error:
            self.healthy = False
            busy = SlackBusy(_why_not(error), retry_after=timedelta(seconds=5))
            tell("unreachable", str(busy))
            raise busy from error
        except asyncio.CancelledError:
            # Whoever waited for it has no more time.
            tell("unsure", "cut off")
            raise
        except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError) as error:
            # The last two: an answer that is no JSON, or no object; some page on the way, not Slack.
            self.healthy = False
            tell("unsure", "no answer")
            raise SlackUnsure(f"no answer to {method}") from error
        self.healthy = True
        tell("ok", headers=answer.headers)
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


def _outcome(meant: Exception) -> str:
    """Return what a refusal of Slack's is counted as."""
    if isinstance(meant, SlackBusy):
        return "throttled" if meant.is_limit else "unreachable"
    return "refused" if isinstance(meant, SlackRefused) else "unsure"


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
