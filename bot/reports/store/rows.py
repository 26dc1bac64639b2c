"""Read the rows that the figures are made of: access that people have, requests that have ended, and their decisions."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from bot.approvals.model import Outcome
from bot.assignments.store.assignments import IS_NOT_ENDED, THERE
from bot.database.connections.engine import Transaction
from bot.database.statements import SINCE, UNTIL, word, words
from bot.database.tables import IS_ENDED, assignments, decisions, requests
from bot.people.model import Verb
from bot.reports.model import (
    OUTCOMES,
    CountedDecision,
    CurrentAccess,
    FinishedRequest,
    Period,
)
from bot.requests.model import Kind
from bot.requests.store.request_rows import DECIDED_THERE

# SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.
IDS_A_QUERY: Final = 1_000

CURRENT_OF_ALL: Final = sa.select(
    assignments.c.id,
    assignments.c.entra_id,
    assignments.c.holder,
    assignments.c.holder_name,
    assignments.c.package_id,
    assignments.c.package_name,
    assignments.c.starts_at,
    assignments.c.ends_at,
).where(IS_NOT_ENDED, assignments.c.progress.in_(words(THERE)))
CURRENT: Final = CURRENT_OF_ALL.where(
    assignments.c.package_id.in_(sa.bindparam("packages", expanding=True))
)
# One state after the other: so the index finds where the period begins.
IS_OF_PERIOD: Final = sa.and_(
    requests.c.state == sa.bindparam("wanted"),
    requests.c.ended_at >= SINCE,
    requests.c.ended_at < UNTIL,
    IS_ENDED,
    requests.c.kind.in_(words((Kind.ADD, Kind.EXTEND))),
)
ENDED: Final = sa.select(
    requests.c.id,
    requests.c.kind,
    requests.c.package_id,
    requests.c.package_name,
    requests.c.holder,
    requests.c.holder_name,
    requests.c.asked_at,
    requests.c.ended_at,
    requests.c.why,
    requests.c.justification,
    requests.c.terms["entra_decides"].as_boolean().label("entra_decides"),
    requests.c.decided_there,
).where(IS_OF_PERIOD)
# Columns that a finished request has in other words.
OWN_WORDS: Final = frozenset({"kind", "entra_decides", "decided_there"})
COUNTED: Final = (
    sa.select(
        decisions.c.request_id,
        decisions.c.verb,
        decisions.c.slack_user,
        decisions.c.name,
        decisions.c.for_name,
        decisions.c.reason,
        decisions.c.at,
    )
    .join_from(requests, decisions, decisions.c.request_id == requests.c.id)
    .where(
        IS_OF_PERIOD,
        decisions.c.round == requests.c.round,
        decisions.c.outcome == word(Outcome.ACCEPTED),
    )
)
GAVE_ACCESS: Final = (
    sa.select(assignments.c.policy_id)
    .where(assignments.c.policy_id == sa.bindparam("policy"))
    .limit(sa.literal_column("1"))
)


NAMES: Final = sa.union(
    sa.select(requests.c.package_id, requests.c.package_name),
    sa.select(assignments.c.package_id, assignments.c.package_name),
)


def named_packages(db: Transaction) -> list[tuple[str, str]]:
    """Return the id and each name of every package that somebody has asked for or has, whether it is still there or not."""
    return [(row.package_id, row.package_name) for row in db.execute(NAMES)]


def current_access(db: Transaction, package_ids: Collection[str] | None) -> list[CurrentAccess]:
    """
    Return the access that people have to these packages now, in no order.

    What Entra has not delivered yet, or could not deliver, is none.

    Args:
        package_ids: None: all packages, whether they are still there or not.
    """
    if package_ids is None:
        return [CurrentAccess(**row._mapping) for row in db.execute(CURRENT_OF_ALL)]
    return [
        CurrentAccess(**row._mapping)
        for some in _in_parts(sorted(package_ids))
        for row in db.execute(CURRENT, {"packages": some})
    ]


def finished(
    db: Transaction, package_ids: Collection[str] | None, period: Period
) -> list[FinishedRequest]:
    """
    Return the requests for access to these packages that ended in a period, in no order, with what was decided.

    Args:
        package_ids: None: all packages, whether they are still there or not.
    """
    wanted, found = None if package_ids is None else frozenset(package_ids), []
    for state, outcome in OUTCOMES.items():
        given = {"wanted": state, "since": period.since, "until": period.until}
        counted = defaultdict(list)
        for row in db.execute(COUNTED, given):
            counted[row.request_id].append(_decision(row))
        found += [
            FinishedRequest(
                outcome=outcome,
                is_extension=row.kind == Kind.EXTEND,
                decisions=tuple(
                    sorted([*counted[row.id], *_in_entra(row)], key=lambda each: each.at)
                ),
                entra_decides=bool(row.entra_decides),
                **{name: value for name, value in row._mapping.items() if name not in OWN_WORDS},
            )
            for row in db.execute(ENDED, given)
            if wanted is None or row.package_id in wanted
        ]
    return found


def used_policies(db: Transaction, policy_ids: Collection[str]) -> set[str]:
    """Return those of these policies under which somebody has access, or had."""
    return {
        each for each in policy_ids if db.execute(GAVE_ACCESS, {"policy": each}).first() is not None
    }


def _decision(row: Any) -> CountedDecision:
    return CountedDecision(
        by=row.name or row.slack_user,
        by_id=row.slack_user,
        for_name=row.for_name,
        approves=row.verb == Verb.APPROVE,
        reason=row.reason,
        at=row.at,
    )


def _in_entra(row: Any) -> list[CountedDecision]:
    """Return the decisions that were made in Entra, as far as it is known by whom and when."""
    return [
        CountedDecision(
            by=who,
            by_id=each.entra_id or who,
            approves=each.verb is Verb.APPROVE,
            reason=each.reason,
            at=each.at,
            in_entra=True,
        )
        for each in DECIDED_THERE.validate_python(row.decided_there)
        if (who := each.name or each.entra_id) is not None and each.at is not None
    ]


def _in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(ids), IDS_A_QUERY):
        yield ids[first : first + IDS_A_QUERY]
