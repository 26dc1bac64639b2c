"""One HTTP conversation with Graph: tokens, paging, safe retries, and errors as GraphErrors."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from graph.beta.versions import Dialect, dialect
from graph.calls import answers, observed
from graph.calls.deadlines import Deadline, Seconds, machine_seconds
from graph.calls.observed import ObservedCall, Observer
from graph.calls.retries import Retries, is_worth_repeating
from graph.errors import AuthError, BadAnswer, GraphError, GraphUnavailable, Throttled
from graph.sign_in.tokens import TokenSource

# Failures before a request left: Graph never saw it.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
# Graph publishes no limits for entitlement management, and says 429 where it has one.
CALLS_AT_ONCE = 16
# Items of a list that are made objects before others have their turn: some milliseconds.
ITEMS_A_TURN = 20
# From the call to the answer, waiting for a turn included.
WRITE_WITHIN = timedelta(seconds=30)
# Characters of a query that OData gives a meaning and that need no escape.
PLAIN = "$(),'/:@"


class Session:
    """
    Sends requests; turns every failure into a GraphError.

    Paths begin after the version (``/users/…``) and, like bodies and queries, must already be
    in the words of the version spoken; ``dialect`` translates.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        tokens: TokenSource,
        *,
        url: str,
        version: str,
        retries: Retries | None = None,
        calls_at_once: int = CALLS_AT_ONCE,
        seconds: Seconds = machine_seconds,
        observer: Observer | None = None,
    ) -> None:
        self._observer = observer
        self.dialect: Dialect = dialect(version)
        self._http = http
        self._tokens = tokens
        self._root = f"{url.rstrip('/')}/{version}"
        self.retries = retries or Retries()
        self._turns = asyncio.Semaphore(calls_at_once)
        self._seconds = seconds
        self.sleep = self.retries.sleep

    def deadline(self, wait: timedelta) -> Deadline:
        """A deadline for a write, so long from now by this session's clock."""
        return Deadline.after(wait, seconds=self._seconds)

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        token: TokenSource | None = None,
    ) -> dict[str, Any]:
        """Read one object; tried again where that may help."""
        return await self._read("GET", self._url(path, params), token=token)

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        token: TokenSource | None = None,
        deadline: Deadline | None = None,
    ) -> dict[str, Any]:
        """
        Send *body* once.  Never repeated: Graph has no idempotency key.

        Args:
            deadline: What has no answer by then is cut off, and what waited so long is not sent; 30 s without.
        """
        return await self._write("POST", path, body, token=token, deadline=deadline)

    async def query(
        self, path: str, body: object, *, token: TokenSource | None = None
    ) -> dict[str, Any]:
        """A POST that only asks a question, and so may be tried again like a read."""
        return await self._read("POST", self._url(path), body, token=token)

    async def put(
        self, path: str, body: object, *, token: TokenSource | None = None
    ) -> dict[str, Any]:
        """Replace an object whole, once."""
        return await self._write("PUT", path, body, token=token)

    async def patch(
        self, path: str, body: object, *, token: TokenSource | None = None
    ) -> dict[str, Any]:
        """Change what *body* names, once."""
        return await self._write("PATCH", path, body, token=token)

    async def delete(self, path: str, *, token: TokenSource | None = None) -> None:
        """Delete, once."""
        await self._write("DELETE", path, None, token=token)

    async def pages(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        token: TokenSource | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """
        Every item of a list, page after page.

        Raises:
            BadAnswer: A page without items, or a next page that is not under our own
                address and version: our token must never travel elsewhere.
        """
        async for items, _ in self.whole_pages(path, params, token=token):
            for number, item in enumerate(items, start=1):
                yield item
                if number % ITEMS_A_TURN == 0:
                    await asyncio.sleep(0)

    async def whole_pages(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        token: TokenSource | None = None,
    ) -> AsyncGenerator[tuple[list[dict[str, Any]], bool], None]:
        """
        The same by pages, and of each whether another follows, which is read only when it is asked for.

        Raises:
            BadAnswer: As `pages`.
        """
        url: str | None = self._url(path, params)
        seen: set[str] = set()
        while url is not None:
            seen.add(url)
            page = await self._read("GET", url, token=token)
            items = page.get("value")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise BadAnswer("Microsoft Graph sent a page of a list with no list in it.")
            url = page.get("@odata.nextLink")
            yield items, url is not None
            if url is not None and (not self._is_ours(url) or url in seen):
                raise BadAnswer(
                    "Microsoft Graph named a next page that is not under our own address, "
                    "or one we already read; it was not followed."
                )

    def link(self, path: str) -> str:
        """The full address of an object, as ``$ref`` and ``@odata.bind`` want it."""
        return f"{self._root}{path}"

    def address(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """*path* with its query, as it stands after the version."""
        # By hand, because a form's "+" for a space is not what OData promises to read.
        query = "&".join(
            f"{name}={quote(value, safe=PLAIN)}" for name, value in (params or {}).items()
        )
        return f"{path}{'?' + query if query else ''}"

    def _url(self, path: str, params: Mapping[str, str] | None = None) -> str:
        return self._root + self.address(path, params)

    def _is_ours(self, link: object) -> bool:
        if not isinstance(link, str):
            return False
        ours = urlsplit(self._root)
        try:
            theirs = urlsplit(link)
            same_origin = (theirs.scheme, theirs.hostname, _port(theirs)) == (
                ours.scheme,
                ours.hostname,
                _port(ours),
            )
        except ValueError:  # a port that is no number, an unfinished IPv6 address
            return False
        path = unquote(theirs.path)
        return (
            same_origin
            and theirs.username is None
            and path.startswith(f"{ours.path}/")
            and ".." not in path.split("/")
            and "\\" not in link
        )

    async def _write(
        self,
        method: str,
        path: str,
        body: object,
        *,
        token: TokenSource | None,
        deadline: Deadline | None = None,
    ) -> dict[str, Any]:
        until = deadline or self.deadline(WRITE_WITHIN)
        return await self._send(method, self._url(path), body, token=token, deadline=until)

    async def _read(
        self, method: str, url: str, body: object = None, *, token: TokenSource | None
    ) -> dict[str, Any]:
        left = self.retries.patience.total_seconds()
        pause = self.retries.first_pause.total_seconds()
        attempt = 1
        while True:
            try:
                return await self._send(method, url, body, token=token)
            except GraphError as error:
                wait = pause * self.retries.jitter(0.5, 1.5)
                if error.retry_after is not None:
                    wait = error.retry_after.total_seconds()
                if not (self.retries.waits_out_throttling and isinstance(error, Throttled)):
                    attempt += 1
                if attempt > self.retries.attempts or not is_worth_repeating(error) or wait > left:
                    raise
            await self.retries.sleep(wait)
            left, pause = left - wait, pause * 2

    async def _send(
        self,
        method: str,
        url: str,
        body: object,
        *,
        token: TokenSource | None,
        deadline: Deadline | None = None,
    ) -> dict[str, Any]:
        """Send once; a *deadline* says that it is a write."""
        writes = deadline is not None
        tokens, whose = token or self._tokens, _Sender(is_a_persons=token is not None)
        got = await self._token(tokens.token(), whose)
        response = await self._once(method, url, body, got, whose, deadline=deadline)
        if response.status_code == 401:
            # A 401 is given before anything is done, so that one repetition is safe for writes too.
            challenge = answers.claims_challenge(response)
            got = await self._token(tokens.refresh(challenge), whose)
            whose = replace(whose, with_fresh_token=True)
            response = await self._once(method, url, body, got, whose, deadline=deadline)
        if response.is_success:
            return await answers.content_in_pieces(response, writes=writes)
        raise answers.error(response, writes=writes)

    async def access_token(self) -> str:
        """
        Return the token that calls are made with.

        Raises:
            AuthError: There is none.
        """
        return await self._token(self._tokens.token(), _Sender())

    async def _token(self, getting: Awaitable[str], whose: "_Sender") -> str:
        """Wait for a token, and tell the observer if there is none."""
        began = self._seconds()
        try:
            return await getting
        except AuthError as error:
            self._observed(
                ObservedCall(
                    method="POST",
                    route=observed.TOKEN_ROUTE,
                    seconds=self._seconds() - began,
                    status=error.status,
                    client_request_id=None,
                    request_id=error.request_id,
                    error=error,
                    is_a_persons=whose.is_a_persons,
                )
            )
            raise

    async def _once(
        self,
        method: str,
        url: str,
        body: object,
        token: str,
        whose: "_Sender",
        *,
        deadline: Deadline | None,
    ) -> httpx.Response:
        """Send once, and tell the observer how it ended."""
        client_request_id = str(uuid.uuid4())
        async with self._turns:
            began = self._seconds()

            def tell(response: httpx.Response | None, error: GraphError | None) -> None:
                headers = {} if response is None else response.headers
                self._observed(
                    ObservedCall(
                        method=method,
                        route=observed.route_of(url.removeprefix(self._root)),
                        seconds=self._seconds() - began,
                        status=None if response is None else response.status_code,
                        client_request_id=client_request_id,
                        request_id=observed.id_of_graphs(headers.get("request-id")),
                        server_time=observed.server_time(headers.get("date")),
                        error=error,
                        is_a_persons=whose.is_a_persons,
                        with_fresh_token=whose.with_fresh_token,
                    )
                )

            try:
                response = await self._exchange(
                    method, url, body, token, deadline=deadline, client_request_id=client_request_id
                )
            except GraphError as error:
                error.client_request_id = client_request_id
                tell(None, error)
                raise
            tell(response, None)
            response.extensions[answers.CLIENT_REQUEST_ID] = client_request_id
            return response

    def _observed(self, call: ObservedCall) -> None:
        observed.note(call)
        if self._observer is not None:
            self._observer(call)

    async def _exchange(
        self,
        method: str,
        url: str,
        body: object,
        token: str,
        *,
        deadline: Deadline | None,
        client_request_id: str,
    ) -> httpx.Response:
        writes = deadline is not None
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "client-request-id": client_request_id,
        }
        try:
            left = None if deadline is None else deadline.left
            if left is not None and left <= 0:
                raise GraphUnavailable("The call was held up for too long, and not sent.")
            async with asyncio.timeout(left):
                return await self._http.request(
                    method, url, headers=headers, json=body, follow_redirects=False
                )
        except NEVER_SENT as exc:
            raise GraphUnavailable(f"Microsoft Graph cannot be reached: {_reason(exc)}.") from exc
        except (httpx.TimeoutException, TimeoutError) as exc:
            raise GraphUnavailable(
                "Microsoft Graph did not answer in time.", may_have_happened=writes
            ) from exc
        except httpx.DecodingError as exc:
            raise BadAnswer(
                f"Microsoft Graph sent an answer that cannot be unpacked: {_reason(exc)}.",
                may_have_happened=writes,
            ) from exc
        except httpx.RequestError as exc:
            raise GraphUnavailable(
                f"The connection to Microsoft Graph broke: {_reason(exc)}.",
                may_have_happened=writes,
            ) from exc
        except httpx.InvalidURL as exc:
            raise BadAnswer(f"That is no address of Microsoft Graph: {_reason(exc)}.") from exc


@dataclass(frozen=True, kw_only=True)
class _Sender:
    """Say whose token a call is made with, for the observer; see `ObservedCall`."""

    is_a_persons: bool = False
    with_fresh_token: bool = False


def _port(parts: Any) -> int | None:
    return parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _reason(exc: Exception) -> str:
    return str(exc).rstrip(". ") or type(exc).__name__
