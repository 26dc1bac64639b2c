"""Runs the migrations, through alembic, which is imported only where there is something to run."""

from importlib.resources import as_file, files
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from bot.database import Transaction, flags
from bot.errors import LatchkeyError

# What a migration that takes something away says of itself: the oldest schema whose programs can do without it.
CONTRACTS: Final = "serves_from"


class UnknownSchema(LatchkeyError):
    """The database has a schema that no migration of this version leads to or from."""


def upgrade(db: Transaction) -> None:
    """
    Bring the database to the newest schema, and note which programs that serves.

    Raises:
        UnknownSchema: No migration of this version leads there.
    """
    with as_file(files("migrations")) as folder:
        config = config_in(str(folder))
        config.attributes["connection"] = db
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise UnknownSchema(str(error)) from None
        flags.serve_from(db, _serves_from(config))


def config_in(folder: str) -> Config:
    """Return what alembic must know of the folder with the migrations."""
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _serves_from(config: Config) -> str:
    """Return the oldest schema whose programs may run on the newest one, as the migrations say."""
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    oldest = min(script.revision for script in scripts)
    return max(getattr(script.module, CONTRACTS, oldest) for script in scripts)
