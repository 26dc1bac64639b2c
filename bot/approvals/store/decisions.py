"""Store clicks on Approve and Deny: before they are processed, so that none is lost."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.approvals.model import Decision, Outcome, has_voice
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.replicas import limits, wakeups
from bot.database.statements import MOST, NOW, SINCE, UNTIL
from bot.database.tables import IS_UNANSWERED, decisions, requests
from bot.people.model import Verb
from bot.requests.model import Request

FIELDS: Final = tuple(Decision.__dataclass_fields__)
COLUMNS: Final = [decisions.c[name] for name in FIELDS]

# For whom a delegate has decided.
FOR: Final = ("for_user", "for_entra_id", "for_name")

# What a row of the audit log about a click says that it is about; read, as a click's request may have gone on meanwhile.
ABOUT: Final = sa.select(
    requests.c.id.label("request_id"),
    requests.c.assignment_id,
    requests.c.package_id,
    requests.c.entra_id.label("subject_entra_id"),
).where(requests.c.id == sa.bindparam("clicked"))
DUE_AT: Final = sa.select(decisions.c.due_at).where(decisions.c.id == sa.bindparam("decision"))
UPDATE: Final = decisions.update().where(decisions.c.id == sa.bindparam("decision"))
INSERT: Final = decisions.insert()
IS_OWN_DRAFT: Final = sa.and_(
    decisions.c.slack_user == sa.bindparam("by"),
    decisions.c.outcome.is_(None),
    decisions.c.due_at.is_(None),
)
EXPLAIN: Final = UPDATE.where(IS_OWN_DRAFT)
DRAFT: Final = sa.select(*COLUMNS).where(decisions.c.id == sa.bindparam("decision"), IS_OWN_DRAFT)
IS_UNPROCESSED_CLICK: Final = sa.and_(decisions.c.outcome.is_(None), decisions.c.due_at <= NOW)
ANY_PENDING: Final = sa.select(decisions.c.id).where(IS_UNPROCESSED_CLICK)
# Everybody's oldest click first, then everybody's second: whoever clicks a lot waits behind themselves only.
TURNS: Final = (
    sa.select(
        *COLUMNS,
        sa.func.row_number()
        .over(partition_by=decisions.c.slack_user, order_by=(decisions.c.at, decisions.c.id))
        .label("turn"),
    )
    .where(IS_UNPROCESSED_CLICK)
    .subquery("turns")
)
PENDING: Final = (
    sa.select(*(TURNS.c[name] for name in FIELDS)).order_by(TURNS.c.turn, TURNS.c.at).limit(MOST)
)
OURS: Final = (
    sa.select(decisions.c.id)
    .where(
        decisions.c.id.in_(sa.bindparam("clicks", expanding=True)),
        IS_UNPROCESSED_CLICK,
    )
    .with_for_update(skip_locked=True)
    .cte("ours")
)
CLAIM: Final = (
    decisions.update()
    .where(decisions.c.id.in_(sa.select(OURS.c.id)))
    .values(due_at=UNTIL)
    .returning(decisions.c.id)
)
# The same button of the same card, pressed by the same person.
SAME: Final = sa.and_(
    decisions.c.request_id == sa.bindparam("request"),
    decisions.c.slack_user == sa.bindparam("by"),
    decisions.c.round == sa.bindparam("in_round"),
    decisions.c.stage == sa.bindparam("in_stage"),
    decisions.c.verb == sa.bindparam("wanted"),
    decisions.c.team.is_not_distinct_from(sa.bindparam("from_team")),
)
OPEN_SAME: Final = (
    sa.select(*COLUMNS).where(SAME, decisions.c.outcome.is_(None)).order_by(decisions.c.at).limit(1)
)
REFUSED_SAME: Final = (
    sa.select(*COLUMNS)
    .where(SAME, decisions.c.outcome == Outcome.REFUSED, decisions.c.at >= SINCE)
    .order_by(decisions.c.at.desc())
    .limit(1)
)
POSTPONE: Final = UPDATE.values(due_at=UNTIL, attempts=decisions.c.attempts + 1)
SETTLE: Final = UPDATE.where(decisions.c.outcome.is_(None))
ANY_UNANSWERED: Final = (
    sa.select(decisions.c.id)
    .where(IS_UNANSWERED, decisions.c.due_at <= NOW)
    .order_by(decisions.c.at)
    .limit(MOST)
)
UNANSWERED: Final = ANY_UNANSWERED.with_for_update(skip_locked=True).cte("due")
CLAIM_UNANSWERED: Final = (
    decisions.update()
    .where(decisions.c.id.in_(sa.select(UNANSWERED.c.id)))
    .values(due_at=UNTIL, attempts=decisions.c.attempts + 1)
    .returning(*COLUMNS)
)
ACCEPTED_OF: Final = (
    sa.select(*COLUMNS)
    .where(
        decisions.c.request_id == sa.bindparam("request"),
        decisions.c.round == sa.bindparam("in_round"),
        decisions.c.outcome == Outcome.ACCEPTED,
    )
    .order_by(decisions.c.stage, decisions.c.place)
)
ACCEPTED_OF_EACH: Final = (
    sa.select(*COLUMNS)
    .where(
        decisions.c.request_id.in_(sa.bindparam("requests", expanding=True)),
        decisions.c.outcome == Outcome.ACCEPTED,
    )
    .order_by(decisions.c.stage, decisions.c.place)
)

IS_SETTLED: Final = sa.select(decisions.c.id).where(
    decisions.c.id == sa.bindparam("decision"), decisions.c.outcome.is_not(None)
)
WAS_REFUSED: Final = (
    sa.select(decisions.c.id)
    .where(
        decisions.c.request_id == sa.bindparam("request"),
        decisions.c.round == sa.bindparam("in_round"),
        decisions.c.stage == sa.bindparam("in_stage"),
        decisions.c.slack_user == sa.bindparam("by"),
        decisions.c.outcome == Outcome.REFUSED,
    )
    .limit(1)
)


def from_row(row: Sequence[Any]) -> Decision:
    """Make a decision of a row of COLUMNS."""
    values = dict(zip(FIELDS, row, strict=True))
    values["verb"] = Verb(values["verb"])
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    values["proven_contexts"] = tuple((values["proven_contexts"] or "").split())
    return Decision(**values)


def add(
    db: Transaction,
    decision: Decision,
    *,
    holder: str | None,
    holder_entra_id: str | None,
    is_draft: bool,
) -> None:
    """Insert a click; a draft is not processed before `explain` has brought its reason."""
    values = {**vars(decision), "holder": holder, "holder_entra_id": holder_entra_id}
    values["proven_contexts"] = " ".join(decision.proven_contexts) or None
    db.execute(INSERT, {**values, "due_at": None if is_draft else clock.real()})
    if not is_draft:
        wakeups.due(db, wakeups.DECISIONS)


def is_settled(db: Transaction, decision: Decision) -> bool:
    """Tell whether it is known what became of a click."""
    return db.execute(IS_SETTLED, {"decision": decision.id}).first() is not None


def was_refused(db: Transaction, decision: Decision) -> bool:
    """Tell whether the same person has been refused on the same card."""
    card = {
        "request": decision.request_id,
        "in_round": decision.round,
        "in_stage": decision.stage,
        "by": decision.slack_user,
    }
    return db.execute(WAS_REFUSED, card).first() is not None


def find_draft(db: Transaction, decision_id: str, *, slack_user: str) -> Decision | None:
    """Return one's own click that is not complete yet."""
    row = db.execute(DRAFT, {"decision": decision_id, "by": slack_user}).first()
    return from_row(row) if row else None


def explain(
    db: Transaction,
    decision_id: str,
    *,
    slack_user: str,
    reason: str | None,
    ends_at: datetime | None = None,
    instead_of: datetime | None = None,
    is_complete: bool = True,
) -> bool:
    """
    Complete one's own draft, once.

    Args:
        is_complete: Nothing is missing any more; otherwise it stays a draft until `prove`.
    """
    whose = {"decision": decision_id, "by": slack_user}
    values: dict[str, Any] = {"reason": reason, "at": clock.now()}
    values["due_at"] = clock.real() if is_complete else None
    values |= {"ends_at": ends_at, "instead_of": instead_of}
    done = db.execute(EXPLAIN, {**whose, **values}).rowcount == 1
    if done and is_complete:
        wakeups.due(db, wakeups.DECISIONS)
    return done


def prove(
    db: Transaction,
    decision: Decision,
    *,
    proof: str,
    proven_as: str,
    signed_in_at: datetime | None,
    contexts: Collection[str],
) -> bool:
    """
    Complete a draft by the sign-in that proves it, once; no sign-in proves two.

    Args:
        contexts: The authentication contexts that it has shown.
    """
    given = {
        "decision": decision.id,
        "by": decision.slack_user,
        "proof": proof,
        "proven_as": proven_as,
        "signed_in_at": signed_in_at,
        "proven_contexts": " ".join(sorted(contexts)) or None,
        "at": clock.now(),
        "due_at": clock.real(),
    }
    nested = db.begin_nested()
    try:
        done = db.execute(EXPLAIN, given).rowcount == 1
    except sa.exc.IntegrityError:
        nested.rollback()
        return False
    nested.commit()
    if done:
        wakeups.due(db, wakeups.DECISIONS)
    return done


def open_like(db: Transaction, decision: Decision) -> tuple[Decision, bool] | None:
    """Return the same click of the same person that is not processed yet, and whether it still lacks its reason."""
    row = db.execute(OPEN_SAME, _same(decision)).first()
    if row is None:
        return None
    found = from_row(row)
    is_due = db.execute(DUE_AT, {"decision": found.id}).scalar_one()
    return found, is_due is None


def refused_lately(db: Transaction, decision: Decision, *, since: datetime) -> Decision | None:
    """Return the last time since then that the same person was refused the same."""
    row = db.execute(REFUSED_SAME, {**_same(decision), "since": since}).first()
    return from_row(row) if row else None


def _same(decision: Decision) -> dict[str, Any]:
    return {
        "request": decision.request_id,
        "by": decision.slack_user,
        "in_round": decision.round,
        "in_stage": decision.stage,
        "wanted": decision.verb,
        "from_team": decision.team,
    }


def pending(db: Transaction, *, limit: int = 50) -> list[Decision]:
    """Return the clicks that nobody has processed yet, oldest first, but nobody's second before another's first."""
    found = db.execute(PENDING, {"now": clock.real(), "most": limit})
    return [from_row(row) for row in found]


def claim(db: Transaction, clicks: Sequence[Decision], *, lease: timedelta) -> list[Decision]:
    """Return those of *clicks*, in their order, that we are to process; nobody else processes them for *lease*."""
    now = clock.real()
    given = {"clicks": [each.id for each in clicks], "now": now, "until": now + lease}
    ours = set(db.execute(CLAIM, given).scalars())
    return [each for each in clicks if each.id in ours]


def postpone(db: Transaction, decision: Decision, *, until: datetime) -> None:
    """Process it later (real time): what is needed for it cannot be read now."""
    db.execute(POSTPONE, {"decision": decision.id, "until": until})


def settle(
    db: Transaction,
    decision: Decision,
    outcome: Outcome,
    *,
    why: str | None = None,
    entra_id: str | None = None,
    name: str | None = None,
    as_admin: bool = False,
    needed: int = 1,
) -> bool:
    """
    Record what became of a click; False if somebody else has already processed it, or another click won.

    Whoever is refused or late is owed an answer; whoever is accepted sees the card change.

    Args:
        needed: How many approvals its stage needs.
    """
    now = clock.now()
    values: dict[str, Any] = {"outcome": outcome, "why": why, "entra_id": entra_id, "name": name}
    values |= {"as_admin": as_admin, "attempts": 0, "due_at": clock.real()}
    if outcome is Outcome.ACCEPTED:
        values |= {"answered_at": now, "place": decision.place}
        values |= {name: getattr(decision, name) for name in FOR}
    nested = db.begin_nested()
    try:
        done = db.execute(SETTLE, {"decision": decision.id, **values}).rowcount == 1
    except sa.exc.IntegrityError:
        nested.rollback()
        return False
    nested.commit()
    if done and outcome is Outcome.REFUSED:
        limits.count_refusal(db, decision.slack_user)
    if done:
        audit.record(
            db,
            at=now,
            actor=decision.slack_user,
            actor_entra_id=entra_id,
            verb=f"{decision.verb}-{outcome}",
            why=why or decision.reason,
            details=_details(decision, outcome, as_admin=as_admin, needed=needed),
            **db.execute(ABOUT, {"clicked": decision.request_id}).mappings().one(),
        )
    return done


def _details(
    decision: Decision, outcome: Outcome, *, as_admin: bool, needed: int
) -> dict[str, str] | None:
    """Return in which role somebody has decided, until when and as which of several, for the audit log; None for an approver as asked."""
    until = {"until": decision.ends_at.isoformat()} if decision.ends_at else {}
    is_one_of_several = needed > 1 and outcome is Outcome.ACCEPTED and decision.verb is Verb.APPROVE
    place = {"approval": f"{decision.place} of {needed}"} if is_one_of_several else {}
    role = _role(decision, as_admin=as_admin) or {}
    return {**role, **until, **place, **_proof(decision)} or None


def _proof(decision: Decision) -> dict[str, str]:
    """Return by which sign-in an approval is proven: the digest of the identity token, and when they had signed in."""
    if decision.proof is None or decision.signed_in_at is None:
        return {}
    return {"sign_in": decision.proof, "signed_in_at": decision.signed_in_at.isoformat()}


def _role(decision: Decision, *, as_admin: bool) -> dict[str, str] | None:
    if decision.for_entra_id is not None:
        return {"decided_as": "delegate", "for": decision.for_entra_id}
    return {"decided_as": "admin"} if as_admin else None


def claim_unanswered(db: Transaction, *, lease: timedelta, limit: int = 50) -> list[Decision]:
    """Take refused and late clicks whose people have not been told; tried five times at most."""
    now = clock.real()
    taken = db.execute(CLAIM_UNANSWERED, {"now": now, "until": now + lease, "most": limit})
    return [from_row(row) for row in taken]


def answer_later(db: Transaction, decision: Decision, *, until: datetime) -> None:
    """Slack did not take the answer: try again at *until* (real time); the try has been counted."""
    db.execute(UPDATE, {"decision": decision.id, "due_at": until})


def answered(db: Transaction, decision: Decision) -> None:
    db.execute(UPDATE, {"decision": decision.id, "answered_at": clock.now()})


def may_be_asked(db: Transaction, request: Request, slack_user: str) -> bool:
    """Tell whether somebody has not approved the current stage yet, nor a delegate for them; for what they are shown."""
    return not has_voice(accepted_of(db, request), request.stage, slack_user)


def accepted_of(db: Transaction, request: Request) -> list[Decision]:
    """Return the decisions that count for this round, in the order of its stages."""
    found = db.execute(ACCEPTED_OF, {"request": request.id, "in_round": request.round})
    return [from_row(row) for row in found]


def accepted_of_each(db: Transaction, of: Collection[Request]) -> dict[str, list[Decision]]:
    """Return the decisions that count for the last round of each of these requests, by request id."""
    rounds = {request.id: request.round for request in of}
    found: dict[str, list[Decision]] = {request_id: [] for request_id in rounds}
    if found:
        for row in map(from_row, db.execute(ACCEPTED_OF_EACH, {"requests": list(rounds)})):
            if row.round == rounds[row.request_id]:
                found[row.request_id].append(row)
    return found
