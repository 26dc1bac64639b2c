"""
Remember when any replica could last do all of its work, and the outage that the admins are told of when none can for a while.

One row for the whole installation: it begins once and ends once, however many replicas look.  Moments are in real time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot import clock
from bot.database.connections.engine import Transaction, insert_into
from bot.database.tables import control

# Compares this machine's clock with the database server's.
Ahead = Callable[[Transaction], timedelta]
ONLY: Final = 1
FOUND: Final = sa.select(control.c.alive_at, control.c.outage).where(control.c.id == ONLY)
# Of two replicas that look at the same moment, one begins the outage.
LOCKED: Final = FOUND.with_for_update()


def not_ahead(db: Transaction) -> timedelta:
    """Take this machine's clock for the one that all share."""
    return timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """
    A time in which nothing could be processed.

    Attributes:
        began_at: When any replica could last work.
        noted_at: When it had lasted for long enough to be told; tells it from every other.
        why: What was wrong then.
        over_at: When a replica could work again; None while none can.
        posted, over_posted: The webhook has taken that it began, and that it is over, or there is none.
        over_told: The admins' channel has that it is over; what was sent is kept for a time, and this for ever.
    """

    began_at: datetime
    noted_at: datetime
    why: tuple[str, ...]
    over_at: datetime | None = None
    posted: bool = False
    over_posted: bool = False
    over_told: bool = False


OUTAGE: Final = TypeAdapter(Outage)


def note(
    db: Transaction, problems: tuple[str, ...], *, after: timedelta, ahead: Ahead = not_ahead
) -> Outage | None:
    """
    Note that this replica can do all of its work, or what keeps it from that; return the last outage, if there was one.

    Args:
        problems: Empty when it can.
        after: No replica could for so long: that is an outage.
        ahead: How far this machine's clock is ahead of the one that all replicas share.
    """
    # By its own clock a replica whose clock is wrong would find that nobody has worked for long.
    now = clock.real() - ahead(db)
    row = db.execute(LOCKED).one_or_none()
    alive_at = row.alive_at if row else None
    outage = OUTAGE.validate_python(row.outage) if row and row.outage else None
    is_on = outage is not None and outage.over_at is None
    if not problems:
        if outage is not None and is_on:
            outage = replace(outage, over_at=now)
        _set(db, alive_at=now, outage=_row(outage))
    elif alive_at is None:
        # It has just been installed: from now on it counts.
        _set(db, alive_at=now)
    elif not is_on and now - alive_at >= after:
        outage = Outage(began_at=alive_at, noted_at=now, why=problems)
        _set(db, outage=_row(outage))
    return outage


def note_told(db: Transaction, told: Outage) -> None:
    """Note what the webhook and the channel have of an outage; one that has begun since stays as it is."""
    row = db.execute(LOCKED).one_or_none()
    known = OUTAGE.validate_python(row.outage) if row and row.outage else None
    if known is not None and known.noted_at == told.noted_at:
        now = replace(
            known,
            posted=known.posted or told.posted,
            over_posted=known.over_posted or told.over_posted,
            over_told=known.over_told or told.over_told,
        )
        _set(db, outage=_row(now))


def find(db: Transaction) -> tuple[datetime | None, Outage | None]:
    """Return when any replica could last work, and the last outage."""
    row = db.execute(FOUND).one_or_none()
    if row is None:
        return None, None
    return row.alive_at, OUTAGE.validate_python(row.outage) if row.outage else None


def probe(db: Transaction) -> None:
    """Write something small: a database may answer, and have no room left."""
    _set(db, probed_at=clock.real())


def _set(db: Transaction, **values: Any) -> None:
    db.execute(_setting(db.dialect.name, tuple(values)), {"id": ONLY, **values})


@cache
def _setting(database: str, names: Sequence[str]) -> Any:
    row = insert_into(database, control)
    new = {name: row.excluded[name] for name in names}
    return row.on_conflict_do_update(index_elements=["id"], set_=new)


def _row(outage: Outage | None) -> dict[str, Any] | None:
    if outage is None:
        return None
    row: dict[str, Any] = OUTAGE.dump_python(outage, mode="json")
    return row
