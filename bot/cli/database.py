"""Open the bot's database for one command, and say its failures as sentences."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bot.assembly.database import opened_store
from bot.cli.connection import Stop, WrongSettings
from bot.configuration.problems import problems_with_database
from bot.configuration.settings import Settings, read_settings
from bot.database import Busy, Store, Transaction, Unusable
from bot.database.schema import migrate
from bot.errors import ConfigurationError

Result = TypeVar("Result")


def settings_for_database() -> Settings:
    """
    Return the settings, with all that is needed to open the database.

    Raises:
        WrongSettings: A sentence for each thing missing or wrong.
    """
    try:
        settings = read_settings()
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None
    problems = problems_with_database(settings)
    if problems:
        raise WrongSettings(*problems)
    return settings


class MigrateFirst(Stop):
    """The database is there, and this version cannot work with its schema yet, or not any more."""


@contextmanager
def bots_database(settings: Settings, *, to_write: bool = True) -> Iterator[Store]:
    """
    Open the database that the bot works with; none is made, and an older one stays as it is.

    Args:
        to_write: Insist on the audit log's own key.

    Raises:
        Stop: There is none, it cannot be opened, or `latchkey migrate` must come first.
    """
    file = settings.sqlite_file
    if file is not None and not file.is_file():
        # Opening would make one, and an empty log proves nothing.
        raise Stop(f"There is no database at {file}: set DATABASE_URL to the bot's.")
    try:
        store = opened_store(settings)
    except ConfigurationError as error:
        raise Stop(*error.problems) from None
    try:
        try:
            migrate.prepare(store, settings.sqlalchemy_url, upgrades=False)
            if to_write:
                migrate.check_key(store)
        except migrate.WrongSchema as error:
            raise MigrateFirst(*error.problems) from None
        except ConfigurationError as error:
            raise Stop(*error.problems) from None
        yield store
    finally:
        store.close()


def in_one(
    how: Callable[[Callable[[Transaction], Result]], Result],
    work: Callable[[Transaction], Result],
) -> Result:
    """
    Do *work* in one transaction.

    Args:
        how: `Store.run_here` or `Store.read_here`.

    Raises:
        Stop: The database does not do it.
    """
    try:
        return how(work)
    except Unusable as error:
        raise Stop(f"The database cannot be used: {error}.") from None
    except Busy as error:
        raise Stop(f"The database does not answer: {error}") from None


def clear_deleted(store: Store) -> None:
    """
    Leave nothing of what this command deleted in the files of SQLite.

    Raises:
        Stop: Something else that has the file open keeps it from that.
    """
    if not store.clear_deleted():
        file = store.engine.url.database
        raise Stop(
            f"That is done in the database, but {file}-wal still has what was there before, as something keeps reading: "
            "stop the bot and whatever else has the file open, and start it again."
        )
