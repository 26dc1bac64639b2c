"""Threads, days, files, shortcuts and a lost server, in a real browser."""

from datetime import timedelta
from itertools import pairwise

import pytest
from playwright.async_api import expect

from sandbox.serving import serving
from sandbox.slack import Shortcut
from tests.browser.conftest import LOOKS, go
from tests.harness.world import eventually
from tests.sandbox.page.test_menus import CSV, shared_file
from tests.sandbox.slack.blocks import button, buttons, section

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_question_is_answered_in_a_thread(stage, pictures):
    """Begun from the message's menu, gone on with below the message, seen by the others."""
    ts = await stage.post(
        section("*Cy Chen* asks for *Finance Reports*"), buttons(button("approve"))
    )
    bo = await stage.window("U0BO", "C0APPROVALS")
    await bo.get_by_test_id("message").hover()
    await bo.get_by_test_id("message-menu").click()
    await bo.get_by_test_id("reply").click()
    await expect(bo.get_by_test_id("replying")).to_contain_text("Replying to Latchkey")
    await bo.get_by_test_id("composer").fill("Why the payroll part?")
    await bo.get_by_test_id("composer").press("Enter")
    await expect(bo.get_by_test_id("reply-line")).to_contain_text("Why the payroll part?")
    await expect(bo.get_by_test_id("replying")).to_be_hidden()
    await expect(bo.get_by_test_id("message")).to_have_count(1)

    await stage.post(section("Because it is the *fourth* quarter."), thread_ts=ts)
    await expect(bo.get_by_test_id("thread-open")).to_contain_text("2 replies")
    await bo.get_by_test_id("reply-text").fill("Thank you")
    await bo.get_by_test_id("reply-text").press("Enter")
    await expect(bo.get_by_test_id("reply-line")).to_have_count(3)
    mia = await stage.window("U0MIA", "C0APPROVALS", look="phone")
    await mia.get_by_test_id("thread-open").click()
    await expect(mia.get_by_test_id("reply-line").last).to_contain_text("Thank you")
    await mia.screenshot(path=pictures / "thread-phone.png")


SCROLLED = """(box) => {
  const seen = [];
  for (let top = 0; top < box.scrollHeight; top += 35) {
    box.scrollTop = top;
    const names = [...box.querySelectorAll(".day-name span")].map((each) => each.getBoundingClientRect());
    seen.push(names.map((each) => [each.top, each.bottom]));
  }
  return seen;
}"""
"""Scrolls all the way down, and tells from where to where the name of each day reached meanwhile."""


async def test_names_of_days_do_not_overlap(stage, pictures):
    """Wherever one scrolls, after the clock was moved a few times."""
    for day in range(4):
        for number in range(6):
            await stage.post(section(f"Message {number} of day {day}"))
        stage.sandbox.clock.shift(timedelta(days=1 + day))
    for look in ("light", "phone"):
        page = await stage.window("U0BO", "C0APPROVALS", look=look)
        await expect(page.locator(".day")).to_have_count(4)
        for days in await page.locator(".messages").evaluate(SCROLLED):
            assert all(one[1] <= other[0] for one, other in pairwise(days))
        await page.screenshot(path=pictures / f"days-{look}.png")


async def test_a_file_is_saved(stage):
    """As it was uploaded, under its own name."""
    await shared_file(stage.sandbox)
    page = await stage.window("U0BO", "C0APPROVALS")
    async with page.expect_download() as saving:
        await page.get_by_test_id("download").click()
    saved = await saving.value
    assert saved.suggested_filename == "a b.csv"
    assert (await saved.path()).read_bytes() == CSV


async def test_shortcuts_are_run_from_their_menus(stage):
    """Beside the composer, and at a message."""
    stage.sandbox.workspace.shortcuts = {
        each.callback_id: each
        for each in (
            Shortcut(name="Ask", kind="global", callback_id="ask", description="Open a form"),
            Shortcut(name="Why?", kind="message", callback_id="why", description="Explain"),
        )
    }
    await stage.post(section("Hello"))
    page = await stage.window("U0BO", "C0APPROVALS")
    await page.get_by_test_id("shortcuts").click()
    async with page.expect_response("**/shortcut"):
        await page.get_by_test_id("shortcut-ask").click()
    await expect(page.get_by_test_id("shortcut-ask")).to_be_hidden()
    await stage.hears("shortcut")
    await page.get_by_test_id("message").hover()
    await page.get_by_test_id("message-menu").click()
    async with page.expect_response("**/shortcut"):
        await page.get_by_test_id("shortcut-why").click()
    await expect(page.get_by_test_id("shortcut-why")).to_be_hidden()
    await stage.hears("message_action")


async def test_a_lost_server_is_told_and_what_was_typed_comes_back(stage, browser):
    """On a phone as well, where the sidebar is out of sight."""
    async with serving(stage.sandbox.app) as address:
        context = await browser.new_context(**LOOKS["phone"])
        page = await context.new_page()
        await go(page, address, "U0BO", "C0APPROVALS")
        composer = page.get_by_test_id("composer")
        await composer.fill("/my-access")
        stage.sandbox.app.state.close()
    await expect(page.get_by_text("The sandbox does not answer.")).to_be_visible()
    await composer.press("Escape")
    await composer.press("Enter")
    await expect(page.get_by_text("That did not reach the sandbox.")).to_be_visible()
    await expect(composer).to_have_value("/my-access")


async def test_choosing_a_person_on_a_phone_shows_their_conversation(stage):
    """One looks at what one chose."""
    page = await stage.window("U0BO", "C0APPROVALS", look="phone")
    await page.get_by_role("button", name="People").click()
    await page.get_by_test_id("person-U0MIA").click()
    await expect(page.get_by_test_id("composer")).to_be_visible()
    await expect(page.locator(".acting")).to_contain_text("as Mia Moreau")


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
async def test_a_press_survives_that_its_message_is_drawn_anew_meanwhile(stage, by):
    """Between pressing down and letting go, a card often changes: the page waits, and shows it afterwards."""
    # Without an id of the app's own, a block has another one after each edit.
    anonymous = {"type": "actions", "elements": [button("approve", label="Approve")]}
    ts = await stage.post(anonymous)
    page = await stage.window("U0BO", "C0APPROVALS")
    approve = page.get_by_test_id("action-approve")
    await approve.hover()
    await approve.focus()
    await (page.mouse.down() if by == "mouse" else page.keyboard.down("Space"))
    async with page.expect_response("**/app?*"):
        await stage.sandbox.api(
            "chat.update",
            channel="C0APPROVALS",
            ts=ts,
            text="x",
            blocks=[section("Bo is asked"), anonymous],
        )
    await expect(page.get_by_text("Bo is asked")).to_be_hidden()
    await (page.mouse.up() if by == "mouse" else page.keyboard.up("Space"))

    assert (await stage.hears("block_actions"))["actions"][0]["action_id"] == "approve"
    await expect(page.get_by_text("Bo is asked")).to_be_visible()
    await expect(approve).to_be_focused()


async def test_each_of_many_fast_presses_counts(stage):
    """Also while the page still waits for the answer to the first."""
    page = await stage.window("U0ANN", "C0GENERAL")
    before = stage.sandbox.clock.now()
    await page.get_by_test_id("clock-hour").evaluate(
        "(button) => { for (let press = 0; press < 5; press++) button.click(); }"
    )

    def hours():
        return round((stage.sandbox.clock.now() - before) / timedelta(hours=1))

    await eventually(lambda: hours() == 5, about="five hours")


async def test_what_is_written_while_the_page_waits_for_an_answer_is_not_lost(stage):
    """Three messages sent at once arrive in their order, and the beginning of a fourth stays."""
    page = await stage.window("U0ANN", "C0GENERAL")
    composer = page.get_by_test_id("composer")
    async with page.expect_request("**/say"):
        await page.evaluate("""() => {
          const box = document.querySelector("[data-input]");
          for (const words of ["one", "two", "three"]) {
            box.value = words;
            box.form.requestSubmit();
          }
          box.value = "four, not s";
        }""")
    await expect(page.get_by_test_id("message")).to_contain_text(["one", "two", "three"])
    await expect(composer).to_have_value("four, not s")
