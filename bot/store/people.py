"""Who is who: the Slack user and the Entra user behind them, bound at first use."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.models import Person
from bot.store.database import Transaction, insert
from bot.store.schema import people
from bot.store.statements import for_each_database

FIELDS: Final = tuple(Person.__dataclass_fields__)
COLUMNS: Final = [people.c[name] for name in FIELDS]

BY_SLACK_USER: Final = sa.select(*COLUMNS).where(people.c.slack_user == sa.bindparam("slack_user"))
BY_ENTRA_ID: Final = sa.select(*COLUMNS).where(people.c.entra_id == sa.bindparam("entra_id"))


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


def get(db: Transaction, slack_user: str) -> Person | None:
    row = db.execute(BY_SLACK_USER, {"slack_user": slack_user}).first()
    return _person(row) if row else None


def of_entra(db: Transaction, entra_id: str) -> list[Person]:
    """The Slack users bound to one Entra user."""
    return [_person(row) for row in db.execute(BY_ENTRA_ID, {"entra_id": entra_id})]


def bind(db: Transaction, person: Person) -> Person:
    """
    Bind a Slack user to an Entra user and return the binding that holds.

    The first binding stays: a Slack profile that later points at another Entra user is a thing for an admin
    to look at, not to follow.  Names are refreshed.
    """
    db.execute(_upsert(db), {**vars(person), "bound_at": clock.now()})
    bound = get(db, person.slack_user)
    assert bound is not None  # noqa: S101 (the row was written in this transaction)
    return bound
