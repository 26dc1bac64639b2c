"""Note which App Homes have been opened, and which of them are stale."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction, insert
from bot.database.statements import MOST, NOW, UNTIL, for_each_database
from bot.database.tables import UtcDateTime, homes

UPDATE: Final = homes.update().where(homes.c.slack_user == sa.bindparam("home"))
TOUCH: Final = (
    homes.update()
    .where(sa.or_(homes.c.slack_user.in_(sa.bindparam("people", expanding=True)), homes.c.admin))
    .values(stale=True)
)
TOUCH_ALL: Final = homes.update().values(stale=True)
TOUCH_OLD: Final = TOUCH_ALL.where(
    homes.c.published_at < sa.bindparam("before", type_=UtcDateTime()), ~homes.c.stale
)
ANY_STALE: Final = (
    sa.select(homes.c.slack_user)
    # A claim that ran out is owed a page, too: whoever took it has died.
    .where(
        sa.or_(
            sa.and_(homes.c.stale, homes.c.claimed_until.is_(None)),
            # Not empty, which PostgreSQL does not conclude when it estimates how many these are.
            sa.and_(homes.c.claimed_until.is_not(None), homes.c.claimed_until <= NOW),
        )
    )
    .limit(MOST)
)
STALE: Final = ANY_STALE.with_for_update(skip_locked=True).cte("due")
CLAIM_STALE: Final = (
    homes.update()
    .where(homes.c.slack_user.in_(sa.select(STALE.c.slack_user)))
    .values(stale=False, claimed_until=UNTIL)
    .returning(homes.c.slack_user)
)


@for_each_database
def _upsert(db: Transaction) -> Any:
    return insert(db, homes).on_conflict_do_update(
        index_elements=["slack_user"], set_={"stale": True}
    )


def mark_opened(db: Transaction, slack_user: str) -> None:
    """Note that somebody looks at their Home: it is owed a fresh page."""
    db.execute(_upsert(db), {"slack_user": slack_user, "stale": True, "admin": False})


def touch_homes(db: Transaction, holder: str | None, *, deciders: Collection[str] = ()) -> None:
    """Mark what shows a change to *holder*'s access or requests: theirs, the deciders', the admins'."""
    people = [*deciders, *([holder] if holder else [])]
    db.execute(TOUCH, {"people": people})


def touch_all(db: Transaction, *, published_before: datetime | None = None) -> None:
    """Mark every Home, or those published before a moment (days left change at midnight)."""
    if published_before is None:
        db.execute(TOUCH_ALL)
    else:
        db.execute(TOUCH_OLD, {"before": published_before})


def has_stale(db: Transaction) -> bool:
    """Tell whether `claim_stale` would find any."""
    return db.execute(ANY_STALE, {"now": clock.real(), "most": 1}).first() is not None


def claim_stale(db: Transaction, *, lease: timedelta, limit: int) -> list[str]:
    """
    Take up to *limit* Homes that are owed a page.

    Stale is cleared by the claim, before the page is made, so that a change that comes later marks it again.
    """
    now = clock.real()
    taken = db.execute(CLAIM_STALE, {"now": now, "until": now + lease, "most": limit})
    return list(taken.scalars())


def mark_published(db: Transaction, slack_user: str, *, admin: bool, at: datetime) -> None:
    """The page that was drawn at *at* is out."""
    values = {"claimed_until": None, "published_at": at, "admin": admin}
    db.execute(UPDATE, {"home": slack_user, **values})


def not_published(db: Transaction, slack_user: str, *, retry_at: datetime) -> None:
    db.execute(UPDATE, {"home": slack_user, "stale": True, "claimed_until": retry_at})
