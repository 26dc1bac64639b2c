"""The sandbox's page, used as a newcomer would."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import go

pytestmark = pytest.mark.asyncio(loop_scope="module")

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


class Window:
    """One browser window, acting as one person."""

    def __init__(self, page, address):
        self.page = page
        self.address = address

    async def be(self, person, place):
        await go(self.page, self.address, person, place)
        await expect(self.page.get_by_test_id("composer")).to_be_visible()

    async def type(self, text):
        composer = self.page.get_by_test_id("composer")
        await composer.fill(text)
        await composer.press("Escape")
        await composer.press("Enter")

    async def reads(self, text):
        await expect(self.page.get_by_test_id("messages")).to_contain_text(text)

    async def press(self, action):
        await self.page.get_by_test_id(f"action-latchkey_{action}").last.click()


@pytest_asyncio.fixture(loop_scope="module")
async def window(browser, address):
    """A desktop window on the sandbox; the page must not complain in its console."""
    page = await browser.new_page(viewport=DESKTOP)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Window(page, address)
    assert complaints == []
    await page.close()


async def test_the_whole_life_of_an_access_in_the_browser(window, pictures):
    """Ask as Ann, approve as Bo, be reminded, extend, and have it removed by Dana."""
    await window.be("U0ANN", "C0GENERAL")
    await window.type("/request-access finance-reports because I close the quarter")
    await window.reads("whether you may have Finance Reports")

    await window.be("U0BO", "app")
    await window.reads("I close the quarter")
    await window.press("approve")
    await window.reads("Approved by")

    await window.be("U0ANN", "app")
    await window.reads("You now have access to Finance Reports")
    await window.page.get_by_test_id("clock-reminder").click()
    await window.reads("Your access to Finance Reports ends")
    await window.page.screenshot(path=pictures / "reminder.png")
    await window.press("extend")
    await window.page.get_by_test_id("input-reason").fill("The audit goes on")
    await window.page.get_by_test_id("modal-submit").click()
    await window.reads("Extension of Finance Reports: waiting for")

    await window.be("U0BO", "app")
    await window.reads("asks to extend")
    await window.press("approve")
    await window.be("U0ANN", "app")
    await window.reads("Your access to Finance Reports now lasts until")

    await window.be("U0DANA", "C0GENERAL")
    await window.type("/access-admin assignments finance-reports")
    await window.reads("1 assignment of Finance Reports")
    await window.press("remove")
    await window.page.get_by_test_id("input-reason").fill("The quarter is closed")
    await window.page.get_by_test_id("modal-submit").click()
    await expect(window.page.get_by_test_id("modal")).to_have_count(0)
    await window.be("U0ANN", "app")
    await window.reads("Your access to Finance Reports was removed by @Dana Diaz")
    await window.reads("The quarter is closed")


async def test_denying_asks_for_a_reason_in_a_form(window, pictures):
    """Deny opens a form; its reason reaches the requester."""
    await window.be("U0CY", "C0GENERAL")
    await window.type("/request-access finance-reports because I am curious")
    await window.be("U0DANA", "C0APPROVALS")
    # The card is drawn anew once it is known who is asked; a click at that very moment would hit a button that goes.
    await window.reads("Asked: @Bo Berg")
    await window.press("deny")
    modal = window.page.get_by_test_id("modal")
    await expect(modal).to_be_visible()
    await window.page.get_by_test_id("input-reason").fill("Please ask your controller first")
    await window.page.screenshot(path=pictures / "deny.png")
    await window.page.get_by_test_id("modal-submit").click()
    await window.reads("Denied by")

    await window.be("U0CY", "app")
    await window.reads("was denied by Dana Diaz")
    await window.reads("Please ask your controller first")


async def test_a_package_with_settings_of_its_own(window, pictures):
    """Its reason must name a ticket, its card is in a channel of its own, and another's delivery has a sentence."""
    await window.be("U0ANN", "C0GENERAL")
    await window.type("/request-access production-database because it is slow")
    await window.reads("Your reason for “Production Database” lacks something.")
    await window.press("ask")
    modal = window.page.get_by_test_id("modal")
    await expect(modal).to_contain_text("such as INC-42")
    await window.page.get_by_test_id("modal-submit").click()
    await expect(modal).to_contain_text("Name the incident or the change")
    await window.page.screenshot(path=pictures / "reason.png")
    await window.page.get_by_test_id("input-reason").fill("it is slow: INC-7")
    await window.page.get_by_test_id("modal-submit").click()
    await expect(modal).to_contain_text("whether you may have Production Database")
    await window.page.get_by_test_id("modal-close").click()
    await expect(modal).to_have_count(0)

    await window.be("U0DANA", "C0PRODUCTION")
    await window.reads("it is slow: INC-7")

    await window.be("U0ANN", "C0GENERAL")
    await window.type("/request-access marketing-campaign")
    await window.reads("Marketing Campaign")
    await window.be("U0ANN", "app")
    await window.reads("The campaign's files are in the folder")


async def test_home_shows_what_i_have_and_may_ask_for(window, pictures):
    """App Home is published when it is opened, and by itself when something arrives."""
    await window.be("U0ANN", "C0GENERAL")
    await window.type("/request-access marketing-campaign")
    await go(window.page, window.address, "U0ANN", "home")
    home = window.page.get_by_test_id("messages").or_(window.page.locator("main")).first
    await expect(home).to_contain_text("Access you can ask for")
    await expect(home).to_contain_text("30 days left")
    await window.page.screenshot(path=pictures / "home.png")


async def test_the_page_fits_a_phone(browser, address, pictures):
    """At 390 pixels nothing sticks out sideways, and a command can be typed."""
    page = await browser.new_page(viewport=PHONE)
    window = Window(page, address)
    await window.be("U0ANN", "C0GENERAL")
    await window.type("/my-access")
    await window.reads("nothing is pending")
    await page.screenshot(path=pictures / "phone.png")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.close()
