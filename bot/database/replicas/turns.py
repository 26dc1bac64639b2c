"""
Turns: which replica reads of Graph or Slack for all of them now.

One row a sync.  Whoever takes it holds it by a lease that is renewed; when its owner dies, another takes it over.
The generation tells the owner from one that has been taken for dead, and only sleeps: it counts the turns.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction, insert
from bot.database.statements import NOW, UNTIL, for_each_database
from bot.database.tables import UtcDateTime, sweeps
from bot.errors import LatchkeyError

MINE: Final = sa.and_(
    sweeps.c.name == sa.bindparam("sweep"), sweeps.c.generation == sa.bindparam("turn")
)
WANTED: Final = sa.bindparam("wanted", type_=UtcDateTime())

TAKE: Final = (
    sweeps.update()
    .where(
        sweeps.c.name == sa.bindparam("sweep"),
        sa.or_(sweeps.c.lease_until.is_(None), sweeps.c.lease_until <= NOW),
        sa.or_(sweeps.c.due_at <= NOW, sweeps.c.began_at.is_(None), sweeps.c.began_at < WANTED),
    )
    .values(generation=sweeps.c.generation + 1, began_at=NOW, lease_until=UNTIL)
    .returning(sweeps.c.generation)
)
RENEW: Final = sweeps.update().where(MINE).values(lease_until=UNTIL)
END: Final = sweeps.update().where(MINE).values(lease_until=None)
# Not FOR UPDATE: a sync may write several pages at once.  Whoever takes it over waits for them.
INSIST: Final = sa.select(sweeps.c.generation).where(MINE).with_for_update(read=True)


@for_each_database
def _insert(db: Transaction) -> Any:
    return insert(db, sweeps).on_conflict_do_nothing(index_elements=["name"])


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One turn of a sync, and its owner's right to write down what it finds."""

    name: str
    generation: int
    began_at: datetime


@dataclass(frozen=True, kw_only=True)
class SyncState:
    """
    The state of a sync, whoever does it; moments in real time.

    Attributes:
        due_at: When its next turn begins.
        lease_until: Until when its owner has it, if somebody has.
        began_at: When its last turn began.
        succeeded_at: When a turn last came to a good end.
        error: Why the last turn failed; None if it did not.
        found: What it found, for syncs whose result is kept in memory.
    """

    due_at: datetime
    lease_until: datetime | None
    began_at: datetime | None
    succeeded_at: datetime | None
    error: str | None
    found: Any

    def is_to_take(self, now: datetime, *, wanted: datetime) -> bool:
        """Tell whether somebody should take it: it is due, or older than what is wanted, and nobody has it."""
        if self.lease_until is not None and self.lease_until > now:
            return False
        return self.due_at <= now or self.began_at is None or self.began_at < wanted


FIELDS: Final = tuple(SyncState.__dataclass_fields__)
FIND: Final = sa.select(*(sweeps.c[name] for name in FIELDS)).where(
    sweeps.c.name == sa.bindparam("sweep")
)


class Overtaken(LatchkeyError):
    """The sync was taken over by another replica: what this one has read is old, and does not count."""

    def __init__(self) -> None:
        super().__init__("Another replica has taken this sync over.")


def find(db: Transaction, name: str) -> SyncState | None:
    """Return how a sync stands; None if nobody has ever done it."""
    row = db.execute(FIND, {"sweep": name}).first()
    return SyncState(**dict(zip(FIELDS, row, strict=True))) if row else None


def get(db: Transaction, name: str) -> SyncState:
    """Return how a sync stands that somebody has done."""
    return SyncState(**dict(zip(FIELDS, db.execute(FIND, {"sweep": name}).one(), strict=True)))


def take(db: Transaction, name: str, *, lease: timedelta, wanted: datetime) -> Turn | None:
    """
    Take the next turn of a sync; None if it is not due, or somebody else's.

    Args:
        wanted: A turn that began before then (real time) is not enough.
    """
    now = clock.real()
    db.execute(_insert(db), {"name": name, "generation": 0, "due_at": now})
    given = {"sweep": name, "now": now, "until": now + lease, "wanted": wanted}
    generation = db.execute(TAKE, given).scalar()
    return None if generation is None else Turn(name=name, generation=generation, began_at=now)


def renew(db: Transaction, turn: Turn, *, lease: timedelta) -> bool:
    """Keep a sync for *lease* from now; False if somebody else has taken it over."""
    until = clock.real() + lease
    return db.execute(RENEW, {**_known(turn), "until": until}).rowcount == 1


def check_turn(db: Transaction, turn: Turn) -> None:
    """
    Keep the turn ours to the end of this transaction.

    Raises:
        Overtaken: It is not.
    """
    if db.execute(INSIST, _known(turn)).first() is None:
        raise Overtaken


def finish(
    db: Transaction, turn: Turn, *, due_at: datetime, error: str | None = None, found: Any = None
) -> bool:
    """Give a sync back, to be done again at *due_at* (real time); False if it was not ours any more."""
    values: dict[str, Any] = {"due_at": due_at, "error": error}
    if error is None:
        values |= {"succeeded_at": clock.real(), "found": found}
    return db.execute(END, {**_known(turn), **values}).rowcount == 1


def release(db: Transaction, turn: Turn) -> None:
    """Give a sync back that was not done: somebody else's next look takes it."""
    db.execute(END, _known(turn))


def _known(turn: Turn) -> dict[str, Any]:
    return {"sweep": turn.name, "turn": turn.generation}
