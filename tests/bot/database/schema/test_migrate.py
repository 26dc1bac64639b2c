"""Migrations: SQLite by itself, PostgreSQL by command, and both equal to the schema that the code uses."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner

import migrations
from bot.__main__ import main
from bot.database import flags, open_store
from bot.database.schema import migrate, upgrade
from bot.database.tables import metadata
from bot.errors import ConfigurationError


def differences(db: sa.Connection) -> list[object]:
    context = MigrationContext.configure(db, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_the_migrations_make_the_schema_that_the_code_uses(store):
    """Autogenerate has nothing to add."""
    assert await store.run(differences) == []


async def test_the_database_has_the_checks_and_partial_indexes(store):
    """Autogenerate does not compare these."""

    def read(db: sa.Connection) -> tuple[set[str | None], set[str | None]]:
        inspector = sa.inspect(db)
        checks = {each["name"] for each in inspector.get_check_constraints("decision")}
        unique = {
            each["name"]
            for table in ("request", "decision")
            for each in inspector.get_indexes(table)
            if each["unique"]
        }
        return checks, unique

    checks, unique = await store.run(read)
    assert "decision_not_for_oneself" in checks
    assert unique == {
        "request_one_open_in_graph",
        "request_one_open_of_holder",
        "request_one_open_of_user",
        "decision_one_accepted",
        "decision_one_proof",
        "decision_one_stage_each",
    }


def test_sqlite_is_upgraded_by_itself(tmp_path):
    """From nothing, and again without harm."""
    url = f"sqlite+pysqlite:///{tmp_path / 'new.db'}"
    for _ in range(2):
        store = open_store(url)
        migrate.prepare(store, url)
        assert store.run_here(differences) == []
        store.close()


def test_the_names_of_the_files_are_the_revisions():
    """So whoever starts knows the newest schema without alembic."""
    from alembic.script import ScriptDirectory

    known = ScriptDirectory.from_config(upgrade.config_in("migrations"))
    assert migrate.revisions() == {each.revision for each in known.walk_revisions()}
    assert max(migrate.revisions()) == known.get_current_head()


def test_a_start_at_the_newest_schema_runs_no_migration(tmp_path, monkeypatch):
    """Nor does it load what would run them."""
    url = f"sqlite+pysqlite:///{tmp_path / 'new.db'}"
    store = open_store(url)
    migrate.prepare(store, url)
    monkeypatch.setitem(sys.modules, "bot.database.schema.upgrade", None)
    migrate.prepare(store, url)
    store.close()


def test_the_migrations_can_be_undone_and_done_again(tmp_path):
    """There is a way back."""
    from alembic import command

    store = open_store(f"sqlite+pysqlite:///{tmp_path / 'new.db'}")
    migrate.upgrade(store)

    def down(db: sa.Connection) -> list[str]:
        config = upgrade.config_in("migrations")
        config.attributes["connection"] = db
        command.downgrade(config, "base")
        return sa.inspect(db).get_table_names()

    assert set(store.run_here(down)) <= {"alembic_version"}
    migrate.upgrade(store)
    assert store.run_here(differences) == []
    store.close()


def shown(address: sa.URL) -> str:
    return address.render_as_string(hide_password=False)


def test_an_empty_postgresql_is_refused_with_the_fix(bare_postgresql):
    """Several replicas start at once, and may not change tables."""
    url = shown(bare_postgresql)
    store = open_store(url)

    with pytest.raises(ConfigurationError, match="is empty: run `latchkey migrate`"):
        migrate.prepare(store, url)

    migrate.upgrade(store)
    migrate.prepare(store, url)
    store.close()


VERSIONS = Path(migrations.__file__).parent / "versions"
# Schemas that no version has yet.
NEXT, AFTER_NEXT = "9001", "9002"


def write_revision(revision: str) -> Callable[[sa.Connection], None]:
    def write(db: sa.Connection) -> None:
        db.execute(sa.text("UPDATE alembic_version SET version_num = :new"), {"new": revision})

    return write


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_another_schema_on_postgresql_is_refused_with_the_fix(store):
    """Older or newer: both are named."""
    newest = migrate.upgrade(store)
    store.run_here(write_revision("0000"))

    with pytest.raises(ConfigurationError) as refused:
        migrate.prepare(store, shown(store.engine.url))

    assert "0000" in str(refused.value)
    assert newest in str(refused.value)
    assert "latchkey migrate" in str(refused.value)


def widen(db: sa.Connection) -> None:
    """Do what a later version may do while this one still runs: a new table, and a new column in every table."""
    for table in metadata.sorted_tables:
        db.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN of_the_future text"))
    db.execute(sa.text("CREATE TABLE future (id text PRIMARY KEY)"))
    write_revision(NEXT)(db)


def test_a_newer_schema_that_still_serves_this_version_is_accepted(store):
    """Replicas of the version before go on while they are replaced one by one; the database is left as it is."""
    store.run_here(widen)

    migrate.prepare(store, shown(store.engine.url))

    assert store.run_here(flags.revision) == NEXT


def test_a_newer_schema_that_serves_this_version_no_more_is_refused(store):
    """An old Latchkey must not write into it."""
    store.run_here(write_revision(AFTER_NEXT))
    store.run_here(flags.serve_from, NEXT)

    with pytest.raises(
        ConfigurationError, match=f"{AFTER_NEXT}, which is too new for this version"
    ):
        migrate.prepare(store, shown(store.engine.url))


def test_a_newer_database_is_not_migrated_by_an_older_program(tmp_path, monkeypatch):
    """`latchkey migrate` of the old version says so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///new.db")
    assert CliRunner().invoke(main, ["migrate"]).exit_code == 0
    store = open_store(f"sqlite+pysqlite:///{tmp_path / 'new.db'}")
    store.run_here(write_revision("9999_from_the_future"))
    store.close()

    result = CliRunner().invoke(main, ["migrate"])
    assert result.exit_code == 1
    assert "not one that this version knows" in result.stderr


NO_DATABASE = [
    "sqlite:///{folder}/missing/latchkey.db",
    "sqlite:///{folder}/garbage.db",
    "sqlite:///{folder}",
    "postgresql://latchkey:hunter2@127.0.0.1:1/latchkey",
]


@pytest.mark.parametrize("url", NO_DATABASE)
def test_a_database_that_cannot_be_opened_is_a_sentence(url, tmp_path, monkeypatch):
    """With the fix, without a traceback and without the password."""
    (tmp_path / "garbage.db").write_bytes(b"This is no database, it is a letter." * 100)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url.format(folder=tmp_path))

    result = CliRunner().invoke(main, ["migrate"])

    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert "Check DATABASE_URL" in result.output
    assert "hunter2" not in result.output


def test_a_role_that_may_not_make_tables_is_told_so(bare_postgresql, monkeypatch, tmp_path):
    """A sentence, not a traceback."""
    engine = sa.create_engine(bare_postgresql, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as db:
        db.execute(sa.text("CREATE ROLE weak LOGIN"))
        db.execute(sa.text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", shown(bare_postgresql.set(username="weak", password=None)))
    try:
        result = CliRunner().invoke(main, ["migrate"])
    finally:
        with engine.connect() as db:
            db.execute(sa.text("DROP ROLE weak"))

    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert "permission" in result.output


def test_migrate_says_what_it_has_done(tmp_path, monkeypatch):
    """The revision."""
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["migrate"])

    assert result.exit_code == 0
    newest = max(each.name for each in VERSIONS.glob("[0-9]*.py"))[: len(NEXT)]
    assert f"The database has schema {newest}" in result.output


def test_a_start_beside_another_that_migrates_says_so(tmp_path):
    """Not that there is no database: whoever waits can start."""
    url = f"sqlite+pysqlite:///{tmp_path / 'new.db'}"
    store = open_store(url)
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigurationError, match="Wait until it has ended, and try again"):
            migrate.prepare(store, url)
    migrate.prepare(store, url)
    store.close()
