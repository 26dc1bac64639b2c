"""
The audit log: who did what to whom, and why; written in the same transaction as the thing itself, and chained.

Each row's hash covers the row and the hash before it, so that a changed, removed or inserted row shows.  The
key is kept outside the database.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import chance
from bot.database.audit_log import audit_checkpoints
from bot.database.audit_log.audit_chain import CHAINED, holds, link
from bot.database.rows import without_empty
from bot.database.tables import audit, audit_head

LATCHKEY: Final = "latchkey"
# How the actor begins of what somebody did at the command line.
OPERATOR: Final = "cli:"
# Where a transaction's connection keeps the rows that are not written yet, and how many there were at each savepoint.
PENDING: Final = "latchkey_audit"
SAVEPOINTS: Final = "latchkey_audit_savepoints"
HEAD: Final = 1
CHUNK: Final = 1_000

INSERT: Final = audit.insert()
READ_HEAD: Final = sa.select(audit_head).where(audit_head.c.id == HEAD)
LOCK_HEAD: Final = READ_HEAD.with_for_update()
LAST_TWO: Final = sa.select(audit).order_by(audit.c.position.desc()).limit(2)
MOVE_HEAD: Final = audit_head.update().where(audit_head.c.id == HEAD)


# The key under which a pending row has what is told of it after the commit, and is no part of it.
CONTEXT: Final = "context"


@dataclass(frozen=True, kw_only=True)
class Committed:
    """
    A row that a transaction has committed, for logs and metrics.

    Attributes:
        context: What else is known of it: "kind", "waited_seconds", "trigger", "exchange" (with Graph).
    """

    verb: str
    request_id: str | None
    assignment_id: str | None
    before: str | None
    after: str | None
    context: Mapping[str, Any] = field(default_factory=dict)


def follow_savepoints(engine: sa.Engine) -> None:
    """
    Let no row stay of what a savepoint takes back; to be called once, before *engine* is used.

    In the dialect, because an engine with listeners asks for them around every statement.
    """
    dialect = engine.dialect
    begin, release = dialect.do_savepoint, dialect.do_release_savepoint
    take_back = dialect.do_rollback_to_savepoint

    def do_savepoint(connection: sa.Connection, name: str) -> None:
        connection.info.setdefault(SAVEPOINTS, []).append(len(connection.info.get(PENDING, ())))
        begin(connection, name)

    def do_release_savepoint(connection: sa.Connection, name: str) -> None:
        connection.info[SAVEPOINTS].pop()
        release(connection, name)

    def do_rollback_to_savepoint(connection: sa.Connection, name: str) -> None:
        # Never called of a connection that is gone: its whole transaction has not happened.
        if connection.info[SAVEPOINTS]:
            del connection.info.get(PENDING, [])[connection.info[SAVEPOINTS].pop() :]
        take_back(connection, name)

    dialect.do_savepoint = do_savepoint  # type: ignore[method-assign]
    dialect.do_release_savepoint = do_release_savepoint  # type: ignore[method-assign]
    dialect.do_rollback_to_savepoint = do_rollback_to_savepoint  # type: ignore[method-assign]


def record(
    db: sa.Connection,
    *,
    at: datetime,
    actor: str,
    verb: str,
    why: str | None = None,
    context: Mapping[str, Any] | None = None,
    **ids: Any,
) -> None:
    """
    Add one row; `seal` writes it.

    Args:
        actor: A Slack user id, or LATCHKEY for what a rule or the clock did.
        verb: What happened, in one word: "move", "refused", "end" …
        context: For logs and metrics, once it is committed; see `Committed`.
        ids: Any of the table's other columns.
    """
    row = {"at": at, "actor": actor, "verb": verb, "why": why, **ids}
    pending = {name: row.get(name) for name in CHAINED} | {CONTEXT: context or {}}
    db.info.setdefault(PENDING, []).append(pending)


def seal(db: sa.Connection, key: bytes) -> list[Committed]:
    """
    Write this transaction's rows, chained to those before them, and return them; the last thing a transaction does.

    The head's row is locked last and for a moment only, so that transactions neither overtake each other in
    the chain nor wait in a circle.  Rows are written once, as they stay: the role that the bot runs as needs
    no right to change any.
    """
    fresh = db.info.pop(PENDING, [])
    if not fresh:
        return []
    written = [_committed(row) for row in fresh]
    head = db.execute(LOCK_HEAD).one()
    position, chained = head.position, head.hash
    for row in fresh:
        row |= {"salt": chance.new_salt(), "forgotten": None}
        position, chained = position + 1, link(key, chained, position + 1, row)
        row |= {"position": position, "hash": chained}
    db.execute(INSERT, without_empty(fresh))
    db.execute(MOVE_HEAD, {"position": position, "hash": chained})
    return written


def _committed(row: dict[str, Any]) -> Committed:
    """Take what is no part of a pending row out of it."""
    context = row.pop(CONTEXT)
    return Committed(
        verb=str(row["verb"]),
        request_id=row["request_id"],
        assignment_id=row["assignment_id"],
        before=row["before"],
        after=row["after"],
        context=context,
    )


def forget_pending(db: sa.Connection) -> None:
    """The transaction before was rolled back: its connection starts afresh."""
    db.info.pop(PENDING, None)
    db.info.pop(SAVEPOINTS, None)


def check_none_pending(db: sa.Connection) -> None:
    """
    For the end of a transaction that only reads.

    Raises:
        RuntimeError: It has something for the log, which would be lost; a mistake in this program.
    """
    if db.info.get(PENDING):
        raise RuntimeError("a transaction that only reads has something for the audit log")


@dataclass(frozen=True, kw_only=True)
class Chain:
    """
    The result of `verify`.

    Attributes:
        rows: How many rows hold.
        position: The place of the last of them.
        head: Its hash.
        wrong: What is wrong with the first row that does not hold; None: all do.
        archived: How many rows were archived before the first.
    """

    rows: int
    position: int
    head: str
    wrong: str | None = None
    archived: int = 0


def key_fits(db: sa.Connection, key: bytes) -> bool:
    """Tell whether the last row was made with *key*; an empty log fits every key."""
    found = db.execute(LAST_TWO).mappings().all()
    if not found:
        return True
    last = found[0]
    chained = found[1]["hash"] if len(found) > 1 else audit_checkpoints.last(db).hash
    return holds(key, chained, last["position"], last)


def verify(db: sa.Connection, key: bytes, *, anchor: tuple[int, str] | None = None) -> Chain:
    """
    Follow the chain from its start, or from where its older rows were archived.

    Args:
        anchor: A place and its hash, noted elsewhere earlier: it shows a log that was cut off at the end.  One of an archived
            row shows nothing here, and is left to whoever checks the archive.
    """
    start = audit_checkpoints.last(db)
    position, chained = start.position, start.hash

    def result(wrong: str | None = None) -> Chain:
        return Chain(
            rows=position - start.position,
            position=position,
            head=chained,
            wrong=wrong,
            archived=start.position,
        )

    if not start.is_genuine(key):
        return result(f"the checkpoint behind row {position} was not made with this key")
    if anchor is not None and anchor[0] == position and anchor[1] != chained:
        return result(f"row {position} is not the one of the anchor")
    for row in in_order(db):
        if row["position"] != position + 1:
            return result(f"row {position + 1} is missing")
        if not holds(key, chained, position + 1, row):
            return result(f"row {position + 1} was altered")
        position, chained = position + 1, row["hash"]
        if anchor is not None and anchor[0] == position and anchor[1] != chained:
            return result(f"row {position} is not the one of the anchor")
    if anchor is not None and anchor[0] > position:
        return result(f"the log ends before the anchor ({anchor[0]})")
    return result(_beside_head(db, position, chained))


def head(db: sa.Connection) -> tuple[int, str]:
    """Return the place and the hash of the last row; 0 and START before there is one."""
    found = db.execute(READ_HEAD).one()
    return int(found.position), str(found.hash)


def archived(db: sa.Connection) -> int:
    """Return up to where rows were archived; nobody archives more until this transaction ends."""
    db.execute(LOCK_HEAD)
    return audit_checkpoints.last(db).position


def wrong_at_end(db: sa.Connection) -> str | None:
    """Tell what is wrong between the last row and the head, without looking at the others; None: nothing."""
    last = db.execute(LAST_TWO).first() or audit_checkpoints.last(db)
    return _beside_head(db, last.position, last.hash)


def _beside_head(db: sa.Connection, position: int, chained: str) -> str | None:
    head = db.execute(READ_HEAD).one_or_none()
    if head is None or head.position > position:
        return "the log is shorter than its head says: rows at its end are missing"
    if (head.position, head.hash) != (position, chained):
        return "its head is not that of its last row: it was altered"
    return None


def in_order(db: sa.Connection) -> Iterator[Any]:
    """Read all rows, the oldest first, some at a time."""
    query = sa.select(audit).order_by(audit.c.position).limit(CHUNK)
    chunk = db.execute(query).mappings().all()
    while chunk:
        yield from chunk
        after = query.where(audit.c.position > chunk[-1]["position"])
        chunk = db.execute(after).mappings().all()


def rows(db: sa.Connection, *, request_id: str | None = None) -> list[dict[str, Any]]:
    """Return the rows about one request, or all of them, oldest first."""
    query = sa.select(audit).order_by(audit.c.position)
    if request_id is not None:
        query = query.where(audit.c.request_id == request_id)
    return [dict(row) for row in db.execute(query).mappings()]
