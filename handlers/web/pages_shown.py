"""
Tell whether somebody has pressed the button of a page as this browser was shown it, whatever another site's form sends.

Each time that a page is shown, the browser gets a secret in a cookie which browsers send along from our own pages alone, and the form
a seal of what the page says, made with that secret.  Another site can send the form by itself: it knows no seal to the cookie, and the
cookie does not come with it.

Source: OWASP, "Cross-Site Request Forgery Prevention" (a token in the form, and what browsers say of where a request comes from);
RFC 6265bis, 4.1.3 ("__Host-") and 5.2 ("SameSite"); https://www.w3.org/TR/fetch-metadata/
"""

import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from bot import chance
from bot.accounts.model import SIGN_IN_TAKES, SignIn

# The field of the form that carries the seal.
FIELD: Final = "shown"
# "__Host-": of this host alone, over TLS, so that no other host of the domain can set one whose secret it knows.
COOKIE: Final = "__Host-latchkey-page"
# On this machine, without TLS, browsers take no such name.
COOKIE_HERE: Final = "latchkey-page"
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# "none": nobody's page, but the person; "same-origin": one of ours.
OWN: Final = frozenset({"same-origin", "none"})


class NotShown(StrEnum):
    """Say why a press does not count; for the log."""

    ANOTHER_SITE = "the browser says that another site has sent it"
    NO_COOKIE = "this browser was shown no such page, or has not kept the cookie of it"
    ANOTHER_PAGE = "this browser was shown something else since"


class PagesShown:
    """Seals pages for the browsers that they are shown in."""

    def __init__(self, public_url: str) -> None:
        """
        Args:
            public_url: The root of our HTTP endpoint as browsers reach it.
        """
        self._origin: Final = _origin(public_url)
        self._is_secure: Final = urlsplit(public_url).scheme == "https"

    def remember(self, answer: Response, sign_in: SignIn, secret: str) -> None:
        """Let the browser keep the secret by which a page was sealed that *answer* shows."""
        answer.set_cookie(
            self._cookie(sign_in),
            secret,
            max_age=int(SIGN_IN_TAKES.total_seconds()),
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="strict",
        )

    def find_why_not(
        self, http: Request, sign_in: SignIn, lines: Sequence[str], *, sealed: str
    ) -> NotShown | None:
        """
        Return why the button of a page was not pressed in a browser that shows it; None if it was.

        Args:
            lines: What the page says now.
            sealed: What the form has brought.
        """
        if not self._is_sent_by_us(http):
            return NotShown.ANOTHER_SITE
        secret = http.cookies.get(self._cookie(sign_in))
        if not secret:
            return NotShown.NO_COOKIE
        if not hmac.compare_digest(seal(secret, sign_in, lines).encode(), sealed.encode()):
            return NotShown.ANOTHER_PAGE
        return None

    def _is_sent_by_us(self, http: Request) -> bool:
        """Go by what a browser says; where it says nothing, the cookie and the seal decide."""
        site, origin = http.headers.get("sec-fetch-site"), http.headers.get("origin")
        if site is not None and site not in OWN:
            return False
        if origin == "null":
            # So say browsers that are told to keep back where people come from; and pages of nowhere, which Sec-Fetch-Site tells apart.
            return site is not None
        return origin is None or origin == self._origin

    def _cookie(self, sign_in: SignIn) -> str:
        """Return the name of the cookie: each link has its own, so that two tabs do not take each other's."""
        return f"{COOKIE if self._is_secure else COOKIE_HERE}-{sign_in.id[:16]}"


def new_secret() -> str:
    """Return what one showing of a page is sealed with."""
    return chance.new_secret()


def seal(secret: str, sign_in: SignIn, lines: Sequence[str]) -> str:
    """Return what only whoever has the secret can make of a link and of what its page says."""
    said = "\0".join([sign_in.id, *lines])
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()


def _origin(url: str) -> str:
    """Return the origin of an address as browsers write it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host.encode("idna").decode()
    is_default = parts.port in {None, DEFAULT_PORTS.get(parts.scheme)}
    return f"{parts.scheme}://{shown}" + ("" if is_default else f":{parts.port}")
