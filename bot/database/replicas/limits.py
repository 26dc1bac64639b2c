"""Limits for one person: so many actions an hour, counted in the database for all replicas."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction, insert, insert_into
from bot.database.statements import for_each_database
from bot.database.tables import allowances

HOUR: Final = timedelta(hours=1)
# How long somebody is refused at once whom Slack called no full member.
STRANGER_FOR: Final = timedelta(minutes=15)
STRANGER: Final = "stranger"
# How long they are shown nothing to ask for; whoever asks all the same is looked at anew.
GUEST_FOR: Final = timedelta(days=1)
GUEST: Final = "guest"


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
READ_EACH: Final = sa.select(allowances.c.slack_user, allowances.c.full_at, allowances.c.why).where(
    allowances.c.what == sa.bindparam("of"),
    allowances.c.slack_user.in_(sa.bindparam("whose", expanding=True)),
)
COUNT_OVER: Final = allowances.update().where(WHOSE).values(over=allowances.c.over + 1)
FORGET_OVER: Final = allowances.update().where(WHOSE).values(over=0)
FORGET: Final = allowances.delete().where(WHOSE)
LEFT_OVER: Final = sa.select(allowances.c.slack_user, allowances.c.what, allowances.c.over).where(
    allowances.c.over > 0, allowances.c.full_at <= sa.bindparam("now")
)
FORGET_FULL: Final = allowances.delete().where(
    allowances.c.over == 0, allowances.c.full_at <= sa.bindparam("now")
)


@functools.cache
def _take(database: str, each: float) -> Any:
    """
    Use one of a limit of which one is free again after *each* seconds.

    That is a number in the text: with a parameter beyond the row's own, rows would go one by one.
    """
    row = insert_into(database, allowances)
    a_while = sa.literal_column(repr(each), sa.Float())
    # The row comes with what follows if the whole of the limit was free.
    fresh, used = row.excluded.full_at, allowances.c.full_at + a_while
    later = sa.case((used > fresh, used), else_=fresh)
    return row.on_conflict_do_update(
        index_elements=["slack_user", "what"],
        set_={"full_at": later},
        where=later <= fresh - a_while + sa.literal_column(repr(HOUR.total_seconds()), sa.Float()),
    ).returning(allowances.c.slack_user)


@for_each_database
def _note(db: Transaction) -> Any:
    row = insert(db, allowances)
    return row.on_conflict_do_update(
        index_elements=["slack_user", "what"],
        set_={"full_at": row.excluded.full_at, "why": row.excluded.why},
    )


def take(db: Transaction, slack_user: str, limit: Limit) -> timedelta | None:
    """Use one of what *limit* allows; None if there was one, else how long until there is one again."""
    return None if take_each(db, [slack_user], limit) else time_left(db, slack_user, limit)


def take_each(db: Transaction, slack_users: Collection[str], limit: Limit) -> set[str]:
    """Use one of what *limit* allows each of them; return those who had one."""
    if not slack_users:
        return set()
    given = {"what": limit.what, "full_at": clock.real().timestamp() + limit.each, "over": 0}
    # In one order, so that no two who take from the same wait for each other.
    rows = [{"slack_user": user, **given} for user in sorted(slack_users)]
    return set(db.execute(_take(db.dialect.name, limit.each), rows).scalars())


def time_left(db: Transaction, slack_user: str, limit: Limit) -> timedelta | None:
    """Return how long until there is one again; None if there is one now.  Uses none."""
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


def unreported_refusals(db: Transaction) -> list[tuple[str, int]]:
    """Return who was refused more often than was written down, and has stopped: so often each, told once."""
    found = db.execute(LEFT_OVER, {"now": clock.real().timestamp()}).all()
    for row in found:
        db.execute(FORGET_OVER, {"whose": row.slack_user, "of": row.what})
    return [(row.slack_user, row.over) for row in found]


def forget_old(db: Transaction) -> None:
    """Delete the rows of those who may do everything again."""
    db.execute(FORGET_FULL, {"now": clock.real().timestamp()})


def note_guest(db: Transaction, slack_user: str, why: str) -> None:
    """Slack has just called them no full member: for a while nothing more is read to refuse them."""
    _note_for(db, slack_user, why, {GUEST: GUEST_FOR, STRANGER: STRANGER_FOR})


def note_nothing_to_ask(db: Transaction, slack_user: str, why: str) -> None:
    """Slack has just called them no full member: they are shown nothing to ask for; what they ask for is looked at."""
    _note_for(db, slack_user, why, {GUEST: GUEST_FOR})


def _note_for(db: Transaction, slack_user: str, why: str, lasting: Mapping[str, timedelta]) -> None:
    now = clock.real()
    rows = [
        {
            "slack_user": slack_user,
            "what": what,
            "full_at": (now + each).timestamp(),
            "over": 0,
            "why": why,
        }
        for what, each in lasting.items()
    ]
    db.execute(_note(db), rows)


def forget_guest(db: Transaction, slack_user: str) -> None:
    """Slack has just called them a full member."""
    for what in (STRANGER, GUEST):
        db.execute(FORGET, {"whose": slack_user, "of": what})


def guest_refusal(db: Transaction, slack_user: str) -> str | None:
    """Return why they are refused at once, if they are."""
    return _why(db, slack_user, STRANGER)


def guest_sentence(db: Transaction, slack_user: str) -> str | None:
    """Return why there is nothing for them to ask for, by what Slack has said of them within a day."""
    return _why(db, slack_user, GUEST)


def guest_refusals(db: Transaction, slack_users: Collection[str]) -> dict[str, str]:
    """Return who of them is refused at once, and why."""
    now = clock.real().timestamp()
    found = db.execute(READ_EACH, {"whose": list(slack_users), "of": STRANGER})
    return {row.slack_user: str(row.why) for row in found if row.full_at > now}


def _why(db: Transaction, slack_user: str, what: str) -> str | None:
    found = _read(db, slack_user, what)
    if found is None or found[0] <= clock.real().timestamp():
        return None
    return str(found[2])


def _read(db: Transaction, slack_user: str, what: str) -> Sequence[Any] | None:
    return db.execute(READ, {"whose": slack_user, "of": what}).first()
