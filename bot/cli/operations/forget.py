"""Forget a person: `latchkey forget`."""

import click

from bot.auditing import forget as forgetting
from bot.cli.connection import Stop
from bot.cli.database import bots_database, clear_deleted, in_one, settings_for_database
from bot.cli.operator import at_the_command_line
from bot.cli.options import yes_option
from bot.database import Busy
from bot.errors import LatchkeyError


@click.command()
@click.argument("person")
@yes_option
def forget(person: str, yes: bool) -> None:
    """
    Forget PERSON in every table: a Slack id, Entra's object id, or a name.

    Their ids become a pseudonym that nothing leads back from, their names and words go.  The audit log keeps what
    happened, and its chain holds.  Run it as the owner of the tables, with the bot's LATCHKEY_AUDIT_KEY.  It cannot be undone.

    Example: latchkey forget U0ANN
    """
    settings = settings_for_database()
    by = at_the_command_line(settings.operator)
    with bots_database(settings) as store:
        try:
            found = in_one(store.read_here, lambda db: forgetting.find(db, person))
        except LatchkeyError as error:
            raise Stop(str(error)) from None
        click.echo(
            f"Forget {found.name} ({', '.join((*found.slack_users, *found.entra_ids))})", err=True
        )
        others = in_one(store.read_here, lambda db: forgetting.other_accounts(db, found))
        if others:
            click.echo(
                f"  they have had other accounts in Entra, which stay: forget {', '.join(others)} as well",
                err=True,
            )
        click.echo(
            "  packs, archives, exports, backups, logs, Slack and Entra keep what they have",
            err=True,
        )
        click.echo("  that they were denied access or that it was removed counts no more", err=True)
        if not yes:
            click.confirm("Go on?", abort=True, err=True)
        try:
            done = forgetting.forget(store, settings.audit_key_bytes, found, by=by.actor)
        except Busy as error:
            raise Stop(
                f"The database does not answer: {error}.  Not everything is forgotten: do it again."
            ) from None
        click.echo(
            f"Forgotten: {done.audit_rows} rows of the audit log and {done.rows} others say {done.pseudonym} now."
        )
        if done.old_rows:
            click.echo(
                f"{done.old_rows} rows of the audit log are older than this can be done for, and stay as they are: "
                "`latchkey audit archive` takes them out of the database."
            )
        clear_deleted(store)
