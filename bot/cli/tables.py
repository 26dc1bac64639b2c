"""Write rows for people, programs and spreadsheets: a table, JSON or CSV."""

import csv
import functools
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.packages.names import clean

Cell = str | bool | int | datetime | Sequence[str] | None
Row = Mapping[str, Cell]

# Wider than any table: what is piped is not cut to a terminal that is not there.
NO_TERMINAL_WIDTH: Final = 10_000
# A spreadsheet would run a cell that begins so (OWASP, "CSV Injection").
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    """The form in which rows are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True)
class Column:
    """
    One column.

    Attributes:
        key: Its name in JSON and CSV, which stays.
        label: Its heading in a table.
        is_wide: Only in a table that was asked to be wide; JSON and CSV always have it.
    """

    key: str
    label: str
    is_wide: bool = False


def form_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command be asked for ``--json``, ``--csv`` or ``--wide``."""

    @functools.wraps(command)
    def in_one_form(*args: Any, as_csv: bool, as_json: bool, **options: Any) -> Any:
        if as_csv and as_json:
            raise click.UsageError("Choose one of --json and --csv.")
        form = Form.JSON.value if as_json else Form.CSV.value if as_csv else None
        return command(*args, form=form, **options)

    wide = click.option(
        "--wide", is_flag=True, help="Show all columns of the table, ids among them."
    )
    csv_ = click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet: all columns.")
    json_ = click.option("--json", "as_json", is_flag=True, help="For a program: all columns.")
    return json_(csv_(wide(in_one_form)))


def write(
    rows: Sequence[Row], columns: Sequence[Column], *, form: str | None, wide: bool = False
) -> None:
    """Write *rows* to standard output; every row has a cell for every column."""
    if form == Form.JSON:
        click.echo(to_json([_in_order(row, columns) for row in rows]))
    elif form == Form.CSV:
        click.echo(_as_csv(rows, columns), nl=False)
    else:
        _as_table(rows, [column for column in columns if wide or not column.is_wide])


def to_json(value: Any) -> str:
    """Return JSON as every command writes it: indented, times in UTC with a Z."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_json)


def console(*, err: bool = False) -> Console:
    """Return standard output (or error) for rich; in color only on a terminal that wants it."""
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else NO_TERMINAL_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def when(moment: datetime | None) -> str:
    """Return a moment for people, in UTC to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""


def _in_order(row: Row, columns: Sequence[Column]) -> dict[str, Cell]:
    return {column.key: row[column.key] for column in columns}


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple | frozenset | set):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _as_csv(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([column.key for column in columns])
    for row in rows:
        writer.writerow([_csv_cell(row[column.key]) for column in columns])
    return lines.getvalue()


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return str(_json(cell))
    if isinstance(cell, bool):
        return "true" if cell else "false"
    text = _words(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def _as_table(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column.label, overflow="fold")
    for row in rows:
        # As Text: a name may look like markup, and never is.
        table.add_row(*(Text(_table_cell(row[column.key])) for column in columns))
    if rows:
        console().print(table)
    else:
        click.echo("Nothing found.", file=sys.stderr)


def _table_cell(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return when(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return _words(cell, between="\n")


def _words(cell: str | int | Sequence[str] | None, *, between: str = "; ") -> str:
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    # Control characters in a name could repaint the terminal.
    return clean(cell) if isinstance(cell, str) else between.join(clean(each) for each in cell)
