"""Requests that are held: put aside because they failed too often, until an admin does something about it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa

from bot import chance, clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements
from bot.database.replicas import wakeups
from bot.database.tables import holds, requests
from bot.paging import FIRST, ROWS_A_PAGE, Page, Start
from bot.people.model import Verb
from bot.requests.model import Hold, Request
from bot.requests.store import claims, redraws, request_rows
from bot.requests.store import requests as all_requests

FIELDS: Final = tuple(Hold.__dataclass_fields__)
COLUMNS: Final = [holds.c[name] for name in FIELDS]

BY_ID: Final = sa.select(*COLUMNS).where(holds.c.id == sa.bindparam("hold"))
# By the requests, few of which are held, and not by every hold that there ever was.
IS_OPEN: Final = sa.and_(
    holds.c.request_id.in_(sa.select(requests.c.id).where(requests.c.held_at.is_not(None))),
    holds.c.verb.is_(None),
)
WITH_REQUESTS: Final = (
    sa.select(*COLUMNS, *request_rows.COLUMNS)
    .join(requests, requests.c.id == holds.c.request_id)
    .where(IS_OPEN)
)
LISTED: Final = ListStatements(WITH_REQUESTS, time=holds.c.at, id_=holds.c.id)
OPEN: Final = WITH_REQUESTS.order_by(holds.c.at, holds.c.id)
COUNT: Final = sa.select(sa.func.count()).select_from(holds).where(IS_OPEN)


def _hold(row: Sequence[Any]) -> Hold:
    values = dict(zip(FIELDS, row, strict=True))
    values["verb"] = Verb(values["verb"]) if values["verb"] else None
    return Hold(**values)


def put(
    db: Transaction, request: Request, *, failures: int, error: str, why: str, **facts: Any
) -> bool:
    """
    Hold a claimed request: nothing is due about it any more.  False if the claim is no longer ours.

    Args:
        error: The class of the last error.
        why: What it said, in a sentence for the admins.
        facts: Other columns of the audit row.
    """
    at = clock.now()
    ours = claims.update(
        db,
        request,
        held_at=at,
        due_at=None,
        lease_until=None,
        retry_by=None,
        give_up_by=None,
        failures=failures,
        version=request.version + 1,
    )
    if not ours:
        return False
    hold = Hold(
        id=chance.new_id(),
        request_id=request.id,
        at=at,
        error=error,
        why=why,
    )
    db.execute(holds.insert().values(**asdict(hold)))
    audit.record(
        db,
        at=at,
        verb="hold",
        before=request.state,
        why=f"{error}: {why}",
        **{"actor": audit.LATCHKEY, **facts},
        **request_rows.audit_ids(request),
    )
    redraws.mark_views_stale(db, request)
    return True


def find(db: Transaction, hold_id: str) -> Hold | None:
    row = db.execute(BY_ID, {"hold": hold_id}).first()
    return _hold(row) if row else None


def with_request(row: Sequence[Any]) -> tuple[Hold, Request]:
    """Make a hold and its request of a row of WITH_REQUESTS."""
    return _hold(row[: len(FIELDS)]), request_rows.from_row(row[len(FIELDS) :])


def page(
    db: Transaction, *, start: Start = FIRST, rows: int = ROWS_A_PAGE
) -> Page[tuple[Hold, Request]]:
    """Return a page of what is held now, the longest first, with the request each is about."""
    return LISTED.page(db, with_request, start=start, rows=rows)


def open_ones(db: Transaction) -> list[tuple[Hold, Request]]:
    """Return all that is held now, the longest first."""
    return [with_request(row) for row in db.execute(OPEN)]


def end(db: Transaction, hold: Hold, request: Request, verb: Verb, *, actor: str) -> Request | None:
    """
    Let a held request be worked on again, its failures forgotten.  None if it is not held any more.

    Args:
        verb: RETRY, or GIVE_UP: then the worker's next step is to end it.  Either way the worker asks first
            whether they may.
    """
    is_free = _free(
        db,
        request,
        retry_by=actor if verb is Verb.RETRY else None,
        give_up_by=actor if verb is Verb.GIVE_UP else None,
    )
    if not is_free:
        return None
    done = holds.update().where(holds.c.id == hold.id)
    db.execute(done.values(verb=verb, done_by=actor, done_at=clock.now()))
    _freed(db, request, verb, actor=actor)
    return all_requests.find(db, request.id)


def end_by_itself(db: Transaction, request: Request, *, why: str) -> None:
    """Let a held request be worked on again although no admin has wanted that: something has happened since."""
    if not _free(db, request, retry_by=None, give_up_by=None):
        return
    done = holds.update().where(holds.c.request_id == request.id, holds.c.verb.is_(None))
    db.execute(done.values(verb=Verb.RETRY, done_at=clock.now()))
    _freed(db, request, Verb.RETRY, actor=audit.LATCHKEY, why=why)


def _free(db: Transaction, request: Request, **wanted_by: str | None) -> bool:
    """Take a request off hold; False if it is not held any more."""
    held = requests.update().where(
        requests.c.id == request.id,
        requests.c.version == request.version,
        requests.c.held_at.is_not(None),
    )
    values: dict[str, Any] = {
        "held_at": None,
        "failures": 0,
        "attempts": 0,
        "due_at": clock.real(),
        "version": request.version + 1,
    }
    return db.execute(held.values(**values, **wanted_by)).rowcount == 1


def _freed(
    db: Transaction, request: Request, verb: Verb, *, actor: str, why: str | None = None
) -> None:
    audit.record(
        db,
        at=clock.now(),
        actor=actor,
        verb=verb,
        why=why,
        before=request.state,
        **request_rows.audit_ids(request),
    )
    redraws.mark_views_stale(db, request)
    wakeups.due(db, wakeups.REQUESTS)


def count(db: Transaction) -> int:
    """Return how many requests are held, for the metrics."""
    return int(db.execute(COUNT).scalar_one())
