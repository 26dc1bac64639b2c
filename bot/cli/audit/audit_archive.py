"""Take old rows of the audit log out of the database, into a signed file: `latchkey audit archive`."""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bot import clock
from bot.auditing.store import archiving
from bot.auditing.store.archiving import Cut, NotTold
from bot.cli.connection import Stop, WrongSettings
from bot.cli.database import bots_database, clear_deleted, in_one, settings_for_database
from bot.cli.lengths import BEGINNING_TYPE
from bot.cli.operator import Operator, at_the_command_line
from bot.cli.options import yes_option
from bot.configuration.settings import Settings
from bot.database import Store, Transaction
from bot.database.audit_log import audit, audit_guard
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.auditing.signing import Signer

PRIVATE: Final = 0o600
# The head of the log is locked for so many rows at a time: people wait for less than that.
ROWS_A_TURN: Final = 1_000


@click.command(short_help="Write old rows to FILE, check it, then delete them.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--before",
    type=BEGINNING_TYPE,
    help="Rows from before then, UTC: 2026-01-01.  Without it: what LATCHKEY_KEEP_AUDIT_DAYS keeps no longer.",
)
@click.option(
    "--without-webhook",
    "without",
    metavar="NAME",
    multiple=True,
    help="Do not keep rows for this webhook, which the settings name no more; it is forgotten.",
)
@yes_option
def archive(file: Path, before: datetime | None, without: tuple[str, ...], yes: bool) -> None:
    """
    Move old rows of the audit log into FILE: write it, check it, then delete the rows.

    The chain goes on behind a signed checkpoint.  What a webhook has not been told of stays.  Run it as the owner of the
    tables, with the bot's LATCHKEY_AUDIT_KEY.

    Example: latchkey audit archive --before 2026-01-01 audit-2025.zip
    """
    # What signs is loaded by who signs.
    from bot.cli.audit.signing import audit_signer

    settings = settings_for_database()
    signer, by = audit_signer(settings), at_the_command_line(settings.operator)
    _check_gone(settings, without)
    oldest = before or _kept_since(settings)
    if file.exists():
        raise Stop(f"{file} is there already: an archive is never written over another.")
    with bots_database(settings) as store:
        found = _cut(store, settings, before=oldest, without=without)
        if found.rows == 0:
            said = ("There is nothing to archive.", *map(_kept_for, found.webhooks.items()))
            if before is not None:
                raise Stop(*said)
            # Done once a month by a timer, say: no failure.
            click.echo("\n".join(said), err=True)
            return
        _tell(found)
        if not yes:
            click.confirm(
                f"Move {found.rows} rows (up to row {found.last}) into {file}?",
                abort=True,
                err=True,
            )
        digest = _write(store, settings, signer, found, file, by)
        in_one(store.run_here, lambda db: _record(db, by, found, digest, without))
        _keep(store, found, by)
        try:
            _delete(store, settings.audit_key_bytes, found, digest)
        except NotTold:
            raise Stop(
                "A webhook was told to begin again meanwhile: not all rows are deleted.  Archive what is left later."
            ) from None
        click.echo(f"{file} has {found.rows} rows, up to row {found.last}; they are deleted.")
        click.echo(f"SHA-256 {digest}, signed with {signer.public_key}")
        clear_deleted(store)


def _check_gone(settings: Settings, without: tuple[str, ...]) -> None:
    try:
        named = {each.name for each in settings.webhook_endpoints}
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None
    for name in sorted(named & set(without)):
        raise Stop(
            f"LATCHKEY_WEBHOOKS still names {name}: `latchkey webhooks skip {name}` leaves out what it has not been told."
        )


def _cut(store: Store, settings: Settings, *, before: datetime, without: tuple[str, ...]) -> Cut:
    """
    Raises:
        Stop: Nothing can be archived now; why.
    """
    if not in_one(store.read_here, audit_guard.may_change):
        raise Stop(
            "This role may not delete rows of the audit log: run it as the owner of the tables, as `latchkey migrate` is."
        )
    chain = in_one(store.read_here, lambda db: audit.verify(db, settings.audit_key_bytes))
    if chain.wrong:
        raise Stop(
            f"The audit log does not hold: {chain.wrong}.  Nothing is archived, as that would hide it."
        )
    return in_one(store.read_here, lambda db: archiving.cut(db, before=before, without=without))


def _kept_since(settings: Settings) -> datetime:
    if settings.keep_audit_days is None:
        raise WrongSettings("Say up to when with --before, or set LATCHKEY_KEEP_AUDIT_DAYS.")
    return clock.now() - timedelta(days=settings.keep_audit_days)


def _tell(found: Cut) -> None:
    for webhook in found.webhooks.items():
        click.echo(_kept_for(webhook), err=True)
    if found.refused:
        click.echo(
            f"{found.refused} events that a webhook refused are among the rows: they cannot be replayed afterwards.",
            err=True,
        )


def _kept_for(webhook: tuple[str, int]) -> str:
    name, told = webhook
    return (
        f"The webhook {name} has been told up to row {told}: what comes after it stays.  `latchkey webhooks list` says why; "
        "one that the settings name no more is left out with --without-webhook."
    )


def _write(
    store: Store, settings: Settings, signer: "Signer", found: Cut, file: Path, by: Operator
) -> str:
    """Write the file, look whether it holds, and return its SHA-256."""
    from bot.auditing import archive as archives
    from bot.auditing.manifests import NotGenuine

    before = (found.start.position, found.start.hash)
    try:
        to = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb")
        with to:
            in_one(
                store.read_here,
                lambda db: archives.write(
                    to,
                    archiving.rows(db, found),
                    signer,
                    before=before,
                    made_at=clock.now(),
                    made_by=by.name,
                ),
            )
            to.flush()
            os.fsync(to.fileno())
    except OSError as error:
        raise Stop(f"{file} cannot be written: {error.strerror}.  Nothing is deleted.") from None
    try:
        held = archives.check(file, audit_key=settings.audit_key_bytes)
    except NotGenuine as error:
        raise Stop(f"{file} does not hold ({error}).  Nothing is deleted.") from None
    if (held.before, held.last[0]) != (before, found.last):
        raise Stop(f"{file} does not have all rows.  Nothing is deleted.")
    with file.open("rb") as again:
        return hashlib.file_digest(again, "sha256").hexdigest()


def _record(
    db: Transaction, by: Operator, found: Cut, digest: str, without: tuple[str, ...]
) -> None:
    archiving.forget_webhooks(db, without)
    details = {"first": found.start.position + 1, "last": found.last, "archive": digest}
    forgotten = {"without": sorted(without)} if without else {}
    audit.record(
        db,
        at=clock.now(),
        actor=by.actor,
        verb="archive",
        details={**by.facts, **details, **forgotten},
    )


def _keep(store: Store, found: Cut, by: Operator) -> None:
    """Keep what drift asks the log for, before it is deleted; what a crash has kept twice does no harm."""
    kept = in_one(store.read_here, lambda db: archiving.by_operators(db, last=found.last))
    for first in range(0, len(kept), ROWS_A_TURN):

        def some(db: Transaction, first: int = first) -> None:
            archiving.keep(db, kept[first : first + ROWS_A_TURN], actor=by.actor)

        in_one(store.run_patiently, some)


def _delete(store: Store, key: bytes, found: Cut, digest: str) -> None:
    """Some rows at a time: after a crash in between, the chain begins behind those that are gone, and the rest is archived again."""
    first = found.start.position + 1
    for last in [*range(first + ROWS_A_TURN - 1, found.last, ROWS_A_TURN), found.last]:

        def some(db: Transaction, last: int = last) -> None:
            archiving.delete(db, key, last=last, archive=digest)

        in_one(store.run_patiently, some)
