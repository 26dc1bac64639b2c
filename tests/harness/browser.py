"""A browser in memory: follows redirects, keeps cookies, reads forms, and goes through the stand-in's sign-in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

PASSWORD: Final = "sandbox"
MOST_REDIRECTS: Final = 10

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

    def __init__(self, send: Send) -> None:
        self._send = send
        # By host, as browsers keep them: ports do not matter.
        self.cookies: dict[str, dict[str, str]] = {}
        self.page: Page | None = None
        self.history: list[str] = []
        # Stops before it follows an address that begins so, and keeps it.
        self.stops_at: str | None = None
        self.stopped: tuple[str, str, bytes] | None = None

    async def get(self, url: str) -> Page:
        return await self._go("GET", url, b"")

    async def post(self, url: str, fields: Mapping[str, str]) -> Page:
        return await self._go("POST", url, urlencode(fields).encode())

    async def press(self, label: str, /, **fields: str) -> Page:
        """Fill in the form that has a button with *label* on it, and press it."""
        page = self._current()
        for form in page.forms:
            for text, value in form.buttons:
                if label in text:
                    return await self._submit(form, {**form.fields, **fields, **value})
        raise AssertionError(f"no button “{label}” on {page.url}: {page.shown}")

    async def _submit(self, form: Form, fields: Mapping[str, str]) -> Page:
        url = urljoin(self._current().url, form.action)
        if form.method == "POST":
            return await self.post(url, fields)
        return await self.get(f"{url}?{urlencode(fields)}")

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

    async def _go(self, method: str, url: str, body: bytes) -> Page:
        for _ in range(MOST_REDIRECTS):
            self.history.append(f"{method} {url}")
            if self.stops_at is not None and url.startswith(self.stops_at):
                self.stopped = method, url, body
                self.page = Page(url, 0, "", {}, [])
                return self.page
            page = await self._once(method, url, body)
            location = page.headers.get("location")
            if page.status in {301, 302, 303, 307} and location:
                url, method, body = urljoin(url, location), "GET", b""
            elif page.sends_itself:
                form = page.forms[0]
                url = urljoin(page.url, form.action)
                method, body = "POST", urlencode(form.fields).encode()
            else:
                self.page = page
                return page
        raise AssertionError(f"too many redirects: {self.history[-MOST_REDIRECTS:]}")

    async def _once(self, method: str, url: str, body: bytes) -> Page:
        host = urlsplit(url).hostname or ""
        headers = [("host", urlsplit(url).netloc)]
        kept = self.cookies.setdefault(host, {})
        if kept:
            headers.append(("cookie", "; ".join(f"{name}={kept[name]}" for name in kept)))
        if method == "POST":
            headers.append(("content-type", "application/x-www-form-urlencoded"))
        status, answered, content = await self._send(method, url, headers, body)
        for name, value in answered:
            if name.lower() == "set-cookie":
                for cookie in SimpleCookie(value).values():
                    if cookie["max-age"] == "0":
                        kept.pop(cookie.key, None)
                    else:
                        kept[cookie.key] = cookie.value
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

    def _current(self) -> Page:
        assert self.page is not None, "nothing is open"
        return self.page
