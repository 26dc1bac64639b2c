"""The table of delegations: whom an approver lets decide for them, until when, and what is still to be told of it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.statements import MOST, NOW
from bot.database.tables import NOT_CANCELED, delegations
from bot.people.model import Delegation

FIELDS: Final = tuple(Delegation.__dataclass_fields__)
COLUMNS: Final = [delegations.c[name] for name in FIELDS]
# Whoever is given more than that decides for those who came first.
MOST_FOR_ONE: Final = 500

# Why one ended that was replaced.
SUPERSEDED: Final = "replaced"

SELECT: Final = sa.select(*COLUMNS)
ENDS_AFTER: Final = delegations.c.ends_at > sa.bindparam("at")
IN_FORCE: Final = sa.and_(NOT_CANCELED, ENDS_AFTER)
INSERT: Final = delegations.insert()
BY_ID: Final = SELECT.where(delegations.c.id == sa.bindparam("delegation"))
# With what was replaced after that moment, and what has come in its place; what holds comes first.
TO_DELEGATE: Final = (
    SELECT.where(
        delegations.c.delegate.in_(sa.bindparam("people")),
        ENDS_AFTER,
        sa.or_(
            delegations.c.canceled_at.is_(None),
            sa.and_(
                delegations.c.canceled_why == SUPERSEDED,
                delegations.c.canceled_at > sa.bindparam("at"),
            ),
        ),
    )
    .order_by(delegations.c.canceled_at.is_not(None), delegations.c.made_at, delegations.c.id)
    .limit(MOST)
)
OF_DELEGATORS: Final = SELECT.where(
    delegations.c.delegator.in_(sa.bindparam("people")), IN_FORCE
).order_by(delegations.c.made_at, delegations.c.id)
DELEGATORS_SINCE: Final = (
    sa.select(delegations.c.delegator)
    .distinct()
    .where(
        delegations.c.delegate.in_(sa.bindparam("people")),
        ENDS_AFTER,
        sa.or_(
            delegations.c.canceled_at.is_(None),
            delegations.c.canceled_at >= sa.bindparam("at"),
        ),
    )
    .limit(MOST)
)
ALL_IN_FORCE: Final = (
    SELECT.where(IN_FORCE).order_by(delegations.c.ends_at, delegations.c.id).limit(MOST)
)
CANCEL: Final = (
    delegations.update()
    .where(delegations.c.id == sa.bindparam("delegation"), IN_FORCE)
    .returning(*COLUMNS)
)
OWING_NEWS: Final = (
    SELECT.where(delegations.c.news_due_at <= NOW).order_by(delegations.c.news_due_at).limit(MOST)
)
UPDATE: Final = delegations.update().where(delegations.c.id == sa.bindparam("delegation"))
LOCK: Final = BY_ID.with_for_update()
# Only as whoever has signed in for it has seen it.
PROVE: Final = (
    UPDATE.where(
        IN_FORCE,
        delegations.c.delegator == sa.bindparam("by"),
        delegations.c.delegate == sa.bindparam("to"),
        delegations.c.ends_at == sa.bindparam("known_end"),
    )
    .values(proof=sa.bindparam("digest"))
    .returning(*COLUMNS)
)


def _delegation(row: sa.Row[Any]) -> Delegation:
    values = row._asdict()
    values["proven_contexts"] = tuple((values["proven_contexts"] or "").split())
    return Delegation(**values)


def add(db: Transaction, delegation: Delegation) -> None:
    """Insert a delegation; those concerned are owed the news."""
    contexts = " ".join(delegation.proven_contexts) or None
    values = {**vars(delegation), "proven_contexts": contexts, "news_due_at": clock.real()}
    db.execute(INSERT, values)
    _record(db, delegation, by=delegation.made_by, verb="delegate")


def find(db: Transaction, delegation_id: str) -> Delegation | None:
    """Return the delegation of that id, if there is one."""
    row = db.execute(BY_ID, {"delegation": delegation_id}).first()
    return _delegation(row) if row else None


def to_delegate(db: Transaction, slack_ids: Collection[str], *, at: datetime) -> list[Delegation]:
    """
    Return what lets somebody, by any of their ids, decide for others at a moment; the first made first.

    For what was replaced since then stands what has come in its place, if nothing between has shortened or canceled it:
    whoever clicks in time loses nothing when it is lengthened.
    """
    given = {"people": sorted(slack_ids), "at": at, "most": MOST_FOR_ONE}
    found = [_delegation(row) for row in db.execute(TO_DELEGATE, given)]
    # Of two that were made in one moment, what holds.
    made = {(each.delegator, each.delegate, each.made_at): each for each in reversed(found)}
    then = sorted(
        (each for each in found if each.made_at <= at), key=lambda each: (each.made_at, each.id)
    )
    return [holds for each in then if (holds := _in_its_place(each, made)) is not None]


def _in_its_place(
    delegation: Delegation, made: Mapping[tuple[str, str, datetime], Delegation]
) -> Delegation | None:
    """
    Return what holds in the place of a delegation that may have been superseded; None if nothing does.

    Args:
        made: What was not canceled but by another in its place, by who lets whom decide, and since when.
    """
    while delegation.canceled_at is not None:
        successor = made.get((delegation.delegator, delegation.delegate, delegation.canceled_at))
        if successor is None or successor.made_at <= delegation.made_at:
            return None
        if successor.ends_at < delegation.ends_at:
            return None
        delegation = successor
    return delegation


def delegators_since(db: Transaction, slack_ids: Collection[str], *, since: datetime) -> list[str]:
    """Return who lets somebody, by any of their ids, decide for them, or has at any moment since then."""
    given = {"people": sorted(slack_ids), "at": since, "most": MOST_FOR_ONE}
    return list(db.execute(DELEGATORS_SINCE, given).scalars())


def of_delegators(
    db: Transaction, slack_users: Collection[str], *, at: datetime
) -> list[Delegation]:
    """Return by what any of these people let others decide for them at a moment, the first made first."""
    found = db.execute(OF_DELEGATORS, {"people": sorted(slack_users), "at": at})
    return [_delegation(row) for row in found]


def in_force(db: Transaction, *, at: datetime, limit: int) -> list[Delegation]:
    """Return the delegations that hold at a moment, the first to end first."""
    return [_delegation(row) for row in db.execute(ALL_IN_FORCE, {"at": at, "most": limit})]


def cancel(
    db: Transaction, delegation_id: str, *, by: str, at: datetime, why: str | None = None
) -> Delegation | None:
    """End a delegation before its time; None if it is over. Those concerned are owed the news."""
    values = {"canceled_at": at, "canceled_by": by, "canceled_why": why}
    given = {"delegation": delegation_id, "at": at, **values, "news_due_at": clock.real()}
    row = db.execute(CANCEL, given).first()
    if row is None:
        return None
    canceled = _delegation(row)
    _record(db, canceled, by=by, verb="undelegate", why=why)
    return canceled


def prove(
    db: Transaction,
    delegation: Delegation,
    *,
    proof: str,
    proven_as: str,
    proven_to: str,
    signed_in_at: datetime | None,
    contexts: Collection[str],
) -> Delegation | None:
    """
    Note that a sign-in of its giver proves a delegation; None if it is over, or is not as it was. No sign-in proves two.

    What an earlier sign-in of theirs has shown for the same two people still counts, of another at the same moment, too.
    Those concerned are owed the news.

    Args:
        contexts: The authentication contexts that this sign-in has shown.
    """
    row = db.execute(LOCK, {"delegation": delegation.id}).first()
    before = _delegation(row) if row else delegation
    is_same = before.is_proven_between(proven_as, proven_to)
    shown = sorted({*contexts, *(before.proven_contexts if is_same else ())})
    given = {
        "delegation": delegation.id,
        "at": clock.now(),
        "by": delegation.delegator,
        "to": delegation.delegate,
        "known_end": delegation.ends_at,
        "digest": proof,
        "proven_as": proven_as,
        "proven_to": proven_to,
        "signed_in_at": signed_in_at,
        "proven_contexts": " ".join(shown) or None,
        "news_due_at": clock.real(),
    }
    nested = db.begin_nested()
    try:
        row = db.execute(PROVE, given).first()
    except sa.exc.IntegrityError:
        nested.rollback()
        return None
    nested.commit()
    if row is None:
        return None
    proven = _delegation(row)
    _record(db, proven, by=delegation.delegator, verb="prove-delegation", entra_id=proven_as)
    return proven


def supersede(db: Transaction, delegation: Delegation, *, by: str, at: datetime) -> None:
    """End a delegation in whose place another one of the same two comes: that one is the news, and what was said before changes."""
    values = {"canceled_at": at, "canceled_by": by, "canceled_why": SUPERSEDED}
    due = {"news_due_at": clock.real()}
    db.execute(CANCEL, {"delegation": delegation.id, "at": at, **values, **due})


def owing_news(db: Transaction, *, limit: int = 50) -> list[Delegation]:
    """Return the delegations of which those concerned are still to be told."""
    due = db.execute(OWING_NEWS, {"now": clock.real(), "most": limit})
    return [_delegation(row) for row in due]


def schedule_news(db: Transaction, delegation: Delegation, *, news: datetime | None) -> None:
    """Say when to look again (real time) whether everybody was told; None: they were."""
    db.execute(UPDATE, {"delegation": delegation.id, "news_due_at": news})


def _record(
    db: Transaction,
    delegation: Delegation,
    *,
    by: str,
    verb: str,
    why: str | None = None,
    entra_id: str | None = None,
) -> None:
    details: dict[str, Any] = {
        "delegator": delegation.delegator,
        "delegate": delegation.delegate,
        "until": delegation.ends_at.isoformat(),
    }
    if entra_id is not None and delegation.signed_in_at is not None:
        details |= {
            "sign_in": delegation.proof,
            "signed_in_at": delegation.signed_in_at.isoformat(),
            "contexts": list(delegation.proven_contexts),
        }
    audit.record(
        db,
        at=clock.now(),
        actor=by,
        actor_entra_id=entra_id,
        # Of a proof: the delegate, as whom its giver has seen them.
        subject_entra_id=delegation.proven_to if entra_id is not None else None,
        verb=verb,
        why=why,
        details=details,
    )
