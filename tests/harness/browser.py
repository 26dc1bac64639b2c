"""
A browser in memory: follows redirects, keeps cookies, reads forms, and goes through the stand-in's sign-in.

It sends only what a page that it shows has a form for, tells where a request comes from, and keeps and sends cookies by
their rules; where browsers differ, as the strictest does.

Source: RFC 6265bis, 4.1.3 (prefixes), 5.2 ("SameSite") and 5.5 (the cookies that are sent); https://www.w3.org/TR/fetch-metadata/;
https://fetch.spec.whatwg.org/#origin-header
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

PASSWORD: Final = "sandbox"
MOST_REDIRECTS: Final = 10
# Where links are clicked and forms are sent from, if nothing else is said: another site.
ELSEWHERE: Final = "https://app.slack.example"
THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})

# Method, address, headers and body; answers with status, headers and body.
Send = Callable[
    [str, str, list[tuple[str, str]], bytes],
    Awaitable[tuple[int, list[tuple[str, str]], bytes]],
]


@dataclass
class Form:
    """A form of a page: its fields, and its buttons by what stands on them."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Cookie:
    """A cookie that a browser keeps: ``strict``, ``lax`` or ``none`` says with whose requests it is sent."""

    value: str
    same_site: str
    is_secure: bool


@dataclass
class Page:
    """A page as the browser shows it."""

    url: str
    status: int
    text: str
    headers: Mapping[str, str]
    forms: list[Form]
    heading: str = ""
    shown: str = ""
    sends_itself: bool = False


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.heading = ""
        self.shown = ""
        self.sends_itself = False
        self._in: list[str] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in.append(tag)
        if tag == "body" and "submit()" in given.get("onload", ""):
            self.sends_itself = True
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").upper())
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and given.get("name"):
            self._form.fields[given["name"]] = given.get("value", "")
        elif tag == "button" and self._form is not None:
            name = given.get("name")
            self._form.buttons.append(("", {name: given.get("value", "")} if name else {}))

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if "style" in self._in or "script" in self._in:
            return
        if "h1" in self._in:
            self.heading += data
        if "button" in self._in and self._form is not None and self._form.buttons:
            label, value = self._form.buttons[-1]
            self._form.buttons[-1] = (label + data, value)
        self.shown += data


class Browser:
    """One browser, with its cookies."""

    def __init__(self, send: Send, *, is_old: bool = False) -> None:
        """
        Args:
            is_old: It tells nobody where a request comes from, and sends every cookie with every request.
        """
        self._send = send
        self._is_old = is_old
        # By host, as browsers keep them: ports do not matter.
        self.cookies: dict[str, dict[str, Cookie]] = {}
        self.page: Page | None = None
        self.history: list[str] = []
        # Stops before it follows an address that begins so, and keeps it.
        self.stops_at: str | None = None
        self.stopped: tuple[str, str, bytes] | None = None

    async def get(self, url: str, *, by: str = ELSEWHERE) -> Page:
        """
        Open a link.

        Args:
            by: The origin of the page that it was clicked on.
        """
        return await self._go("GET", url, b"", by=by)

    async def is_sent(
        self, url: str, fields: Mapping[str, str], *, by: str = ELSEWHERE, origin: str | None = None
    ) -> Page:
        """
        Let a page of another site send a form by itself, which nobody has pressed.

        Args:
            by: The origin of that page.
            origin: What the browser says of it instead: "null" of a page in a sandbox.
        """
        return await self._go("POST", url, urlencode(fields).encode(), by=by, origin=origin)

    async def press(self, label: str, /, **fields: str) -> Page:
        """Fill in the form that has a button with *label* on it, and press it."""
        page = self._current()
        for form in page.forms:
            for text, value in form.buttons:
                if label in text:
                    return await self.submit(form, value, **fields)
        raise AssertionError(f"no button “{label}” on {page.url}: {page.shown}")

    async def submit(
        self, form: Form, button: Mapping[str, str] | None = None, /, **fields: str
    ) -> Page:
        """Fill in a form and send it, also one of a page that was shown before."""
        page = self._current()
        unknown = fields.keys() - form.fields.keys()
        assert not unknown, f"no field {unknown} in the form for {form.action}"
        fields = {**form.fields, **fields, **(button or {})}
        url, by = urljoin(page.url, form.action), origin_of(page.url)
        if form.method == "POST":
            body = urlencode(fields).encode()
            return await self._go("POST", url, body, by=by, origin=_origin_said(page, url))
        return await self._go("GET", f"{url}?{urlencode(fields)}", b"", by=by)

    async def sign_in(self, email: str, *, password: str = PASSWORD, consent: bool = True) -> Page:
        """Go through the stand-in's pages as somebody, as far as they lead."""
        page = self._current()
        while page.heading in {
            "Pick an account",
            "Enter password",
            "Enter the code from your authenticator app",
            "Permissions requested",
        }:
            if page.heading == "Pick an account":
                page = await self.press(email)
            elif page.heading == "Enter password":
                if email not in page.shown:
                    page = await self.press("Use another account")
                    continue
                page = await self.press("Sign in", password=password)
                if "incorrect" in page.shown:
                    return page
            elif page.heading == "Permissions requested":
                page = await self.press("Accept" if consent else "Cancel")
            else:
                code = page.text.partition('<b id="code">')[2].partition("<")[0]
                page = await self.press("Verify", code=code)
        return page

    async def _go(
        self, method: str, url: str, body: bytes, *, by: str = ELSEWHERE, origin: str | None = None
    ) -> Page:
        # A redirect through another site makes it that site's, however it goes on.
        through = [by]
        for _ in range(MOST_REDIRECTS):
            self.history.append(f"{method} {url}")
            if self.stops_at is not None and url.startswith(self.stops_at):
                self.stopped = method, url, body
                self.page = Page(url, 0, "", {}, [])
                return self.page
            page = await self._once(method, url, body, through=through, origin=origin)
            location = page.headers.get("location")
            if page.status in {301, 302, 303, 307} and location:
                through.append(origin_of(url))
                url, method, body = urljoin(url, location), "GET", b""
            elif page.sends_itself:
                form = page.forms[0]
                url = urljoin(page.url, form.action)
                method, body = "POST", urlencode(form.fields).encode()
                through, origin = [origin_of(page.url)], _origin_said(page, url)
            else:
                self.page = page
                return page
        raise AssertionError(f"too many redirects: {self.history[-MOST_REDIRECTS:]}")

    async def _once(
        self, method: str, url: str, body: bytes, *, through: list[str], origin: str | None
    ) -> Page:
        headers = [("host", urlsplit(url).netloc)]
        site = site_between(through, url)
        sent = self._cookies_for(method, url, site)
        if sent:
            headers.append(("cookie", "; ".join(f"{name}={sent[name]}" for name in sent)))
        if method == "POST":
            headers.append(("content-type", "application/x-www-form-urlencoded"))
        if not self._is_old:
            if _is_trustworthy(url):
                headers.append(("sec-fetch-site", site))
            if method == "POST":
                headers.append(("origin", origin or through[0]))
        status, answered, content = await self._send(method, url, headers, body)
        for name, value in answered:
            if name.lower() == "set-cookie":
                self._keep(url, value)
        reader = _Reader()
        text = content.decode()
        reader.feed(text)
        return Page(
            url,
            status,
            text,
            {name.lower(): value for name, value in answered},
            reader.forms,
            reader.heading.strip(),
            " ".join(reader.shown.split()),
            reader.sends_itself,
        )

    def _cookies_for(self, method: str, url: str, site: str) -> dict[str, str]:
        """The cookies that go with a request which a page is opened by."""
        kept = self.cookies.get(urlsplit(url).hostname or "", {})
        is_own = site in {"same-origin", "same-site"} or self._is_old

        def goes(cookie: Cookie) -> bool:
            if cookie.is_secure and not _is_trustworthy(url):
                return False
            if cookie.same_site == "lax":
                return is_own or method == "GET"
            return is_own or cookie.same_site == "none"

        return {name: cookie.value for name, cookie in kept.items() if goes(cookie)}

    def _keep(self, url: str, header: str) -> None:
        """Keep the cookies of an answer, but for those that its rules forbid."""
        kept = self.cookies.setdefault(urlsplit(url).hostname or "", {})
        for cookie in SimpleCookie(header).values():
            is_secure = bool(cookie["secure"])
            same_site = (cookie["samesite"] or "lax").lower()
            is_of_host = is_secure and cookie["path"] == "/" and not cookie["domain"]
            if (
                (is_secure and not _is_trustworthy(url))
                or (same_site == "none" and not is_secure)
                or (cookie.key.startswith("__Host-") and not is_of_host)
            ):
                continue
            if cookie["max-age"] == "0":
                kept.pop(cookie.key, None)
            else:
                kept[cookie.key] = Cookie(
                    value=cookie.value, same_site=same_site, is_secure=is_secure
                )

    def _current(self) -> Page:
        assert self.page is not None, "nothing is open"
        return self.page


def origin_of(url: str) -> str:
    """The origin of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def site_between(through: list[str], url: str) -> str:
    """What a browser says of where a request comes from: of all origins that it came through, the furthest."""
    if any(_site(each) != _site(url) for each in through):
        return "cross-site"
    return "same-origin" if all(each == origin_of(url) for each in through) else "same-site"


def _site(url: str) -> tuple[str, str]:
    """The scheme and the registrable domain, of the names that tests use: the last two parts of a name."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_number = host.replace(".", "").isdigit() or ":" in host
    return parts.scheme, host if is_number else ".".join(host.split(".")[-2:])


def _is_trustworthy(url: str) -> bool:
    """Browsers trust what comes by TLS, or from this machine."""
    return urlsplit(url).scheme == "https" or urlsplit(url).hostname in THIS_MACHINE


def _origin_said(page: Page, url: str) -> str:
    """What a browser says of the page that a form is on: nothing, where the page's policy keeps it back."""
    policy, own = page.headers.get("referrer-policy"), origin_of(page.url)
    is_kept_back = policy == "no-referrer" or (policy == "same-origin" and origin_of(url) != own)
    return "null" if is_kept_back else own
