"""Stop and resume granting, and read the audit log: `latchkey pause`, `resume` and `audit`."""

import click

from bot.cli.connection import Stop
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.operator import at_the_command_line
from bot.database import audit, audit_chain, audit_files, flags
from bot.database.audit_files import AuditFormat


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
    """Grant again; what was approved meanwhile is checked once more and granted now."""
    settings = settings_for_database()
    by = at_the_command_line(settings.operator)
    with bots_database(settings) as store:
        in_one(
            store.run_here,
            lambda db: flags.resume(db, why=reason, actor=by.actor, facts=by.facts),
        )
    click.echo("Granting goes on.")


@click.group("audit")
def audit_log() -> None:
    """Look into the audit log, and prove that nobody changed it."""


@audit_log.command()
@click.option(
    "--anchor",
    help="POSITION:HASH, noted earlier elsewhere; shows a log that was cut off at its end.",
)
def verify(anchor: str | None) -> None:
    """
    Follow the chain of the audit log from its start; exits with 1 at the first row that does not hold.

    Note what it prints somewhere else, and give it back with --anchor next time.

    Example: latchkey audit verify --anchor 1250:9f2c…
    """
    noted = _anchor(anchor) if anchor else None
    settings = settings_for_database()
    key = settings.audit_key_bytes
    with bots_database(settings, to_write=False) as store:
        chain = in_one(store.read_here, lambda db: audit.verify(db, key, anchor=noted))
    if chain.wrong:
        raise Stop(f"The audit log does not hold: {chain.wrong}; {chain.rows} rows before it do.")
    if chain.rows == 0:
        raise Stop("The audit log is empty: there is nothing to prove.")
    click.echo(f"{chain.rows} rows hold.  Anchor: {chain.rows}:{chain.head}")


@audit_log.command()
@click.option("--csv", "as_csv", is_flag=True, help="CSV instead of one JSON object a line.")
def export(as_csv: bool) -> None:
    """
    Write the whole audit log to standard output, oldest first.

    Example: latchkey audit export > audit.jsonl
    """
    with bots_database(settings_for_database(), to_write=False) as store:
        rows = in_one(store.read_here, audit.rows)
    form = AuditFormat.CSV if as_csv else AuditFormat.JSON_LINES
    click.echo(audit_files.head(form), nl=False)
    click.echo(audit_files.lines(rows, form), nl=False)


def _anchor(text: str) -> tuple[int, str]:
    position, _, chained = text.partition(":")
    if not position.isdigit() or len(chained) != len(audit_chain.START):
        raise Stop("An anchor is POSITION:HASH, as `latchkey audit verify` prints it.")
    return int(position), chained
