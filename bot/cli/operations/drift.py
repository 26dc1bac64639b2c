"""Compare Entra with what was approved, and say what is right: `latchkey drift`."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

import click

from bot import clock
from bot.cli.connection import Stop, WrongSettings
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.operator import at_the_command_line
from bot.cli.options import json_option, yes_option
from bot.cli.tables import when
from bot.database import Store, Transaction
from bot.database.replicas import turns
from bot.drift.model import DriftKind, DriftState, Mismatch
from bot.drift.store import checks, mismatches
from bot.packages.names import clean
from bot.same_name import folded

# How long the command waits for the running bot, and between two looks.
PATIENCE: Final = timedelta(minutes=20)
LOOK_SECONDS: Final = 1.0
LONGEST: Final = timedelta(days=366)
ID_SHOWN: Final = 8
SAID: Final = {
    DriftKind.UNASKED: "{person} has {package}, {ends}; no request gave it",
    DriftKind.MEMBER: "{person} is in the group {group} and has no package that gives it",
    DriftKind.STUCK: "Entra has been at work on {package} for {person} since {since}",
    DriftKind.STILL_MEMBER: "{person}'s {package} ended {since}, and they are still in the group {group}",
    DriftKind.ENDED_OUTSIDE: "{person}'s {package} was ended in Entra, noticed {since}",
    DriftKind.NOT_MEMBER: "{person} has {package}, and is not in its group {group}",
    DriftKind.NESTED: "the group {person} is in the group {group}: whoever is in it has what {package} gives",
    DriftKind.LATER_END: "{person} has {package}, {ends}; approved until {approved}",
}
because_option = click.option(
    "--because", required=True, help="Why; kept in the audit log and shown on the card."
)
ids_argument = click.argument("ids", nargs=-1, metavar="[ID]...")
kind_option = click.option(
    "--kind", type=click.Choice([str(each) for each in DriftKind]), help="All of this kind."
)
package_option = click.option("--package", help="All of this package, by its name or id.")


@click.group()
def drift() -> None:
    """Compare what people have in Entra with what was approved; nothing is changed there."""


@drift.command(short_help="Have the running bot compare now, and list what is open.")
@json_option
def check(as_json: bool) -> None:
    """
    Have the running bot compare now, wait for it, and list what is open.

    What is new is told in the admins' channel as well.  Exit code 1 if anything is open.

    Example: latchkey drift check --json
    """
    with bots_database(settings_for_database()) as store:
        began = clock.real()
        if not in_one(store.run_here, checks.start_now):
            raise Stop(
                "No check was ever made: set LATCHKEY_DRIFT_HOURS to more than 0, and let the bot run."
            )
        _wait(store, since=began)
        _list(store, as_json=as_json)


@drift.command("list", short_help="List what the last check has found and is open.")
@json_option
def list_(as_json: bool) -> None:
    """
    List what the last check has found and nobody has said anything of.

    Exit code 1 if anything is open.

    Example: latchkey drift list
    """
    with bots_database(settings_for_database(), to_write=False) as store:
        _list(store, as_json=as_json)


@drift.command(short_help="Say that mismatches are right as they are.")
@ids_argument
@kind_option
@package_option
@because_option
@yes_option
def adopt(
    ids: Sequence[str], kind: str | None, package: str | None, because: str, yes: bool
) -> None:
    """
    Say that mismatches are right as they are: they stay in Entra, and are told no more while they are so.

    Each ID is what `latchkey drift list` shows, or the beginning of it.

    Example: latchkey drift adopt --kind member --package "Finance Reports" --because "there before Latchkey"
    """
    _settle(DriftState.ADOPTED, ids, kind, package, because, yes=yes)


@drift.command()
@ids_argument
@kind_option
@package_option
@because_option
@click.option("--days", type=click.IntRange(1, LONGEST.days), required=True, help="For so long.")
@yes_option
def ignore(
    ids: Sequence[str],
    kind: str | None,
    package: str | None,
    because: str,
    days: int,
    yes: bool,
) -> None:
    """
    Do not tell of mismatches for some days.

    Example: latchkey drift ignore 3f9a01bc --days 30 --because "being moved to a package"
    """
    until = clock.now() + timedelta(days=days)
    _settle(DriftState.IGNORED, ids, kind, package, because, until=until, yes=yes)


def _wait(store: Store, *, since: datetime) -> None:
    """
    Wait for a check that begins after *since*.

    Raises:
        Stop: It failed, or none came to an end in time.
    """
    give_up = clock.real() + PATIENCE
    while clock.real() < give_up:
        state = in_one(store.read_here, lambda db: turns.find(db, checks.NAME))
        if state is not None and state.began_at is not None and state.began_at >= since:
            if state.succeeded_at is not None and state.succeeded_at >= state.began_at:
                return
            if state.error is not None and state.lease_until is None:
                raise Stop(f"The check failed: {state.error}")
        time.sleep(LOOK_SECONDS)
    raise Stop("The bot has not made a check in time: is it running, with LATCHKEY_DRIFT_HOURS?")


def _everything(db: Transaction) -> list[Mismatch]:
    """Return all that is open."""
    found: list[Mismatch] = []
    after = ""
    while some := mismatches.current(db, after=after):
        after = some[-1].id
        found += [each for each in some if each.state is DriftState.OPEN]
    return sorted(found, key=lambda each: (each.found_at, each.id))


def _list(store: Store, *, as_json: bool) -> None:
    found = in_one(store.read_here, _everything)
    last = in_one(store.read_here, checks.last)
    if as_json:
        told = {
            "checked": asdict(last) if last else None,
            "open": [_facts(each) for each in found],
        }
        click.echo(json.dumps(told, default=_plain, indent=2))
    else:
        for each in found:
            click.echo(f"{each.id[:ID_SHOWN]}  {each.kind:<13}  {_said(each)}")
        if not found:
            click.echo("Nothing is open.")
        if last is None:
            click.echo("No check has come to an end yet.", err=True)
        else:
            click.echo(f"Last compared {when(last.at)} UTC.", err=True)
            for name in last.refused:
                click.echo(
                    f"The members of {clean(name)} may not be read: that takes GroupMember.Read.All.",
                    err=True,
                )
            for name in last.too_large:
                click.echo(f"{clean(name)} has too many members to look through.", err=True)
            for name in last.too_large_within:
                click.echo(
                    f"{clean(name)} has too many people in the groups within it: only its direct members were looked at.",
                    err=True,
                )
    if found:
        click.get_current_context().exit(1)


def _facts(mismatch: Mismatch) -> dict[str, Any]:
    """Return a mismatch for programs; what is about a group within a group has no person."""
    facts = {**asdict(mismatch), "said": _said(mismatch)}
    if mismatch.person_id is None:
        facts |= {
            "entra_id": None,
            "person_name": None,
            "nested_group_id": mismatch.entra_id,
            "nested_group_name": mismatch.person_name,
        }
    return facts


def _said(mismatch: Mismatch) -> str:
    return SAID[mismatch.kind].format(
        person=clean(mismatch.person_name or mismatch.entra_id),
        package=clean(mismatch.package_name),
        group=clean(mismatch.group_name or ""),
        since=when(mismatch.since) if mismatch.since else "some time",
        ends=f"until {when(mismatch.ends_at)}" if mismatch.ends_at else "with no end",
        approved=when(mismatch.approved_until) if mismatch.approved_until else "",
    )


def _settle(
    state: DriftState,
    ids: Sequence[str],
    kind: str | None,
    package: str | None,
    because: str,
    *,
    until: datetime | None = None,
    yes: bool,
) -> None:
    if not ids and kind is None and package is None:
        raise WrongSettings("Say which: ids, --kind or --package.")
    settings = settings_for_database()
    by = at_the_command_line(settings.operator)
    with bots_database(settings) as store:
        chosen = _chosen(in_one(store.read_here, _everything), ids, _fits(kind, package))
        for each in chosen:
            click.echo(f"{each.id[:ID_SHOWN]}  {_said(each)}", err=True)
        verb = "Adopt" if state is DriftState.ADOPTED else "Ignore"
        if not yes:
            click.confirm(f"{verb} {len(chosen)} of these?", abort=True, err=True)

        def save(db: Transaction) -> int:
            return sum(
                mismatches.settle(
                    db,
                    each,
                    state,
                    by=by.actor,
                    until=until,
                    why=because,
                    facts=by.facts,
                )
                for each in chosen
            )

        done = in_one(store.run_here, save)
    click.echo(f"{done} {'adopted' if state is DriftState.ADOPTED else 'ignored'}.")


def _fits(kind: str | None, package: str | None) -> Callable[[Mismatch], bool]:
    def fits(mismatch: Mismatch) -> bool:
        is_package = package is None or folded(package) in {
            folded(mismatch.package_name),
            folded(mismatch.package_id),
        }
        return is_package and (kind is None or mismatch.kind == kind)

    return fits


def _chosen(
    found: Sequence[Mismatch], ids: Sequence[str], fits: Callable[[Mismatch], bool]
) -> list[Mismatch]:
    """
    Return the mismatches that were named.

    Raises:
        Stop: There is none, or an id is of none or of several.
    """
    chosen = [each for each in found if fits(each)]
    if ids:
        chosen = [_one(chosen, each) for each in ids]
    if not chosen:
        raise Stop("Nothing that is open fits.")
    return chosen


def _one(found: Sequence[Mismatch], beginning: str) -> Mismatch:
    fitting = [each for each in found if each.id.startswith(beginning.strip().lower())]
    if len(fitting) != 1:
        many = "Nothing that is open has" if not fitting else "Several mismatches have"
        raise Stop(f"{many} an id that begins with {beginning}.")
    return fitting[0]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
