"""Draw the sandbox's page, answers, Homes and the console."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from sandbox.run import sandbox
from tests.browser.pictures.drawing import WIDE, ask, drawn, home, keep, type_

__all__ = ["drawn"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_the_tutorial_shows(
    browser: Any, tmp_path: Path, certificate: Any, drawn: Path
) -> None:
    """An answer to an ask, and the Home of an admin."""
    page = await browser.new_page(viewport=WIDE)
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        await ask(
            page,
            address,
            "U0CY",
            "/request-access production-database because the index is slow: INC-42",
            "you may have",
        )
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access marketing-campaign",
            "you may have",
        )
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access finance-reports for the audit of the third quarter",
            "Bo Berg approves",
        )
        await page.get_by_label("Dismiss this hint").click()
        await keep(page.get_by_test_id("messages"), "asking", drawn, height=300, from_below=True)
        shown = await home(page, address, "U0DANA", "Waits for others: 2")
        await keep(shown, "home-of-an-admin", drawn, height=760)
    await page.close()


async def test_what_each_of_them_sees(
    browser: Any, tmp_path: Path, certificate: Any, drawn: Path
) -> None:
    """Ann has asked, her manager has approved, Bo and Dana are to; the Home of each, and the console."""
    page = await browser.new_page(viewport=WIDE)
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access marketing-campaign",
            "you may have",
        )
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access production-database because INC-42, orders are not saved",
            "you may have",
        )
        await page.goto(f"{address}/?as=U0MIA&in=app")
        await page.get_by_test_id("messages").get_by_role("button", name="Approve").first.click()
        await expect(page.get_by_test_id("messages")).to_contain_text("Approved by")
        await ask(
            page,
            address,
            "U0CY",
            "/request-access finance-reports because I close the quarter",
            "Bo Berg approves",
        )
        for person, name, says in (
            ("U0ANN", "home-of-ann", "Return"),
            ("U0BO", "home-of-bo", "step 2 of 2"),
            ("U0DANA", "home-of-dana", "step 2 of 2"),
        ):
            shown = await home(page, address, person, says)
            await keep(shown, name, drawn, height=540)
        await page.goto(f"{address}/?as=U0DANA&in=C0GENERAL")
        await type_(page, "/access-admin")
        shown = page.get_by_test_id("modal")
        await expect(shown).to_contain_text("2 requests wait for a decision")
        await keep(shown, "console", drawn, height=600)
    await page.close()


async def test_the_whole_page(browser: Any, tmp_path: Path, certificate: Any, drawn: Path) -> None:
    """A card that asks Bo, beside the tenant and the clock: the picture of the README."""
    page = await browser.new_page(viewport={"width": 1440, "height": 1000})
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access marketing-campaign",
            "you may have",
        )
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access finance-reports for the audit of the third quarter",
            "Bo Berg approves",
        )
        await page.goto(f"{address}/?as=U0BO&in=app")
        await expect(page.get_by_test_id("messages")).to_contain_text("asks for Finance Reports")
        await expect(page.get_by_text("delivered").first).to_be_visible()
        await keep(page.locator("body"), "sandbox", drawn, height=1000)
    await page.close()


async def test_the_home_of_somebody_who_reads_german(
    browser: Any, tmp_path: Path, certificate: Any, drawn: Path
) -> None:
    """By the language of their own Slack."""
    page = await browser.new_page(viewport=WIDE)
    async with sandbox(tmp_path, certificate=certificate, language="de") as (_, address):
        await ask(
            page, address, "U0ANN", "/request-access marketing-campaign", "Marketing Campaign"
        )
        await home(page, address, "U0ANN", "Dein Zugriff")
        await expect(page.get_by_test_id("home")).to_contain_text("Zurückgeben")
        await ask(
            page,
            address,
            "U0CY",
            "/request-access finance-reports weil ich das Quartal abschließe",
            "Finance Reports",
        )
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access finance-reports because die Prüfung beginnt",
            "Finance Reports",
        )
        await expect(page.get_by_test_id("messages")).to_contain_text("Bo Berg")
        shown = await home(page, address, "U0ANN", "Deine Anfragen")
        await keep(shown, "home-in-german", drawn, height=640)
    await page.close()
