"""Mismatches: what a check has found, once each, until it has passed or an admin has said what it is."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import chance, clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements
from bot.database.statements import MOST, NOW, SINCE, word
from bot.database.tables import IS_CURRENT_DRIFT, IS_OPEN_DRIFT, drift, notices
from bot.drift.model import WITHOUT_PACKAGE, DriftKind, DriftState, Found, Mismatch
from bot.paging import FIRST, ROWS_A_PAGE, Page, Start
from bot.people.model import Verb

FIELDS: Final = tuple(Mismatch.__dataclass_fields__)
COLUMNS: Final = [drift.c[name] for name in FIELDS]
# The kind of the notice that is redrawn when something about a mismatch has changed.
NOTICE: Final = "drift"
# Cards of one check; where there is more to tell, one card tells of all.
MOST_CARDS: Final = 10
PASSED_TOGETHER: Final = 200
AFTER: Final = {DriftState.ADOPTED: Verb.ADOPT, DriftState.IGNORED: Verb.IGNORE}


SELECT: Final = sa.select(*COLUMNS)
BY_ID: Final = SELECT.where(drift.c.id == sa.bindparam("mismatch"))
BY_KEY: Final = SELECT.where(
    drift.c.kind == sa.bindparam("of_kind"),
    drift.c.about == sa.bindparam("thing"),
    drift.c.entra_id == sa.bindparam("user"),
    drift.c.mark == sa.bindparam("marked"),
)
OPEN: Final = ListStatements(SELECT.where(IS_OPEN_DRIFT), time=drift.c.found_at, id_=drift.c.id)
CURRENT: Final = (
    SELECT.where(IS_CURRENT_DRIFT, drift.c.id > sa.bindparam("after_id"))
    .order_by(drift.c.id)
    .limit(MOST)
)
IN_GROUP: Final = SELECT.where(
    drift.c.kind.in_(sorted(WITHOUT_PACKAGE)),
    drift.c.about == sa.bindparam("thing"),
    drift.c.entra_id.in_(sa.bindparam("users", expanding=True)),
    IS_CURRENT_DRIFT,
).order_by(drift.c.kind)
NESTED_IN: Final = sa.select(drift.c.entra_id, drift.c.state, drift.c.until).where(
    drift.c.kind == word(DriftKind.NESTED), drift.c.about == sa.bindparam("thing")
)
UNANNOUNCED: Final = (
    sa.select(drift.c.id)
    .where(IS_OPEN_DRIFT, drift.c.is_announced.is_(False))
    .order_by(drift.c.found_at, drift.c.id)
)
OWING_NEWS: Final = (
    SELECT.where(drift.c.news_due_at <= NOW, drift.c.found_at >= SINCE)
    .order_by(drift.c.news_due_at)
    .limit(MOST)
)
INSERT: Final = drift.insert()
UPDATE: Final = drift.update().where(drift.c.id == sa.bindparam("mismatch"))
UPDATE_KNOWN: Final = UPDATE.where(drift.c.state == sa.bindparam("known_state"))
UPDATE_OPEN: Final = UPDATE.where(IS_OPEN_DRIFT)
COUNT: Final = sa.select(drift.c.kind, sa.func.count()).where(IS_OPEN_DRIFT).group_by(drift.c.kind)
REDRAW: Final = notices.update().where(notices.c.key == sa.bindparam("notice")).values(stale=True)


def from_row(row: Sequence[Any]) -> Mismatch:
    values = dict(zip(FIELDS, row, strict=False))
    values["kind"] = DriftKind(values["kind"])
    values["state"] = DriftState(values["state"])
    values["wanted"] = Verb(values["wanted"]) if values["wanted"] else None
    return Mismatch(**values)


def notice_key(mismatch: Mismatch) -> str:
    """Return the key of the card of a mismatch: what was found anew has a card anew."""
    return f"{NOTICE}:{mismatch.id}:{mismatch.times}"


def id_in(key: str) -> str:
    """Return the id of the mismatch that a card with this key is about."""
    return key.split(":")[1]


def is_open(mismatch: Mismatch) -> bool:
    return mismatch.state is DriftState.OPEN


def find(db: Transaction, mismatch_id: str) -> Mismatch | None:
    row = db.execute(BY_ID, {"mismatch": mismatch_id}).first()
    return from_row(row) if row else None


def open_ones(db: Transaction, *, start: Start = FIRST, rows: int = ROWS_A_PAGE) -> Page[Mismatch]:
    """Return a page of what nobody has said anything of, the longest known first."""
    return OPEN.page(db, from_row, start=start, rows=rows)


def current(db: Transaction, *, after: str = "", limit: int = PASSED_TOGETHER) -> list[Mismatch]:
    """Return mismatches that have not passed, with those that were adopted or are ignored, by id."""
    return [from_row(row) for row in db.execute(CURRENT, {"after_id": after, "most": limit})]


def in_group(db: Transaction, group_id: str, entra_ids: Collection[str]) -> dict[str, Found]:
    """Return by person what is known of their being in a group without a package that gives it, and has not passed."""
    rows = db.execute(IN_GROUP, {"thing": group_id, "users": list(entra_ids)})
    known = (from_row(row) for row in rows)
    # Of MEMBER and STILL_MEMBER the second says more.
    return {each.entra_id: each.found for each in known}


def settled_nested(db: Transaction, group_id: str) -> frozenset[str]:
    """Return the ids of groups within a group that an admin has adopted, or ignores until a moment to come."""
    now = clock.now()
    return frozenset(
        row.entra_id
        for row in db.execute(NESTED_IN, {"thing": group_id})
        if row.state == DriftState.ADOPTED
        or (row.state == DriftState.IGNORED and row.until is not None and row.until > now)
    )


def count(db: Transaction) -> dict[str, int]:
    """Return how many mismatches are open, by kind, for the metrics."""
    return {row[0]: row[1] for row in db.execute(COUNT)}


def save(db: Transaction, found: Sequence[Found], *, seen_at: datetime) -> int:
    """
    Keep what a check has found, each once; return how many are to be told.

    What was adopted stays so.  What had passed is found anew, and so is what was ignored until a moment that has come.

    Args:
        seen_at: When the check began (real time).
    """
    return sum(_save(db, each, seen_at=seen_at) for each in found)


def is_current(db: Transaction, found: Found) -> bool:
    """Tell whether it was found before and has not passed, whatever was said of it."""
    row = db.execute(BY_KEY, _key(found)).first()
    return row is not None and from_row(row).state is not DriftState.PASSED


def _key(found: Found) -> dict[str, Any]:
    return {
        "of_kind": found.kind,
        "thing": found.about,
        "user": found.entra_id,
        "marked": found.mark,
    }


def _save(db: Transaction, found: Found, *, seen_at: datetime) -> bool:
    row = db.execute(BY_KEY, _key(found)).first()
    facts = asdict(found)
    if row is None:
        made = Mismatch(
            id=chance.new_id(),
            state=DriftState.OPEN,
            found_at=clock.now(),
            seen_at=seen_at,
            **facts,
        )
        db.execute(INSERT, {**asdict(made), "is_announced": False, "tries": 0})
        _record(db, made, verb=f"drift-{made.kind}")
        return True
    known = from_row(row)
    values: dict[str, Any] = {**facts, "seen_at": seen_at}
    is_over = known.state is DriftState.IGNORED and (
        known.until is None or known.until <= clock.now()
    )
    if not is_over and known.state is not DriftState.PASSED:
        db.execute(UPDATE, {"mismatch": known.id, **values})
        return False
    values |= {
        "state": DriftState.OPEN,
        "found_at": clock.now(),
        "times": known.times + 1,
        "until": None,
        "together": None,
        "is_announced": False,
        "news_due_at": None,
        "wanted": None,
        "work_due_at": None,
        "why": None,
        "done_by": None,
        "done_at": None,
        "answer": None,
    }
    db.execute(UPDATE, {"mismatch": known.id, **values})
    _record(db, known, verb=f"drift-{known.kind}")
    return True


def let_pass(db: Transaction, mismatch: Mismatch) -> None:
    """Note that it is not so any more; there is nothing left to carry out."""
    known = {"mismatch": mismatch.id, "known_state": mismatch.state}
    values = {
        "state": DriftState.PASSED,
        "wanted": None,
        "work_due_at": None,
        "news_due_at": None,
    }
    if db.execute(UPDATE_KNOWN, {**known, **values}).rowcount == 1:
        _record(db, mismatch, verb="drift-passed")
        redraw(db, mismatch)


def announce(db: Transaction) -> int:
    """
    Have what was found told: each by a card of its own, or all by one where that would be too many.

    Returns how many are told.
    """
    ids = list(db.execute(UNANNOUNCED).scalars())
    if not ids:
        return 0
    told = ids if len(ids) <= MOST_CARDS else ids[:1]
    together = None if told is ids else len(ids)
    for each in ids:
        db.execute(UPDATE, {"mismatch": each, "is_announced": True})
    for each in told:
        due = {"news_due_at": clock.real(), "together": together}
        db.execute(UPDATE, {"mismatch": each, **due})
    return len(ids)


def notices_due(db: Transaction, *, since: datetime, limit: int = 100) -> list[Mismatch]:
    """Return mismatches whose card is still to be sent."""
    given = {"now": clock.real(), "since": since, "most": limit}
    return [from_row(row) for row in db.execute(OWING_NEWS, given)]


def schedule_notice(db: Transaction, mismatch: Mismatch, *, news: datetime | None) -> None:
    """Say when to look again whether it has been told; None: it has."""
    db.execute(UPDATE, {"mismatch": mismatch.id, "news_due_at": news})


def redraw(db: Transaction, mismatch: Mismatch) -> None:
    """Note that what its card shows has changed."""
    db.execute(REDRAW, {"notice": notice_key(mismatch)})


def settle(
    db: Transaction,
    mismatch: Mismatch,
    state: DriftState,
    *,
    by: str,
    by_entra_id: str | None = None,
    until: datetime | None = None,
    why: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """
    Let an open mismatch be adopted, or be ignored until a moment; False if it has passed, or is settled.

    Args:
        facts: For the details of the audit row.
    """
    values = {
        "state": state,
        "until": until,
        "why": why,
        "done_by": by,
        "done_at": clock.now(),
        "wanted": None,
        "work_due_at": None,
        "news_due_at": None,
        "answer": None,
        "is_announced": True,
    }
    if db.execute(UPDATE_OPEN, {"mismatch": mismatch.id, **values}).rowcount != 1:
        return False
    details = {"until": until.isoformat()} if until else {}
    _record(
        db,
        mismatch,
        verb=AFTER[state],
        actor=by,
        actor_entra_id=by_entra_id,
        why=why,
        details={**details, **(facts or {})},
    )
    redraw(db, mismatch)
    return True


def _record(
    db: Transaction,
    mismatch: Mismatch,
    *,
    verb: str,
    actor: str = audit.LATCHKEY,
    details: dict[str, Any] | None = None,
    **facts: Any,
) -> None:
    said = {"mismatch": mismatch.id, "kind": mismatch.kind, **(details or {})}
    if mismatch.group_name is not None:
        said["group"] = mismatch.about
    if mismatch.person_id is None:
        said["nested_group"] = mismatch.entra_id
    for name in ("ends_at", "approved_until"):
        at = getattr(mismatch, name)
        if at is not None:
            said[name] = at.isoformat()
    audit.record(
        db,
        at=clock.now(),
        actor=actor,
        verb=verb,
        details=said,
        assignment_id=mismatch.assignment_id,
        request_id=mismatch.request_id,
        package_id=mismatch.package_id,
        subject_entra_id=mismatch.person_id,
        **facts,
    )


def pass_others(
    db: Transaction,
    some: Collection[Mismatch],
    *,
    began_at: datetime,
    is_known: Callable[[Mismatch], bool],
) -> None:
    """
    Let those pass that the check which began then has not found.

    Args:
        is_known: Tells whether the check could read what a mismatch is about.
    """
    for each in some:
        if each.seen_at < began_at and is_known(each):
            let_pass(db, each)
