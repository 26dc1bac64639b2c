"""The way to Microsoft's login for msal, which is synchronous: answered at once, with no socket and no loop."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.types import ASGIApp

# Does what it likes with a call: raises, or lets it through by returning.
LoginFault = Callable[[str, str], None]


class LoginAnswer:
    """An answer, as far as msal and whoever reads keys look at one."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status_code: int = status
        self.headers = headers
        self.text: str = body.decode()


class LoginSession:
    """Stands for `requests.Session`: calls the login's app, and nothing else."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        fault: LoginFault | None = None,
        moment: Callable[[str], None] = lambda what: None,
    ) -> None:
        """
        Args:
            moment: Told before and after each call.
        """
        self._app = app
        self._fault = fault
        self._moment = moment
        self.calls: list[str] = []

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> LoginAnswer:
        return self._ask("GET", url, params, headers, b"")

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> LoginAnswer:
        given = {name: value for name, value in (data or {}).items() if value is not None}
        form = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._ask("POST", url, params, form, urlencode(given).encode())

    def close(self) -> None:
        """There is nothing to close."""

    def _ask(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes,
    ) -> LoginAnswer:
        parts = urlsplit(url)
        self.calls.append(f"{method} {parts.path}")
        self._moment(f"before {method} {url}")
        if self._fault is not None:
            self._fault(method, parts.path)
        query = "&".join(filter(None, (parts.query, urlencode(params or {}))))
        given = {"host": parts.netloc, **{k.lower(): v for k, v in (headers or {}).items()}}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": parts.scheme,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), str(value).encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": (parts.hostname, parts.port or 443),
        }
        heard: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            heard.append(message)

        _run_at_once(self._app(scope, receive, send))
        start = heard[0]
        answered = {name.decode(): value.decode() for name, value in start["headers"]}
        content = b"".join(each.get("body", b"") for each in heard[1:])
        self._moment(f"after {method} {url}")
        return LoginAnswer(start["status"], answered, content)


def _run_at_once(work: Any) -> None:
    """Run a coroutine that waits for nothing, inside the one that runs now."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("the login waits for something")
