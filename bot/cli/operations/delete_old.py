"""Delete what is older than the settings keep it: `latchkey delete-old`."""

import asyncio

import click

from bot.cli.connection import Stop, WrongSettings
from bot.cli.database import bots_database, clear_deleted, in_one, settings_for_database
from bot.cli.operator import at_the_command_line
from bot.database import Busy
from bot.database.schema import roles
from bot.retention import deletion


@click.command("delete-old")
def delete_old() -> None:
    """
    Delete closed requests, access that has ended, and records of messages that are older than the settings keep them.

    LATCHKEY_KEEP_REQUESTS_DAYS and LATCHKEY_KEEP_MESSAGES_DAYS say how long that is.  The bot does it by itself once a day
    where its role may; otherwise run this once a day as the owner of the tables.

    Example: latchkey delete-old
    """
    settings = settings_for_database()
    retention = settings.retention
    if not retention.is_wanted:
        raise WrongSettings(
            "Everything is kept: set LATCHKEY_KEEP_REQUESTS_DAYS or LATCHKEY_KEEP_MESSAGES_DAYS."
        )
    by = at_the_command_line(settings.operator)
    with bots_database(settings) as store:
        if not in_one(store.read_here, roles.may_delete_what_is_over):
            raise Stop(
                "This role may not delete rows: run it as the owner of the tables, as `latchkey migrate` is."
            )
        try:
            done = asyncio.run(
                deletion.delete_old(store, retention, actor=by.actor, facts=by.facts)
            )
        except Busy as error:
            raise Stop(
                f"The database does not answer: {error}.  Not everything is deleted: do it again."
            ) from None
        click.echo(
            f"Deleted: {done.requests} requests, {done.assignments} rows of access that has ended, "
            f"{done.messages} records of messages."
        )
        clear_deleted(store)
