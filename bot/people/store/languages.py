"""Remember in which language people read Slack."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction, insert
from bot.database.statements import for_each_database
from bot.database.tables import languages

BY_IDS: Final = sa.select(languages.c.slack_user, languages.c.locale, languages.c.read_at).where(
    languages.c.slack_user.in_(sa.bindparam("ids", expanding=True))
)


@for_each_database
def _upsert(db: Transaction) -> Any:
    row = insert(db, languages)
    return row.on_conflict_do_update(
        index_elements=["slack_user"],
        set_={"locale": row.excluded.locale, "read_at": row.excluded.read_at},
    )


def find(db: Transaction, slack_users: Collection[str]) -> Mapping[str, tuple[str, datetime]]:
    """Return the locale of each, "de-DE", as far as it is known, and when Slack said so (real time)."""
    found = db.execute(BY_IDS, {"ids": list(slack_users)})
    return {row.slack_user: (row.locale, row.read_at) for row in found}


def find_each(db: Transaction, slack_users: Sequence[str]) -> list[tuple[str, datetime] | None]:
    """Return the same in the order of *slack_users*; None for whose locale is not known."""
    found = find(db, slack_users)
    return [found.get(each) for each in slack_users]


def save(db: Transaction, locales: Mapping[str, str], *, read_at: datetime) -> None:
    """Remember what Slack has just said: locales, by people's ids."""
    db.execute(
        _upsert(db),
        [
            {"slack_user": slack_user, "locale": locale, "read_at": read_at}
            for slack_user, locale in sorted(locales.items())
        ],
    )
