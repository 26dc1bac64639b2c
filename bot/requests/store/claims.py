"""Claims: which worker has a request for now, and for how long."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
import structlog

from bot import clock
from bot.database.connections.engine import Transaction
from bot.database.statements import BUSINESS_NOW, MOST, NOW, UNTIL, columns, word, words
from bot.database.tables import IS_OPEN, UtcDateTime, requests
from bot.requests.model import Kind, Request, State
from bot.requests.store.request_rows import COLUMNS, SHOWN_STATE, UPDATE_KNOWN, as_known, from_row

log = structlog.get_logger(__name__)

ANY_DUE: Final = sa.select(requests.c.id).where(
    IS_OPEN,
    requests.c.due_at <= NOW,
    sa.or_(requests.c.lease_until.is_(None), requests.c.lease_until <= NOW),
)
# A CTE, because PostgreSQL may run a plain sub-select more than once and lock more than the limit.
DUE: Final = (
    ANY_DUE.order_by(requests.c.kind != Kind.REMOVE, requests.c.due_at)
    .limit(MOST)
    .with_for_update(skip_locked=True)
    .cte()
)
TAKE: Final = (
    requests.update()
    .where(requests.c.id.in_(sa.select(DUE.c.id)))
    .values(lease_until=UNTIL, generation=requests.c.generation + 1)
    .returning(*COLUMNS)
)
# What is to begin on a day is looked at again in real time, which does not follow where business time is moved.
HASTEN_BEGUN: Final = (
    requests.update()
    .where(
        IS_OPEN,
        requests.c.due_at > NOW,
        requests.c.lease_until.is_(None),
        requests.c.state == word(State.SUBMITTED),
        requests.c.starts_at <= BUSINESS_NOW,
    )
    .values(due_at=NOW)
)
UPDATE_CLAIMED: Final = UPDATE_KNOWN.where(
    requests.c.state == sa.bindparam("known_state"),
    requests.c.generation == sa.bindparam("known_generation"),
)

GOT_ON_WITH: Final = sa.case(
    (
        sa.and_(
            requests.c.state == State.SUBMITTED,
            requests.c.starts_at > requests.c.updated_at,
        ),
        requests.c.starts_at,
    ),
    else_=requests.c.updated_at,
)
OLDEST_OPEN: Final = (
    sa.select(SHOWN_STATE, sa.func.min(GOT_ON_WITH, type_=UtcDateTime()))
    .where(IS_OPEN)
    .group_by(SHOWN_STATE)
)
OLDEST_DUE: Final = sa.select(sa.func.min(requests.c.due_at)).where(IS_OPEN)
RETRYING: Final = sa.select(
    sa.func.count(), sa.func.min(requests.c.updated_at, type_=UtcDateTime())
).where(
    IS_OPEN,
    requests.c.held_at.is_(None),
    sa.or_(
        requests.c.failures > 0,
        sa.and_(requests.c.attempts > 0, requests.c.state.in_(words(("received", "approved")))),
    ),
)
NEXT_DUE: Final = sa.select(sa.func.min(requests.c.due_at, type_=UtcDateTime())).where(
    IS_OPEN, requests.c.due_at > NOW
)
# Whoever has let go of it, or lost it, does not get it back this way.
RENEW: Final = (
    requests.update()
    .where(
        requests.c.id == sa.bindparam("known_id"),
        requests.c.generation == sa.bindparam("known_generation"),
        requests.c.lease_until.is_not(None),
    )
    .values(lease_until=UNTIL)
)


def take(db: Transaction, *, lease: timedelta, limit: int) -> list[Request]:
    """
    Take up to *limit* rows that are due, oldest first, for *lease*; nobody else gets them meanwhile.

    Removals go before grants: taking access away must not wait behind giving it.
    """
    now = clock.real()
    taken = db.execute(TAKE, {"now": now, "until": now + lease, "most": limit})
    return [request for row in taken if (request := _readable(row))]


def _readable(row: Any) -> Request | None:
    """Return the request; None for a row that this version cannot read, which must not stop the others."""
    try:
        return from_row(row)
    except (KeyError, TypeError, ValueError):
        log.exception("unreadable-request", request=row.id)
        return None


def hasten_begun(db: Transaction) -> None:
    """Make due what was to begin by now: business time has been moved, as in the sandbox."""
    db.execute(HASTEN_BEGUN, {"now": clock.real(), "business_now": clock.now()})


def renew(db: Transaction, request: Request, *, lease: timedelta) -> bool:
    """Keep a claimed row for *lease* from now; False if the claim is no longer ours."""
    known = {"known_id": request.id, "known_generation": request.generation}
    return db.execute(RENEW, {**known, "until": clock.real() + lease}).rowcount == 1


def update(db: Transaction, /, request: Request, **changes: Any) -> bool:
    """Set columns of a claimed row without moving it; False if the claim is no longer ours."""
    values = columns(requests, changes)
    return db.execute(UPDATE_CLAIMED, {**as_known(request), **values}).rowcount == 1


def release(
    db: Transaction, /, request: Request, *, due_at: datetime, attempts: int, **changes: Any
) -> bool:
    """Give a claimed row back, to be looked at again at *due_at* (real time)."""
    return update(db, request, lease_until=None, due_at=due_at, attempts=attempts, **changes)


def oldest_open_seconds(db: Transaction) -> dict[str, float]:
    """
    Return how long ago the open request of each state that has waited longest was got on with, by state.

    What Entra has been asked for from a later day on has not waited before that day.
    """
    now = clock.now()
    return {state: max((now - at).total_seconds(), 0) for state, at in db.execute(OLDEST_OPEN)}


def retrying(db: Transaction) -> tuple[int, float]:
    """
    Count the open requests whose last step could not be done and is tried again, and how long ago the first was got on with.

    Seconds, 0 if there is none.  Looks at what is being delivered are repeated in any case, and count once they fail.
    """
    count, first = db.execute(RETRYING).one()
    return int(count), max((clock.now() - first).total_seconds(), 0) if first else 0


def oldest_due_seconds(db: Transaction) -> float:
    """Return how long the most overdue request has been waiting to be worked on."""
    due = db.execute(OLDEST_DUE).scalar()
    return max((clock.real() - due).total_seconds(), 0) if due else 0
