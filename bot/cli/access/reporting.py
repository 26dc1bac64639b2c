"""Print what `latchkey request`, `extend` and `remove` are about to do, and what Graph shows of it."""

from collections.abc import Sequence
from typing import Any

import click

from bot.cli.tables import to_json, when
from bot.packages.names import clean
from graph.models import AccessPackage, AccessPackageAssignment, AssignmentRequest, User


def confirm(question: str, details: Sequence[str], *, yes: bool) -> None:
    """Say what is about to be done, and ask; *yes* answers."""
    click.echo(question, err=True)
    for detail in details:
        click.echo(f"  {detail}", err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)


def report(
    asked: AssignmentRequest, shown: AccessPackageAssignment | None, sentence: str, *, as_json: bool
) -> None:
    """Say what Graph shows; *shown* is None when nobody waited, and then nothing is claimed."""
    ends_at = shown.ends_at() if shown and not shown.is_expired else None
    if as_json:
        assignment = shown or asked.assignment
        record: dict[str, Any] = {
            "request": asked.id,
            "done": shown is not None,
            "assignment": assignment.id if assignment else None,
            "ends": ends_at,
        }
        click.echo(to_json(record))
    elif shown is None:
        click.echo(f"Asked: request {asked.id} is under way.  `latchkey show requests` follows it.")
    else:
        click.echo(f"{sentence}{f' until {when(ends_at)} UTC' if ends_at else ''}.")


def named(person: User) -> str:
    """Return a person's name, with an address if they have one."""
    name = clean(person.display_name or person.id)
    address = person.mail or person.user_principal_name
    return f"{name} ({clean(address)})" if address else name


def titled(package: AccessPackage) -> str:
    """Return a package's name."""
    return clean(package.display_name or package.id)
