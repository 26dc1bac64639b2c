"""Somebody tries in the sandbox how Entra decides: in Slack, and at the stand-in for My Access, in the same tab."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_sign_in import approve_by_sign_in, be, page, sign_in, type_

pytestmark = pytest.mark.asyncio(loop_scope="module")

__all__ = ["page"]


async def reads(page: Page, text: str) -> None:
    await expect(page.get_by_test_id("messages")).to_contain_text(text)


async def connect(page: Page, address: str, person: str, email: str) -> None:
    """Connect somebody's account by the command, and come back."""
    await be(page, address, person, "C0GENERAL")
    await type_(page, "/my-access connect")
    await page.get_by_test_id("link-latchkey_sign_in").last.click()
    await sign_in(page, email)
    accept = page.get_by_role("button", name="Accept")
    done = page.get_by_role("heading", name="Your Microsoft account is connected")
    await expect(accept.or_(done)).to_be_visible()
    if await accept.count():
        await accept.click()
    await expect(done).to_be_visible()


async def enter_my_access(page: Page, person: str) -> None:
    """Go there from the sandbox's page, and sign in."""
    await page.get_by_test_id("my-access").click()
    await expect(page.get_by_role("heading").first).to_have_text(
        re.compile("My Access|Pick an account")
    )
    if await page.get_by_role("button", name="Sign out").count():
        await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name=re.compile(person)).click()
    await page.locator("input[type=password]").fill("sandbox")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="My Access")).to_be_visible()


async def test_the_tour_of_what_entra_decides(page, address, pictures):
    """Connect, ask, approve in Slack and in the portal, be refused with a stolen session, disconnect."""
    await connect(page, address, "U0ANN", "ann@contoso.example")
    await be(page, address, "U0ANN", "C0GENERAL")
    await type_(page, "/request-access payroll because the month ends")
    await reads(page, "Asked for Payroll")

    await be(page, address, "U0BO", "app")
    await reads(page, "the month ends")
    await page.get_by_test_id("action-latchkey_approve").last.click()
    await reads(page, "Please connect your Microsoft account")
    await page.screenshot(path=str(pictures / "entra-decides-connect.png"))
    await connect(page, address, "U0BO", "bo@contoso.example")
    await be(page, address, "U0BO", "app")
    await page.get_by_test_id("action-latchkey_approve").last.click()
    await be(page, address, "U0ANN", "app")
    await reads(page, "You now have access to Payroll")
    await expect(page.get_by_test_id("tenant-request").first).to_contain_text(
        "Ann Abara asks for Payroll"
    )

    await connect(page, address, "U0CY", "cy@contoso.example")
    await be(page, address, "U0CY", "C0GENERAL")
    await type_(page, "/request-access payroll because I plan shifts")
    await be(page, address, "U0BO", "app")
    await reads(page, "I plan shifts")
    await enter_my_access(page, "bo@contoso.example")
    waiting = page.get_by_test_id("approvals").locator("article")
    await expect(waiting).to_contain_text("Cy Chen asks for Payroll")
    await page.screenshot(path=str(pictures / "my-access.png"))
    await waiting.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("status")).to_have_text("You have approved it.")
    await page.get_by_role("link", name="Back to the sandbox").click()
    await be(page, address, "U0CY", "app")
    # Entra is asked every half minute what has become of what waits there.
    await expect(page.get_by_test_id("messages")).to_contain_text("You now have access to Payroll")

    await be(page, address, "U0CY", "C0GENERAL")
    await type_(page, "/my-access disconnect")
    await reads(page, "Your Microsoft account is disconnected")
    await page.screenshot(path=str(pictures / "disconnect.png"))


async def test_a_stolen_slack_session_approves_nothing(page, address, pictures):
    """Whoever has Bo's Slack, and no password of his, is told so, and Cy has nothing."""
    await approve_by_sign_in(page, address, ticket="OPS-18")
    await sign_in(page, "ann@contoso.example")
    code = await page.locator("#code").inner_text()
    await page.locator("input[name=code]").fill(code)
    await page.get_by_role("button", name="Verify").click()
    await expect(page.get_by_role("heading")).not_to_have_text("Your approval is saved")
    await page.screenshot(path=str(pictures / "stolen-session.png"))
    await expect(page.get_by_role("main")).to_contain_text("Nothing")
    await be(page, address, "U0BO", "app")
    await expect(page.get_by_test_id("action-latchkey_approve").last).to_be_visible()
