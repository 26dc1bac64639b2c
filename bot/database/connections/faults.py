"""Classify errors of the database: busy, or unusable until somebody mends it."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

# SQLite's primary result codes.  Source: https://www.sqlite.org/rescode.html
LOCKED, READ_ONLY, DAMAGED, CONTRADICTION, NO_DATABASE = 5, 8, 11, 19, 26
# PostgreSQL's SQLSTATEs.  Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
DAMAGED_STATES: Final = frozenset({"XX001", "XX002"})
# Of statements that somebody has prepared, which Latchkey never does: another client's have come between ours.
MIXED_UP_STATES: Final = frozenset({"26000", "42P05"})
# Also what a pooler says when it turns a client away, which passes.
PROTOCOL_VIOLATION: Final = "08P01"
# Two come in a class that otherwise is a mistake in a statement.
PASSING_STATES: Final = frozenset({"25P03", "25P04"})
# Connection lost, not let in, rolled back, out of resources, locked, shut down.
PASSING_CLASSES: Final = ("08", "28", "40", "53", "55", "57", "58")
# The connection is lost, or the server ends it.
GONE_CLASSES: Final = ("08", "57", "58")
# A deadlock, or two that cannot be put in a row: "applications should retry the whole transaction".
# Source: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
ROLLED_BACK_STATES: Final = frozenset({"40001", "40P01"})
STANDBY: Final = "25006"
FORBIDDEN: Final = "42501"
CONTRADICTION_CLASS: Final = "23"

MIXED_UP: Final = (
    "something between Latchkey and PostgreSQL mixes up the statements of several clients ({code}): stop Latchkey, and "
    "see “A pooler in between” in docs/how-to/operations.md"
)
SENTENCES: Final[Mapping[int | str, str]] = {
    DAMAGED: "the database file is damaged ({code}): stop Latchkey, and put a backup back with `latchkey restore FILE`",
    NO_DATABASE: "the database file is damaged, or none of SQLite's ({code}): stop Latchkey, and put a backup back with "
    "`latchkey restore FILE`",
    READ_ONLY: "the database cannot be written ({code}): check the rights to its file and folder",
    CONTRADICTION: "the database refuses a row that contradicts another or one of its rules ({code}): is it whole?  `latchkey doctor` looks",
    STANDBY: "the database takes no writes ({code}): it is a standby, or was made read-only",
    FORBIDDEN: "the database's role may not do that ({code}): `latchkey migrate --grant-to ROLE` gives it what it needs",
}
PG_DAMAGED: Final = "PostgreSQL reports damaged data ({code}): stop Latchkey, and restore it"
REFUSED: Final = "the database refuses a statement ({code})"


class Busy(Exception):
    """The database could not do it; nothing was written, but for `Unsure`."""


class RolledBack(Busy):
    """PostgreSQL undid it so that another transaction could go on; begun anew, it has every chance."""


class Unsure(Busy):
    """PostgreSQL did not say whether it committed it: it may be written, or not."""


class Unusable(Busy):
    """
    The database could not do it, and waiting does not mend that; ``str(error)`` says what does, and no data.

    Attributes:
        code: The database's name for it.
        detail: The database's own words, for whoever sits at the command line.
    """

    def __init__(self, sentence: str, *, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(sentence.format(code=code))


def is_locked(error: Busy) -> bool:
    """Tell whether another process holds SQLite's file, which passes."""
    number = _sqlite_number(error)
    return number is not None and number & 0xFF == LOCKED


def is_of_a_file(error: Busy) -> bool:
    """Tell whether SQLite said so, which has a file and no server."""
    return _sqlite_number(error) is not None


def _sqlite_number(error: Busy) -> int | None:
    number: int | None = getattr(getattr(error.__cause__, "orig", None), "sqlite_errorcode", None)
    return number


def meaning(error: sa.exc.DBAPIError, *, while_committing: bool = False) -> Busy:
    """
    Return what to raise in place of *error*.

    Args:
        while_committing: It came in the answer to COMMIT, or in its place.
    """
    meant = _meaning(error)
    is_sqlite = getattr(error.orig, "sqlite_errorcode", None) is not None
    state = getattr(error.orig, "sqlstate", None)
    # SQLite does it itself, so nothing is lost on the way; and a reason of PostgreSQL's is a refusal, unless it goes away.
    if while_committing and not is_sqlite and (state is None or state.startswith(GONE_CLASSES)):
        return Unsure(str(meant))
    return meant


def _meaning(error: sa.exc.DBAPIError) -> Busy:
    orig: Any = error.orig
    detail = str(orig).partition("\n")[0]
    number = getattr(orig, "sqlite_errorcode", None)
    if number is not None:
        return _of_sqlite(error, number & 0xFF, orig.sqlite_errorname, detail)
    state = getattr(orig, "sqlstate", None)
    if state is not None:
        return _of_postgresql(state, detail)
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.InternalError):
        # No connection, or none any more; psycopg calls it internal where the server dies in the middle of an answer.
        return Busy(str(orig))
    return Unusable(REFUSED, code=type(orig).__name__, detail=detail)


def _of_sqlite(error: sa.exc.DBAPIError, number: int, name: str, detail: str) -> Busy:
    if number in SENTENCES:
        return Unusable(SENTENCES[number], code=name, detail=detail)
    if name == "SQLITE_ERROR" or not isinstance(error, sa.exc.OperationalError):
        return Unusable(REFUSED, code=name, detail=detail)
    return Busy(detail)


def _of_postgresql(state: str, detail: str) -> Busy:
    if state in MIXED_UP_STATES or (state == PROTOCOL_VIOLATION and "prepared statement" in detail):
        return Unusable(MIXED_UP, code=state, detail=detail)
    if state in DAMAGED_STATES:
        return Unusable(PG_DAMAGED, code=state, detail=detail)
    if state in SENTENCES:
        return Unusable(SENTENCES[state], code=state, detail=detail)
    if state in ROLLED_BACK_STATES:
        return RolledBack(detail)
    if state in PASSING_STATES or state.startswith(PASSING_CLASSES):
        return Busy(detail)
    if state.startswith(CONTRADICTION_CLASS):
        return Unusable(SENTENCES[CONTRADICTION], code=state, detail=detail)
    return Unusable(REFUSED, code=state, detail=detail)
