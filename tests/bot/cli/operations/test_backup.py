"""`latchkey backup` and `restore`: no copy that is not whole, and no mixture of two databases."""

import contextlib
import os
import shutil
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import clock
from bot.__main__ import main
from bot.database import Unusable, open_store
from bot.database.audit_log import audit
from bot.database.connections import sqlite_file
from bot.errors import ConfigurationError
from bot.requests.store import requests
from tests.bot.samples import wish
from tests.harness.world import living

DATABASE = Path("latchkey.db")
WAL = Path("latchkey.db-wal")
BACKUP = Path("backup.db")


def latchkey(*words):
    return CliRunner(catch_exceptions=False).invoke(main, list(words))


@pytest.fixture
def folder(tmp_path, monkeypatch, sqlite_template):
    """A working directory with the bot's database."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(sqlite_template, DATABASE)
    return tmp_path


@pytest.fixture
def store(folder):
    """The database, as the bot has it open."""
    opened = open_store("sqlite+pysqlite:///latchkey.db")
    yield opened
    opened.close()


def busy(store, *packages):
    for package in packages:
        store.run_here(requests.add, wish(package_id=package))


def rows_of(file=DATABASE):
    """Return how many rows the audit log has, if it holds."""
    opened = open_store(f"sqlite+pysqlite:///{file}")
    try:
        chain = opened.read_here(audit.verify, b"")
    finally:
        opened.close()
    assert chain.wrong is None
    return chain.rows


def crash(store, folder):
    """Leave the files as a process does that is killed: with what is only in the -wal."""
    aside = folder / "as-killed"
    aside.mkdir()
    for each in folder.glob("latchkey.db*"):
        shutil.copy(each, aside)
    store.close()
    for each in folder.glob("latchkey.db*"):
        each.unlink()
    for each in aside.iterdir():
        each.rename(folder / each.name)
    assert WAL.stat().st_size > 0


def test_a_backup_is_made_while_the_bot_works(store):
    """One file, whole, for nobody else to read."""
    busy(store, "a", "b")
    made = latchkey("backup", str(BACKUP))
    busy(store, "c")

    assert made.exit_code == 0, made.stderr
    assert "backup.db is whole.  Anchor of its audit log: 2:" in made.stdout
    assert stat.S_IMODE(BACKUP.stat().st_mode) == 0o600
    assert sorted(each.name for each in Path().glob("backup*")) == ["backup.db"]
    assert rows_of(BACKUP) == 2


def test_no_backup_is_overwritten(store):
    """It may be the last good one."""
    BACKUP.write_text("precious")
    assert latchkey("backup", str(BACKUP)).exit_code == 1
    assert BACKUP.read_text() == "precious"


def test_a_restore_after_a_crash_is_the_backup(store, folder):
    """What the crashed process has left beside the file is not mixed into it."""
    busy(store, "a", "b")
    latchkey("backup", str(BACKUP))
    busy(store, *"cdefgh")
    crash(store, folder)
    done = latchkey("restore", str(BACKUP), "--yes")

    assert done.exit_code == 0, done.stderr
    assert rows_of() == 2
    assert latchkey("audit", "verify").exit_code == 0
    (kept,) = [each for each in folder.glob("latchkey.db.before-*") if each.suffix != ".lock"]
    assert str(kept.name) in done.stdout
    assert rows_of(kept) == 8


def restoring_dies(before):
    """Restore in another process, which dies before it renames or removes a file for the so-manieth time."""
    child = os.fork()
    if child == 0:
        left = before

        def die(event, arguments):
            nonlocal left
            if event in {"os.rename", "os.remove"}:
                left -= 1
                if left < 0:
                    os._exit(9)

        sys.addaudithook(die)
        sqlite_file.restore(BACKUP, DATABASE, now=clock.now())
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("before", range(8))
def test_a_restore_that_dies_is_finished_by_the_next(before, store, folder):
    """At whatever step; until then nobody works with a mixture, and nothing is lost."""
    busy(store, "a", "b")
    latchkey("backup", str(BACKUP))
    busy(store, *"cdefgh")
    crash(store, folder)
    died = restoring_dies(before)

    if Path("latchkey.db.restoring").exists():
        refused = latchkey("audit", "verify")
        assert refused.exit_code == 1
        assert "latchkey restore" in refused.stderr or "no database" in refused.stderr
    elif DATABASE.exists():
        assert rows_of() in {2, 8}
    assert latchkey("restore", str(BACKUP), "--yes").exit_code == 0
    assert rows_of() == 2
    kept = list(folder.glob("latchkey.db.before-*Z"))
    assert 8 in {rows_of(each) for each in kept}
    assert died or before > 3


def test_nothing_is_restored_while_the_bot_runs(store):
    """It would go on writing into a file that is the database no more."""
    busy(store, "a")
    latchkey("backup", str(BACKUP))
    busy(store, "b")
    refused = latchkey("restore", str(BACKUP), "--yes")

    assert refused.exit_code == 1
    assert "stop it first" in refused.stderr
    assert rows_of() == 2


def test_nothing_is_restored_while_another_program_has_it_open(folder):
    """SQLite's own shell knows nothing of our lock."""
    latchkey("backup", str(BACKUP))
    with closing(sqlite3.connect(DATABASE)) as other:
        other.execute("SELECT * FROM audit_head").fetchall()
        assert "has latchkey.db open" in latchkey("restore", str(BACKUP), "--yes").stderr
    assert latchkey("restore", str(BACKUP), "--yes").exit_code == 0


def test_no_bot_starts_in_the_middle_of_a_restore(store, folder):
    """It would make an empty database, or work with half of one."""
    store.close()
    Path("latchkey.db.restoring").touch()
    refused = latchkey("resume")
    assert refused.exit_code == 1
    assert "was cut short" in refused.stderr


WRONG = {
    "missing": lambda: None,
    "no database": lambda: BACKUP.write_bytes(b"x" * 5_000),
    "empty": lambda: BACKUP.touch(),
    "another program's": lambda: other_programs(),
    "damaged": lambda: damaged_backup(),
    "half": lambda: half_a_backup(),
    "with a -wal": lambda: backup_with_wal(),
}


def other_programs():
    with closing(sqlite3.connect(BACKUP)) as db:
        db.execute("CREATE TABLE songs (name text)")


def damage(file):
    """Spoil an index, as a -wal of another file does."""
    with closing(sqlite3.connect(file)) as db:
        root = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'audit_of_request'"
        ).fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as opened:
        opened.seek((root - 1) * size)
        opened.write(os.urandom(size))


def damaged_backup():
    latchkey("backup", str(BACKUP))
    damage(BACKUP)


def half_a_backup():
    latchkey("backup", str(BACKUP))
    os.truncate(BACKUP, BACKUP.stat().st_size // 2)


def backup_with_wal():
    latchkey("backup", str(BACKUP))
    Path("backup.db-wal").write_bytes(b"of which file?")


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_whole_backup_is_not_restored(what, folder):
    """And what is there stays as it is."""
    WRONG[what]()
    before = DATABASE.read_bytes()
    refused = latchkey("restore", str(BACKUP), "--yes")

    assert refused.exit_code == 1
    assert refused.stderr.count("Traceback") == 0
    assert DATABASE.read_bytes() == before
    assert rows_of() == 0


def test_the_database_itself_is_no_backup_of_it(folder):
    """Under another name neither."""
    Path("same.db").symlink_to(DATABASE)
    assert "is the database itself" in latchkey("restore", "same.db", "--yes").stderr


@pytest.mark.parametrize("how", ["damaged", "no database"])
def test_a_damaged_database_is_replaced(how, folder):
    """That is what a restore is for; what is left of the old one is kept."""
    latchkey("backup", str(BACKUP))
    if how == "damaged":
        damage(DATABASE)
    else:
        DATABASE.write_bytes(b"\x00garbage" * 1_000)
    spoiled = DATABASE.read_bytes()
    done = latchkey("restore", str(BACKUP), "--yes")

    assert done.exit_code == 0, done.stderr
    assert rows_of() == 0
    (kept,) = folder.glob("latchkey.db.before-*Z")
    assert kept.read_bytes() == spoiled


def test_nobody_is_asked_about_a_backup_that_is_not_there(folder):
    """A slip in its name is no question to say yes to."""
    gone = latchkey("restore", "gone.db")
    assert (gone.exit_code, gone.stderr) == (1, "• There is no file gone.db.\n")


def test_a_database_that_is_gone_is_restored(folder):
    """Nothing is kept, as there is nothing."""
    latchkey("backup", str(BACKUP))
    DATABASE.unlink()
    assert latchkey("restore", str(BACKUP), "--yes").exit_code == 0
    assert rows_of() == 0


def test_a_damaged_database_is_not_backed_up(folder):
    """The copy would be as bad, and the last good one be thrown away for it."""
    damage(DATABASE)
    refused = latchkey("backup", str(BACKUP))
    assert refused.exit_code == 1
    assert "is damaged" in refused.stderr
    assert not list(folder.glob("backup*"))


@pytest.mark.parametrize("words", [("audit", "verify"), ("audit", "export"), ("resume",)])
@pytest.mark.parametrize("how", ["damaged", "no database"])
def test_a_damaged_database_is_said_without_a_traceback(how, words, folder):
    """By every command, with what to do."""
    if how == "damaged":
        os.truncate(DATABASE, 3 * 4096)
    else:
        DATABASE.write_bytes(b"\x00garbage" * 1_000)
    result = latchkey(*words)

    assert result.exit_code == 1
    assert "latchkey restore" in result.stderr


async def test_the_bot_does_not_start_on_a_damaged_database(simulated, database):
    """People would get answers from half of what there was."""
    damage(database)
    with pytest.raises(ConfigurationError, match=r"damaged .*latchkey restore"):
        async with living(database):
            raise AssertionError("it started")


def test_damage_that_shows_only_at_work_is_said(folder):
    """By whatever meets it, and by /readyz from then on; what was half done is taken back."""
    store = open_store("sqlite+pysqlite:///latchkey.db")
    damage(DATABASE)
    with contextlib.closing(store):
        with pytest.raises(Unusable, match="damaged"):
            busy(store, "a")
        assert store.fault is not None
        assert "latchkey restore" in store.fault.sentence


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_without_postgresqls_programs_it_says_what_to_install(command, monkeypatch, tmp_path):
    """And no password."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    address = "postgresql+psycopg://u:canary@db:5433/latchkey"  # pragma: allowlist secret
    monkeypatch.setenv("DATABASE_URL", address)
    Path("it's here.dump").write_bytes(b"PGDMP")
    words = (command, "it's here.dump") if command == "restore" else (command, "new.dump")
    refused = latchkey(*words, *(["--yes"] if command == "restore" else []))

    assert refused.exit_code == 1
    assert "canary" not in refused.stderr
    if command == "restore":
        assert "There is no pg_restore on this machine" in refused.stderr
