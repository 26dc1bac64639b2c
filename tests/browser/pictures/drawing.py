"""What every picture is drawn with; `make pictures` puts them all into docs/pictures."""

import io
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image
from playwright.async_api import FloatRect, Locator, Page, expect

ROOT: Final = Path(__file__).parents[3]
# Of one picture: the documents are read without a fast network, too.
LARGEST: Final = 200_000
# Narrow enough for a page of text, and without the panels at the sides.
WIDE: Final = {"width": 1440, "height": 1000}


@pytest.fixture(scope="module")
def drawn() -> Path:
    """Return where they are drawn."""
    folder = ROOT / "build" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def keep(
    shown: Locator, name: str, drawn: Path, *, height: int, from_below: bool = False
) -> None:
    """Draw what is shown; of what is long, the upper part, or the lower one."""
    box = await shown.bounding_box()
    assert box is not None
    high = min(box["height"], height)
    clip = FloatRect(
        x=box["x"],
        y=box["y"] + (box["height"] - high if from_below else 0),
        width=box["width"],
        height=high,
    )
    picture = await shown.page.screenshot(clip=clip, animations="disabled")
    file = drawn / f"{name}.png"
    # Few colors are enough for letters and buttons, and a third of the bytes.
    with Image.open(io.BytesIO(picture)) as whole:
        whole.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    size = file.stat().st_size
    assert size <= LARGEST, f"{name} has {size:,} bytes"


async def type_(page: Page, text: str) -> None:
    """Send what somebody types."""
    await page.get_by_test_id("composer").fill(text)
    # Closes the list of commands.
    await page.get_by_test_id("composer").press("Escape")
    await page.get_by_test_id("composer").press("Enter")


async def ask(page: Page, address: str, person: str, text: str, says: str) -> None:
    """Type a command as somebody, and wait for its answer."""
    await page.goto(f"{address}/?as={person}&in=C0GENERAL")
    await type_(page, text)
    await expect(page.get_by_test_id("messages")).to_contain_text(says)


async def home(page: Page, address: str, person: str, says: str) -> Locator:
    """Return somebody's Home when it says something."""
    await page.goto(f"{address}/?as={person}&in=home")
    shown = page.get_by_test_id("home")
    await expect(shown).to_contain_text(says)
    return shown


async def messages(page: Page, address: str, person: str, room: str, says: str) -> Locator:
    """Return what stands in a channel, or in the direct messages ("app"), when it says something."""
    await page.goto(f"{address}/?as={person}&in={room}")
    shown = page.get_by_test_id("messages")
    await expect(shown).to_contain_text(says)
    return shown


def message_with(shown: Locator, words: Any) -> Locator:
    """Return the last message that says something."""
    return shown.get_by_test_id("message").filter(has_text=words).last
