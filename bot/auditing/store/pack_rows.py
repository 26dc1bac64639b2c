"""Read what an evidence pack holds: rows of the audit log, the requests that they are about, and names."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any, Final

import sqlalchemy as sa

from bot.approvals.model import Outcome
from bot.auditing.model import ChainedRow, PackContent, PackDecision, PackRequest, PackScope
from bot.database.audit_log import audit, audit_checkpoints
from bot.database.connections.engine import Transaction
from bot.database.tables import assignments, decisions, packages, people, requests

# SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.
IDS_A_QUERY: Final = 1_000
IDS: Final[sa.BindParameter[str]] = sa.bindparam("ids", expanding=True)
FIELDS: Final = tuple(
    name for name in PackRequest.__dataclass_fields__ if name not in {"decisions"}
)
REQUESTS: Final = (
    sa.select(*[requests.c[name] for name in FIELDS], requests.c.round)
    .where(requests.c.id.in_(IDS))
    .order_by(requests.c.asked_at, requests.c.id)
)
DECISIONS: Final = (
    sa.select(decisions)
    .where(decisions.c.request_id.in_(IDS), decisions.c.outcome == Outcome.ACCEPTED)
    .order_by(decisions.c.at, decisions.c.id)
)
BY_SLACK_ID: Final = sa.select(people.c.slack_user, people.c.entra_name).where(
    people.c.slack_user.in_(IDS)
)
BY_ENTRA_ID: Final = sa.select(people.c.entra_id, people.c.entra_name).where(
    people.c.entra_id.in_(IDS)
)
PACKAGES: Final = sa.select(packages.c.id, packages.c.name).where(packages.c.id.in_(IDS))
ASSIGNMENTS: Final = sa.select(
    assignments.c.entra_id,
    assignments.c.holder_name,
    assignments.c.package_id,
    assignments.c.package_name,
).where(assignments.c.id.in_(IDS))


def read(db: Transaction, scope: PackScope) -> PackContent:
    """Return everything that a pack about *scope* holds, as of one moment."""
    start = audit_checkpoints.last(db)
    stories = {
        str(row["request_id"])
        for row in audit.in_order(db)
        if row["request_id"] is not None and scope.is_about(row)
    }
    found: list[ChainedRow] = []
    head = (start.position, start.hash)
    for row in audit.in_order(db):
        if scope.is_about(row) or row["request_id"] in stories:
            found.append(ChainedRow(before=head[1], row=dict(row)))
        head = (row["position"], row["hash"])
    asked = _requests(db, stories)
    people_named, packages_named = _names(db, found, asked)
    return PackContent(
        rows=found,
        requests=asked,
        people=people_named,
        packages=packages_named,
        head=head,
        archived=start.position,
    )


def _requests(db: Transaction, ids: Collection[str]) -> list[PackRequest]:
    asked = list(_each(db, REQUESTS, ids))
    rounds = {row.id: row.round for row in asked}
    counted: dict[str, list[PackDecision]] = defaultdict(list)
    for row in _each(db, DECISIONS, ids):
        # What was decided before it began anew, under other terms perhaps, does not count any more.
        if row.round != rounds.get(row.request_id):
            continue
        counted[row.request_id].append(
            PackDecision(
                at=row.at,
                verb=row.verb,
                stage=row.stage + 1,
                slack_user=row.slack_user,
                entra_id=row.entra_id,
                name=row.name,
                as_admin=row.as_admin,
                acting_for=row.for_name or row.for_user,
                reason=row.reason,
                until=row.ends_at,
            )
        )
    found = []
    for row in asked:
        values = {name: getattr(row, name) for name in FIELDS}
        if row.terms_hash is None:
            # It has begun anew: nothing is decided under what was agreed before.
            values["terms"] = None
        found.append(PackRequest(**values, decisions=tuple(counted[row.id])))
    return sorted(found, key=lambda each: (each.asked_at, each.id))


def _names(
    db: Transaction, rows: Collection[ChainedRow], asked: Collection[PackRequest]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return names by id: of people, and of packages."""
    columns = ("actor", "actor_entra_id", "subject_entra_id")
    ids = {str(each.row[name]) for each in rows for name in columns if each.row[name] is not None}
    of_people: dict[str, str] = {}
    of_packages: dict[str, str] = {}
    held = {str(each.row["assignment_id"]) for each in rows if each.row["assignment_id"]}
    for row in _each(db, ASSIGNMENTS, held):
        of_packages[row.package_id] = row.package_name
        if row.holder_name:
            of_people[row.entra_id] = row.holder_name
    for request in asked:
        of_packages[request.package_id] = request.package_name
        if request.entra_id and request.holder_name:
            of_people[request.entra_id] = request.holder_name
        for decision in request.decisions:
            if decision.name:
                of_people[decision.slack_user] = decision.name
                of_people[decision.entra_id or decision.slack_user] = decision.name
    of_people |= {
        row[0]: row[1] for query in (BY_SLACK_ID, BY_ENTRA_ID) for row in _each(db, query, ids)
    }
    wanted = {str(each.row["package_id"]) for each in rows if each.row["package_id"]}
    of_packages |= {row.id: row.name for row in _each(db, PACKAGES, wanted)}
    return of_people, of_packages


def _each(db: Transaction, query: sa.Select[Any], ids: Collection[str]) -> Iterator[Any]:
    ordered = sorted(ids)
    for first in range(0, len(ordered), IDS_A_QUERY):
        yield from db.execute(query, {"ids": ordered[first : first + IDS_A_QUERY]})
