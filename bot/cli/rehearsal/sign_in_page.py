"""The page on this machine at which the browser of a test person begins a sign-in, and to which Microsoft gives it back."""

import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.cli.connection import Stop

CALLBACK: Final = "/sign-in/callback"
# As the product's own: kept by browsers although Microsoft posts to it from elsewhere.
COOKIE: Final = "__Host-latchkey-rehearsal"
# By their words in User-Agent, the narrower first: nothing else of it is kept.
BROWSERS: Final[Mapping[str, str]] = {
    "Edg/": "Edge",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}


class SignInPage:
    """
    Waits for one sign-in at a time.

    Attributes:
        answer: The form that Microsoft has posted; None: not yet.
        had_cookie: The browser brought its cookie back with it; None: no answer came yet.
        browser: Which browser it was, by family.
    """

    def __init__(self, port: int) -> None:
        self._root = f"http://localhost:{port}"
        self._goes_to: str | None = None
        self._state = self._cookie = ""
        self.answer: Mapping[str, str] | None = None
        self.had_cookie: bool | None = None
        self.browser = "unknown"
        self.app = Starlette(
            routes=[
                Route("/", self._begin),
                Route(CALLBACK, self._end, methods=["POST"]),
            ]
        )

    @property
    def link(self) -> str:
        """Return where a sign-in begins."""
        return f"{self._root}/"

    @property
    def callback(self) -> str:
        """Return the redirect address that the app registration must know, platform "Web"."""
        return f"{self._root}{CALLBACK}"

    def await_answer(self, url: str, *, state: str) -> None:
        """Send the next browser to *url*, and take the answer that names *state*."""
        self._goes_to, self._state, self._cookie = url, state, secrets.token_urlsafe(24)
        self.answer = None

    def stop_waiting(self) -> None:
        """Take no answer any more."""
        self._goes_to = self.answer = None

    async def _begin(self, request: Request) -> Response:
        if self._goes_to is None:
            return PlainTextResponse("Nobody is to sign in just now.", 404)
        answer = RedirectResponse(self._goes_to, 303)
        answer.set_cookie(
            COOKIE, self._cookie, max_age=600, secure=True, httponly=True, samesite="none"
        )
        return answer

    async def _end(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if self._goes_to is None or not hmac.compare_digest(form.get("state", ""), self._state):
            return PlainTextResponse("This is the answer to no sign-in of this rehearsal.", 400)
        self.had_cookie = request.cookies.get(COOKIE) == self._cookie
        agent = request.headers.get("user-agent", "")
        self.browser = next(
            (name for part, name in BROWSERS.items() if part in agent), "another browser"
        )
        self.answer = form
        return PlainTextResponse("Thank you. Go on where `latchkey rehearse` runs.")


@asynccontextmanager
async def served(page: SignInPage, port: int) -> AsyncIterator[None]:
    """
    Serve the page to this machine alone.

    Raises:
        Stop: The port is in use.
    """
    config = uvicorn.Config(
        page.app, host="localhost", port=port, log_config=None, lifespan="off", access_log=False
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    try:
        await server.startup()
    except SystemExit:
        raise Stop(f"Port {port} is in use: choose another with --port.") from None
    try:
        yield
    finally:
        await server.shutdown()
