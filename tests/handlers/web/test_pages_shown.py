"""What browsers say of where a form comes from, by itself, at every kind of address."""

from datetime import UTC, datetime

import pytest
from starlette.requests import Request
from starlette.responses import Response

from bot.accounts.browser import new_sign_in
from bot.accounts.model import Purpose
from handlers.web.pages_shown import NotShown, PagesShown, new_secret, seal

TICKET = "ticket"
SAID = ["Connect your Microsoft account", "Go on only if you have asked for this yourself."]
AT = datetime(2027, 1, 4, 9, tzinfo=UTC)
PUBLIC = "https://latchkey.example"


def sent(shown, *, public=PUBLIC, lines=SAID, sealed_of=SAID, **headers):
    """Show a page, and let a form come back with its cookie and these headers; return why it does not count."""
    sign_in, secret = new_sign_in(Purpose.CONNECT, "U0ANN", TICKET), new_secret()
    answer = Response()
    shown.remember(answer, sign_in, secret)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    given = {"cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "headers": [(name.encode(), value.encode()) for name, value in given.items() if value],
    }
    return shown.find_why_not(
        Request(scope), sign_in, lines, sealed=seal(secret, sign_in, sealed_of)
    )


@pytest.mark.parametrize(
    ("site", "origin", "why"),
    [
        ("same-origin", PUBLIC, None),
        ("same-origin", None, None),
        ("same-origin", "null", None),
        ("none", None, None),
        (None, PUBLIC, None),
        (None, None, None),
        (None, "null", NotShown.ANOTHER_SITE),
        (None, "https://attacker.example", NotShown.ANOTHER_SITE),
        (None, "https://latchkey.example.attacker.example", NotShown.ANOTHER_SITE),
        (None, "https://latchkey.example:8443", NotShown.ANOTHER_SITE),
        (None, "http://latchkey.example", NotShown.ANOTHER_SITE),
        ("same-origin", "https://attacker.example", NotShown.ANOTHER_SITE),
        ("same-site", PUBLIC, NotShown.ANOTHER_SITE),
        ("cross-site", PUBLIC, NotShown.ANOTHER_SITE),
        ("cross-site", None, NotShown.ANOTHER_SITE),
        ("cross-site", "null", NotShown.ANOTHER_SITE),
        ("something new", PUBLIC, NotShown.ANOTHER_SITE),
    ],
)
def test_a_browser_says_where_a_form_comes_from(site, origin, why):
    """It counts where it is said; where nothing is, the cookie and the seal decide."""
    assert sent(PagesShown(PUBLIC), sec_fetch_site=site, origin=origin) is why


@pytest.mark.parametrize(
    ("public", "origin"),
    [
        ("https://latchkey.example/", "https://latchkey.example"),
        ("https://Latchkey.Example", "https://latchkey.example"),
        ("https://latchkey.example:443", "https://latchkey.example"),
        ("https://latchkey.example:8443", "https://latchkey.example:8443"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_our_own_address_is_known_as_browsers_write_it(public, origin):
    """Whatever the settings spell it like."""
    shown = PagesShown(public)
    assert sent(shown, origin=origin) is None
    assert sent(shown, origin=origin + "0") is NotShown.ANOTHER_SITE


@pytest.mark.parametrize(
    "lines",
    [SAID[:1], [*SAID, ""], ["".join(SAID)], list(reversed(SAID)), [], ["Approve a request"]],
)
def test_what_was_shown_is_what_counts(lines):
    """A page that says something else by now is shown once more."""
    assert sent(PagesShown(PUBLIC), lines=lines) is NotShown.ANOTHER_PAGE


def test_a_seal_is_of_one_link_and_one_showing():
    """Also where two pages say the same."""
    one, other = (new_sign_in(Purpose.CONNECT, "U0ANN", ticket) for ticket in ("one", "other"))
    seals = {seal(secret, link, SAID) for secret in ("first", "second") for link in (one, other)}
    assert len(seals) == 4


def test_what_was_sent_instead_of_a_seal_is_none():
    """Letters of any alphabet."""
    shown, sign_in = PagesShown(PUBLIC), new_sign_in(Purpose.CONNECT, "U0ANN", TICKET)
    answer = Response()
    shown.remember(answer, sign_in, "secret")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    http = Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})
    for sealed in ("", "0" * 64, "é", "\ud800".encode("utf-8", "replace").decode()):
        why = shown.find_why_not(http, sign_in, SAID, sealed=sealed)
        assert why is NotShown.ANOTHER_PAGE


def test_without_a_cookie_nothing_was_shown():
    """However right the seal looks."""
    sign_in = new_sign_in(Purpose.CONNECT, "U0ANN", TICKET)
    http = Request({"type": "http", "headers": []})
    for secret in ("", "secret"):
        why = PagesShown(PUBLIC).find_why_not(
            http, sign_in, SAID, sealed=seal(secret, sign_in, SAID)
        )
        assert why is NotShown.NO_COOKIE
