"""People sign in to the stand-in Microsoft in a real browser, in the same tab, and come back."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import LOOKS, go
from tests.browser.test_blocks import CONTRAST

# WCAG 2.2, 1.4.3: between letters and what is behind them.
READABLE = 4.5

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "sandbox"


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser):
    """A window; the pages must not complain in its console, which has what a policy forbids them."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    made = await context.new_page()
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on(
        "console",
        lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
    )
    yield made
    assert complaints == []
    await context.close()


async def be(page: Page, address: str, person: str, place: str) -> None:
    await go(page, address, person, place)
    await expect(page.get_by_test_id("composer")).to_be_visible()


async def type_(page: Page, text: str) -> None:
    composer = page.get_by_test_id("composer")
    await composer.fill(text)
    await composer.press("Escape")
    await composer.press("Enter")


async def approve_by_sign_in(page: Page, address: str, *, ticket: str) -> None:
    """Ask as Cy for what takes a sign-in to approve, press Approve as Bo, and follow the link."""
    await be(page, address, "U0CY", "C0GENERAL")
    await type_(page, "/request-access customer-data because a customer called")
    await page.get_by_role("button", name="Open the form").last.click()
    form = page.get_by_test_id("modal")
    await form.get_by_role("textbox", name=re.compile("Which ticket")).fill(ticket)
    await page.get_by_test_id("modal-submit").click()
    await expect(form).not_to_contain_text("Which ticket")
    await be(page, address, "U0BO", "app")
    await page.get_by_test_id("action-latchkey_approve").last.click()
    await page.get_by_test_id("link-latchkey_sign_in").last.click()


async def sign_in(page: Page, person: str) -> None:
    """Go on from the bot's page, and through the stand-in's pages."""
    await page.get_by_role("button", name="Go on to Microsoft").click()
    await page.wait_for_url(re.compile("/oauth2/v2.0/authorize"))
    other = page.get_by_role("button", name="Use another account")
    if person not in await page.inner_text("body"):
        await other.click()
    if await page.get_by_role("button", name=re.compile(person)).count():
        await page.get_by_role("button", name=re.compile(person)).click()
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def test_somebody_connects_their_account(page, address, pictures):
    """By the link in the answer to the command."""
    await be(page, address, "U0ANN", "C0GENERAL")
    await type_(page, "/my-access connect")
    await page.get_by_test_id("link-latchkey_sign_in").last.click()
    await expect(page.get_by_role("heading")).to_have_text("Connect your Microsoft account")
    await page.screenshot(path=str(pictures / "connecting.png"))
    await sign_in(page, "ann@contoso.example")
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_role("heading")).to_have_text("Your Microsoft account is connected")
    await be(page, address, "U0ANN", "app")
    await expect(page.get_by_test_id("messages")).to_contain_text(
        "Your Microsoft account is connected"
    )


@pytest.mark.parametrize("look", ["dark", "phone"])
async def test_the_pages_of_a_sign_in_are_read_and_used_without_a_mouse(
    browser, address, pictures, look
):
    """In the dark and on a phone: nothing sticks out, every word is readable, and Tab and Enter lead on."""
    context = await browser.new_context(**LOOKS[look])
    page = await context.new_page()
    await be(page, address, "U0ANN", "C0GENERAL")
    await type_(page, "/my-access connect")
    await page.goto(await page.get_by_test_id("link-latchkey_sign_in").last.get_attribute("href"))
    await expect(page.get_by_role("heading")).to_have_text("Connect your Microsoft account")
    for selector in ("h1", "p", "button", "small"):
        if await page.locator(selector).count():
            assert await page.evaluate(CONTRAST, selector) >= READABLE, (look, selector)
    assert (
        await page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    )
    await page.screenshot(path=str(pictures / f"connecting-{look}.png"))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/oauth2/v2.0/authorize"))
    assert (
        await page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    )
    await page.screenshot(path=str(pictures / f"sign-in-{look}.png"))
    await context.close()


async def test_an_approval_takes_a_fresh_sign_in(page, address, pictures):
    """With the second factor; whoever signs in as somebody else approves nothing."""
    await approve_by_sign_in(page, address, ticket="OPS-17")
    await expect(page.get_by_role("main")).to_contain_text("approve “Customer Data” for Cy Chen")
    await page.screenshot(path=str(pictures / "fresh-sign-in.png"))
    await sign_in(page, "bo@contoso.example")
    code = await page.locator("#code").inner_text()
    await page.locator("input[name=code]").fill(code)
    await page.get_by_role("button", name="Verify").click()
    await expect(page.get_by_role("heading")).to_have_text("Your approval is saved")
    await be(page, address, "U0CY", "app")
    await expect(page.get_by_test_id("messages")).to_contain_text(
        "You now have access to Customer Data"
    )


async def test_another_site_leads_nobody_past_the_page(page, address):
    """Its form is sent by itself to a link that this browser has opened before; then the page is read, and leads on."""
    await be(page, address, "U0ANN", "C0GENERAL")
    await type_(page, "/my-access connect")
    link = await page.get_by_test_id("link-latchkey_sign_in").last.get_attribute("href")
    await page.goto(link)
    await expect(page.get_by_role("heading")).to_have_text("Connect your Microsoft account")
    trap = f'<form method="post" action="{link}"></form><script>document.forms[0].submit()</script>'
    await page.route(
        "http://attacker.example/",
        lambda route: route.fulfill(body=trap, content_type="text/html"),
    )

    await page.goto("http://attacker.example/")

    await page.wait_for_url(link)
    await expect(page.get_by_role("main")).to_contain_text("Nothing has begun")
    await expect(page.get_by_role("main")).to_contain_text("Go on only if you have asked for this")
    await sign_in(page, "ann@contoso.example")
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_role("heading")).to_have_text("Your Microsoft account is connected")
