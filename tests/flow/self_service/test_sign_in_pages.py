"""The page before a sign-in is read by whoever signs in: no other site, and no thief, leads a browser past it."""

import html
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.flow.deciding.test_fresh_sign_in import approving, asked
from tests.flow.deciding.test_proven_delegations import let_decide, link_to_prove
from tests.harness.accounts import approve, browser_of, browser_to, email_of, link_of
from tests.harness.browser import Browser, Page
from tests.harness.world import BO, World

AGAIN = "Nothing has begun"
EVIL = "https://attacker.example"


@pytest.fixture
async def world(database, tmp_path):
    async with approving(database, tmp_path) as made:
        yield made


async def to_connect(world: World) -> str:
    return await link_of(world, BO)


async def to_approve(world: World) -> str:
    await asked(world)
    return await approve(world, BO)


async def to_delegate(world: World) -> str:
    return await link_to_prove(world, await let_decide(world))


# What a sign-in is for: how its link is asked for, what its page says, and how it ends.
PURPOSES: dict[str, tuple[Callable[[World], Awaitable[str]], str, str]] = {
    "connect": (
        to_connect,
        "sign in with your work account",
        "Your Microsoft account is connected",
    ),
    "approve": (to_approve, "You are about to approve", "Your approval is saved"),
    "delegate": (to_delegate, "You are about to let Cy Chen", "Your sign-in is saved"),
}
PURPOSE = pytest.mark.parametrize("purpose", PURPOSES)


def old_browser_of(world: World) -> Browser:
    browser = browser_to(lambda: world.bot.asgi, world.tenant.app)
    return Browser(browser._send, is_old=True)


def was_at_microsoft(browser: Browser) -> bool:
    return any("microsoft.test" in each for each in browser.history)


def fields_of(page: Page) -> dict[str, str]:
    return page.forms[0].fields


@pytest.mark.parametrize("is_opened", [False, True], ids=["never opened", "opened before"])
@pytest.mark.parametrize("browser_for", [browser_of, old_browser_of], ids=["browser", "old"])
@PURPOSE
async def test_a_form_of_another_site_jumps_over_no_page(world, purpose, browser_for, is_opened):
    """Whether or not the thief has opened it in that browser before, and with what they were shown in their own."""
    link_for, says, ends = PURPOSES[purpose]
    link = await link_for(world)
    thief, bo = browser_of(world), browser_for(world)
    if is_opened:
        assert says in (await bo.get(link, by=EVIL)).shown
    for fields in ({}, fields_of(await thief.get(link)), {"shown": ""}):
        page = await bo.is_sent(link, fields, by=EVIL)
        assert page.status == 403
        assert AGAIN in page.shown
        assert says in page.shown
    assert not was_at_microsoft(bo)

    # Whoever reads it and presses has read it.
    await bo.press("Go on to Microsoft")
    assert was_at_microsoft(bo)
    page = await bo.sign_in(email_of(BO, world))
    assert page.heading == ends, page.shown


@pytest.mark.parametrize("by", [EVIL, "https://other.latchkey.example", "http://latchkey.example"])
@pytest.mark.parametrize("origin", [None, "null"])
async def test_where_a_form_comes_from_counts_by_itself(world, by, origin):
    """Another host of the same domain gets the cookie along, and would have to know the seal; this one does."""
    link = await to_connect(world)
    bo = browser_of(world)
    fields = fields_of(await bo.get(link))
    page = await bo.is_sent(link, fields, by=by, origin=origin)
    assert page.status == 403
    assert not was_at_microsoft(bo)


async def test_a_page_counts_in_the_browser_that_it_was_shown_in(world):
    """The thief's seal with Bo's cookie, and Bo's seal without a cookie."""
    link = await to_connect(world)
    thief, bo, other = browser_of(world), browser_of(world), browser_of(world)
    of_thief = fields_of(await thief.get(link))
    of_bo = fields_of(await bo.get(link))
    assert of_thief != of_bo
    own = "https://latchkey.example"
    assert (await bo.is_sent(link, of_thief, by=own)).status == 403
    assert (await other.is_sent(link, of_bo, by=own)).status == 403


async def test_the_page_of_one_link_is_not_that_of_another(world):
    """Also in the same browser."""
    first, second = await to_connect(world), await to_connect(world)
    bo = browser_of(world)
    of_first = fields_of(await bo.get(first))
    await bo.get(second)
    page = await bo.is_sent(second, of_first, by="https://latchkey.example")
    assert page.status == 403
    assert not was_at_microsoft(bo)


async def test_two_tabs_with_two_links_both_lead_on(world):
    """Each has a cookie of its own."""
    first, second = await to_connect(world), await to_connect(world)
    bo = browser_of(world)
    of_first = fields_of(await bo.get(first))
    await bo.get(second)
    await bo.is_sent(first, of_first, by="https://latchkey.example")
    assert was_at_microsoft(bo)


async def test_an_older_copy_of_a_page_is_shown_once_more(world):
    """The one link in two tabs: the older one's button shows the page, and that one's leads on."""
    link = await to_connect(world)
    bo = browser_of(world)
    of_first = fields_of(await bo.get(link))
    await bo.get(link)
    page = await bo.is_sent(link, of_first, by="https://latchkey.example")
    assert AGAIN in page.shown
    await bo.press("Go on to Microsoft")
    assert was_at_microsoft(bo)


@PURPOSE
async def test_a_page_that_was_shown_long_ago_leads_nowhere(world, purpose):
    """Its link is over by then."""
    link = await PURPOSES[purpose][0](world)
    bo = browser_of(world)
    await bo.get(link)
    await world.later(timedelta(minutes=10))
    page = await bo.press("Go on to Microsoft")
    assert "over" in page.shown
    assert not was_at_microsoft(bo)


async def test_a_browser_that_keeps_no_cookies_reads_why(world):
    """It would not have brought the answer either."""
    link = await to_connect(world)
    bo = browser_of(world)
    await bo.get(link)
    for _ in range(2):
        bo.cookies.clear()
        page = await bo.press("Go on to Microsoft")
        assert "let your browser keep cookies" in page.shown
    assert not was_at_microsoft(bo)


@PURPOSE
async def test_no_page_can_be_laid_under_another(world, purpose):
    """Nor pressed by a key that is held down: an address puts the focus on what has an id."""
    page = await browser_of(world).get(await PURPOSES[purpose][0](world))
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    for word in ("id=", "autofocus", "accesskey", "tabindex", "<script"):
        assert word not in page.text.partition("<body>")[2].lower()


async def test_the_cookie_of_a_page_is_sent_by_our_own_pages_alone(world):
    """And no other host can set it."""
    page = await browser_of(world).get(await to_connect(world))
    name, _, rest = page.headers["set-cookie"].partition("=")
    attributes = {each.strip().lower() for each in rest.split(";")[1:]}
    assert name.startswith("__Host-")
    assert {"samesite=strict", "secure", "httponly", "path=/", "max-age=600"} == attributes


async def test_words_of_people_stay_words(world):
    """What a reason says stands on the page as text."""
    await world.type(BO, "/my-access")
    await world.type("U0CY", '/request-access finance-reports because <b id="x">"&')
    await world.card(BO)
    page = await browser_of(world).get(await approve(world, BO))
    assert html.escape('<b id="x">"&') in page.text
