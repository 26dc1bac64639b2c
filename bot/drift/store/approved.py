"""Read what people have, and what was approved for them, so many at a time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from bot.assignments.model import Assignment, AssignmentState
from bot.assignments.store import assignments as all_assignments
from bot.database.connections.engine import Transaction
from bot.database.statements import MOST, SINCE, word
from bot.database.tables import (
    ENDED_OUTSIDE,
    GAVE,
    IS_OPEN,
    IS_TRIED,
    assignments,
    audit,
    packages,
    requests,
)
from bot.requests.model import Kind, Request, State
from bot.requests.store.request_rows import SELECT as REQUESTS
from bot.requests.store.request_rows import from_row

IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
LIVE: Final = (
    all_assignments.SELECT.where(
        all_assignments.IS_NOT_ENDED, assignments.c.id > sa.bindparam("after_id")
    )
    .order_by(assignments.c.id)
    .limit(MOST)
)
GAVE_THESE: Final = REQUESTS.where(requests.c.assignment_id.in_(IDS), GAVE).order_by(
    requests.c.ended_at
)
BEING_ADDED: Final = sa.select(requests.c.entra_id, requests.c.package_id).where(
    requests.c.entra_id.in_(IDS), IS_OPEN, requests.c.kind == Kind.ADD
)
# The second of each is what is kept of an archived row.
GRANTS: Final = ("cli-grant", "archive-grant")
BY_OPERATORS: Final = sa.select(
    audit.c.subject_entra_id, audit.c.package_id, audit.c.verb, audit.c.at, audit.c.details
).where(
    audit.c.subject_entra_id.in_(IDS),
    audit.c.verb.in_((*GRANTS, "cli-extend", "archive-extension")),
    audit.c.after == "submitted",
)
ENDS_MOVED: Final = sa.select(audit.c.assignment_id, audit.c.at, audit.c.details).where(
    audit.c.subject_entra_id.in_(IDS), audit.c.verb == "end-moved"
)
LAST_OF: Final = (
    all_assignments.SELECT.where(
        assignments.c.entra_id == sa.bindparam("user"),
        assignments.c.package_id == sa.bindparam("package"),
        assignments.c.state == word(AssignmentState.ENDED),
    )
    .order_by(assignments.c.ended_at.desc())
    .limit(1)
)
OUTSIDE: Final = all_assignments.SELECT.where(
    ENDED_OUTSIDE, assignments.c.ended_at >= SINCE
).order_by(assignments.c.ended_at)
LONG_SUBMITTED: Final = REQUESTS.where(
    IS_OPEN,
    IS_TRIED,
    # The first of these has an index; when it was sent, and when its access was to begin, say whether it takes long.
    requests.c.asked_at <= SINCE,
    sa.func.coalesce(requests.c.intent_at, requests.c.asked_at) <= SINCE,
    sa.or_(requests.c.starts_at.is_(None), requests.c.starts_at <= SINCE),
    requests.c.state == State.SUBMITTED,
    requests.c.kind != Kind.REMOVE,
)
AUTOMATIC: Final = sa.select(packages.c.automatic)


@dataclass(frozen=True, kw_only=True)
class ByOperator:
    """
    A grant or an extension by somebody at the command line.

    Attributes:
        starts_at: From when on it was given; None: at once.
    """

    entra_id: str
    package_id: str
    is_grant: bool
    at: datetime
    starts_at: datetime | None = None


def live(db: Transaction, *, after: str, limit: int) -> list[Assignment]:
    """Return assignments that have not ended, by id, behind the id *after*."""
    rows = db.execute(LIVE, {"after_id": after, "most": limit})
    return [all_assignments.from_row(row) for row in rows]


def that_gave(db: Transaction, assignment_ids: Collection[str]) -> dict[str, Request]:
    """Return the last request that gave each of these assignments, or made it longer."""
    if not assignment_ids:
        return {}
    found = (from_row(row) for row in db.execute(GAVE_THESE, {"ids": list(assignment_ids)}))
    return {each.assignment_id or "": each for each in found}


def being_added(db: Transaction, entra_ids: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return which packages these people have open requests for, each as a person's and a package's id."""
    if not entra_ids:
        return frozenset()
    rows = db.execute(BEING_ADDED, {"ids": list(entra_ids)})
    return frozenset((row[0], row[1]) for row in rows)


def by_operators(db: Transaction, entra_ids: Collection[str]) -> list[ByOperator]:
    """Return what these people were given at the command line, the oldest first."""
    if not entra_ids:
        return []
    found = [
        ByOperator(
            entra_id=row.subject_entra_id,
            package_id=row.package_id,
            is_grant=row.verb in GRANTS,
            at=_moment(row.details, "done_at") or row.at,
            starts_at=_moment(row.details, "starts_at"),
        )
        for row in db.execute(BY_OPERATORS, {"ids": list(entra_ids)})
    ]
    return sorted(found, key=lambda each: each.at)


@dataclass(frozen=True, kw_only=True)
class EndMoved:
    """
    A change of the end of access, as Latchkey has seen it.

    Attributes:
        at: When it was seen.
        ends_at: The end since then; None: without one.
    """

    at: datetime
    ends_at: datetime | None


def ends_moved(db: Transaction, entra_ids: Collection[str]) -> dict[str, list[EndMoved]]:
    """Return how Entra was seen to move the end of what these people have, by the assignment's id, the first first."""
    if not entra_ids:
        return {}
    moved: dict[str, list[EndMoved]] = {}
    for row in db.execute(ENDS_MOVED, {"ids": list(entra_ids)}):
        if row.assignment_id is not None:
            seen = EndMoved(at=row.at, ends_at=_moment(row.details, "ends_at"))
            moved.setdefault(row.assignment_id, []).append(seen)
    return {each: sorted(seen, key=lambda one: one.at) for each, seen in moved.items()}


def _moment(details: Any, name: str) -> datetime | None:
    at = details.get(name) if isinstance(details, Mapping) else None
    return datetime.fromisoformat(at) if at else None


def past(
    db: Transaction, entra_ids: Collection[str], package_ids: Collection[str]
) -> dict[str, Assignment]:
    """Return the access to one of these packages that each of these people has had last."""
    found: dict[str, Assignment] = {}
    for user in entra_ids:
        for package in package_ids:
            row = db.execute(LAST_OF, {"user": user, "package": package}).first()
            last = all_assignments.from_row(row) if row else None
            known = found.get(user)
            if last is not None and (known is None or _ended(known) < _ended(last)):
                found[user] = last
    return found


def _ended(row: Assignment) -> datetime:
    return row.ended_at or datetime.min.replace(tzinfo=UTC)


def ended_outside(db: Transaction, *, since: datetime) -> list[Assignment]:
    """Return access that was ended in Entra, and not through Latchkey, since then."""
    return [all_assignments.from_row(row) for row in db.execute(OUTSIDE, {"since": since})]


def long_submitted(db: Transaction, *, before: datetime) -> list[Request]:
    """Return requests that were sent, and whose access was to begin, before then, and that Entra has not brought to an end."""
    return [from_row(row) for row in db.execute(LONG_SUBMITTED, {"since": before})]


def automatic(db: Transaction) -> frozenset[str]:
    """Return the ids of the policies under which Entra gives access by itself."""
    return frozenset(policy for row in db.execute(AUTOMATIC) for policy in row[0])
