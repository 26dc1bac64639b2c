"""Draw what people are asked and told: cards, forms, a reminder, the digest, and the stand-in's sign-in."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from sandbox.run import sandbox
from tests.browser.pictures.drawing import (
    WIDE,
    ask,
    drawn,
    keep,
    message_with,
    messages,
    type_,
)

__all__ = ["drawn"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRODUCTION = "C0PRODUCTION"
# The digest is longer than a window.
TALL = {"width": 1440, "height": 1700}
# The digest comes on a Monday.
MOST_DAYS = 8
COMPARED_MS = 180_000


async def test_a_card_that_several_decide(
    browser: Any, tmp_path: Path, certificate: Any, drawn: Path
) -> None:
    """Mia has approved the first step; Bo has asked, Ann has answered, and he is one of two who must approve the second."""
    page = await browser.new_page(viewport=WIDE)
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access production-database because INC-42, orders are not saved",
            "you may have",
        )
        shown = await messages(page, address, "U0MIA", "app", "asks for Production Database")
        await shown.get_by_test_id("action-latchkey_approve").last.click()
        await expect(shown).to_contain_text("Approved by")
        await messages(page, address, "U0BO", "app", "asks for Production Database")
        await page.get_by_test_id("action-latchkey_ask_question").last.click()
        await page.get_by_test_id("input-text").fill("Which tables do you have to read?")
        await page.get_by_test_id("modal-submit").click()
        await expect(page.get_by_test_id("modal")).to_contain_text("Your question is saved")
        await page.get_by_test_id("modal-close").click()
        await messages(page, address, "U0ANN", "app", "Which tables do you have to read?")
        await page.get_by_test_id("action-latchkey_answer_question").last.click()
        await page.get_by_test_id("input-text").fill("Orders and payments, to find what is missing")
        await page.get_by_test_id("modal-submit").click()
        await messages(page, address, "U0BO", "app", "Orders and payments")
        await page.get_by_test_id("action-latchkey_approve").last.click()
        await page.get_by_test_id("input-reason").fill("The incident is known")
        await page.get_by_test_id("modal-submit").click()
        shown = await messages(page, address, "U0DANA", PRODUCTION, "1 of 2 approvals")
        card = message_with(shown, "asks for Production Database")
        await keep(card, "approval-card", drawn, height=900)
    await page.close()


async def test_the_form_that_people_ask_with(
    browser: Any, tmp_path: Path, certificate: Any, drawn: Path
) -> None:
    """What the package gives and who approves, before anybody has asked; with the box for an emergency."""
    page = await browser.new_page(viewport=WIDE)
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        await page.goto(f"{address}/?as=U0CY&in=C0GENERAL")
        await type_(page, "/request-access")
        await page.get_by_test_id("input-latchkey_package").fill("finance")
        await page.get_by_role("option", name=re.compile("Finance Reports")).first.click()
        form = page.get_by_test_id("modal")
        await expect(form).to_contain_text("Bo Berg approves")
        await expect(form).to_contain_text("This is an emergency")
        await keep(form.locator("> *").first, "request-form", drawn, height=900)
    await page.close()


async def test_what_a_check_for_drift_finds(
    browser: Any, tmp_path: Path, certificate: Any, drawn: Path
) -> None:
    """Somebody has given Cy a package in Entra, and put Mia into its group."""
    page = await browser.new_page(viewport=WIDE)
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        await page.goto(f"{address}/?as=U0DANA&in=C0APPROVALS")
        await page.get_by_test_id("fault-drift").click()
        await page.get_by_test_id("clock-1").click()
        shown = page.get_by_test_id("messages")
        # A bot that has just begun does not compare at once.
        await expect(shown).to_contain_text("I know of no request for it", timeout=COMPARED_MS)
        await expect(shown).to_contain_text("no access package that gives it")
        await keep(shown, "drift-card", drawn, height=290, from_below=True)
    await page.close()


async def test_a_reminder_and_the_digest(
    browser: Any, tmp_path: Path, certificate: Any, drawn: Path
) -> None:
    """Ann's access ends soon; Bo owns the packages, and reads on Monday who has what."""
    page = await browser.new_page(viewport=TALL)
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        for person in ("U0ANN", "U0CY"):
            await ask(page, address, person, "/request-access marketing-campaign", "you may have")
            await messages(page, address, person, "app", "You now have access")
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access finance-reports for the audit of the third quarter",
            "Bo Berg approves",
        )
        shown = await messages(page, address, "U0BO", "app", "asks for Finance Reports")
        await shown.get_by_test_id("action-latchkey_approve").last.click()
        await messages(page, address, "U0ANN", "app", "You now have access to Finance Reports")
        shown = await messages(page, address, "U0BO", "app", "Approved by")
        for _day in range(MOST_DAYS):
            if await shown.get_by_text("Access digest").count():
                break
            before = await page.get_by_test_id("clock").inner_text()
            await page.get_by_test_id("clock-1").click()
            await expect(page.get_by_test_id("clock")).not_to_have_text(before)
            await page.wait_for_timeout(2_000)
        await page.get_by_label("Dismiss this hint").click()
        digest = message_with(shown, "Access digest")
        await expect(digest).to_contain_text("Who has what")
        await keep(digest, "digest", drawn, height=1_400)
        await page.goto(f"{address}/?as=U0ANN&in=app")
        await page.get_by_test_id("clock-reminder").click()
        reminder = message_with(page.get_by_test_id("messages"), re.compile("Extend to"))
        await expect(reminder).to_be_visible()
        await keep(reminder, "reminder", drawn, height=400)
    await page.close()


async def test_the_stand_in_for_microsofts_sign_in(
    browser: Any, tmp_path: Path, certificate: Any, drawn: Path
) -> None:
    """The page on which the password is asked for."""
    page = await browser.new_page(viewport=WIDE)
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        await ask(page, address, "U0BO", "/my-access connect", "Sign in to Microsoft")
        await page.get_by_test_id("link-latchkey_sign_in").last.click()
        await page.get_by_role("button", name="Go on to Microsoft").click()
        await page.wait_for_url(re.compile("/oauth2/v2.0/authorize"))
        await expect(page.locator("input[type=password]")).to_be_visible()
        await keep(page.locator("body"), "sign-in", drawn, height=600)
    await page.close()
