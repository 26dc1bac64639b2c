"""Assignments: the lists that people are shown, a page at a time, the first to end first and what has no end last."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress
from bot.assignments.store.assignments import IS_NOT_ENDED, SELECT, from_row
from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements
from bot.database.statements import (
    MOST,
    SPELLINGS,
    UNTIL,
    beginning_of,
    begins_so,
    spellings,
    words,
)
from bot.database.tables import COUNTS_AS_BOUND, assignments, people, requests
from bot.paging import FIRST, ROWS_A_PAGE, Page, Start
from bot.requests.model import OPEN, Kind

# Of names that begin as was typed; whoever means somebody else, types more.
MOST_NAMES: Final = 10

HOLDER: Final = sa.bindparam("slack_user", type_=sa.String())
OF_PACKAGE: Final = assignments.c.package_id == sa.bindparam("package")
OF_PEOPLE: Final = assignments.c.entra_id.in_(sa.bindparam("entra_ids", expanding=True))
# Whose access it is, is told by the person's own binding; the holder's Slack id is only where messages go.
MINE: Final = assignments.c.entra_id.in_(
    sa.select(people.c.entra_id).where(people.c.slack_user == HOLDER, COUNTS_AS_BOUND)
)
IS_OPEN: Final = requests.c.state.in_(words(OPEN))
# The request for it says where it is until a part of it is there.
SHOWN_AS_REQUEST: Final = sa.and_(
    assignments.c.progress == sa.literal_column(f"'{DeliveryProgress.DELIVERING}'"),
    sa.exists().where(
        requests.c.holder == HOLDER,
        requests.c.package_id == assignments.c.package_id,
        requests.c.kind == sa.literal_column(f"'{Kind.ADD}'"),
        IS_OPEN,
    ),
)


def _listed(*conditions: sa.ColumnElement[bool]) -> ListStatements:
    query = SELECT.where(IS_NOT_ENDED, *conditions)
    return ListStatements(query, time=assignments.c.ends_at, id_=assignments.c.id)


# By whether a package and whether people are asked about.
OF_ANYBODY: Final = {
    (False, False): _listed(),
    (True, False): _listed(OF_PACKAGE),
    (False, True): _listed(OF_PEOPLE),
    (True, True): _listed(OF_PACKAGE, OF_PEOPLE),
}
ENDING: Final = _listed(assignments.c.ends_at <= UNTIL)
OF_ONESELF: Final = _listed(MINE, sa.not_(SHOWN_AS_REQUEST))

OWN_OF_PACKAGE: Final = SELECT.where(IS_NOT_ENDED, MINE, OF_PACKAGE).order_by(assignments.c.id)

BOUND: Final = sa.select(people.c.slack_user, people.c.entra_id).where(
    people.c.slack_user.in_(sa.bindparam("slack_users", expanding=True)),
    COUNTS_AS_BOUND,
)
WHOLE_OF: Final = SELECT.where(
    IS_NOT_ENDED, OF_PEOPLE, assignments.c.package_id.in_(sa.bindparam("packages", expanding=True))
)
MY_PACKAGES: Final = sa.union(
    sa.select(assignments.c.package_id).where(IS_NOT_ENDED, MINE),
    sa.select(requests.c.package_id).where(requests.c.holder == HOLDER, IS_OPEN),
)
CALLED: Final = (
    sa.select(assignments.c.entra_id)
    .where(IS_NOT_ENDED, assignments.c.called.in_(SPELLINGS))
    .distinct()
)
NAMES: Final = (
    sa.select(assignments.c.entra_id, assignments.c.holder_name, assignments.c.called)
    .where(IS_NOT_ENDED, *begins_so(assignments.c.called))
    .distinct()
    .order_by(assignments.c.called, assignments.c.entra_id)
    .limit(MOST)
)


def page(
    db: Transaction,
    *,
    package_id: str | None = None,
    entra_ids: Collection[str] | None = None,
    start: Start = FIRST,
    rows: int = ROWS_A_PAGE,
) -> Page[Assignment]:
    """Return what is held, by package or by person; *entra_ids* None: by anybody."""
    given: dict[str, Any] = {}
    if package_id is not None:
        given["package"] = package_id
    if entra_ids is not None:
        given["entra_ids"] = list(entra_ids)
    listed = OF_ANYBODY[package_id is not None, entra_ids is not None]
    return listed.page(db, from_row, start=start, rows=rows, **given)


def ending_page(
    db: Transaction, *, until: datetime, start: Start = FIRST, rows: int = ROWS_A_PAGE
) -> Page[Assignment]:
    """Return what ends by then, the first to end first."""
    return ENDING.page(db, from_row, start=start, rows=rows, until=until)


def own_page(
    db: Transaction, slack_user: str, *, start: Start = FIRST, rows: int = ROWS_A_PAGE
) -> Page[Assignment]:
    """Return what the Entra user holds whom a Slack user is bound to, but for what is shown as a request still."""
    return OF_ONESELF.page(db, from_row, start=start, rows=rows, slack_user=slack_user)


def own_of_package(db: Transaction, slack_user: str, package_id: str) -> list[Assignment]:
    """Return what the Entra user holds of one package whom a Slack user is bound to."""
    found = db.execute(OWN_OF_PACKAGE, {"slack_user": slack_user, "package": package_id})
    return [from_row(row) for row in found]


def count_own(db: Transaction, slack_user: str) -> int:
    """Return how many rows that list has; nobody holds more than there are packages."""
    return OF_ONESELF.count(db, slack_user=slack_user).number


def whole_of_each(
    db: Transaction, slack_users: Collection[str], package_ids: Collection[str], *, since: datetime
) -> dict[tuple[str, str], Assignment]:
    """
    Return which of these packages each of *slack_users* has for certain, by person and package.

    Args:
        since: Graph has shown it since then (real time), as delivered, and its end is still to come.
    """
    bound = db.execute(BOUND, {"slack_users": list(slack_users)}).all()
    if not bound:
        return {}
    given = {"entra_ids": [row.entra_id for row in bound], "packages": list(package_ids)}
    found = {
        (row.entra_id, row.package_id): row for row in map(from_row, db.execute(WHOLE_OF, given))
    }
    return {
        (person.slack_user, package_id): row
        for person in bound
        for (entra_id, package_id), row in found.items()
        if entra_id == person.entra_id and _is_there(row, since=since)
    }


def _is_there(row: Assignment, *, since: datetime) -> bool:
    return (
        row.state is AssignmentState.LIVE
        and row.progress is DeliveryProgress.DELIVERED
        and row.seen_at is not None
        and row.seen_at >= since
        and (row.ends_at is None or row.ends_at > clock.now())
    )


def my_packages(db: Transaction, slack_user: str) -> set[str]:
    """Return the packages that somebody holds or has asked for."""
    return set(db.execute(MY_PACKAGES, {"slack_user": slack_user}).scalars())


def find_by_name(db: Transaction, name: str) -> list[str]:
    """Return Entra ids of everybody who holds something and has that name in Graph, in any capitals."""
    return sorted(db.execute(CALLED, spellings(name)).scalars())


def names_starting_with(db: Transaction, beginning: str) -> dict[str, str]:
    """
    Return whose names begin so, of those who hold something: names by Entra id, in the order of the names.

    One more than `MOST_NAMES`, if there are more.
    """
    found: dict[str, str] = {}
    for spelled in dict.fromkeys(spellings(beginning).values()):
        given = {**beginning_of(spelled), "most": MOST_NAMES + 1}
        found |= {row.entra_id: row.holder_name for row in db.execute(NAMES, given)}
    return dict(list(found.items())[: MOST_NAMES + 1])
