"""Requests: a new one, the one function that moves one, and the one of an id."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.homes import touch_homes
from bot.database.replicas import wakeups
from bot.database.rows import without_empty
from bot.database.statements import columns, for_each_database
from bot.database.tables import deciders, requests
from bot.requests.model import MOVES, DecidedThere, Request, State
from bot.requests.store.redraws import mark_views_stale, redraw
from bot.requests.store.request_rows import (
    COLUMNS,
    SELECT,
    UPDATE_KNOWN,
    UPDATE_UNMOVED,
    as_known,
    audit_ids,
    decided_there_row,
    evidence_row,
    from_row,
)
from graph.calls import observed

# Moves that an answer of Graph's has made.
SHOWN_BY_GRAPH: Final = frozenset({State.SUBMITTED, State.DELIVERED, State.FAILED})

BY_ID: Final = SELECT.where(requests.c.id == sa.bindparam("request"))
BY_IDS: Final = SELECT.where(requests.c.id.in_(sa.bindparam("requests", expanding=True)))
LOCK: Final = BY_ID.with_for_update()
MOVE: Final = UPDATE_UNMOVED.returning(*COLUMNS)
MOVE_CLAIMED: Final = MOVE.where(requests.c.generation == sa.bindparam("known_generation"))
FORGET_DECIDERS: Final = deciders.delete().where(deciders.c.request_id == sa.bindparam("moved"))


@for_each_database
def _insert_new(db: Transaction) -> Any:
    return insert(db, requests).on_conflict_do_nothing().returning(requests.c.id)


def add(db: Transaction, request: Request) -> Request | None:
    """Insert a new request; None if the same is open already."""
    return request if add_each(db, [request]) else None


def add_each(
    db: Transaction,
    wanted: Collection[Request],
    *,
    triggers: Mapping[str, str | None] | None = None,
) -> set[str]:
    """
    Insert new requests; return the ids of those of which none was open already.

    Args:
        triggers: What each was asked by, for the log, by the request's id, where one transaction is for several people.

    The partial unique indexes decide, so two commands at once, on two replicas, make one request.
    """
    if not wanted:
        return set()
    rows = [
        {
            **vars(request),
            "answers": {key: list(given) for key, given in request.answers.items()},
            "terms": asdict(request.terms) if request.terms else None,
            "evidence": evidence_row(request.evidence),
            "decided_there": decided_there_row(request.decided_there),
        }
        for request in wanted
    ]
    added = set(db.execute(_insert_new(db), without_empty(rows)).scalars())
    new = [request for request in wanted if request.id in added]
    for request in new:
        audit.record(
            db,
            at=request.asked_at,
            actor=request.asked_by,
            verb="ask-emergency" if request.emergency else f"ask-{request.kind}",
            after=request.state,
            why=request.justification,
            details=_asked_for(request),
            context={"kind": request.kind, "trigger": (triggers or {}).get(request.id)},
            **audit_ids(request),
        )
        if request.assignment_id is not None:
            # A request that is new has no card yet; its access may have a reminder.
            redraw(db, request)
    if new:
        wakeups.due(db, wakeups.REQUESTS)
    touch_homes(db, None, deciders=[request.holder for request in new if request.holder])
    return added


def _asked_for(request: Request) -> dict[str, Any] | None:
    """Return what was answered and chosen, for the audit log; None when nothing was."""
    said = {
        "answers": {key: list(given) for key, given in request.answers.items()},
        "policy": request.wanted_policy_id,
        "for": request.wanted_for,
        "from": request.starts_at.isoformat() if request.starts_at else None,
        "until": request.ends_at.isoformat() if request.ends_at else None,
    }
    return {name: value for name, value in said.items() if value} or None


def move(
    db: Transaction,
    /,
    request: Request,
    to: State,
    *,
    actor: str = audit.LATCHKEY,
    actor_entra_id: str | None = None,
    why: str | None = None,
    fence: bool = False,
    **changes: Any,
) -> Request | None:
    """
    Take *request* to state *to*: the only way a request changes state.  None if somebody was first.

    One guarded statement: it matches the row only as *request* knew it.  The audit row and whatever is owed
    a redraw are written with it.

    Args:
        why: What people are told; kept on the row when the move ends the request.
        fence: Also insist that our claim still stands (for workers).
        changes: Other columns to set.

    Raises:
        ValueError: There is no such arrow in the state diagram, which is a mistake in this program.
    """
    if to not in MOVES.get(request.state, ()):
        raise ValueError(f"no move from {request.state} to {to}")
    at = clock.now()
    values: dict[str, Any] = {
        "state": to,
        "updated_at": at,
        "version": request.version + 1,
        "attempts": 0,
        "failures": 0,
        "held_at": None,
        "retry_by": None,
        "give_up_by": None,
        "lease_until": None,
        "needs_account_at": None,
        "not_canceled_why": None,
        "due_at": None if to is State.PENDING or to not in MOVES else clock.real(),
    }
    if to not in MOVES:
        values |= {"ended_at": at, "why": why, "news_due_at": clock.real()}
    values |= changes
    # Jobs ask for what lapses or escalates by these columns: they mean something while pending only.
    if to is State.PENDING:
        values |= {"cards_due_at": clock.real(), "recipients_due_at": clock.real()}
        values |= {"news_due_at": None}
    else:
        values |= {"lapses_at": None, "escalates_at": None, "nudge_at": None}
        values |= {"cards_due_at": None, "recipients_due_at": None}
    guarded = MOVE_CLAIMED if fence else MOVE
    try:
        with db.begin_nested():
            row = db.execute(guarded, {**as_known(request), **columns(requests, values)}).first()
    except sa.exc.IntegrityError:
        if changes.get("graph_request_id") is not None:
            raise FollowedByAnother from None
        # The move pinned an Entra id that has the same request open under another Slack account.
        raise AlreadyOpen from None
    if row is None:
        return None
    moved = from_row(row)
    if moved.is_scheduled:
        # It may be weeks until there is more to say.
        schedule_notices(db, moved, news=clock.real())
    exchange = observed.last_exchange()
    there = (
        [_decided_in_entra(each) for each in moved.decided_there]
        if changes.get("decided_there")
        else []
    )
    if request.state is State.PENDING:
        # Whoever is asked next is found anew.
        db.execute(FORGET_DECIDERS, {"moved": moved.id})
    audit.record(
        db,
        at=at,
        actor=actor,
        actor_entra_id=actor_entra_id,
        verb="move",
        before=request.shown_state,
        after=moved.shown_state,
        why=why,
        details={"graph_request_id": moved.graph_request_id, "terms_hash": moved.terms_hash}
        | _exchange_ids(to, exchange)
        | ({"decided_in_entra": there} if there else {}),
        context={
            "kind": moved.kind,
            "waited_seconds": (at - request.asked_at).total_seconds(),
            "exchange": exchange,
        },
        **audit_ids(moved),
    )
    mark_views_stale(db, moved, deciders=(*request.deciders, *moved.deciders))
    return moved


def _decided_in_entra(decided: DecidedThere) -> dict[str, Any]:
    """Return who has decided a stage in Entra, for the audit log."""
    said = {"stage": decided.stage + 1, "verb": decided.verb, "entra_id": decided.entra_id}
    return {name: value for name, value in said.items() if value}


def _exchange_ids(to: State, exchange: observed.ObservedCall | None) -> dict[str, str]:
    """Return how Microsoft finds the exchange with Graph that made a move, for the audit log."""
    if exchange is None or to not in SHOWN_BY_GRAPH:
        return {}
    ids = {
        "graph_client_request_id": exchange.client_request_id,
        "graph_exchange_id": exchange.request_id,
    }
    return {name: value for name, value in ids.items() if value}


class AlreadyOpen(Exception):
    """The same person has the same request open, asked from another Slack account."""


class FollowedByAnother(Exception):
    """Another open request follows the one in Graph that was taken for this one's."""


def find_locked(db: Transaction, request_id: str) -> Request | None:
    """
    Return the request of that id, if there is one, and keep it as it is until this transaction ends.

    For what is written elsewhere and is right only while the request is as it was read.
    """
    row = db.execute(LOCK, {"request": request_id}).first()
    return from_row(row) if row else None


def get(db: Transaction, request_id: str) -> Request:
    """Return the request that another row refers to; the database keeps it from being missing."""
    return from_row(db.execute(BY_ID, {"request": request_id}).one())


def find(db: Transaction, request_id: str) -> Request | None:
    """Return the request of that id, if there is one."""
    row = db.execute(BY_ID, {"request": request_id}).first()
    return from_row(row) if row else None


def find_each(db: Transaction, request_ids: Collection[str]) -> dict[str, Request]:
    """Return those of these requests that there are, by their ids."""
    found = db.execute(BY_IDS, {"requests": sorted(request_ids)}) if request_ids else ()
    return {each.id: each for each in map(from_row, found)}


def schedule_notices(
    db: Transaction,
    request: Request,
    *,
    cards: datetime | None = None,
    news: datetime | None = None,
) -> None:
    """Say when to look again what is owed about a request as it is now; None: nothing is owed any more."""
    values = {"cards_due_at": cards, "news_due_at": news}
    db.execute(UPDATE_KNOWN, {**as_known(request), **values})


def look_at_entra(db: Transaction, request: Request) -> None:
    """Have Entra asked at once about what waits for a decision there; what is held waits for an admin."""
    if request.held_at is not None:
        return
    db.execute(UPDATE_KNOWN, {**as_known(request), "due_at": clock.real()})
    wakeups.due(db, wakeups.REQUESTS)
