"""How often somebody may do what takes others' time: so many an hour, counted in the database for all replicas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.store.database import Transaction, insert
from bot.store.schema import allowances
from bot.store.statements import for_each_database

HOUR: Final = timedelta(hours=1)
# How long somebody is refused at once whom Slack called no full member.
STRANGER_FOR: Final = timedelta(minutes=15)
STRANGER: Final = "stranger"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """
    So many of something an hour; one more becomes free after each *count*-th part of it.

    Attributes:
        what: What is counted, in one word.
    """

    what: str
    count: int

    @property
    def each(self) -> float:
        """Seconds after which one more is allowed."""
        return HOUR.total_seconds() / self.count


# From what people do in a busy hour, and some more: nobody presses twenty buttons that are not theirs by mistake.
REFUSALS: Final = Limit(what="refused", count=20)
# A reminder lists ten accesses, and each may be extended; nobody holds many times as many.
EXTENSIONS: Final = Limit(what="extend", count=60)

WHOSE: Final = sa.and_(
    allowances.c.slack_user == sa.bindparam("whose"), allowances.c.what == sa.bindparam("of")
)
READ: Final = sa.select(allowances.c.full_at, allowances.c.over, allowances.c.why).where(WHOSE)
COUNT_OVER: Final = allowances.update().where(WHOSE).values(over=allowances.c.over + 1)
FORGET_OVER: Final = allowances.update().where(WHOSE).values(over=0)
LEFT_OVER: Final = sa.select(allowances.c.slack_user, allowances.c.what, allowances.c.over).where(
    allowances.c.over > 0, allowances.c.full_at <= sa.bindparam("now")
)
FORGET_FULL: Final = allowances.delete().where(
    allowances.c.over == 0, allowances.c.full_at <= sa.bindparam("now")
)


@for_each_database
def _take(db: Transaction) -> Any:
    row = insert(db, allowances)
    now, each = sa.bindparam("now", type_=sa.Float()), sa.bindparam("each", type_=sa.Float())
    later = sa.case((allowances.c.full_at > now, allowances.c.full_at), else_=now) + each
    return row.on_conflict_do_update(
        index_elements=["slack_user", "what"],
        set_={"full_at": later},
        where=later <= now + HOUR.total_seconds(),
    ).returning(allowances.c.full_at)


@for_each_database
def _note(db: Transaction) -> Any:
    row = insert(db, allowances)
    return row.on_conflict_do_update(
        index_elements=["slack_user", "what"],
        set_={"full_at": row.excluded.full_at, "why": row.excluded.why},
    )


def take(db: Transaction, slack_user: str, limit: Limit) -> timedelta | None:
    """Use one of what *limit* allows; None if there was one, else how long until there is one again."""
    now = clock.real().timestamp()
    values = {"slack_user": slack_user, "what": limit.what, "full_at": now + limit.each, "over": 0}
    taken = db.execute(_take(db), {**values, "now": now, "each": limit.each}).first()
    return None if taken else left(db, slack_user, limit)


def left(db: Transaction, slack_user: str, limit: Limit) -> timedelta | None:
    """How long until there is one again; None if there is one now.  Uses none."""
    found = _read(db, slack_user, limit.what)
    if found is None:
        return None
    seconds = found[0] + limit.each - HOUR.total_seconds() - clock.real().timestamp()
    return timedelta(seconds=seconds) if seconds > 0 else None


def count_refusal(db: Transaction, slack_user: str) -> int:
    """
    Count that somebody was refused.

    Returns how many refusals are to be written down with this one: 0 when it is too many to write each down.
    """
    if take(db, slack_user, REFUSALS) is not None:
        db.execute(COUNT_OVER, {"whose": slack_user, "of": REFUSALS.what})
        return 0
    found = _read(db, slack_user, REFUSALS.what)
    over = int(found[1]) if found else 0
    if over:
        db.execute(FORGET_OVER, {"whose": slack_user, "of": REFUSALS.what})
    return over + 1


def left_over(db: Transaction) -> list[tuple[str, int]]:
    """Who was refused more often than was written down, and has stopped: so often each, told once."""
    found = db.execute(LEFT_OVER, {"now": clock.real().timestamp()}).all()
    for row in found:
        db.execute(FORGET_OVER, {"whose": row.slack_user, "of": row.what})
    return [(row.slack_user, row.over) for row in found]


def forget_old(db: Transaction) -> None:
    """Who may do everything again needs no row."""
    db.execute(FORGET_FULL, {"now": clock.real().timestamp()})


def note_stranger(db: Transaction, slack_user: str, why: str) -> None:
    """Slack has just called them no full member: for a while nothing more is read to refuse them."""
    full_at = (clock.real() + STRANGER_FOR).timestamp()
    values = {"slack_user": slack_user, "what": STRANGER, "full_at": full_at, "over": 0, "why": why}
    db.execute(_note(db), values)


def stranger(db: Transaction, slack_user: str) -> str | None:
    """Why they are refused at once, if they are."""
    found = _read(db, slack_user, STRANGER)
    if found is None or found[0] <= clock.real().timestamp():
        return None
    return str(found[2])


def _read(db: Transaction, slack_user: str, what: str) -> Sequence[Any] | None:
    return db.execute(READ, {"whose": slack_user, "of": what}).first()
