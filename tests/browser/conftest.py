"""A real browser on the real sandbox."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from bot.notifications.outbox import CALL_TIMEOUT, CLAIM_LEASE
from sandbox.clock import SandboxClock
from sandbox.run import sandbox
from sandbox.serving import serving
from sandbox.slack.model import Json
from tests.harness.world import eventually
from tests.needed import skip_unless_needed
from tests.sandbox.page.conftest import Sandbox, close, new_sandbox

# What Slack has not answered in time is tried again once its lease is over, and on a busy machine a stand-in is late as well.
PATIENCE = CLAIM_LEASE + CALL_TIMEOUT

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
# As root, in a closed network, without a graphics card.
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu", "--no-first-run"]


def pytest_itemcollected(item):
    """What hangs ends by playwright's own patience; a busy machine takes minutes for all that a test does."""
    item.add_marker(pytest.mark.timeout(0))


# A browser takes seconds to start: the tests of a module share it, and its event loop.
@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(pytestconfig):
    """Chromium; where there is none, the tests are skipped, unless they must run."""
    if CHROMIUM is None:
        skip_unless_needed(pytestconfig, "BROWSER", "Chromium is not installed")
    expect.set_options(timeout=PATIENCE.total_seconds() * 1_000)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def address(tmp_path, certificate):
    """The sandbox, with everything in it, at an address of its own."""
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        yield address


@pytest.fixture(scope="session")
def pictures():
    """Return where screenshots are kept as artifacts of the build."""
    folder = Path(__file__).parents[2] / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


LOOKS: dict[str, Json] = {
    "light": {"viewport": {"width": 1440, "height": 900}},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}


async def go(page: Page, address: str, person: str, place: str) -> None:
    """Go to a place as somebody, once what was pressed before is answered: a page that is left sends nothing any more."""
    await expect(page.locator(".htmx-request")).to_have_count(0)
    await page.goto(f"{address}/?as={person}&in={place}")
    await expect(page.get_by_test_id("app")).to_be_visible()


class Stage:
    """The page with a stand-in for the bot, which the test plays, and windows on it."""

    def __init__(self, sandbox: Sandbox, browser: Browser, address: str) -> None:
        self.sandbox = sandbox
        self.address = address
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    async def window(self, person: str, place: str, *, look: str = "light") -> Page:
        """Open a window as this person; the page must not complain in its console."""
        context = await self._browser.new_context(**LOOKS[look])
        self._contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await go(page, self.address, person, place)
        return page

    async def post(self, *blocks: Json, channel: str = "C0APPROVALS", **more: Any) -> str:
        """Post a message as the bot; return its timestamp."""
        posted = await self.sandbox.api(
            "chat.postMessage", channel=channel, text="x", blocks=list(blocks), **more
        )
        return str(posted["ts"])

    async def open(self, person: str, view: Json) -> None:
        """Open a form in front of this person."""
        trigger_id = self.sandbox.workspace.triggers.issue(user=person)
        await self.sandbox.api("views.open", trigger_id=trigger_id, view=view)

    async def leave(self) -> None:
        """Close all windows."""
        for context in self._contexts:
            await context.close()

    async def hears(self, kind: str) -> Json:
        """
        Return what the bot has heard last, once that is of this kind.

        The page shows a press at once, and the bot hears of it in its own time.
        """

        def last() -> Json | None:
            received = self.sandbox.bot.received
            return received[-1] if received and received[-1].get("type") == kind else None

        heard: Json = await eventually(last, seconds=PATIENCE.total_seconds(), about=kind)
        return heard


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser):
    """A page to try anything on that an app may send."""
    sandbox = new_sandbox(SandboxClock())
    async with serving(sandbox.app) as address:
        made = Stage(sandbox, browser, address)
        yield made
        sandbox.app.state.close()
        await made.leave()
    await close(sandbox)
    assert made.complaints == []
