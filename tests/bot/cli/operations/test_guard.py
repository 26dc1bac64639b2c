"""`latchkey pause`, `resume` and `audit`: for bad days and for auditors."""

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot.__main__ import main
from bot.database import flags, open_store
from bot.database.schema import migrate
from bot.database.tables import audit as audit_table
from bot.requests.model import State
from bot.requests.store import requests
from tests.bot.samples import wish

KEY = "kept outside the database"


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A bot's database, named by the environment; nothing else is set."""
    path = tmp_path / "latchkey.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LATCHKEY_AUDIT_KEY", KEY)
    return path


@pytest.fixture
def store(file):
    """The same database, as the bot has it open."""
    opened = open_store(f"sqlite+pysqlite:///{file}", audit_key=KEY.encode())
    migrate.upgrade(opened)
    yield opened
    opened.close()


def latchkey(*words):
    return CliRunner().invoke(main, list(words))


def busy(store, why="because"):
    """Something that leaves two rows."""
    request = store.run_here(requests.add, wish(justification=why))
    store.run_here(requests.move, request, State.CANCELED, actor="U0ANN")


def test_a_pause_holds_until_it_is_resumed(store):
    """Its reason is there for every replica."""
    assert latchkey("pause", "--reason", "drill").exit_code == 0
    assert store.run_here(flags.pause_reason) == "drill"
    assert latchkey("resume").exit_code == 0
    assert store.run_here(flags.pause_reason) is None


def test_a_pause_needs_a_reason(store):
    """Whoever looks at /readyz wants to know."""
    assert latchkey("pause").exit_code == 2


def test_a_whole_log_is_verified(store):
    """Its anchor is printed, and is good the next time."""
    busy(store)
    result = latchkey("audit", "verify")
    anchor = result.output.rpartition(" ")[2].strip()

    assert (result.exit_code, result.output[:12]) == (0, "2 rows hold.")
    assert latchkey("audit", "verify", "--anchor", anchor).exit_code == 0


def test_an_altered_log_is_a_failure(store):
    """Exit code 1, and the row."""
    busy(store)
    with store.engine.begin() as db:
        db.execute(sa.text("DROP TRIGGER audit_no_update"))
        db.execute(audit_table.update().where(audit_table.c.position == 2).values(actor="U0CY"))
    result = latchkey("audit", "verify")

    assert result.exit_code == 1
    assert "row 2 was altered" in result.stderr


def test_an_empty_log_proves_nothing(store):
    """No green light for nothing."""
    result = latchkey("audit", "verify")
    assert result.exit_code == 1
    assert "nothing to prove" in result.stderr


@pytest.mark.parametrize("words", [("audit", "verify"), ("audit", "export"), ("resume",)])
def test_no_database_is_made_by_looking_for_one(file, words):
    """Run from the wrong folder, it says so."""
    result = latchkey(*words)

    assert result.exit_code == 1
    assert "There is no database at" in result.stderr
    assert not file.exists()


def test_what_is_no_anchor_is_said_to_be_none(store):
    """Not a traceback."""
    result = latchkey("audit", "verify", "--anchor", "yesterday")
    assert result.exit_code == 1
    assert "POSITION:HASH" in result.stderr


def test_the_log_is_written_out_a_line_a_row(store):
    """As JSON objects, oldest first."""
    busy(store)
    rows = [json.loads(line) for line in latchkey("audit", "export").output.splitlines()]

    assert [row["after"] for row in rows] == ["received", "canceled"]


def test_a_spreadsheet_runs_nothing_of_it(store):
    """What begins like a formula is made harmless."""
    busy(store, why="=1+1")
    assert "'=1+1" in latchkey("audit", "export", "--csv").output
