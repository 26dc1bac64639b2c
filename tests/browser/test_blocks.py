"""The larger parts of Block Kit in a real browser: in light, in dark, and on a phone."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import LOOKS
from tests.sandbox.slack.blocks import ask, button, buttons, modal, option, plain, section
from tests.sandbox.slack.newer_blocks import (
    alert,
    card,
    chart,
    container,
    data_table,
    mrkdwn,
    pie,
    press,
    table,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEOPLE = ["Ann Abara", "Bo Berg", "Cy Chen", "Dana Diaz", "Mia Moreau"]
PACKAGES = ["Finance Reports", "Marketing Campaign", "Build Servers"]
HOLDINGS = [
    [PEOPLE[n % 5], PACKAGES[n % 3], (n * 7) % 30, press(f"remove_{n}", value=str(n))]
    for n in range(12)
]
TABLE = data_table(["Person", "Package", "Days left", "Action"], *HOLDINGS, page_size=5)


async def fits(page):
    """Check that nothing sticks out sideways."""
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]


async def test_everything_fits(stage, pictures):
    """Tables, charts, cards and containers, in light, in dark and on a phone; the pictures are kept."""
    await stage.post(section("*Assignments*: 12 of 3 packages"), TABLE)
    await stage.post(
        pie(41, 23, 12, 9, title="Assignments by package"),
        chart(
            categories=["Mon", "Tue", "Wed", "Thu", "Fri"],
            title="Decisions this week",
            Approved=(12, 19, 8, 22, 15),
            Denied=(2, 0, 3, 1, 4),
        ),
    )
    await stage.post(
        card(
            title=mrkdwn("*Finance Reports*"),
            subtitle=mrkdwn("30 days · Bo Berg decides"),
            body=mrkdwn("Read the ledger and the closing reports."),
            actions=[{**button("ask", label="Request access"), "style": "primary"}],
        ),
        container(
            section("*Ann Abara* · until 4 Jan"),
            buttons(button("extend", label="Extend")),
            is_collapsible=True,
            has_header_divider=True,
        ),
        table(["Rule", "Days"], ["Everyone", 30]),
        chart(
            "line",
            categories=[f"{day} Nov" for day in (1, 8, 15, 22)],
            title="Median time to decide",
            Finance=(5.5, 4, 3.2, 2.5),
        ),
    )
    for look in LOOKS:
        page = await stage.window("U0BO", "C0APPROVALS", look=look)
        await expect(page.locator(".chart")).to_have_count(3)
        await fits(page)
        await page.screenshot(path=pictures / f"blocks-{look}.png")
        await page.locator(".data-table").scroll_into_view_if_needed()
        await page.screenshot(path=pictures / f"table-{look}.png")


async def shown_rows(page):
    """The first cells of the rows that a table shows."""
    return await page.locator(".data-table tbody tr:visible th").all_inner_texts()


async def test_a_table_is_sorted_searched_and_paged(stage):
    """In the browser alone; a redraw of the page leaves it as it was."""
    await stage.post(TABLE)
    page = await stage.window("U0BO", "C0APPROVALS")
    assert await shown_rows(page) == PEOPLE
    await page.get_by_test_id("table-next").click()
    await expect(page.get_by_test_id("table-range")).to_have_text("6–10 of 12")
    await page.get_by_test_id("sort-2").click()
    days = page.locator(".data-table tbody tr:visible td.number")
    assert await days.all_inner_texts() == ["0", "3", "5", "7", "10"]
    await page.get_by_test_id("table-filter").fill("finance")
    await expect(page.get_by_test_id("table-range")).to_have_text("1–4 of 4 (filtered from 12)")
    heard_nothing = not stage.sandbox.bot.received
    await stage.post(section("Something else"))
    await expect(page.get_by_text("Something else")).to_be_visible()
    assert len(await shown_rows(page)) == 4
    assert heard_nothing

    await page.get_by_test_id("action-remove_9").click()
    await expect(page.get_by_test_id("action-remove_9")).to_be_enabled()
    heard = await stage.hears("block_actions")
    assert heard["actions"][0]["value"] == "9"


PICK = {
    "type": "external_select",
    "action_id": "package",
    "min_query_length": 0,
    "placeholder": plain("Find a package"),
}
MANY = {**PICK, "type": "multi_external_select", "action_id": "more", "max_selected_items": 2}
START = {"type": "datepicker", "action_id": "start"}


def field(block_id, label, element, **more):
    """Return an input block."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        **more,
    }


FORM = modal(
    alert("Somebody else decides about two of these.", level="info"),
    field("package", "Package", PICK),
    field("more", "And also", MANY, optional=True),
    ask(),
    field("start", "Start", START, optional=True),
)


async def test_a_form_is_filled_in_by_keyboard(stage, pictures):
    """Typing asks the app, arrows and Enter choose, Escape closes the list and not the form."""
    group = {"label": plain("Finance"), "options": [option("ledger"), option("payroll")]}
    await stage.open("U0BO", FORM)
    page = await stage.window("U0BO", "C0APPROVALS")
    stage.sandbox.bot.answer = {"option_groups": [group]}
    package = page.get_by_test_id("input-package")
    await package.click()
    await expect(page.get_by_test_id("option-ledger")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("modal")).to_be_visible()
    await package.fill("pay")
    await expect(page.get_by_test_id("option-payroll")).to_be_visible()
    heard = await stage.hears("block_suggestion")
    assert heard["value"] == "pay"
    await page.keyboard.press("ArrowDown")
    await page.screenshot(path=pictures / "form-light.png")
    await page.keyboard.press("Enter")
    await expect(package).to_have_value("Payroll")

    more = page.get_by_test_id("input-more")
    for name in ("ledger", "payroll"):
        await more.click()
        await page.get_by_test_id(f"option-{name}").click()
    await expect(page.locator(".chip")).to_have_text(["Ledger", "Payroll"])
    await more.press("Backspace")
    await expect(page.locator(".chip")).to_have_text(["Ledger"])
    await page.get_by_test_id("input-text").fill("I close the quarter")
    await page.get_by_test_id("input-start").fill("2026-12-01")
    await fits(page)

    stage.sandbox.bot.answer = None
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    heard = await stage.hears("view_submission")
    values = heard["view"]["state"]["values"]
    assert values["package"]["package"]["selected_option"]["value"] == "payroll"
    assert [each["value"] for each in values["more"]["more"]["selected_options"]] == ["ledger"]
    assert values["start"]["start"]["selected_date"] == "2026-12-01"


async def test_a_form_fits_a_phone(stage, pictures):
    """And the list of a menu lies within the screen."""
    stage.sandbox.bot.answer = {"options": [option("ledger"), option("payroll")]}
    await stage.open("U0BO", FORM)
    page = await stage.window("U0BO", "C0APPROVALS", look="phone")
    await page.get_by_test_id("input-package").click()
    offered = page.get_by_test_id("option-payroll")
    await expect(offered).to_be_visible()
    box = await offered.bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= page.viewport_size["width"]
    await fits(page)
    await page.screenshot(path=pictures / "menu-phone.png")


async def test_a_menu_says_why_it_is_empty(stage):
    """Too few letters, nothing found, or no answer of the app."""
    await stage.post(buttons({**PICK, "min_query_length": 2}))
    page = await stage.window("U0BO", "C0APPROVALS")
    menu = page.get_by_test_id("action-package")
    await menu.click()
    await expect(page.get_by_text("Type 2 or more characters to search")).to_be_visible()
    stage.sandbox.bot.answer = {"options": []}
    await menu.fill("zz")
    await expect(page.get_by_text("Nothing found")).to_be_visible()
    stage.sandbox.bot.answer, stage.sandbox.bot.status = None, 500
    await menu.fill("zzz")
    await expect(page.get_by_text("No options came: dispatch_failed.")).to_be_visible()


LEVELS = ["default", "info", "success", "warning", "error"]


async def test_alerts_and_counts_are_readable(stage):
    """Text and background differ by 4.5 to 1, in the dark as well."""
    await stage.post(section("Unread"), channel="U0CY")
    await stage.open("U0BO", modal(*[alert("Take care", level=each) for each in LEVELS]))
    for look in ("light", "dark"):
        page = await stage.window("U0BO", "C0APPROVALS", look=look)
        await expect(page.locator(".alert")).to_have_count(len(LEVELS))
        for selector in (".badge", *(f".alert-{level} .text" for level in LEVELS)):
            assert await page.evaluate(CONTRAST, selector) >= 4.5, (look, selector)


CONTRAST = """(selector) => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((each) => {
      const share = each / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const text = document.querySelector(selector);
  let back = text;
  while (back && /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(back).backgroundColor)) back = back.parentElement;
  // Where nothing is painted a browser shows white.
  const behind = back ? getComputedStyle(back).backgroundColor : "rgb(255, 255, 255)";
  const [a, b] = [getComputedStyle(text).color, behind].map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
