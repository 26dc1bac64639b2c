"""`latchkey report`: a page and a picture of the bot's own database."""

import re
import stat
from datetime import timedelta

import pytest
from click.testing import CliRunner

from bot import clock
from bot.__main__ import main
from bot.assignments.store import assignments
from bot.database import open_store
from bot.database.schema import migrate
from bot.packages.store import catalog
from bot.requests.model import State
from bot.requests.store import requests
from tests.bot.samples import held, offered, wish


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The bot's database, named by the environment; nothing else is set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'latchkey.db'}")
    opened = open_store(f"sqlite+pysqlite:///{tmp_path / 'latchkey.db'}")
    migrate.upgrade(opened)
    opened.run_here(fill)
    yield opened
    opened.close()


def fill(db):
    catalog.replace(
        db,
        [
            offered(
                id="campaign",
                slug="marketing-campaign",
                name="Marketing Campaign",
                catalog="Marketing",
            ),
            offered(
                id="reports", slug="finance-reports", name="Finance Reports", catalog="Finance"
            ),
        ],
    )
    ends = clock.now() + timedelta(days=10)
    for package, name in (("campaign", "Marketing Campaign"), ("reports", "Finance Reports")):
        access = held(id=package, package_id=package, package_name=name, ends_at=ends)
        assignments.save_live(db, access)
    request = requests.add(db, wish(justification="For Q4"))
    assert request is not None
    requests.move(db, request, State.REFUSED, why="You are a guest.")


def test_it_is_written_into_what_is_no_file(store):
    """A pipe or a device has no length to cut."""
    ran = latchkey("--html", "/dev/null")

    assert ran.exit_code == 0, ran.output


def latchkey(*words):
    return CliRunner().invoke(main, ["report", *words])


def test_a_page_and_a_picture_are_written(store, tmp_path):
    """For whoever made them, and nobody else on the machine."""
    done = latchkey("--html", "report.html", "--png", "report.png")
    assert done.exit_code == 0, done.output
    assert "You are a guest." in (tmp_path / "report.html").read_text("utf-8")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    for name in ("report.html", "report.png"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_file_that_was_there_is_for_nobody_else_any_more(store, tmp_path):
    """Whoever could read what was in it cannot read this, and nothing of it is left."""
    for name in ("report.html", "report.png"):
        (tmp_path / name).write_bytes(b"x" * 1_000_000)
        (tmp_path / name).chmod(0o644)
    assert latchkey("--html", "report.html", "--png", "report.png").exit_code == 0
    for name in ("report.html", "report.png"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert b"xxxx" not in (tmp_path / name).read_bytes()


@pytest.mark.parametrize("left", [1, 0])
def test_a_package_that_is_gone_is_in_the_report_of_all(store, tmp_path, left):
    """What was refused of it happened all the same, and who has it still has it until Entra says that this is over."""
    store.run_here(lambda db: catalog.replace(db, catalog.list_all(db)[:left]))
    assert latchkey("--html", "report.html").exit_code == 0
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "You are a guest." in text
    assert text.count("(no longer in Latchkey)") >= 2 - left
    assert re.search(r"Assignments</dt>\s*<dd>2<", text)


@pytest.mark.parametrize("said", ["Finance Reports", "reports"])
def test_a_package_that_is_gone_is_reported_alone(store, tmp_path, said):
    """By the name that it had, or by its id."""
    store.run_here(
        lambda db: catalog.replace(
            db, [each for each in catalog.list_all(db) if each.id != "reports"]
        )
    )
    assert latchkey("--html", "report.html", "--package", said).exit_code == 0
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "Finance Reports" in text
    assert "(no longer in Latchkey)" in text
    assert "Marketing Campaign" not in text


def test_what_the_settings_delete_is_said(store, tmp_path, monkeypatch):
    """As the settings have it now."""
    monkeypatch.setenv("LATCHKEY_KEEP_REQUESTS_DAYS", "60")
    monkeypatch.setenv("LATCHKEY_REMOVED_DAYS", "30")
    assert latchkey("--html", "report.html").exit_code == 0
    assert "they may be missing here" in (tmp_path / "report.html").read_text("utf-8")


def test_it_is_narrowed_to_a_catalog_or_a_package(store, tmp_path):
    """By name in any capitals, or by slug."""
    for words in (("--catalog", "finance"), ("--package", "finance-reports")):
        assert latchkey("--html", "report.html", *words).exit_code == 0
        text = (tmp_path / "report.html").read_text("utf-8")
        assert "Finance Reports" in text
        assert "Marketing Campaign" not in text


def test_an_unknown_package_is_said(store):
    """And nothing is written."""
    done = latchkey("--html", "report.html", "--package", "nothing")
    assert done.exit_code == 1
    assert "Latchkey knows no such package" in done.output


def test_it_must_be_said_where_to(store):
    """There is no file that one would expect."""
    assert latchkey().exit_code == 2


def test_a_file_that_cannot_be_written_is_said(store):
    """With the reason."""
    done = latchkey("--html", "missing/report.html")
    assert done.exit_code == 1
    assert "missing/report.html cannot be written: No such file or directory." in done.output
