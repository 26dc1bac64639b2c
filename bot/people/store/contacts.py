"""Remember where Entra users are found in Slack, so that nobody is searched for twice: for cards, never for rights."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction, insert
from bot.database.statements import for_each_database
from bot.database.tables import contacts, people


@dataclass(frozen=True, kw_only=True)
class Contact:
    """
    An Entra user's account in Slack, or that there is none.  Times are real.

    Attributes:
        slack_user: Who it is in Slack; None if nobody was found.
        looked_up_at: When Slack was searched.
        verified_at: When Slack last said that this is still the one.
    """

    entra_id: str
    slack_user: str | None
    looked_up_at: datetime
    verified_at: datetime | None = None


COLUMNS: Final = [contacts.c[name] for name in Contact.__dataclass_fields__]
BY_ENTRA_IDS: Final = sa.select(*COLUMNS).where(
    contacts.c.entra_id.in_(sa.bindparam("ids", expanding=True))
)
# Whom the first use has bound to exactly one Slack user.
BOUND: Final = (
    sa.select(people.c.entra_id, sa.func.min(people.c.slack_user))
    .where(people.c.entra_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(people.c.entra_id)
    .having(sa.func.count() == 1)
)


@for_each_database
def _upsert(db: Transaction) -> Any:
    row = insert(db, contacts)
    return row.on_conflict_do_update(
        index_elements=["entra_id"],
        set_={
            "slack_user": row.excluded.slack_user,
            "looked_up_at": row.excluded.looked_up_at,
            "verified_at": row.excluded.verified_at,
        },
    )


def find(db: Transaction, entra_ids: list[str]) -> dict[str, Contact]:
    """Return what is known of these Entra users, by their ids."""
    found = db.execute(BY_ENTRA_IDS, {"ids": entra_ids}).mappings()
    return {row["entra_id"]: Contact(**row) for row in found}


def bound_slack_users(db: Transaction, entra_ids: list[str]) -> dict[str, str]:
    """Return the Slack users who have shown to be these Entra users, by using Latchkey."""
    return {row[0]: row[1] for row in db.execute(BOUND, {"ids": entra_ids})}


def save(db: Transaction, contact: Contact) -> None:
    """Remember what Slack has just said."""
    db.execute(_upsert(db), vars(contact))
