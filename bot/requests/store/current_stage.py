"""Requests: what changes of one that waits for a decision while it stays in its stage."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.statements import columns, word
from bot.database.tables import requests
from bot.packages.model import Terms
from bot.people.model import Verb
from bot.requests.model import Request, State
from bot.requests.store.redraws import mark_views_stale
from bot.requests.store.request_rows import (
    COLUMNS,
    SELECT,
    UPDATE_KNOWN,
    as_known,
    audit_ids,
    from_row,
)

UPDATE_PENDING: Final = UPDATE_KNOWN.where(requests.c.state == word(State.PENDING)).returning(
    *COLUMNS
)

REMIND: Final = (
    requests.update()
    .where(
        requests.c.id == sa.bindparam("known_id"),
        requests.c.state == word(State.PENDING),
        requests.c.round == sa.bindparam("known_round"),
        requests.c.stage == sa.bindparam("known_stage"),
        sa.or_(
            requests.c.reminded_at.is_(None),
            requests.c.reminded_at <= sa.bindparam("not_since", type_=requests.c.asked_at.type),
        ),
    )
    .returning(*COLUMNS)
)

WAITING_UNDER: Final = SELECT.where(
    requests.c.state == word(State.PENDING),
    requests.c.terms["policy_id"].as_string().in_(sa.bindparam("policies", expanding=True)),
)

SCHEDULE_NUDGE: Final = requests.update().where(
    requests.c.id == sa.bindparam("known_id"),
    requests.c.state == word(State.PENDING),
    requests.c.nudge_at == sa.bindparam("known_nudge_at"),
)


def remind(db: Transaction, request: Request, *, not_since: datetime) -> Request | None:
    """
    Have those reminded who decide the current stage; None if it has gone on, or they were reminded after *not_since*.

    What a card says stays the same, so a decision under way is not disturbed.
    """
    now = clock.now()
    known = {"known_id": request.id, "known_round": request.round, "known_stage": request.stage}
    given = {**known, "not_since": not_since, "reminded_at": now, "nudge_at": now}
    row = db.execute(REMIND, given).first()
    if row is None:
        return None
    audit.record(db, at=now, actor=request.asked_by, verb=Verb.REMIND, **audit_ids(request))
    mark_views_stale(db, request)
    return from_row(row)


def schedule_nudge(db: Transaction, request: Request, *, at: datetime) -> None:
    """Say when to look again whether somebody is to be nudged, unless somebody has said so since *request* was read."""
    known = {"known_id": request.id, "known_nudge_at": request.nudge_at}
    db.execute(SCHEDULE_NUDGE, {**known, "nudge_at": at})


def count_approval(
    db: Transaction, request: Request, *, approvals: int, terms: Terms, terms_hash: str
) -> Request | None:
    """
    Note that one more has approved the stage, which needs more; None if somebody was first.

    It matches the row only as *request* knew it, as a move does.  Whom to ask still, is looked up again.

    Args:
        terms: What they have approved: as before, or with a shorter end.
    """
    now = clock.now()
    values = {
        "approvals": approvals,
        "terms": asdict(terms),
        "terms_hash": terms_hash,
        "cards_due_at": clock.real(),
        "recipients_due_at": clock.real(),
        "version": request.version + 1,
        "updated_at": now,
    }
    row = db.execute(UPDATE_PENDING, {**as_known(request), **columns(requests, values)}).first()
    if row is None:
        return None
    counted = from_row(row)
    mark_views_stale(db, counted, deciders=counted.deciders)
    return counted


def change_terms(
    db: Transaction, request: Request, *, terms: Terms, terms_hash: str, verb: str
) -> Request | None:
    """
    Let what waits be decided under other terms from now on; None if somebody was first.

    It matches the row only as *request* knew it, as a move does.  Whom to ask, is looked up again.

    Args:
        verb: For the audit log.
    """
    now = clock.now()
    values = {
        "terms": asdict(terms),
        "terms_hash": terms_hash,
        "cards_due_at": clock.real(),
        "recipients_due_at": clock.real(),
        "version": request.version + 1,
        "updated_at": now,
    }
    row = db.execute(UPDATE_PENDING, {**as_known(request), **columns(requests, values)}).first()
    if row is None:
        return None
    changed = from_row(row)
    audit.record(
        db,
        at=now,
        actor=audit.LATCHKEY,
        verb=verb,
        details={"terms_hash": terms_hash},
        **audit_ids(changed),
    )
    mark_views_stale(db, changed, deciders=changed.deciders)
    return changed


def waiting_under(db: Transaction, policy_ids: Collection[str]) -> list[Request]:
    """Return what waits for a decision under one of these policies."""
    return [from_row(row) for row in db.execute(WAITING_UNDER, {"policies": sorted(policy_ids)})]


def hide_approvers(db: Transaction, request: Request, *, terms: Terms) -> Request | None:
    """
    Hide from whoever asks who decides what waits; None if somebody was first.

    It matches the row only as *request* knew it, as a move does.

    Args:
        terms: As before, but for that: their hash is the same.
    """
    values = {
        "terms": asdict(terms),
        "version": request.version + 1,
        "updated_at": clock.now(),
    }
    row = db.execute(UPDATE_PENDING, {**as_known(request), **columns(requests, values)}).first()
    if row is None:
        return None
    changed = from_row(row)
    audit.record(
        db, at=clock.now(), actor=audit.LATCHKEY, verb="hide-approvers", **audit_ids(changed)
    )
    mark_views_stale(db, changed)
    return changed


def escalate(db: Transaction, request: Request) -> bool:
    """Let the stage's alternate approvers decide as well, once; whom to ask is looked up again."""
    values = {
        "escalated": True,
        "escalates_at": None,
        "recipients_due_at": clock.real(),
        "version": request.version + 1,
        "updated_at": clock.now(),
    }
    done = db.execute(UPDATE_KNOWN, {**as_known(request), **values})
    if done.rowcount == 1:
        audit.record(
            db, at=clock.now(), actor=audit.LATCHKEY, verb="escalate", **audit_ids(request)
        )
    return done.rowcount == 1
