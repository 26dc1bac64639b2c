"""Requests: that somebody wants one canceled which cannot be canceled at once."""

from typing import Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.replicas import wakeups
from bot.database.statements import NOW
from bot.database.tables import requests
from bot.people.model import Verb
from bot.requests.model import Request
from bot.requests.store.redraws import mark_views_stale
from bot.requests.store.request_rows import (
    COLUMNS,
    UPDATE_KNOWN,
    UPDATE_UNMOVED,
    as_known,
    audit_ids,
    from_row,
)

WANT_CANCELED: Final = UPDATE_KNOWN.where(
    requests.c.state == sa.bindparam("known_state")
).returning(*COLUMNS)

# Whoever works on it now loses it: nothing more of it is sent before it is known whether that may be canceled.
CANCEL_FOR_LEAVER: Final = UPDATE_UNMOVED.values(
    cancel_by=sa.bindparam("by", type_=requests.c.cancel_by.type),
    cancel_why=sa.bindparam("because", type_=requests.c.cancel_why.type),
    due_at=NOW,
    lease_until=None,
    generation=requests.c.generation + 1,
)


def want_canceled(
    db: Transaction, request: Request, *, by: str | None = None, why: str | None = None
) -> Request | None:
    """
    Note that it is wanted canceled in Entra, which has it, mostly by whoever asked; None if it has gone on since *request* was read.

    Whoever works on it now does not lose it: what changes is what comes next.

    Args:
        by, why: Who else wants that, and why.
    """
    now = clock.now()
    values = {"cancel_wanted_at": now, "not_canceled_why": None, "due_at": clock.real()}
    row = db.execute(WANT_CANCELED, {**as_known(request), **values}).first()
    if row is None:
        return None
    audit.record(
        db,
        at=now,
        actor=by or request.asked_by,
        verb=Verb.CANCEL,
        why=why,
        **audit_ids(request),
    )
    moved = from_row(row)
    mark_views_stale(db, moved, deciders=moved.deciders)
    wakeups.due(db, wakeups.REQUESTS)
    return moved


def want_canceled_for_leaver(db: Transaction, request: Request, *, by: str, why: str) -> bool:
    """
    Note that an admin cancels it because its person leaves; False if it has gone on since *request* was read.

    Args:
        request: One that can be withdrawn.
        why: What whoever asked reads then.
    """
    given = {**as_known(request), "by": by, "because": why, "now": clock.real()}
    if db.execute(CANCEL_FOR_LEAVER, given).rowcount != 1:
        return False
    wakeups.due(db, wakeups.REQUESTS)
    return True
