"""Read the audit log, prove that it holds, and give it to others: `latchkey audit`."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bot import clock
from bot.auditing import whom as whose
from bot.auditing.model import PackScope
from bot.cli.audit.audit_archive import archive
from bot.cli.connection import Stop
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.lengths import BEGINNING_TYPE, MOMENT_TYPE
from bot.cli.operator import Operator, at_the_command_line
from bot.configuration.settings import Settings
from bot.database import Store, Transaction
from bot.database.audit_log import audit, audit_chain, audit_checkpoints, audit_files
from bot.database.audit_log.audit_files import AuditFormat
from bot.database.audit_log.audit_pages import AuditFilter
from bot.errors import LatchkeyError

if TYPE_CHECKING:
    from bot.auditing.archive import CheckedArchive
    from bot.auditing.check import CheckedPack

PRIVATE: Final = 0o600
PROVES: Final = (
    "Nothing in it was changed since the owner of that key signed it.",
    "It does not show that everything that happened is in the log, nor whose key that is: compare the key with what the "
    "owner says in another way (`latchkey audit key`), and give an anchor that was noted elsewhere with --anchor.",
)


@click.group("audit")
def audit_log() -> None:
    """Look into the audit log, and prove that nobody changed it."""


audit_log.add_command(archive)


@audit_log.command(short_help="Follow the chain from its start; 1 where a row does not hold.")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--anchor",
    help="POSITION:HASH, noted earlier elsewhere; shows a log that was cut off at its end.",
)
@click.option(
    "--signed-by", metavar="KEY", help="Of FILE: the public key that it must be signed with."
)
@click.option(
    "--audit-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of FILE: recompute the chain with the audit key in this file.",
)
def verify(
    file: Path | None, anchor: str | None, signed_by: str | None, audit_key_file: Path | None
) -> None:
    """
    Follow the chain of the audit log from its start; exits with 1 at the first row that does not hold.

    Note what it prints somewhere else, and give it back with --anchor next time.

    With FILE, an evidence pack or an archive: check it, with no database and no settings.

    Example: latchkey audit verify --anchor 1250:9f2c…

    Example: latchkey audit verify evidence.zip --signed-by 5b1e…
    """
    noted = _anchor(anchor) if anchor else None
    if file is not None:
        _verify_file(file, noted, signed_by, audit_key_file)
        return
    if signed_by is not None or audit_key_file is not None:
        raise click.UsageError("--signed-by and --audit-key-file are about a FILE.")
    settings = settings_for_database()
    key = settings.audit_key_bytes
    with bots_database(settings, to_write=False) as store:
        chain, start = in_one(
            store.read_here,
            lambda db: (audit.verify(db, key, anchor=noted), audit_checkpoints.last(db)),
        )
    if chain.wrong:
        raise Stop(f"The audit log does not hold: {chain.wrong}; {chain.rows} rows before it do.")
    if chain.position == 0:
        raise Stop("The audit log is empty: there is nothing to prove.")
    hold = "1 row holds" if chain.rows == 1 else f"{chain.rows} rows hold"
    click.echo(f"{hold}.  Anchor: {chain.position}:{chain.head}")
    if chain.archived:
        click.echo(
            f"{chain.archived} rows before them are archived, the last of them ({start.position}:{start.hash}) in the file with "
            f"the SHA-256 {start.archive}."
        )
    if noted is not None and noted[0] < chain.archived:
        raise Stop(
            f"Row {noted[0]} of the anchor is among those: `latchkey audit verify FILE --anchor …` checks it in its archive."
        )


def _verify_file(
    file: Path, anchor: tuple[int, str] | None, signed_by: str | None, key_file: Path | None
) -> None:
    # What checks signatures is loaded by who checks one.
    from bot.auditing import archive as archives
    from bot.auditing import check, manifests

    key = key_file.read_bytes().strip() if key_file else None
    try:
        is_archive = manifests.format_of(file) == archives.ARCHIVE.format
        checked = (archives.check if is_archive else check.check)(
            file, signed_by=signed_by, anchor=anchor, audit_key=key
        )
    except manifests.NotGenuine as error:
        raise Stop(f"{file} does not hold: {error}.") from None
    if isinstance(checked, check.CheckedPack):
        click.echo(
            f"{file} holds: {checked.rows} rows of the audit log, {checked.requests} requests."
        )
    else:
        click.echo(
            f"{file} holds: {checked.rows} rows of the audit log, from {checked.before[0] + 1} to {checked.last[0]}."
        )
    click.echo(f"  made {checked.made_at} by {checked.made_by}")
    click.echo(f"  signed with {checked.public_key}{', as you said' if signed_by else ''}")
    click.echo("\n".join(f"  {each}" for each in _shown(checked, anchor)))
    for sentence in PROVES[1:] if signed_by and checked.anchored else PROVES:
        click.echo(sentence)


def _shown(checked: "CheckedPack | CheckedArchive", anchor: tuple[int, str] | None) -> list[str]:
    """Return what else is shown of a file that holds."""
    from bot.auditing.check import CheckedPack

    said = []
    if isinstance(checked, CheckedPack):
        if checked.left_out:
            said.append(
                f"{checked.left_out} rows of the log between its first and its last are not in it"
            )
        if checked.archived:
            said.append(
                f"rows up to {checked.archived} of the log were archived, and are not in it"
            )
        with_terms, same = checked.with_terms
        if with_terms:
            said.append(f"{same} of {with_terms} requests have the very terms that the log names")
    else:
        said.append(f"it begins behind {checked.before[0]}:{checked.before[1]}")
        said.append(f"it ends with {checked.last[0]}:{checked.last[1]}")
    if checked.chained:
        said.append("each row is the one of the chain, by the audit key")
    if anchor is not None:
        fits = (
            "has the anchor's hash"
            if checked.anchored
            else "is not in it: the anchor shows nothing"
        )
        said.append(f"row {anchor[0]} {fits}")
    return said


@audit_log.command(short_help="Print the public key that packs and archives are signed with.")
def key() -> None:
    """
    Print the public key that evidence packs and archives are signed with.

    Give it to whoever checks them by another way than the pack.  It belongs to LATCHKEY_AUDIT_KEY.

    Example: latchkey audit key > audit.pub
    """
    from bot.cli.audit.signing import audit_signer

    click.echo(audit_signer(settings_for_database()).public_key)


@audit_log.command(short_help="Write the log, oldest first, or an evidence pack.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV instead of one JSON object a line.")
@click.option("--from", "since", type=BEGINNING_TYPE, help="Rows from then on, UTC: 2026-01-01.")
@click.option(
    "--to", "until", type=MOMENT_TYPE, help="Rows until then, UTC; a day includes its end."
)
@click.option(
    "--person",
    help="What this person did, what others decided for them, and what was about them: name, Slack id or Entra's id.",
)
@click.option("--package", help="What was about this access package.")
@click.option(
    "--pack",
    "pack_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a signed evidence pack to this file, with names, all about each request, and a page for people.",
)
def export(
    as_csv: bool,
    since: datetime | None,
    until: datetime | None,
    person: str | None,
    package: str | None,
    pack_file: Path | None,
) -> None:
    """
    Write the audit log to standard output, oldest first, or an evidence pack to a file.

    Example: latchkey audit export > audit.jsonl

    Example: latchkey audit export --from 2026-01-01 --to 2026-03-31 --pack evidence.zip
    """
    if as_csv and pack_file is not None:
        raise click.UsageError("A pack has both CSV and JSON Lines: leave out --csv.")
    settings = settings_for_database()
    asked = {"since": since, "until": until, "person": person, "package": package}
    with bots_database(settings, to_write=pack_file is not None) as store:
        if pack_file is not None:
            _export_pack(store, settings, pack_file, **asked)
            return
        rows = in_one(store.read_here, lambda db: _rows(db, **asked))
    form = AuditFormat.CSV if as_csv else AuditFormat.JSON_LINES
    click.echo(audit_files.head(form), nl=False)
    click.echo(audit_files.lines(rows, form), nl=False)


def _rows(db: Transaction, **asked: Any) -> list[dict[str, Any]]:
    scope = _scope(db, **asked)
    return [dict(row) for row in audit.in_order(db) if scope.is_about(row)]


def _scope(
    db: Transaction,
    *,
    since: datetime | None,
    until: datetime | None,
    person: str | None,
    package: str | None,
) -> PackScope:
    try:
        whom = whose.person(db, person) if person else None
        what = whose.package(db, package) if package else None
    except LatchkeyError as error:
        raise Stop(str(error)) from None
    return PackScope(
        since=since,
        until=until,
        person=whom.name if whom else None,
        package=what.name if what else None,
        rows=AuditFilter(
            actors=whom.slack_users if whom else (),
            entra_ids=whom.entra_ids if whom else (),
            package_id=what.id if what else None,
        ),
    )


def _export_pack(store: Store, settings: Settings, file: Path, **asked: Any) -> None:
    # Only whoever has one made needs it.
    from bot.auditing import pack
    from bot.auditing.store import pack_rows
    from bot.cli.audit.signing import audit_signer

    signer, by = audit_signer(settings), at_the_command_line(settings.operator)
    if file.exists():
        raise Stop(f"{file} is there already: a pack is never written over another.")
    scope = in_one(store.read_here, lambda db: _scope(db, **asked))
    # Before it is written: names leave the database.
    in_one(store.run_here, lambda db: _record(db, by, scope))
    content = in_one(store.read_here, lambda db: pack_rows.read(db, scope))
    made = pack.write(content, scope, signer, made_at=clock.now(), made_by=by.name)
    try:
        written = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(written, "wb") as to:
            to.write(made)
    except OSError as error:
        raise Stop(f"{file} cannot be written: {error.strerror}.") from None
    click.echo(f"{file} has {len(content.rows)} rows and {len(content.requests)} requests.")
    click.echo(f"Signed with {signer.public_key}.  Anchor: {content.head[0]}:{content.head[1]}")


def _record(db: Transaction, by: Operator, scope: PackScope) -> None:
    period = {"since": audit_files.plain(scope.since), "until": audit_files.plain(scope.until)}
    ids = {"package": scope.rows.package_id, "people": [*scope.rows.actors, *scope.rows.entra_ids]}
    details = {name: value for name, value in (period | ids).items() if value}
    audit.record(
        db,
        at=clock.now(),
        actor=by.actor,
        verb="export",
        details={**by.facts, "of": "evidence pack", **details},
    )


def _anchor(text: str) -> tuple[int, str]:
    position, _, chained = text.partition(":")
    if not position.isdigit() or len(chained) != len(audit_chain.START):
        raise Stop("An anchor is POSITION:HASH, as `latchkey audit verify` prints it.")
    return int(position), chained
