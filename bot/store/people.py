"""Who is who: the Slack user and the Entra user behind them, bound at first use."""

import sqlalchemy as sa

from bot import clock
from bot.models import Person
from bot.store.database import Transaction, insert
from bot.store.schema import people

COLUMNS = [people.c[name] for name in Person.__dataclass_fields__]


def get(db: Transaction, slack_user: str) -> Person | None:
    row = (
        db.execute(sa.select(*COLUMNS).where(people.c.slack_user == slack_user)).mappings().first()
    )
    return Person(**row) if row else None


def of_entra(db: Transaction, entra_id: str) -> list[Person]:
    """The Slack users bound to one Entra user."""
    query = sa.select(*COLUMNS).where(people.c.entra_id == entra_id)
    return [Person(**row) for row in db.execute(query).mappings()]


def bind(db: Transaction, person: Person) -> Person:
    """
    Bind a Slack user to an Entra user and return the binding that holds.

    The first binding stays: a Slack profile that later points at another Entra user is a thing for an admin
    to look at, not to follow.  Names are refreshed.
    """
    values = {name: getattr(person, name) for name in Person.__dataclass_fields__}
    row = insert(db, people).values(**values, bound_at=clock.now())
    db.execute(
        row.on_conflict_do_update(
            index_elements=["slack_user"],
            set_={"slack_name": person.slack_name, "entra_name": person.entra_name},
            where=people.c.entra_id == person.entra_id,
        )
    )
    bound = get(db, person.slack_user)
    assert bound is not None  # noqa: S101 (the row was written in this transaction)
    return bound
