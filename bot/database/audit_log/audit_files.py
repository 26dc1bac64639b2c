"""Write rows of the audit log as CSV for spreadsheets, or as JSON, one object a line."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bot.database.tables import audit

# All but what only the chain needs.
FIELDS: Final = tuple(column.name for column in audit.c if column.name not in {"salt", "forgotten"})
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").  A space before it changes nothing for some.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 (as wide as a spreadsheet takes them)


class AuditFormat(StrEnum):
    """The formats of such a file; each is also how its name ends."""

    CSV = "csv"
    JSON_LINES = "jsonl"


def head(form: AuditFormat) -> str:
    """Return what comes before the rows."""
    return line(FIELDS) if form is AuditFormat.CSV else ""


def lines(rows: Iterable[Mapping[str, Any]], form: AuditFormat) -> str:
    """Return rows as lines of text."""
    if form is AuditFormat.CSV:
        return "".join(line([harmless(plain(row[name])) for name in FIELDS]) for row in rows)
    return "".join(json.dumps({name: plain(row[name]) for name in FIELDS}) + "\n" for row in rows)


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return value.isoformat() if isinstance(value, datetime) else value


def harmless(value: Any) -> Any:
    """Return a value as text that no spreadsheet runs as a formula."""
    text = json.dumps(value) if isinstance(value, dict) else value
    return f"'{text}" if isinstance(text, str) and text.lstrip(" ").startswith(FORMULA) else text


def line(cells: Iterable[Any]) -> str:
    """Return one line of CSV."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()
