"""Requests: the one transition function, and what else changes a request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
import structlog
from pydantic import TypeAdapter

from bot import clock
from bot.database import audit, wakeups
from bot.database.engine import Transaction, insert
from bot.database.homes import touch_homes
from bot.database.rows import without_empty
from bot.database.statements import NOW, columns, for_each_database, word, words
from bot.database.tables import deciders, notices, requests
from bot.packages.model import Terms
from bot.people.model import Verb
from bot.requests.model import MOVES, SENDING, DecidedThere, Evidence, Kind, Request, State
from graph import observed

log = structlog.get_logger(__name__)

# JSON has no tuples and no classes: this brings them back.
TERMS: Final = TypeAdapter(Terms)
EVIDENCE: Final = TypeAdapter(Evidence)
DECIDED_THERE: Final = TypeAdapter(tuple[DecidedThere, ...])
FIELDS: Final = tuple(Request.__dataclass_fields__)
COLUMNS: Final = [requests.c[name] for name in FIELDS]

# Moves that an answer of Graph's has made.
SHOWN_BY_GRAPH: Final = frozenset({State.SUBMITTED, State.DELIVERED, State.FAILED})

# As `Request.shown_state`, in SQL.
SHOWN_STATE: Final = sa.case(
    (
        sa.and_(
            requests.c.state == word(State.APPROVED),
            requests.c.terms["entra_decides"].as_boolean(),
        ),
        word(SENDING),
    ),
    else_=requests.c.state,
)

SELECT: Final = sa.select(*COLUMNS)
BY_ID: Final = SELECT.where(requests.c.id == sa.bindparam("request"))
LOCK: Final = BY_ID.with_for_update()
# It matches a row only as somebody knew it.
UPDATE_KNOWN: Final = requests.update().where(
    requests.c.id == sa.bindparam("known_id"),
    requests.c.version == sa.bindparam("known_version"),
)
MOVE: Final = UPDATE_KNOWN.where(
    requests.c.state == sa.bindparam("known_state"),
    # Whoever read the row before an intent was written knows too little to move it.
    requests.c.intent_at.is_not_distinct_from(sa.bindparam("known_intent_at")),
).returning(*COLUMNS)
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
WANT_CANCELED: Final = UPDATE_KNOWN.where(
    requests.c.state == sa.bindparam("known_state")
).returning(*COLUMNS)
# Whoever works on it now loses it: nothing more of it is sent before it is known whether that may be canceled.
CANCEL_FOR_LEAVER: Final = UPDATE_KNOWN.where(
    requests.c.state == sa.bindparam("known_state"),
    requests.c.intent_at.is_(None),
).values(
    cancel_by=sa.bindparam("by", type_=requests.c.cancel_by.type),
    cancel_why=sa.bindparam("because", type_=requests.c.cancel_why.type),
    due_at=NOW,
    lease_until=None,
    generation=requests.c.generation + 1,
)
SCHEDULE_NUDGE: Final = requests.update().where(
    requests.c.id == sa.bindparam("known_id"),
    requests.c.state == word(State.PENDING),
    requests.c.nudge_at == sa.bindparam("known_nudge_at"),
)
MOVE_CLAIMED: Final = MOVE.where(requests.c.generation == sa.bindparam("known_generation"))
FORGET_DECIDERS: Final = deciders.delete().where(deciders.c.request_id == sa.bindparam("moved"))
REDRAW: Final = (
    notices.update()
    .where(
        sa.or_(
            sa.and_(
                notices.c.request_id == sa.bindparam("shown_request"),
                notices.c.kind.in_(
                    words(("card", "held", "nudge", "progress", "question", "emergency"))
                ),
            ),
            sa.and_(
                notices.c.assignment_id == sa.bindparam("shown_assignment"),
                notices.c.kind == "reminder",
            ),
        )
    )
    .values(stale=True)
)


@for_each_database
def _insert_new(db: Transaction) -> Any:
    return insert(db, requests).on_conflict_do_nothing().returning(requests.c.id)


def from_row(row: Sequence[Any]) -> Request:
    """Make a request of a row of COLUMNS."""
    values = dict(zip(FIELDS, row, strict=True))
    values["kind"] = Kind(values["kind"])
    values["state"] = State(values["state"])
    values["answers"] = {key: tuple(given) for key, given in values["answers"].items()}
    values["deciders"] = tuple(values["deciders"])
    values["decided_there"] = DECIDED_THERE.validate_python(values["decided_there"])
    if values["terms"] is not None:
        values["terms"] = TERMS.validate_python(values["terms"])
    if values["evidence"] is not None:
        values["evidence"] = EVIDENCE.validate_python(values["evidence"])
    return Request(**values)


def evidence_row(evidence: Evidence | None) -> dict[str, Any] | None:
    """Return what the column has."""
    if evidence is None:
        return None
    row: dict[str, Any] = EVIDENCE.dump_python(evidence, mode="json")
    return row


def decided_there_row(decided: Sequence[DecidedThere]) -> list[Any]:
    """Return what the column has."""
    row: list[Any] = DECIDED_THERE.dump_python(tuple(decided), mode="json")
    return row


def as_known(request: Request) -> dict[str, Any]:
    """Give the parameters of the statements that match a row only as somebody knew it."""
    return {
        "known_id": request.id,
        "known_version": request.version,
        "known_state": request.state,
        "known_intent_at": request.intent_at,
        "known_generation": request.generation,
    }


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
            _redraw(db, request)
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
    else:
        values |= {"lapses_at": None, "escalates_at": None, "nudge_at": None}
        values |= {"cards_due_at": None, "recipients_due_at": None}
    guarded = MOVE_CLAIMED if fence else MOVE
    try:
        with db.begin_nested():
            row = db.execute(guarded, {**as_known(request), **columns(requests, values)}).first()
    except sa.exc.IntegrityError:
        # The move pinned an Entra id that has the same request open under another Slack account.
        raise AlreadyOpen from None
    if row is None:
        return None
    moved = from_row(row)
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
    shown(db, moved, deciders=(*request.deciders, *moved.deciders))
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


def shown(db: Transaction, request: Request, *, deciders: Collection[str] = ()) -> None:
    """Note that what people see of it has changed: its cards, the reminders of its access, and Homes are owed a redraw."""
    _redraw(db, request)
    # Whoever asks for somebody else may be asked about it, and is shown that.
    others = (*deciders, request.asked_by) if request.is_on_behalf else deciders
    touch_homes(db, request.holder, deciders=others)


def _redraw(db: Transaction, request: Request) -> None:
    about = {"shown_request": request.id, "shown_assignment": request.assignment_id}
    db.execute(REDRAW, about)


class AlreadyOpen(Exception):
    """The same person has the same request open, asked from another Slack account."""


def audit_ids(request: Request) -> dict[str, Any]:
    """Return what an audit row about a request says that it is about."""
    return {
        "request_id": request.id,
        "assignment_id": request.assignment_id,
        "package_id": request.package_id,
        "subject_entra_id": request.entra_id,
    }


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


def look_again(
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
    shown(db, moved, deciders=moved.deciders)
    wakeups.due(db, wakeups.REQUESTS)
    return moved


def want_canceled_for_leaver(db: Transaction, request: Request, *, by: str, why: str) -> bool:
    """
    Note that an admin cancels it because its person leaves; False if it has gone on since *request* was read.

    Args:
        why: What whoever asked reads then.
    """
    given = {**as_known(request), "by": by, "because": why, "now": clock.real()}
    if db.execute(CANCEL_FOR_LEAVER, given).rowcount != 1:
        return False
    wakeups.due(db, wakeups.REQUESTS)
    return True


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
    shown(db, request)
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
    shown(db, counted, deciders=counted.deciders)
    return counted


def require_sign_in(
    db: Transaction, request: Request, *, terms: Terms, terms_hash: str
) -> Request | None:
    """
    Let what waits take a fresh sign-in of whoever approves it from now on; None if somebody was first.

    It matches the row only as *request* knew it, as a move does.

    Args:
        terms: As before, but for the sign-ins.
    """
    now = clock.now()
    values = {
        "terms": asdict(terms),
        "terms_hash": terms_hash,
        "cards_due_at": clock.real(),
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
        verb="require-sign-in",
        details={"terms_hash": terms_hash},
        **audit_ids(changed),
    )
    shown(db, changed, deciders=changed.deciders)
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
