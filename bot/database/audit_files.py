"""Write rows of the audit log as CSV for spreadsheets, or as JSON, one object a line."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bot.database.tables import audit

FIELDS: Final = tuple(column.name for column in audit.c)
# What a spreadsheet takes for the beginning of a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class AuditFormat(StrEnum):
    """The formats of such a file; each is also how its name ends."""

    CSV = "csv"
    JSON_LINES = "jsonl"


def head(form: AuditFormat) -> str:
    """Return what comes before the rows."""
    return _line(FIELDS) if form is AuditFormat.CSV else ""


def lines(rows: Iterable[Mapping[str, Any]], form: AuditFormat) -> str:
    """Return rows as lines of text."""
    if form is AuditFormat.CSV:
        return "".join(_line([harmless(plain(row[name])) for name in FIELDS]) for row in rows)
    return "".join(json.dumps({name: plain(row[name]) for name in FIELDS}) + "\n" for row in rows)


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return value.isoformat() if isinstance(value, datetime) else value


def harmless(value: Any) -> Any:
    """Return a value as text that no spreadsheet runs as a formula."""
    text = json.dumps(value) if isinstance(value, dict) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text


def _line(cells: Iterable[Any]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()
