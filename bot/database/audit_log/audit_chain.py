"""
The chain of hashes of the audit log: how a row is linked to the one before it, and what of it can be forgotten.

Pure: a row in, a hash out; for the database, and for files that hold rows of the log.

What names people is in the chain as a commitment: a hash that a salt of the row's own keeps from being guessed.  When
somebody is forgotten, their values and the salts of these go and the commitments stay, so that the chain holds as it
was noted elsewhere; a seal made with the audit key shows that it was Latchkey who did so.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import RowMapping

from bot.database.tables import audit

# A row of the log: its columns by name.
Row = Mapping[str, Any] | RowMapping
# What the first row is linked to.
START: Final = "0" * 64
# Columns about the chain itself.
LINKING: Final = frozenset({"position", "hash", "salt", "forgotten"})
CHAINED: Final = tuple(column.name for column in audit.c if column.name not in LINKING)
# `json.dumps` would make an encoder of these for each value.
_WRITE: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
# What names people, or is in their words.
PERSONAL: Final = ("actor", "actor_entra_id", "subject_entra_id", "why", "details")


def link(key: bytes, before: str, position: int, row: Row) -> str:
    """
    Return the hash of a row.

    Args:
        before: The hash of the row before it, or START.
        row: Its columns by name; times as moments.
    """
    # What is empty is left out, so that a column that comes later leaves the rows before it as they are.
    content: dict[str, Any] = {name: row[name] for name in CHAINED if row[name] is not None}
    moment: datetime = row["at"]
    content["at"] = moment.astimezone(UTC).isoformat(timespec="microseconds")
    if row["salt"] is not None or row["forgotten"] is not None:
        content = {name: content[name] for name in content if name not in PERSONAL}
        content["commitments"] = commitments(row)
    return _keyed(key, [before, position, content])


def holds(key: bytes, before: str, position: int, row: Row) -> bool:
    """Tell whether a row is the one that was written at its place; False as well for what was never a row."""
    try:
        expected = link(key, before, position, row)
        return hmac.compare_digest(expected, str(row["hash"])) and is_sealed(key, row)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def commitments(row: Row) -> dict[str, str]:
    """Return the hash of each of its values that names people, as far as it has them, or had."""
    kept = row["forgotten"] or {}
    found = {name: _commitment(salt, row[name]) for name, salt in salts(row).items()}
    return found | dict(kept.get("commitments", {}))


def salts(row: Row) -> dict[str, str]:
    """Return the salt of each value that it has, names people and has not been forgotten."""
    given = [name for name in PERSONAL if row[name] is not None]
    if row["forgotten"] is not None:
        kept = row["forgotten"]["salts"]
        return {name: kept[name] for name in given if name in kept}
    own = bytes.fromhex(row["salt"])
    return {name: hmac.digest(own, name.encode(), "sha256").hex() for name in given}


def forget(key: bytes, row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the columns to change so that a row says *values* instead, and its hash stays.

    Args:
        row: All of its columns; it has a salt, or something of it was forgotten before.
        values: What stands in the place of values that name somebody, by column.
    """
    known, committed = salts(row), commitments(row)
    before = row["forgotten"] or {"commitments": {}}
    gone = {name: committed[name] for name in values} | before["commitments"]
    left = {name: salt for name, salt in known.items() if name in committed and name not in gone}
    changed = {**dict(row), **values}
    forgotten = {"salts": left, "commitments": gone}
    sealed = {**forgotten, "seal": _seal(key, changed, forgotten)}
    return {**values, "salt": None, "forgotten": sealed}


def is_sealed(key: bytes, row: Row) -> bool:
    """Tell whether what a row says in the place of what was forgotten was written with *key*; True if nothing was."""
    forgotten = row["forgotten"]
    if forgotten is None:
        return True
    said = {name: forgotten[name] for name in ("salts", "commitments")}
    return hmac.compare_digest(_seal(key, row, said), str(forgotten["seal"]))


def seal_of_checkpoint(key: bytes, position: int, chained: str, archive: str) -> str:
    """Return what shows that the chain begins behind this row, because the rows up to it are in *archive* (a SHA-256)."""
    return _keyed(key, ["checkpoint", position, chained, archive])


def _seal(key: bytes, row: Row, forgotten: Mapping[str, Any]) -> str:
    says = {name: row[name] for name in PERSONAL}
    return _keyed(key, ["forgotten", row["position"], row["hash"], says, forgotten])


def _commitment(salt: str, value: Any) -> str:
    return hmac.digest(bytes.fromhex(salt), _text(value), "sha256").hex()


def _keyed(key: bytes, content: Any) -> str:
    return hmac.digest(key, _text(content), "sha256").hex()


def _text(content: Any) -> bytes:
    return _WRITE(content).encode()
