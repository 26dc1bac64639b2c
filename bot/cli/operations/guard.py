"""Stop and resume granting: `latchkey pause` and `resume`."""

import click

from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.operator import at_the_command_line
from bot.database import flags


@click.command()
@click.option("--reason", required=True, help="Why; kept in the audit log and shown by /readyz.")
def pause(reason: str) -> None:
    """
    Stop granting and extending, on every replica, within a second.

    Removals, reminders and reads go on; requests wait and are granted after `latchkey resume`.

    Example: latchkey pause --reason "an approver's account was taken over"
    """
    settings = settings_for_database()
    by = at_the_command_line(settings.operator)
    with bots_database(settings) as store:
        in_one(
            store.run_here,
            lambda db: flags.pause(db, why=reason, actor=by.actor, facts=by.facts),
        )
    click.echo("Granting is paused.  Removals go on.  `latchkey resume` ends it.")


@click.command()
@click.option("--reason", help="Why; kept in the audit log.")
def resume(reason: str | None) -> None:
    """
    Grant again; what was approved meanwhile is checked once more and granted now.

    Example: latchkey resume --reason "the account is its owner's again"
    """
    settings = settings_for_database()
    by = at_the_command_line(settings.operator)
    with bots_database(settings) as store:
        in_one(
            store.run_here,
            lambda db: flags.resume(db, why=reason, actor=by.actor, facts=by.facts),
        )
    click.echo("Granting goes on.")
