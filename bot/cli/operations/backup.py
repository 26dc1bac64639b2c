"""Copy the database, and restore it from a copy: `latchkey backup` and `restore`."""

from pathlib import Path

import click

from bot import clock
from bot.cli.connection import Stop
from bot.cli.database import settings_for_database
from bot.cli.options import yes_option
from bot.configuration import database_url
from bot.configuration.settings import Settings
from bot.database.connections import postgresql_copy, sqlite_file
from bot.database.connections.copies import CannotCopy
from bot.database.connections.postgresql_copy import Server

file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@file_argument
def backup(file: Path) -> None:
    """
    Copy the database to FILE, as of one moment, while the bot runs with it.

    FILE must not be there yet; it holds everything that the database does.  The copy is looked through before it is
    called done.  Of PostgreSQL it is made by pg_dump, which must be installed.

    Example: latchkey backup /var/backups/latchkey-$(date +%F).db
    """
    settings = settings_for_database()
    try:
        if settings.sqlite_file is not None:
            copied = sqlite_file.back_up(settings.sqlite_file, file)
        else:
            copied = postgresql_copy.back_up(_server(settings), file)
    except CannotCopy as error:
        raise Stop(str(error)) from None
    click.echo(f"{file} is whole.  Anchor of its audit log: {copied.rows}:{copied.head}")


@click.command()
@file_argument
@yes_option
def restore(file: Path, yes: bool) -> None:
    """
    Put the copy FILE in the place of the database.

    Stop the bot first.  What is there now is kept beside the database's file, or, of PostgreSQL, beside FILE.
    docs/how-to/operations.md says what to expect afterwards.

    Example: latchkey restore /var/backups/latchkey-2026-01-30.db
    """
    if not file.exists():
        raise Stop(f"There is no file {file}.")
    settings = settings_for_database()
    database = settings.sqlite_file
    named = str(database) if database is not None else _server(settings).address
    click.echo(f"Put {file} in the place of {named}", err=True)
    click.echo("  what has happened since it was made is not in it", err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)
    try:
        if database is not None:
            copied = sqlite_file.restore(file, database, now=clock.now())
        else:
            copied = postgresql_copy.restore(_server(settings), file, now=clock.now())
    except (CannotCopy, sqlite_file.BeingRestored) as error:
        raise Stop(str(error)) from None
    kept = f"  What was there before is {copied.kept}." if copied.kept else ""
    click.echo(
        f"{named} is {file} now.{kept}  Anchor of its audit log: {copied.rows}:{copied.head}"
    )


def _server(settings: Settings) -> Server:
    given = settings.database_url.get_secret_value()
    return Server(url=settings.sqlalchemy_url, address=database_url.without_secrets(given))
