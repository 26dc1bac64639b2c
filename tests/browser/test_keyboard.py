"""The conversation's main paths by keyboard alone, on the real sandbox: nothing is clicked, and the focus is always to be seen."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import go
from tests.browser.test_paths import Windows, action, tab_to, windows
from tests.sandbox.slack.blocks import ask, modal, section

__all__ = ["windows"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = timedelta(days=1)


async def type_command(page: Page, text: str) -> None:
    """Type into the composer, close what it suggests, and send it."""
    await tab_to(page, "composer")
    await page.keyboard.type(text)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")


async def enter(page: Page, name: str) -> None:
    """Go to a button, and press it."""
    await tab_to(page, name)
    await page.keyboard.press("Enter")


async def write(page: Page, name: str, text: str) -> None:
    """Go to a field, and type."""
    await tab_to(page, name)
    await page.keyboard.type(text)


async def write_moment(page: Page, moment: datetime) -> None:
    """Go to the field of a moment, and type it part by part, as people do in Chromium's English."""
    await tab_to(page, "input-until")
    await page.keyboard.type(f"{moment:%m%d%Y}")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.type(f"{moment:%I%M%p}")


async def asked(windows: Windows, person: str, why: str) -> Page:
    """Somebody asks for what Bo approves."""
    page = await windows.open(person, "C0GENERAL")
    await type_command(page, f"/request-access finance-reports because {why}")
    await expect(page.get_by_test_id("messages")).to_contain_text(
        "whether you may have Finance Reports"
    )
    return page


async def test_denying_with_a_reason(windows):
    """From the card in the direct messages; the form takes the focus, and whoever asked reads the reason."""
    cy = await asked(windows, "U0CY", "I am curious")
    bo = await windows.open("U0BO", "app")
    await expect(action(bo, "deny")).to_be_visible()

    await enter(bo, "action-latchkey_deny")
    await expect(bo.get_by_test_id("modal")).to_contain_text("Deny this request")
    await write(bo, "input-reason", "Please ask your controller first")
    await enter(bo, "modal-submit")

    await expect(bo.get_by_test_id("modal")).to_have_count(0)
    await expect(bo.get_by_test_id("messages")).to_contain_text("Denied by")
    await go(cy, windows.address, "U0CY", "app")
    await expect(cy.get_by_test_id("messages")).to_contain_text("Please ask your controller first")


async def test_approving_for_less(windows):
    """The moment is typed; whoever asked reads it instead of the other."""
    ann = await asked(windows, "U0ANN", "I close the quarter")
    bo = await windows.open("U0BO", "app")
    await expect(action(bo, "approve_for_less")).to_be_visible()

    await enter(bo, "action-latchkey_approve_for_less")
    await expect(bo.get_by_test_id("modal")).to_contain_text("Approve for less")
    await write_moment(bo, datetime.now(UTC) + 5 * DAY)
    await enter(bo, "modal-submit")

    await expect(bo.get_by_test_id("modal")).to_have_count(0)
    await go(ann, windows.address, "U0ANN", "app")
    await expect(ann.get_by_test_id("messages")).to_contain_text("instead of")


async def test_asking_a_question_from_the_card(windows):
    """And answering it from the direct message that brings it."""
    cy = await asked(windows, "U0CY", "of the audit")
    bo = await windows.open("U0BO", "app")
    await expect(action(bo, "ask_question")).to_be_visible()

    await enter(bo, "action-latchkey_ask_question")
    await write(bo, "input-text", "Which of the reports?")
    await enter(bo, "modal-submit")
    await expect(bo.get_by_test_id("modal")).to_contain_text("Your question is saved")
    await bo.keyboard.press("Escape")
    await expect(bo.get_by_test_id("modal")).to_have_count(0)

    await go(cy, windows.address, "U0CY", "app")
    await expect(cy.get_by_test_id("messages")).to_contain_text("Which of the reports?")
    await enter(cy, "action-latchkey_answer_question")
    await write(cy, "input-text", "Those of the third quarter")
    await enter(cy, "modal-submit")
    await expect(cy.get_by_test_id("modal")).to_contain_text("Your answer is saved")
    await expect(bo.get_by_test_id("messages")).to_contain_text("Those of the third quarter")


async def test_extending_and_returning(windows):
    """From the reminder, which the clock brings; the question whether one means it takes the focus, too."""
    ann = await windows.open("U0ANN", "C0GENERAL")
    await type_command(ann, "/request-access marketing-campaign")
    await go(ann, windows.address, "U0ANN", "app")
    messages = ann.get_by_test_id("messages")
    await expect(messages).to_contain_text("You now have access to Marketing Campaign")
    await expect(ann.get_by_test_id("clock-reminder")).to_be_enabled()
    await enter(ann, "clock-reminder")
    await expect(action(ann, "extend")).to_be_visible()

    await enter(ann, "action-latchkey_extend")
    await expect(messages).to_contain_text("Your access to Marketing Campaign now lasts until")

    await go(ann, windows.address, "U0ANN", "home")
    await expect(action(ann, "return")).to_be_visible()
    await enter(ann, "action-latchkey_return")
    await expect(ann.get_by_test_id("confirm")).to_contain_text("Return it?")
    await enter(ann, "confirm-yes")
    await expect(action(ann, "return")).to_have_count(0)
    await go(ann, windows.address, "U0ANN", "app")
    await expect(messages).to_contain_text("you have returned Marketing Campaign")


async def test_the_console(windows):
    """Its tabs, its search, and a removal with a reason; then back to the composer."""
    ann = await windows.open("U0ANN", "C0GENERAL")
    await type_command(ann, "/request-access marketing-campaign")
    await go(ann, windows.address, "U0ANN", "app")
    await expect(ann.get_by_test_id("messages")).to_contain_text("You now have access")

    dana = await windows.open("U0DANA", "C0GENERAL")
    await type_command(dana, "/access-admin")
    console = dana.get_by_test_id("modal").first
    await expect(console).to_contain_text("Nothing waits for a decision")
    await enter(dana, "action-latchkey_console_assignments")
    await expect(console).to_contain_text("1 assignment")
    await write(dana, "input-latchkey_console_search", "Ann Abara")
    await dana.keyboard.press("Enter")
    await expect(console).to_contain_text("1 assignment for Ann Abara")

    await enter(dana, "action-latchkey_remove")
    form = dana.get_by_test_id("modal").last
    await expect(form).to_contain_text("Remove this access?")
    await write(dana, "input-reason", "The campaign is over")
    await enter(dana, "modal-submit")
    await expect(dana.get_by_test_id("modal")).to_have_count(1)
    await expect(console).to_contain_text("Removing @Ann Abara's access to Marketing Campaign")
    await expect(ann.get_by_test_id("messages")).to_contain_text("The campaign is over")
    await dana.keyboard.press("Escape")
    await expect(dana.get_by_test_id("modal")).to_have_count(0)


async def test_what_is_wrong_in_a_form_is_seen_and_leaves_the_focus_where_it_goes_next(stage):
    """Also below a long text; and a message that comes meanwhile does not take the focus back."""
    long = [section("\n".join(["Read this."] * 20)) for _ in range(2)]
    await stage.open("U0BO", modal(*long, ask("why"), *long, ask("who")))
    page = await stage.window("U0BO", "C0APPROVALS")
    await page.get_by_test_id("modal-submit").click()
    wrong, right = (page.locator(f'[data-block-id="{each}"]') for each in ("why", "who"))
    await expect(wrong.locator("textarea, input")).to_be_focused()
    await expect(wrong.get_by_role("alert")).to_be_in_viewport()

    await right.locator("textarea, input").focus()
    await stage.post(section("Meanwhile"))
    await expect(page.get_by_text("Meanwhile")).to_be_attached()
    await expect(right.locator("textarea, input")).to_be_focused()
