"""The pictures of the tutorial are made here: `make pictures` puts them into docs/pictures."""

import io
import shutil
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import FloatRect, Locator, Page, expect

from bot.database import open_store
from sandbox.run import sandbox
from tests.bot.auditing.stories import KEY, a_quarter, latchkey
from tests.bot.moments import at

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
# Of one picture: the documents are read without a fast network, too.
LARGEST = 200_000
# Narrow enough for a page of text, and without the panels at the sides.
WIDE = {"width": 1440, "height": 1000}


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


async def ask(page: Page, address: str, person: str, text: str, says: str) -> None:
    await page.goto(f"{address}/?as={person}&in=C0GENERAL")
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("composer").press("Escape")
    await page.get_by_test_id("composer").press("Enter")
    await expect(page.get_by_test_id("messages")).to_contain_text(says)


async def home(page: Page, address: str, person: str, says: str) -> Locator:
    await page.goto(f"{address}/?as={person}&in=home")
    shown = page.get_by_test_id("home")
    await expect(shown).to_contain_text(says)
    return shown


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
            "whether you may have Production Database",
        )
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access marketing-campaign",
            "whether you may have Marketing",
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
            "whether you may have Marketing",
        )
        await ask(
            page,
            address,
            "U0ANN",
            "/request-access production-database because INC-42, orders are not saved",
            "whether you may have Production Database",
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
        await page.get_by_test_id("composer").fill("/access-admin")
        await page.get_by_test_id("composer").press("Escape")
        await page.get_by_test_id("composer").press("Enter")
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
            "whether you may have Marketing",
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


async def test_the_page_of_an_evidence_pack(
    browser: Any, tmp_path: Path, sqlite_template: Path, drawn: Path, monkeypatch: Any
) -> None:
    """Figures, charts with their numbers, and each request with what proves it."""
    file = shutil.copy(sqlite_template, tmp_path / "latchkey.db")
    with closing(open_store(f"sqlite+pysqlite:///{file}", audit_key=KEY.encode())) as store:
        a_quarter(store, datetime(2026, 1, 5, 9, tzinfo=UTC))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.setenv("LATCHKEY_AUDIT_KEY", KEY)
    monkeypatch.setenv("LATCHKEY_OPERATOR", "dana")
    with at(datetime(2026, 4, 1, 9, tzinfo=UTC)):
        made = latchkey("audit", "export", "--pack", tmp_path / "evidence.zip")
    assert made.exit_code == 0, made.output
    with zipfile.ZipFile(tmp_path / "evidence.zip") as pack:
        pack.extract("evidence.html", tmp_path)
    page = await browser.new_page(viewport={"width": 1200, "height": 1700})
    await page.goto((tmp_path / "evidence.html").as_uri())
    # Nothing is wider than the page, and no word of a state is cut in two.
    assert await page.evaluate(
        "[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)"
    )
    await keep(page.locator("body"), "evidence", drawn, height=1700)
    await page.close()
