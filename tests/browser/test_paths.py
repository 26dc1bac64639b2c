"""The conversation's main paths on the real sandbox: by mouse in light, dark and on a phone, and by keyboard alone."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, expect

from sandbox.run import sandbox
from tests.browser.conftest import LOOKS, go

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOCUSED = """() => {
  const on = document.activeElement, style = getComputedStyle(on);
  const shows = style.outlineStyle !== "none" || style.boxShadow !== "none" || on.matches("textarea, dialog");
  const box = on.closest("label, .field, .composer, .chips, .lookup");
  return {
    id: on.dataset.testid || "",
    behind: on !== document.body && !on.closest("dialog"),
    shows: shows || Boolean(box && getComputedStyle(box).boxShadow !== "none"),
    said: on.getAttribute("aria-label") || on.innerText || on.getAttribute("placeholder") || on.labels?.[0]?.innerText || "",
  };
}"""


# Words that differ too little from what is behind them (WCAG 2.2, 1.4.3); what a picture or a gradient is behind is left out.
TOO_FAINT = """() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((each) => {
      const share = each / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const on of document.querySelectorAll("body *:not(svg *)")) {
    const has_words = [...on.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
    if (!has_words || !on.checkVisibility() || on.closest("[disabled]")) continue;
    let back = on;
    const is_clear = (each) => /rgba|transparent/.test(getComputedStyle(each).backgroundColor);
    while (back && is_clear(back) && getComputedStyle(back).backgroundImage === "none") back = back.parentElement;
    if (!back || getComputedStyle(back).backgroundImage !== "none") continue;
    const style = getComputedStyle(on);
    const [a, b] = [style.color, getComputedStyle(back).backgroundColor].map(light);
    const is_large = parseFloat(style.fontSize) >= 24;
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < (is_large ? 3 : 4.5)) found.push(`${on.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


class Windows:
    """Windows on one sandbox, each as somebody, in one of the looks."""

    def __init__(self, browser: Any, address: str) -> None:
        self._browser = browser
        self.address = address
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []
        self._looks: dict[str, Page] = {}

    async def open(self, person: str, place: str, *, look: str = "light") -> Page:
        context = await self._browser.new_context(**LOOKS[look])
        self._contexts.append(context)
        page: Page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await go(page, self.address, person, place)
        return page

    async def at(self, person: str, place: str, *, look: str) -> Page:
        """Return the window in this look, which goes from place to place."""
        if look not in self._looks:
            self._looks[look] = await self.open(person, place, look=look)
        page = self._looks[look]
        await go(page, self.address, person, place)
        return page

    async def leave(self) -> None:
        for context in self._contexts:
            await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def windows(browser: Any, tmp_path: Any, certificate: Any) -> AsyncIterator[Windows]:
    """One sandbox, and windows on it; no page may complain in its console."""
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        made = Windows(browser, address)
        yield made
        await made.leave()
    assert made.complaints == []


async def looked_at(
    windows: Windows,
    person: str,
    place: str,
    pictures: Any,
    name: str,
    *,
    looks: tuple[str, ...] = ("dark", "phone"),
) -> None:
    """Look at what stands there in dark and on a phone: nothing sticks out, every word is readable, and the pictures are kept."""
    for look in looks:
        page = await windows.at(person, place, look=look)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= LOOKS[look]["viewport"]["width"], (name, look)
        await page.screenshot(path=pictures / f"{name}-{look}.png", animations="disabled")
        assert await page.evaluate(TOO_FAINT) == [], (name, look)


def action(page: Page | Locator, name: str) -> Locator:
    return page.get_by_test_id(f"action-latchkey_{name}")


async def choose_package(page: Page, typed: str, name: str) -> None:
    """Search in the form's menu, and take what is called so."""
    menu = page.get_by_test_id("input-latchkey_package")
    await menu.fill(typed)
    await page.get_by_role("option", name=re.compile(name)).first.click()


async def send(page: Page) -> None:
    await page.get_by_test_id("modal-submit").last.click()


async def close_all(page: Page) -> None:
    while await page.get_by_test_id("modal").count():
        before = await page.get_by_test_id("modal").count()
        await page.get_by_test_id("modal-close").last.click()
        await expect(page.get_by_test_id("modal")).to_have_count(before - 1)


async def test_asking_questioning_and_approving_for_less(windows, pictures):
    """The form with its searching menu, Review from Home, a question, its answer from Home, and a shorter end."""
    cy = await windows.open("U0CY", "C0GENERAL")
    await cy.get_by_test_id("composer").fill("/request-access")
    await cy.get_by_test_id("composer").press("Escape")
    await cy.get_by_test_id("composer").press("Enter")
    await choose_package(cy, "finance", "Finance Reports")
    form = cy.get_by_test_id("modal")
    await expect(form).to_contain_text("Bo Berg approves")
    await cy.get_by_test_id("input-reason").fill("I close the quarter")
    await looked_at(windows, "U0CY", "C0GENERAL", pictures, "asking-form")
    await send(cy)
    await expect(form).to_contain_text("Asked for Finance Reports")
    await close_all(cy)

    bo = await windows.open("U0BO", "home")
    await expect(bo.get_by_test_id("home")).to_contain_text("Waiting for your decision")
    await action(bo, "review").first.click()
    await expect(bo.get_by_test_id("modal").last).to_contain_text("The package gives")
    await looked_at(windows, "U0BO", "home", pictures, "review", looks=("phone",))
    await action(bo.get_by_test_id("modal").last, "ask_question").click()
    await bo.get_by_test_id("input-text").fill("Which of the reports?")
    await send(bo)
    await expect(bo.get_by_test_id("modal").last).to_contain_text("Your question is saved")
    await close_all(bo)

    await go(cy, windows.address, "U0CY", "home")
    await expect(cy.get_by_test_id("home")).to_contain_text("Waiting for your answer")
    await expect(cy.get_by_test_id("home")).to_contain_text("Which of the reports?")
    await looked_at(windows, "U0CY", "home", pictures, "home-with-a-question")
    await action(cy, "answer_question").click()
    await cy.get_by_test_id("input-text").fill("Those of the third quarter")
    await send(cy)
    await expect(cy.get_by_test_id("modal")).to_contain_text("Your answer is saved")
    await close_all(cy)
    await expect(cy.get_by_test_id("home")).not_to_contain_text("Waiting for your answer")

    await action(bo, "review").first.click()
    card = bo.get_by_test_id("modal").last
    await expect(card).to_contain_text("Those of the third quarter")
    await action(card, "approve_for_less").click()
    await expect(bo.get_by_test_id("modal").last).to_contain_text("Approve for less")
    sooner = datetime.now(UTC) + timedelta(days=5)
    await bo.get_by_test_id("input-until").fill(f"{sooner:%Y-%m-%dT%H:%M}")
    await looked_at(windows, "U0BO", "home", pictures, "approve-for-less", looks=("dark",))
    await send(bo)
    await expect(bo.get_by_test_id("home")).not_to_contain_text("Waiting for your decision")
    await go(cy, windows.address, "U0CY", "app")
    await expect(cy.get_by_test_id("messages")).to_contain_text("You now have access")
    await expect(cy.get_by_test_id("messages")).to_contain_text("instead of")


async def test_a_message_becomes_the_reason_of_a_request(windows, pictures):
    """By the shortcut in the message's menu: with a mouse, and by keyboard alone."""
    cy = await windows.open("U0CY", "C0GENERAL")
    await cy.get_by_test_id("composer").fill("The ledger does not add up")
    await cy.get_by_test_id("composer").press("Enter")
    await expect(cy.get_by_test_id("message").last).to_contain_text("The ledger does not add up")
    ann = await windows.open("U0ANN", "C0GENERAL")
    await ann.get_by_test_id("message").last.hover()
    await ann.get_by_test_id("message-menu").last.click()
    await ann.get_by_test_id("shortcut-latchkey_request_message").last.click()
    await expect(ann.get_by_test_id("input-reason")).to_have_value(
        re.compile("The ledger does not add up")
    )
    await looked_at(windows, "U0ANN", "C0GENERAL", pictures, "message-shortcut", looks=("phone",))
    await ann.keyboard.press("Escape")
    await expect(ann.get_by_test_id("modal")).to_have_count(0)

    await tab_to(ann, "message-menu")
    await ann.keyboard.press("Enter")
    await tab_to(ann, "shortcut-latchkey_request_message")
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_test_id("input-reason")).to_have_value(
        re.compile("The ledger does not add up")
    )


async def focused(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(FOCUSED)
    return found


async def tab_to(page: Page, name: str, *, most: int = 90) -> None:
    """Go to what is called so by Tab alone; wherever the focus is on the way, it is to be seen and has a name."""
    for _ in range(most):
        found = await focused(page)
        if found["id"] == name:
            assert found["shows"], f"the focus is not to be seen on {name}"
            assert found["said"].strip(), f"{name} has no name"
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by Tab; the focus is on {await focused(page)}")


async def test_asking_and_deciding_by_keyboard_alone(windows):
    """Nothing is clicked: commands, the searching menu, the form, Review in Home, and back to where one was."""
    ann = await windows.open("U0ANN", "C0GENERAL")
    await tab_to(ann, "composer")
    await ann.keyboard.type("/request-access")
    await ann.keyboard.press("Escape")
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_test_id("modal")).to_be_visible()
    await tab_to(ann, "input-latchkey_package")
    await ann.keyboard.type("finance")
    await expect(ann.get_by_role("option").first).to_be_visible()
    await ann.keyboard.press("ArrowDown")
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_test_id("modal")).to_contain_text("Bo Berg approves")
    await tab_to(ann, "input-reason")
    await ann.keyboard.type("The audit goes on")
    await tab_to(ann, "modal-submit")
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_test_id("modal")).to_contain_text("Asked for Finance Reports")
    for _ in range(8):
        # While the form is open nothing behind it has the focus; past its end comes the browser's own frame.
        await ann.keyboard.press("Tab")
        assert not (await focused(ann))["behind"]
    await ann.keyboard.press("Escape")
    await expect(ann.get_by_test_id("modal")).to_have_count(0)
    assert (await focused(ann))["id"] == "composer"

    bo = await windows.open("U0BO", "home")
    await expect(action(bo, "review").first).to_be_visible()
    await tab_to(bo, "action-latchkey_review")
    await bo.keyboard.press("Enter")
    await expect(bo.get_by_test_id("modal")).to_contain_text("The audit goes on")
    await bo.keyboard.press("Escape")
    await expect(bo.get_by_test_id("modal")).to_have_count(0)
    assert (await focused(bo))["id"] == "action-latchkey_review"
    await bo.keyboard.press("Enter")
    await expect(bo.get_by_test_id("modal")).to_be_visible()
    await tab_to(bo, "action-latchkey_ask_question")
    await bo.keyboard.press("Enter")
    await expect(bo.get_by_test_id("input-text")).to_be_focused()
    await bo.keyboard.type("Which of the reports?")
    await tab_to(bo, "modal-submit")
    await bo.keyboard.press("Enter")
    await expect(bo.get_by_test_id("modal").last).to_contain_text("Your question is saved")

    await go(ann, windows.address, "U0ANN", "home")
    await expect(action(ann, "answer_question")).to_be_visible()
    await tab_to(ann, "action-latchkey_answer_question")
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_test_id("input-text")).to_be_focused()
    await ann.keyboard.type("Those of the third quarter")
    await tab_to(ann, "modal-submit")
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_test_id("modal")).to_contain_text("Your answer is saved")
    await ann.keyboard.press("Escape")
    await expect(ann.get_by_test_id("modal")).to_have_count(0)

    for left in (1, 0):
        await bo.keyboard.press("Escape")
        await expect(bo.get_by_test_id("modal")).to_have_count(left)
    await tab_to(bo, "action-latchkey_review")
    await bo.keyboard.press("Enter")
    await expect(bo.get_by_test_id("modal")).to_contain_text("Those of the third quarter")
    await tab_to(bo, "action-latchkey_approve")
    await bo.keyboard.press("Enter")
    await expect(bo.get_by_test_id("modal")).to_contain_text("Your decision is saved")
    await bo.keyboard.press("Escape")
    await expect(bo.get_by_test_id("home")).not_to_contain_text("Waiting for your decision")
