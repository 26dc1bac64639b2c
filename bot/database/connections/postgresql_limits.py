"""Limit how long a session on PostgreSQL may take, and how long it is waited for."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class SessionLimits:
    """
    The time limits of a session, in milliseconds; 0 is for ever.

    The server ends what takes too long; *answer_ms* is for a server, or something on the way, that does not answer
    at all: then the connection is dropped from here.  In each transaction, because behind a pooler the next one may
    run in another client's session.
    """

    lock_ms: int
    statement_ms: int
    idle_ms: int
    answer_ms: int


# Of a replica: whoever presses a button waits for it.
QUICK: Final = SessionLimits(lock_ms=1_200, statement_ms=5_000, idle_ms=5_000, answer_ms=6_000)
# Changing the tables: others still work with them, so locks are not waited for any longer.
PATIENT: Final = SessionLimits(lock_ms=1_200, statement_ms=0, idle_ms=0, answer_ms=0)
