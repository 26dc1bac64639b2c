"""Write a report about access and decisions: `latchkey report`."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from bot import clock
from bot.cli.connection import Stop
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.database import Transaction
from bot.packages.names import clean
from bot.packages.store import catalog as package_store
from bot.reports import page, plots
from bot.reports.figures import figures
from bot.reports.model import Period, ReportFigures
from bot.reports.store import rows

# It names people: for whoever made it, and nobody else on the machine.
MODE: Final = 0o600
LONGEST_DAYS: Final = 3_650


@click.command()
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture.")
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DAYS),
    default=90,
    show_default=True,
    help="Count the requests that ended in so many days.",
)
@click.option(
    "--ending",
    type=click.IntRange(1, LONGEST_DAYS),
    default=30,
    show_default=True,
    help="List what ends within so many days.",
)
@click.option(
    "--package",
    metavar="NAME",
    help="Only of this package, by name or id; also of one that is there no more.",
)
@click.option("--catalog", metavar="NAME", help="Only of this catalog.")
def report(
    html: Path | None,
    png: Path | None,
    days: int,
    ending: int,
    package: str | None,
    catalog: str | None,
) -> None:
    """
    Write who has what, what was granted and denied, by whom, how fast and why.

    \b
    Examples:
      latchkey report --html report.html
      latchkey report --html finance.html --png finance.png --catalog Finance --days 30

    It is made of the bot's own database, and changes nothing.  The page needs nothing else; a
    picture needs matplotlib, which the extra "reports" brings.
    """
    if html is None and png is None:
        raise click.UsageError("Say where to: --html FILE, --png FILE, or both.")
    settings = settings_for_database()
    with bots_database(settings, to_write=False) as store:
        found = in_one(
            store.read_here,
            lambda db: _figures(
                db,
                _wanted(db, package, catalog),
                days=days,
                ending=ending,
                kept=settings.retention.requests,
            ),
        )
    written = []
    if png is not None:
        try:
            written.append((png, plots.picture(found)))
        except plots.NoPlotting as error:
            raise Stop(str(error)) from None
    if html is not None:
        about = " of ".join(name for name in (package, catalog) if name) or "all packages"
        written.append((html, page.page(found, about=about).encode()))
    for file, content in written:
        _write(file, content)
        click.echo(f"Written: {file}")


def _wanted(db: Transaction, package: str | None, catalog: str | None) -> frozenset[str] | None:
    """
    Return the ids of the packages that are meant; None: all, also those that are not known any more.

    Raises:
        Stop: There are none.
    """
    if not (package or catalog):
        return None
    known = package_store.list_all(db)
    ids = frozenset(
        each.id
        for each in known
        if _is_meant(package, each.name, each.slug, each.id) and _is_meant(catalog, each.catalog)
    )
    if package and not catalog:
        # Nobody knows any more of which catalog they were.
        ids |= {id for id, name in rows.named_packages(db) if _is_meant(package, id, name)} - {
            each.id for each in known
        }
    if not ids:
        raise Stop(
            "Latchkey knows no such package: `latchkey show packages` lists those that there are, and a report of all names "
            "those that there were."
        )
    return ids


def _figures(
    db: Transaction,
    package_ids: frozenset[str] | None,
    *,
    days: int,
    ending: int,
    kept: timedelta | None,
) -> ReportFigures:
    now = clock.now()
    return figures(
        db,
        at=now,
        period=Period(since=now - timedelta(days=days), until=now),
        ends_within=timedelta(days=ending),
        package_ids=package_ids,
        kept=kept,
    )


def _is_meant(wanted: str | None, *names: str) -> bool:
    said = clean(wanted or "").casefold()
    return not said or said in {clean(each).casefold() for each in names}


def _write(file: Path, content: bytes) -> None:
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, MODE), "wb") as opened:
            # A file that was there keeps its mode and length, unless it is told otherwise; a pipe has neither.
            if file.is_file():
                file.chmod(MODE)
                opened.truncate()
            opened.write(content)
    except OSError as error:
        raise Stop(f"{file} cannot be written: {error.strerror}.") from None
