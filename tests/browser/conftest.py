"""A real browser on the real sandbox."""

import shutil
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from sandbox.run import sandbox
from tests.needed import skip_unless_needed

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
# As root, in a closed network, without a graphics card.
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu", "--no-first-run"]
PATIENCE_MS = 20_000


@pytest.fixture
async def browser(pytestconfig):
    """Chromium; where there is none, the test is skipped, unless it must run."""
    if CHROMIUM is None:
        skip_unless_needed(pytestconfig, "BROWSER", "Chromium is not installed")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        await chromium.close()


@pytest.fixture
async def address(tmp_path, certificate):
    """The sandbox, with everything in it, at an address of its own."""
    async with sandbox(tmp_path, certificate=certificate) as (_, address):
        yield address


@pytest.fixture(scope="session")
def pictures():
    """Where screenshots are kept as artifacts of the build."""
    folder = Path(__file__).parents[2] / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
