"""The table of people: Slack users and their Entra users, bound at first use."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import AssignmentState
from bot.database.connections.engine import Transaction, insert
from bot.database.homes import touch_homes
from bot.database.statements import (
    MOST,
    NOW,
    SPELLINGS,
    beginning_of,
    begins_so,
    for_each_database,
    spellings,
    word,
)
from bot.database.tables import COUNTS_AS_BOUND, IS_PROVEN_ELSEWHERE, assignments, people
from bot.people.model import Person

FIELDS: Final = tuple(Person.__dataclass_fields__)
COLUMNS: Final = [people.c[name] for name in FIELDS]

BY_SLACK_USER: Final = sa.select(*COLUMNS).where(people.c.slack_user == sa.bindparam("slack_user"))
WITH_NEWS: Final = sa.select(*COLUMNS, people.c.told_at, people.c.news_due_at).where(
    people.c.slack_user == sa.bindparam("slack_user")
)
BY_SLACK_USERS: Final = sa.select(*COLUMNS).where(
    people.c.slack_user.in_(sa.bindparam("ids", expanding=True))
)
PROVEN: Final = sa.select(*COLUMNS).where(
    people.c.slack_user.in_(sa.bindparam("ids", expanding=True)), people.c.proven_at.is_not(None)
)
PROVEN_AS: Final = (
    sa.select(*COLUMNS)
    .where(people.c.entra_id == sa.bindparam("entra_id"), people.c.proven_at.is_not(None))
    .order_by(people.c.proven_at, people.c.slack_user)
)
ACTING: Final = BY_SLACK_USER.where(COUNTS_AS_BOUND)
KNOWN: Final = sa.select(people.c.entra_id, IS_PROVEN_ELSEWHERE.label("is_proven_elsewhere")).where(
    people.c.slack_user == sa.bindparam("slack_user")
)
# The first to be bound first.
BY_ENTRA_ID: Final = (
    sa.select(*COLUMNS)
    .where(people.c.entra_id == sa.bindparam("entra_id"))
    .order_by(people.c.bound_at, people.c.slack_user)
)
CALLED: Final = sa.select(*COLUMNS).where(people.c.called.in_(SPELLINGS))
NAMES: Final = (
    sa.select(people.c.entra_id, people.c.entra_name, people.c.called)
    .where(*begins_so(people.c.called))
    .distinct()
    .order_by(people.c.called, people.c.entra_id)
    .limit(MOST)
)
OWING_NEWS: Final = (
    sa.select(*COLUMNS)
    .where(people.c.news_due_at <= NOW)
    .order_by(people.c.news_due_at)
    .limit(MOST)
)
UPDATE: Final = people.update().where(people.c.slack_user == sa.bindparam("user"))
PROVE: Final = people.update().where(
    people.c.slack_user.in_(sa.bindparam("ids", expanding=True)),
    people.c.entra_id == sa.bindparam("entra"),
    people.c.proven_at.is_(None),
)
# Where messages about their access go is looked up once more.
LOOK_AGAIN: Final = assignments.update().where(
    assignments.c.entra_id
    == sa.select(people.c.entra_id)
    .where(people.c.slack_user == sa.bindparam("user"))
    .scalar_subquery(),
    assignments.c.state != word(AssignmentState.ENDED),
)


@for_each_database
def _upsert(db: Transaction) -> Any:
    row = insert(db, people)
    return row.on_conflict_do_update(
        index_elements=["slack_user"],
        set_={"slack_name": row.excluded.slack_name, "entra_name": row.excluded.entra_name},
        where=people.c.entra_id == row.excluded.entra_id,
    )


def _person(row: Sequence[Any]) -> Person:
    return Person(**dict(zip(FIELDS, row, strict=True)))


def find(db: Transaction, slack_user: str) -> Person | None:
    row = db.execute(BY_SLACK_USER, {"slack_user": slack_user}).first()
    return _person(row) if row else None


def find_each(db: Transaction, slack_users: Collection[str]) -> dict[str, Person]:
    """Return those of *slack_users* that are bound, by their Slack ids."""
    found = map(_person, db.execute(BY_SLACK_USERS, {"ids": list(slack_users)}))
    return {person.slack_user: person for person in found}


def for_entra_id(db: Transaction, entra_id: str) -> list[Person]:
    """Return the Slack users bound to one Entra user."""
    return [_person(row) for row in db.execute(BY_ENTRA_ID, {"entra_id": entra_id})]


@dataclass(frozen=True, kw_only=True)
class Binding:
    """
    The binding that holds.

    Attributes:
        is_announced: Nobody else is bound to the same Entra user, or they and the admins have been told.
        is_proven_elsewhere: By another Slack account, somebody has signed in to Microsoft as this Entra user.
    """

    person: Person
    is_announced: bool
    is_proven_elsewhere: bool = False


def bind(db: Transaction, person: Person, *, same: Collection[str] = ()) -> Binding:
    """
    Bind a Slack user to an Entra user and return the binding that holds.

    The first binding stays: a Slack profile that later points at another Entra user is a thing for an admin
    to look at, not to follow.  Names are refreshed.  Whoever is not the first of an Entra user is news for the
    first and for the admins, which is owed from here on.

    Args:
        same: Other ids by which Slack names the same account.
    """
    is_new = find(db, person.slack_user) is None
    db.execute(_upsert(db), {**vars(person), "bound_at": clock.now()})
    row = db.execute(WITH_NEWS, {"slack_user": person.slack_user}).one()
    bound = _person(row[: len(FIELDS)])
    told_at, news_due_at = row[len(FIELDS) :]
    if is_new:
        touch_homes(db, bound.slack_user)
    first = [each for each in earlier_accounts(db, bound) if each.slack_user not in same]
    if first and told_at is None and news_due_at is None:
        db.execute(UPDATE, {"user": bound.slack_user, "news_due_at": clock.real()})
    proven = {each.slack_user for each in proven_as(db, bound.entra_id)}
    is_proven = bool(proven & {bound.slack_user, *same})
    if is_proven and bound.slack_user not in proven:
        # Rows are read without a look at Slack, which alone says that both ids are of one account.
        prove(db, bound.slack_user)
    return Binding(
        person=bound,
        is_announced=not first or told_at is not None,
        is_proven_elsewhere=bool(proven) and not is_proven,
    )


def proven_among(db: Transaction, slack_users: Collection[str]) -> dict[str, Person]:
    """Return those who have signed in to Microsoft as the Entra user they are bound to, by their Slack ids."""
    found = [_person(row) for row in db.execute(PROVEN, {"ids": sorted(slack_users)})]
    return {each.slack_user: each for each in found}


def proven_as(db: Transaction, entra_id: str) -> list[Person]:
    """Return the Slack users who have signed in to Microsoft as an Entra user, the first one first."""
    return [_person(row) for row in db.execute(PROVEN_AS, {"entra_id": entra_id})]


def prove(db: Transaction, slack_user: str, *, same: Collection[str] = ()) -> None:
    """
    Note that somebody has signed in to Microsoft as the Entra user that they are bound to.

    What goes to another account of that user, which only an address says is theirs, goes to it no more after the next sync.

    Args:
        same: Other ids by which Slack names the same account.
    """
    bound = find(db, slack_user)
    if bound is None:
        return
    db.execute(UPDATE, {"user": slack_user, "proven_at": clock.now()})
    others = {"ids": sorted({*same} - {slack_user}), "entra": bound.entra_id}
    db.execute(PROVE, {**others, "proven_at": clock.now()})
    db.execute(LOOK_AGAIN, {"user": slack_user, "looked_up_at": None})
    for each in for_entra_id(db, bound.entra_id):
        touch_homes(db, each.slack_user)


def earlier_accounts(db: Transaction, person: Person) -> list[Person]:
    """Return those who were bound to the same Entra user before *person*, the first one first."""
    everybody = for_entra_id(db, person.entra_id)
    known = [each.slack_user for each in everybody]
    return everybody[: known.index(person.slack_user)] if person.slack_user in known else []


def second_accounts_due(db: Transaction, *, limit: int = 50) -> list[tuple[Person, Person]]:
    """Second accounts that are news, each with the first one of the same Entra user."""
    due = [_person(row) for row in db.execute(OWING_NEWS, {"now": clock.real(), "most": limit})]
    return [(person, for_entra_id(db, person.entra_id)[0]) for person in due]


def schedule_announcement(db: Transaction, person: Person, *, news: datetime | None) -> None:
    """Say when to look again whether a second account has been told of; None: it has."""
    told_at = clock.real() if news is None else None
    values = {"news_due_at": news, "told_at": told_at}
    db.execute(UPDATE, {"user": person.slack_user, **values})


def find_active(db: Transaction, slack_user: str) -> Person | None:
    """Return the binding by which somebody may act now; None if they are not bound, still to be told of, or proven elsewhere."""
    row = db.execute(ACTING, {"slack_user": slack_user}).first()
    return _person(row) if row else None


@dataclass(frozen=True, kw_only=True)
class KnownAs:
    """
    The Entra user to whom a Slack account is bound.

    Attributes:
        is_proven_elsewhere: By another account somebody has signed in as that user, and of this one only an address says that it is theirs.
    """

    entra_id: str
    is_proven_elsewhere: bool


def known_as(db: Transaction, slack_user: str) -> KnownAs | None:
    """Return whose account it is; None as long as nobody has been found for it."""
    row = db.execute(KNOWN, {"slack_user": slack_user}).first()
    return KnownAs(**row._mapping) if row else None


def find_by_name(db: Transaction, name: str) -> list[Person]:
    """Return everybody who has that name in Entra, in any capitals."""
    return [_person(row) for row in db.execute(CALLED, spellings(name))]


def names_starting_with(db: Transaction, beginning: str, *, most: int) -> dict[str, str]:
    """Return whose names in Entra begin so, of those whom we know: names by Entra id, in the order of the names."""
    found: dict[str, str] = {}
    for spelled in dict.fromkeys(spellings(beginning).values()):
        given = {**beginning_of(spelled), "most": most}
        found |= {row.entra_id: row.entra_name for row in db.execute(NAMES, given)}
    return dict(list(found.items())[:most])
