"""Brings the database to the schema this version needs."""

from collections.abc import Callable
from importlib.resources import as_file, files
from typing import TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from bot.errors import ConfigurationError
from bot.store import Busy, Store, Transaction

Result = TypeVar("Result")


def upgrade(store: Store) -> str:
    """
    Bring the database to the newest schema; return its revision.

    Raises:
        ConfigurationError: The database cannot be opened.
    """
    with as_file(files("migrations")) as folder:
        config = _config(str(folder))

        def run(db: Transaction) -> None:
            config.attributes["connection"] = db
            command.upgrade(config, "head")

        _open(store, run)
        return _newest(config)


def prepare(store: Store, url: str) -> None:
    """
    See to it that the schema is the one this version needs: SQLite is upgraded, PostgreSQL must be already.

    Several replicas start at once on PostgreSQL, and its run-time role need not be allowed to change tables.

    Raises:
        ConfigurationError: The database cannot be opened, or is older or newer, with the fix.
    """
    if url.startswith("sqlite"):
        upgrade(store)
        return
    with as_file(files("migrations")) as folder:
        newest = _newest(_config(str(folder)))
    current = _open(store, _revision)
    if current is None:
        raise ConfigurationError(
            ["The database is empty: run `latchkey migrate` once before the bot starts."]
        )
    if current != newest:
        raise ConfigurationError(
            [
                f"The database has schema {current}, and this version of Latchkey needs {newest}: "
                "run `latchkey migrate`. If the database is newer, run the newer Latchkey."
            ]
        )


def _config(folder: str) -> Config:
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _newest(config: Config) -> str:
    return ScriptDirectory.from_config(config).get_current_head() or ""


def _revision(db: Transaction) -> str | None:
    return MigrationContext.configure(db).get_current_revision()


def _open(store: Store, work: Callable[[Transaction], Result]) -> Result:
    try:
        return store.run_here(work)
    except Busy as error:
        raise ConfigurationError(
            [
                f"The database cannot be opened: {_on_one_line(error)}. "
                "Check DATABASE_URL, and that the server runs."
            ]
        ) from None
    except sa.exc.DatabaseError as error:
        raise ConfigurationError(
            [
                f"The database cannot be used: {_on_one_line(error.orig)}. "
                "Check DATABASE_URL, and what its role may do."
            ]
        ) from None
    except CommandError as error:
        raise ConfigurationError(
            [
                f"The database's schema is not one that this version knows: {_on_one_line(error)}. "
                "Run the Latchkey that wrote it."
            ]
        ) from None


def _on_one_line(error: BaseException | None) -> str:
    return " ".join(str(error).split()).rstrip(".")
