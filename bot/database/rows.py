"""Rows that are inserted together."""

from collections.abc import Mapping, Sequence
from typing import Any


def without_empty(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Leave out of *rows*, which are to be inserted, the columns that are empty in each of them.

    Each value of each row is a parameter, and costs something: more than half of a new request is empty.
    """
    given = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    return [{name: row[name] for name in given} for row in rows]
