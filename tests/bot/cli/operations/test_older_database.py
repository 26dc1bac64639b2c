"""A command beside a bot of the version before, or on a copy that somebody keeps, leaves SQLite's schema as it is."""

import shutil
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner

import migrations
from bot.__main__ import main
from bot.database import open_store
from bot.database.schema import upgrade


@pytest.fixture
def older(tmp_path, monkeypatch, sqlite_template):
    """A file with the schema before the newest one."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "latchkey.db"
    shutil.copy(sqlite_template, file)
    store = open_store(f"sqlite+pysqlite:///{file}")

    def down(db):
        config = upgrade.config_in(str(Path(migrations.__file__).parent))
        config.attributes["connection"] = db
        command.downgrade(config, "-1")

    store.run_here(down)
    store.close()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    return file


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--html", "x.html"],
        ["audit", "verify"],
        ["audit", "export"],
        ["trace", "0" * 32],
        ["requests", "stuck"],
        ["webhooks", "list"],
        ["drift", "list"],
        ["pause", "--reason", "x"],
        ["forget", "ann@contoso.com"],
    ],
    ids=" ".join,
)
def test_no_command_migrates_by_the_way(older, arguments):
    """And each says what to do."""
    before = older.read_bytes()
    ended = CliRunner(catch_exceptions=False).invoke(main, arguments)

    assert ended.exit_code == 1, ended.output
    assert "The database has schema " in ended.output
    assert "run `latchkey migrate`" in ended.output
    assert older.read_bytes() == before


def test_afterwards_it_works(older):
    for arguments in (["migrate"], ["requests", "stuck"]):
        ended = CliRunner(catch_exceptions=False).invoke(main, arguments)
        assert ended.exit_code == 0, ended.output
