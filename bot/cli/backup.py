"""Copy the database, and restore it from a copy: `latchkey backup` and `restore`."""

import shlex
from pathlib import Path

import click

from bot import clock
from bot.cli.connection import Stop
from bot.cli.database import settings_for_database
from bot.cli.options import yes_option
from bot.configuration import database_url
from bot.configuration.settings import Settings
from bot.database import sqlite_file

file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@file_argument
def backup(file: Path) -> None:
    """
    Copy the database to FILE, as of one moment, while the bot runs with it (SQLite).

    FILE must not be there yet; it holds everything that the database does.  The copy is looked through before it is
    called done.

    Example: latchkey backup /var/backups/latchkey-$(date +%F).db
    """
    database = _sqlite_file(settings_for_database(), "pg_dump --format=custom --file", file)
    try:
        copied = sqlite_file.back_up(database, file)
    except sqlite_file.CannotCopy as error:
        raise Stop(str(error)) from None
    click.echo(f"{file} is whole.  Anchor of its audit log: {copied.rows}:{copied.head}")


@click.command()
@file_argument
@yes_option
def restore(file: Path, yes: bool) -> None:
    """
    Put the copy FILE in the place of the database (SQLite).

    Stop the bot first.  What is there now is kept beside it.  docs/how-to/operations.md says what to expect afterwards.

    Example: latchkey restore /var/backups/latchkey-2026-01-30.db
    """
    database = _sqlite_file(settings_for_database(), "pg_restore --clean --if-exists", file)
    click.echo(f"Put {file} in the place of {database}", err=True)
    click.echo("  what has happened since it was made is not in it", err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)
    try:
        copied = sqlite_file.restore(file, database, now=clock.now())
    except (sqlite_file.CannotCopy, sqlite_file.BeingRestored) as error:
        raise Stop(str(error)) from None
    kept = f"  What was there before is {copied.kept}." if copied.kept else ""
    click.echo(
        f"{database} is {file} now.{kept}  Anchor of its audit log: {copied.rows}:{copied.head}"
    )


def _sqlite_file(settings: Settings, program: str, file: Path) -> Path:
    if settings.sqlite_file is not None:
        return settings.sqlite_file
    address = database_url.without_secrets(settings.database_url.get_secret_value())
    named = shlex.quote(str(file))
    if program.startswith("pg_restore"):
        command = f"{program} --dbname {shlex.quote(address)} {named}"
    else:
        command = f"{program} {named} {shlex.quote(address)}"
    raise Stop(f"The database is PostgreSQL, which has programs of its own for this: {command}")
