"""``latchkey check-settings FILE``: check a package settings file before it is used."""

from pathlib import Path

import click

from bot.cli.connection import Stop
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.operator import at_the_command_line
from bot.database import Store, Transaction
from bot.packages.names import clean
from bot.packages.settings.bindings import ListedPackage, names_of
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.read import read_package_settings
from bot.packages.store import catalog, settings_bindings
from bot.source import FileError
from bot.suggestions import nearest


@click.command("check-settings")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--accept",
    metavar="PACKAGE",
    help="Say that FILE means PACKAGE by the names that it has in Entra now; needs the bot's database.",
)
def check_settings(file: Path, accept: str | None) -> None:
    """
    Check FILE of package settings; needs no tenant and no Slack.

    Exits with 1 and names each mistake with its line, column and the nearest word; a key on which nothing acts yet is one.  `latchkey
    doctor` says whether Entra and Slack know the names in it.

    After a package, its catalog or an entry was renamed, what is stricter goes on holding until FILE says otherwise.  Where FILE is
    right as it is, --accept ends that for one package (its name, “Name (Catalog)” or its id); the audit log keeps who said so, and
    running bots know it within a minute.

    Example: latchkey check-settings docs/latchkey.yml
    """
    try:
        read = read_package_settings(file)
    except FileError as error:
        raise Stop(*error.problems) from None
    packages, catalogs = len(read.content.packages), len(read.content.catalogs)
    click.echo(
        f"{file.name} is fine: it has {packages} package{'' if packages == 1 else 's'} and "
        f"{catalogs} catalog{'' if catalogs == 1 else 's'}."
    )
    if accept is not None:
        _accept(read, accept)


def _accept(file: PackageSettingsFile, name: str) -> None:
    settings = settings_for_database()
    by = at_the_command_line(settings.operator)
    with bots_database(settings) as store:
        package = _find(store, name)

        def write(db: Transaction) -> tuple[str, ...]:
            meant = settings_bindings.accept(db, package, file.entries, by=by.actor, facts=by.facts)
            return (*meant.names.catalogs, *meant.names.packages)

        entries = in_one(store.run_here, write)
    what = ", ".join(f"“{each}”" for each in entries) if entries else "the defaults alone"
    click.echo(
        f"For “{package.name}” of the catalog “{package.catalog}” holds from now on: {what}."
    )


def _find(store: Store, name: str) -> ListedPackage:
    known = [
        ListedPackage(id=each.id, name=each.name, catalog=each.catalog)
        for each in in_one(store.read_here, catalog.list_all)
    ]
    wanted = clean(name)
    found = [
        each
        for each in known
        if each.id == wanted.lower() or wanted in names_of(clean(each.name), clean(each.catalog))
    ]
    if not found:
        raise Stop(
            f"There is no access package “{name}” that the bot knows.{nearest(wanted, [each.name for each in known])}"
        )
    if len(found) > 1:
        those = " or ".join(f"“{each.name} ({each.catalog})” ({each.id})" for each in found)
        raise Stop(f"Several access packages are called “{name}”: say {those}.")
    return found[0]
