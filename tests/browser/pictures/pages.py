"""Draw the pages that are made as files: the evidence pack's and the report's."""

import shutil
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.database import open_store
from bot.reports import page as report
from bot.reports.model import Period, ReportFigures, RequestOutcome
from tests.bot.auditing.stories import KEY, a_quarter, latchkey
from tests.bot.moments import at
from tests.bot.reports.made import AT, DAY, HOUR, access, finished, made, package
from tests.browser.pictures.drawing import drawn, keep

__all__ = ["drawn"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


def an_office() -> ReportFigures:
    """Two months, in which six packages are given more or less often; what was denied is every ninth request."""
    names = (
        *("Finance Reports", "Marketing Campaign", "Production Database", "Sales CRM"),
        *("Design Files", "Data Warehouse Readers for the whole of EMEA"),
    )
    current = [
        access(
            number,
            entra_id=f"person {number % 10}",
            package_id=names[number % 11 % 5],
            package_name=names[number % 11 % 5],
            starts_at=AT - (5 + number) * DAY,
            ends_at=AT + (3 + number) * DAY,
        )
        for number in range(34)
    ]
    outcomes = [RequestOutcome.GRANTED] * 8 + [RequestOutcome.DENIED]
    asked = [
        finished(
            number,
            waits=(1 + number * 7 % 30) * HOUR,
            package_id=names[number * 5 % 13 % 6],
            package_name=names[number * 5 % 13 % 6],
            outcome=outcomes[number % 9],
            ended_at=AT - DAY - (number * number % 54) * DAY,
        )
        for number in range(40)
    ]
    since = AT - 56 * DAY
    period = Period(since=since, until=AT)
    packages = [package(name) for name in names]
    return made(packages, current, asked, period=period, trend=period)


async def test_the_page_of_a_report(browser: Any, tmp_path: Path, drawn: Path) -> None:
    """Two months of a small office."""
    (tmp_path / "report.html").write_text(
        report.page(an_office(), about="all packages"), encoding="utf-8"
    )
    page = await browser.new_page(viewport={"width": 1180, "height": 1330})
    await page.goto((tmp_path / "report.html").as_uri())
    await keep(page.locator("body"), "report", drawn, height=1330)
    await page.close()
