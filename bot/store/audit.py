"""
Who did what, why, to whom: written in the same transaction as the thing itself, and chained.

Each row's hash covers the row and the hash before it, so that a changed, removed or inserted row shows.  The
key is kept outside the database.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from bot.store.schema import audit, audit_head

LATCHKEY: Final = "latchkey"
# What the transaction's connection remembers, so that `seal` only looks when there is something to seal.
MARK: Final = "latchkey_audited"
HEAD: Final = 1
START: Final = "0" * 64
CHUNK: Final = 1_000
SEALED: Final = tuple(
    column.name for column in audit.c if column.name not in {"seq", "position", "hash"}
)


def record(
    db: sa.Connection,
    *,
    at: datetime,
    actor: str,
    verb: str,
    why: str | None = None,
    **ids: Any,
) -> None:
    """
    Add one row.

    Args:
        actor: A Slack user id, or LATCHKEY for what a rule or the clock did.
        verb: What happened, in one word: "move", "refused", "end" …
        ids: Any of the table's other columns.
    """
    db.execute(audit.insert().values(at=at, actor=actor, verb=verb, why=why, **ids))
    db.info[MARK] = True


def seal(db: sa.Connection, key: bytes) -> None:
    """
    Chain this transaction's rows to those before them; the last thing a transaction does.

    The head's row is locked last and for a moment only, so that transactions neither overtake each other in
    the chain nor wait in a circle.
    """
    if not db.info.pop(MARK, False):
        return
    locked = sa.select(audit_head).where(audit_head.c.id == HEAD).with_for_update()
    head = db.execute(locked).one()
    position, chained = head.position, head.hash
    fresh = sa.select(audit).where(audit.c.hash.is_(None)).order_by(audit.c.seq)
    for row in db.execute(fresh).mappings().all():
        position, chained = position + 1, _link(key, chained, position + 1, row)
        db.execute(
            audit.update().where(audit.c.seq == row["seq"]).values(position=position, hash=chained)
        )
    head_row = audit_head.update().where(audit_head.c.id == HEAD)
    db.execute(head_row.values(position=position, hash=chained))


def forget_mark(db: sa.Connection) -> None:
    """The transaction was rolled back: its connection starts afresh."""
    db.info.pop(MARK, None)


def _link(key: bytes, before: str, position: int, row: Any) -> str:
    content: dict[str, Any] = {name: row[name] for name in SEALED}
    content["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps([before, position, content], sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What `verify` found: how many rows hold, and what is wrong with the first that does not."""

    rows: int
    head: str
    wrong: str | None = None


def verify(db: sa.Connection, key: bytes, *, anchor: tuple[int, str] | None = None) -> Chain:
    """
    Follow the chain from its start.

    Args:
        anchor: A place and its hash, noted elsewhere earlier: it shows a log that was cut off at the end.
    """
    position, chained = 0, START
    for row in _sealed(db):
        if row["position"] != position + 1:
            return Chain(rows=position, head=chained, wrong=f"row {position + 1} is missing")
        expected = _link(key, chained, position + 1, row)
        if not hmac.compare_digest(expected, row["hash"] or ""):
            return Chain(rows=position, head=chained, wrong=f"row {position + 1} was altered")
        position, chained = position + 1, expected
        if anchor is not None and anchor[0] == position and anchor[1] != chained:
            return Chain(
                rows=position, head=chained, wrong=f"row {position} is not the one of the anchor"
            )
    if anchor is not None and anchor[0] > position:
        return Chain(
            rows=position, head=chained, wrong=f"the log ends before the anchor ({anchor[0]})"
        )
    wrong = _unchained(db, position, chained)
    return Chain(rows=position, head=chained, wrong=wrong)


def _unchained(db: sa.Connection, position: int, chained: str) -> str | None:
    head = db.execute(sa.select(audit_head).where(audit_head.c.id == HEAD)).one_or_none()
    if head is None or (head.position, head.hash) != (position, chained):
        return "the log is shorter than its head says: rows at its end are missing"
    if db.execute(sa.select(audit.c.seq).where(audit.c.hash.is_(None)).limit(1)).first():
        return "there are rows outside the chain"
    return None


def _sealed(db: sa.Connection) -> Iterator[Any]:
    last = 0
    while True:
        query = sa.select(audit).where(audit.c.position > last).order_by(audit.c.position)
        chunk = db.execute(query.limit(CHUNK)).mappings().all()
        yield from chunk
        if not chunk:
            return
        last = chunk[-1]["position"]


def rows(db: sa.Connection, *, request_id: str | None = None) -> list[dict[str, Any]]:
    """The rows about one request, or all of them, oldest first."""
    query = sa.select(audit).order_by(audit.c.seq)
    if request_id is not None:
        query = query.where(audit.c.request_id == request_id)
    return [dict(row) for row in db.execute(query).mappings()]
